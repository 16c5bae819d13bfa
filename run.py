"""Run mho without setting anything up: `python3 run.py deploy digits`, `python3 run.py test`.

Makes a virtual environment beside this file on first use, whenever its requirements change and
where it no longer works, then hands over. Needs Python 3.11 and nothing else.
"""

# An older Python must get as far as the sentence that says which one is needed.
from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
import threading
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
    "networks": [
        "python",
        "benchmarks/real_networks.py",
        "--fetch",
        "angle",
        "magika",
        "swift-f0",
    ],
    "tests": [
        "python",
        "-m",
        "pytest",
        "-q",
        "-n",
        "auto",
        "--dist",
        "loadfile",
    ],
    "docs": [
        "sphinx-build",
        "-W",
        "-q",
        "-b",
        "html",
        "docs",
        "docs/_build/html",
    ],
    "prose": ["python", "tools/prose.py", "src", "--brief", "--worst", "3"],
}
REPORTS = (
    "networks",
    "prose",
)  # printed for who reads them; their exit codes do not count
BESIDE = ("types", "docs")
"""Steps that take one core, and begin with the first step: no core waits for them."""
_FAILED, _INTERRUPTED = 2, 130
_POLL_SECONDS = 0.2
_UNLOCKABLE = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)

# Run by the environment's Python, away from the folder and the variables of whoever calls.
_PROBE = """
import importlib.util, os, sys
mho = importlib.util.find_spec("mho")
print(sys.version.split()[0], os.path.realpath(mho.origin) if mho and mho.origin else None)
"""


class SetupError(Exception):
    """The environment cannot be made; the text says why and what to do."""


def stamp(extras: str) -> str:
    """What the environment depends on, as one word."""
    digest = hashlib.sha256(f"{sys.version} {extras}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((HOME / name).read_bytes())
    return digest.hexdigest()


def stamped(environment: Path) -> list[str]:
    """Stamps of an environment; none if it was never finished or they cannot be read."""
    try:
        return (environment / "mho-stamp").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []


def program(environment: Path, name: str) -> str:
    """Path of a program inside an environment."""
    folder, ending = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    return str(environment / folder / (name + ending))


def works(environment: Path, extras: str) -> bool:
    """Whether the programs of an environment are there and run this very folder's mho.

    A folder that was moved or copied takes its environment along, whose programs still name the
    Python of the old place, and whose mho is the old one.
    """
    names = {"python", "mho"}
    if extras:
        names |= {tool for tool, *_ in CHECKS.values()}
    if not all(
        os.access(program(environment, name), os.X_OK) for name in names
    ):
        return False
    python = program(environment, "python")
    if (
        os.fsencode(python)
        not in Path(program(environment, "mho")).read_bytes()
    ):
        return False
    expected = (
        f"{sys.version.split()[0]} {HOME / 'src' / 'mho' / '__init__.py'}"
    )
    try:
        asked = subprocess.run(
            [python, "-I", "-c", _PROBE], capture_output=True, check=False
        )
    except OSError:
        return False
    return os.fsdecode(asked.stdout).strip() == expected


@contextlib.contextmanager
def locked(environment: Path) -> Iterator[None]:
    """Let one process at a time make the environment.

    The system holds the lock and lets go of it however its owner ends, so nothing is left behind
    by a crash. The file only says who the owner is.
    """
    lock = environment.with_suffix(".lock")
    held = acquired(lock)
    try:
        os.ftruncate(held, 0)
        os.write(held, f"{os.getpid()} {platform.node()}".encode())
        yield
    finally:
        # before the lock is let go of, or the file might be the next owner's
        with contextlib.suppress(OSError):
            lock.unlink()
        os.close(held)


def acquired(lock: Path) -> int:
    """The lock's file, once it is ours; says once for whom it waits."""
    tries = 0
    while True:
        held = os.open(lock, os.O_CREAT | os.O_RDWR, 0o644)
        if seized(held) and current(held, lock):
            return held
        os.close(held)
        # not at the first try: an owner that has only just come may not have written who it is
        tries += 1
        if tries == 2:
            print(waiting(lock), file=sys.stderr, flush=True)
        time.sleep(_POLL_SECONDS)


def seized(held: int) -> bool:
    """Take the system's lock on an open file, if nobody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            # bytes far behind the text, which others may then still read
            os.lseek(held, 1 << 20, os.SEEK_SET)
            msvcrt.locking(held, msvcrt.LK_NBLCK, 1)
            os.lseek(held, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # some network drives have no locks: rather two set-ups at once than none
        return error.errno in _UNLOCKABLE
    return True


def current(held: int, lock: Path) -> bool:
    """Whether others find the same file; an owner that ends removes its own."""
    try:
        return os.path.samestat(os.fstat(held), lock.stat())
    except FileNotFoundError:
        return False


def waiting(lock: Path) -> str:
    """What to tell people while another process sets up."""
    owner = "another process"
    with contextlib.suppress(OSError, ValueError):
        process, host = lock.read_text(encoding="utf-8").split()
        owner = f"process {int(process)} on {host}"
    return (
        f"Waiting for {owner}, which is setting up {lock.with_suffix('')}; if it hangs, stop it,"
        " and this goes on."
    )


def prepare(environment: Path, extras: str) -> None:
    """Make the environment if it is missing, half made, broken or out of date.

    Raises:
        SetupError: It cannot be made.
    """
    if ready(environment, extras):
        return
    with locked(environment):
        if ready(environment, extras):
            return
        print(
            "Setting up (once; a minute or two) …", file=sys.stderr, flush=True
        )
        build(environment, extras)


def ready(environment: Path, extras: str) -> bool:
    """Whether nothing is left to do; the environment of the tests can do all that mho needs."""
    found = stamped(environment)
    done = any(stamp(one) in found for one in {extras, *EXTRAS.values()})
    return done and works(environment, extras)


def variables() -> dict[str, str]:
    """Variables for what is called here: Python keeps what it compiles, whatever was said before.

    A hundred processes import the same files, and compiling these takes longer than most of what
    is then done with them.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE"
    }


