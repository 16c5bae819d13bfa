"""Run mho without setting anything up: `python3 run.py deploy digits`, `python3 run.py test`.

Makes a virtual environment beside this file on first use and whenever its requirements change,
then hands over. Needs Python 3.11 and nothing else.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parent
EXTRAS = {"test": "[test,docs]"}
CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "imports": ["lint-imports"],
    "tests": ["python", "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile"],
    "docs": ["sphinx-build", "-W", "-q", "-b", "html", "docs", "docs/_build/html"],
}
_LOCK_SECONDS = 1800


class SetupError(Exception):
    """The environment cannot be made; the text says why and what to do."""


def stamp(extras: str) -> str:
    """What the environment depends on, as one word."""
    digest = hashlib.sha256(f"{sys.version} {extras}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((HOME / name).read_bytes())
    return digest.hexdigest()


def program(environment: Path, name: str) -> str:
    """Path of a program inside an environment."""
    folder, ending = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    return str(environment / folder / (name + ending))


@contextlib.contextmanager
def locked(environment: Path) -> Iterator[None]:
    """Let one process at a time make the environment; a lock left behind by a crash expires."""
    lock = environment.with_suffix(".lock")
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            with contextlib.suppress(FileNotFoundError):
                if time.time() - lock.stat().st_mtime > _LOCK_SECONDS:
                    lock.unlink()
            time.sleep(0.5)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def prepare(environment: Path, extras: str) -> None:
    """Make the environment if it is missing, half made or out of date.

    Raises:
        SetupError: It cannot be made.
    """
    mark, wanted = environment / "mho-stamp", stamp(extras)

    def ready() -> bool:
        done = mark.read_text().split() if mark.exists() else []
        return wanted in done or (not extras and stamp("[test,docs]") in done)

    if ready():
        return
    with locked(environment):
        if ready():
            return
        print("Setting up (once; a minute or two) …", file=sys.stderr, flush=True)
        mark.unlink(missing_ok=True)
        call(
            [sys.executable, "-m", "venv", str(environment)],
            "making a virtual environment",
        )
        # torch by its exact version: a range may resolve to a build of several gigabytes
        torch = next(
            line.strip()
            for line in (HOME / "constraints.txt").read_text().splitlines()
            if line.startswith("torch==")
        )
        install = [program(environment, "python"), "-m", "pip", "install", "--quiet"]
        install += ["--disable-pip-version-check", "-c", str(HOME / "constraints.txt")]
        call([*install, torch, "-e", f"{HOME}{extras}"], "installing the requirements")
        mark.write_text(wanted)


def call(command: list[str], doing: str) -> None:
    """Run a command; on failure say what was being done and show its last lines.

    Raises:
        SetupError: The command failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise SetupError(
            f"{last}\n\nSetting up failed while {doing}. Check the network and the disk, install"
            " Python's venv module if it is missing (Debian: python3-venv), and run again."
        )


def check(environment: Path, only: list[str]) -> int:
    """Run the whole check, or the steps named; returns how many failed."""
    results: list[tuple[str, bool, float]] = []
    for name, (tool, *arguments) in CHECKS.items():
        if only and name not in only:
            continue
        print(f"== {name}: {tool} {' '.join(arguments)}", flush=True)
        started = time.monotonic()
        code = subprocess.run(
            [program(environment, tool), *arguments], cwd=HOME, check=False
        )
        results.append((name, code.returncode == 0, time.monotonic() - started))
    print("== summary")
    for name, passed, seconds in results:
        print(f"{'passed' if passed else 'FAILED'}  {name:8} {seconds:6.1f} s")
    return sum(not passed for _, passed, _ in results)


def main(arguments: list[str]) -> int:
    """Prepare, then run the request; returns its exit code."""
    if not arguments:
        print(f"{__doc__}\nThe commands of mho: python3 run.py --help")
        return 0
    if sys.version_info < (3, 11):  # noqa: UP036 - this file also runs before any installation
        print(
            "mho needs Python 3.11 or newer; run it with one, e.g. python3.11 run.py …"
        )
        return 2
    environment = HOME / ".venv"
    testing = arguments[0] == "test"
    try:
        prepare(environment, EXTRAS["test"] if testing else "")
    except (SetupError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if testing:
        return 1 if check(environment, arguments[1:]) else 0
    child = subprocess.Popen([program(environment, "mho"), *arguments])
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child got it too, and says what to do


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