def build(environment: Path, extras: str) -> None:
    """Make the environment, or bring one that works up to date.

    Raises:
        SetupError: It cannot be made.
    """
    if stamped(environment) and works(environment, ""):
        (environment / "mho-stamp").unlink()
    else:
        make = [sys.executable, "-m", "venv", "--clear", str(environment)]
        call(make, "making a virtual environment", environment)
    constraints = HOME / "constraints.txt"
    lines = constraints.read_text(
        encoding="utf-8", errors="replace"
    ).splitlines()
    # torch by its exact version: a range may resolve to a build of several gigabytes
    torch = [line.strip() for line in lines if line.startswith("torch==")]
    install = [
        program(environment, "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
    ]
    install += ["--disable-pip-version-check", "-c", str(constraints)]
    # what is imported is compiled then; all 15,000 files, one after the other, take a minute
    install += ["--no-compile", *torch, "-e", f"{HOME}{extras}"]
    call(install, "installing the requirements", environment)
    if not works(environment, extras):
        raise SetupError(
            f"Setting up ended well, but {environment} does not work; delete that folder and run"
            " again."
        )
    (environment / "mho-stamp").write_text(stamp(extras), encoding="ascii")
    compile_laws(environment)


def compile_laws(environment: Path) -> None:
    """Compile the laws of the usual cells now, and what is imported for them.

    Whatever goes wrong costs time later and nothing else: commands compile what they miss.
    """
    print(
        "Compiling the laws of cells (once; half a minute) …",
        file=sys.stderr,
        flush=True,
    )
    # two halves side by side
    halves = [
        subprocess.Popen(
            [
                program(environment, "python"),
                "-c",
                f"from mho.runs import warm_up; warm_up('{half}')",
            ],
            env=variables(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for half in ("programming", "computing")
    ]
    for half in halves:
        half.wait()


def call(command: list[str], doing: str, environment: Path) -> None:
    """Run a command; on failure say what was being done and keep all that it said.

    Raises:
        SetupError: The command failed.
    """
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    log = environment.with_suffix(".log")
    with contextlib.suppress(OSError):
        log.write_text(done.stdout, encoding="utf-8")
    raise SetupError(
        f"Setting up failed while {doing} ({reason(done.stdout)}; the rest is in {log});"
        " check the network and the disk, install Python's venv module if it is missing (Debian:"
        " python3-venv), and run again."
    )


def reason(said: str) -> str:
    """The line that tells most of what a command said: its last error, or else its last line."""
    lines = [line.strip(" .│") for line in said.strip().splitlines()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no reason given"])[-1]


def check(environment: Path, only: list[str]) -> int:
    """Run the whole check, or the steps named; returns how many failed."""
    chosen = {n: c for n, c in CHECKS.items() if not only or n in only}
    results: list[tuple[str, str, float]] = []
    with contextlib.ExitStack() as stack:
        beside = {
            name: stack.enter_context(Beside(environment, chosen[name]))
            for name in BESIDE
            if name in chosen
        }
        for name, (tool, *arguments) in chosen.items():
            print(f"== {name}: {tool} {' '.join(arguments)}", flush=True)
            started = time.monotonic()
            if name in beside:
                code, seconds = beside[name].end()
            else:
                command = [program(environment, tool), *arguments]
                code = subprocess.run(
                    command, cwd=HOME, env=variables(), check=False
                ).returncode
                seconds = time.monotonic() - started
            verdict = "passed" if code == 0 else "FAILED"
            verdict = "report" if name in REPORTS else verdict
            results.append((name, verdict, seconds))
    print("== summary")
    for name, verdict, seconds in results:
        print(f"{verdict}  {name:8} {seconds:6.1f} s")
    return sum(verdict == "FAILED" for _, verdict, _ in results)


class Beside:
    """A step that runs beside the others from the start, and tells what it said in its turn.

    Args:
        environment: Where its tool is.
        step: Tool and arguments.
    """

    def __init__(self, environment: Path, step: list[str]) -> None:
        tool, *arguments = step
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
        self._started = time.monotonic()
        self._ended = 0.0
        self._process = subprocess.Popen(
            [program(environment, tool), *arguments],
            cwd=HOME,
            env=variables(),
            stdout=self._said,
            stderr=subprocess.STDOUT,
        )
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._waiter.start()

    def _wait(self) -> None:
        self._process.wait()
        self._ended = time.monotonic()

    def __enter__(self) -> Beside:
        return self

    def end(self) -> tuple[int, float]:
        """Wait for it, print what it said; returns its exit code and how long it took (s)."""
        self._waiter.join()
        self._said.seek(0)
        print(self._said.read().decode(errors="replace"), end="", flush=True)
        return self._process.returncode, self._ended - self._started

    def __exit__(self, *_: object) -> None:
        # interrupted: nothing goes on in the background
        self._process.kill()
        self._waiter.join()
        self._said.close()


def hand_over(environment: Path, arguments: list[str]) -> int:
    """Run mho; returns its exit code."""
    mho = program(environment, "mho")
    child = subprocess.Popen([mho, *arguments], env=variables())
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child got it too, and says what to do


def run(arguments: list[str]) -> int:
    """Prepare, then run the request; returns its exit code.

    Raises:
        SetupError: The environment cannot be made.
        OSError: A file cannot be read or written, or a program cannot be started.
    """
    environment = HOME / ".venv"
    if arguments[0] != "test":
        prepare(environment, "")
        return hand_over(environment, arguments)
    unknown = [name for name in arguments[1:] if name not in CHECKS]
    if unknown:
        raise SetupError(
            f"There is no step `{unknown[0]}`; the steps are {', '.join(CHECKS)}."
        )
    prepare(environment, EXTRAS["test"])
    return 1 if check(environment, arguments[1:]) else 0


def main(arguments: list[str]) -> int:
    """Run the request; whatever fails ends in one sentence. Returns the exit code."""
    if not arguments:
        print(f"{__doc__}\nThe commands of mho: python3 run.py --help")
        return 0
    if sys.version_info < (3, 11):  # noqa: UP036 - this file also runs before any installation
        return say(
            "mho needs Python 3.11 or newer; run it with one, e.g. python3.11 run.py."
        )
    try:
        return run(arguments)
    except KeyboardInterrupt:
        return say("Interrupted; the same command starts again.", _INTERRUPTED)
    except SetupError as error:
        return say(str(error))
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        reason = error.strerror or str(error)
        return say(
            f"File or folder{place} must be usable, but the system says: {reason.lower()}."
        )


def say(sentence: str, code: int = _FAILED) -> int:
    """Tell people how it ended; returns the exit code."""
    print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
