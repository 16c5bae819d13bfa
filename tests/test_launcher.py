"""`run.py` sets up once, waits for nobody who is gone, and ends every failure in one sentence."""

import ast
import importlib.util
import inspect
import os
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mho.runs import warm_up

LAUNCHER = Path(__file__).parents[1] / "run.py"
POSIX = pytest.mark.skipif(
    os.name == "nt", reason="signals and links are POSIX"
)

# Another process that has the launcher of a folder, and does as it is told.
OTHER = """
import importlib.util, os, pathlib, signal, sys, time
spec = importlib.util.spec_from_file_location("launcher", {launcher!r})
launcher = importlib.util.module_from_spec(spec)
spec.loader.exec_module(launcher)
launcher.HOME = pathlib.Path({home!r})
environment = launcher.HOME / ".venv"
def told():
    print("ready", flush=True)
    sys.stdin.readline()
"""


def loaded(home: Path) -> Any:
    """A launcher of its own, at home in some folder."""
    spec = importlib.util.spec_from_file_location("launcher", LAUNCHER)
    assert spec is not None
    assert spec.loader is not None
    launcher = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(launcher)
    launcher.HOME = home  # type: ignore[attr-defined]
    return launcher


def furnish(home: Path) -> None:
    """What the launcher finds in a folder of sources."""
    package = home / "src" / "mho"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (home / "pyproject.toml").write_text("[project]\n")
    (home / "constraints.txt").write_text("torch==1\n")


def made(launcher: Any) -> Path:
    """An environment as the launcher leaves one behind, without anything from the network."""
    environment: Path = launcher.HOME / ".venv"
    venv.create(environment, symlinks=True)
    packages = next(environment.glob("lib/python*/site-packages"))
    (packages / "mho.pth").write_text(str(launcher.HOME / "src"))
    script = environment / "bin" / "mho"
    script.write_text(f"#!{environment}/bin/python\nprint('hello from mho')\n")
    script.chmod(0o755)
    (environment / "mho-stamp").write_text(launcher.stamp(""))
    return environment


def other(launcher: Any, does: str) -> "subprocess.Popen[str]":
    """Start another process and wait until it says that it is where it should be."""
    code = OTHER.format(launcher=str(LAUNCHER), home=str(launcher.HOME)) + does
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def launcher(tmp_path: Path) -> Any:
    home = tmp_path.resolve() / "home"
    furnish(home)
    return loaded(home)


@pytest.fixture
def calls(launcher: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that would make the environment; they clear it where they should, and no more."""
    found: list[list[str]] = []

    def call(command: list[str], _: str, environment: Path) -> None:
        found.append(command)
        if "--clear" in command:
            shutil.rmtree(environment, ignore_errors=True)

    monkeypatch.setattr(launcher, "call", call)
    return found


def never(_: float) -> None:
    raise AssertionError("it waits")


def test_it_speaks_to_an_old_python(
    launcher: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Python 3.8 reads the file, evaluates no annotation, and is told which Python is needed.

    `Iterator[None]` of `collections.abc`, evaluated, is a traceback before 3.9.
    """
    ast.parse(LAUNCHER.read_text(encoding="utf-8"), feature_version=(3, 8))
    assert launcher.locked.__annotations__["return"] == "Iterator[None]"
    monkeypatch.setattr(sys, "version_info", (3, 8, 18, "final", 0))
    assert launcher.main(["deploy", "digits"]) == 2
    assert capsys.readouterr().err.startswith("mho needs Python 3.11 or newer")


@POSIX
def test_the_lock_of_a_dead_process_is_taken_at_once(
    launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = other(launcher, "with launcher.locked(environment): told()")
    lock = launcher.HOME / ".venv.lock"
    process.kill()
    process.communicate()
    assert lock.read_text().split()[0] == str(process.pid)
    monkeypatch.setattr(launcher.time, "sleep", never)
    with launcher.locked(launcher.HOME / ".venv"):
        assert lock.read_text().split()[0] == str(os.getpid())
    assert not lock.exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"1 somewhere"])
def test_a_lock_file_that_nobody_holds_is_no_lock(
    launcher: Any, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if a process of that number lives, as number 1 always does: numbers are reused."""
    (launcher.HOME / ".venv.lock").write_bytes(content)
    monkeypatch.setattr(launcher.time, "sleep", never)
    with launcher.locked(launcher.HOME / ".venv"):
        pass


def test_a_live_process_is_waited_for_and_named_once(
    launcher: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    process = other(launcher, "with launcher.locked(environment): told()")
    naps = 0

    def nap(_: float) -> None:
        nonlocal naps
        naps += 1
        if naps == 4:
            process.communicate("go on\n")

    monkeypatch.setattr(launcher.time, "sleep", nap)
    with launcher.locked(launcher.HOME / ".venv"):
        assert process.returncode == 0
    assert naps == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(
        f"Waiting for process {process.pid} on {launcher.platform.node()}"
    )


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"here 1"])
def test_an_owner_that_does_not_say_who_it_is_is_another_process(
    launcher: Any, content: bytes
) -> None:
    lock = launcher.HOME / ".venv.lock"
    lock.write_bytes(content)
    assert launcher.waiting(lock).startswith(
        "Waiting for another process, which is setting up"
    )


def test_a_lock_that_its_owner_removed_is_none(launcher: Any) -> None:
    """Who opened it before its owner removed it, and then locks it, holds what none can see."""
    lock = launcher.HOME / ".venv.lock"
    held = os.open(lock, os.O_CREAT | os.O_RDWR)
    try:
        assert launcher.current(held, lock)
        lock.unlink()
        assert not launcher.current(held, lock)
        lock.touch()
        assert not launcher.current(held, lock)
    finally:
        os.close(held)


@POSIX
def test_an_interrupted_set_up_leaves_no_lock_and_says_one_sentence(
    launcher: Any,
) -> None:
    process = other(
        launcher,
        "def build(*_):\n"
        "    assert (launcher.HOME / '.venv.lock').exists()\n"
        "    told()\n"
        "launcher.build = build\n"
        "sys.exit(launcher.main(['deploy', 'digits']))\n",
    )
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.splitlines()[1:] == [
        "Interrupted; the same command starts again."
    ]
    assert not (launcher.HOME / ".venv.lock").exists()


@POSIX
def test_an_environment_that_works_is_left_alone(
    launcher: Any, calls: list[list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    made(launcher)
    assert launcher.main(["deploy", "digits"]) == 0
    assert not calls
    assert capfd.readouterr() == ("hello from mho\n", "")


def _without(name: str) -> Callable[[Path], None]:
    return lambda environment: (environment / name).unlink()


def _filled(name: str, content: bytes) -> Callable[[Path], None]:
    def fill(environment: Path) -> None:
        (environment / name).unlink()
        (environment / name).write_bytes(content)
        (environment / name).chmod(0o755)

    return fill


def _folder_for_stamp(environment: Path) -> None:
    (environment / "mho-stamp").unlink()
    (environment / "mho-stamp").mkdir()


def _not_executable(environment: Path) -> None:
    (environment / "bin" / "mho").chmod(0o644)


def _package_elsewhere(environment: Path) -> None:
    (next(environment.glob("lib/python*/site-packages")) / "mho.pth").unlink()


DAMAGES = {
    "no stamp": _without("mho-stamp"),
    "binary stamp": _filled("mho-stamp", b"\x00\xff\xfe"),
    "folder for a stamp": _folder_for_stamp,
    "no mho": _without("bin/mho"),
    "empty mho": _filled("bin/mho", b""),
    "mho that may not run": _not_executable,
    "no python": _without("bin/python"),
    "empty python": _filled("bin/python", b""),
    "no package": _package_elsewhere,
}


@POSIX
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_environment_is_made_again(
    launcher: Any,
    calls: list[list[str]],
    damage: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From nothing; and as the commands here make none, that is said, and is the end."""
    environment = made(launcher)
    damage(environment)
    assert launcher.main(["deploy", "digits"]) == 2
    assert calls[0] == [
        sys.executable,
        "-m",
        "venv",
        "--clear",
        str(environment),
    ]
    assert calls[1][-3:] == ["torch==1", "-e", str(launcher.HOME)]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[1].startswith(
        f"Setting up ended well, but {environment} does not work"
    )


@POSIX
@pytest.mark.parametrize("leave", [shutil.move, shutil.copytree])
def test_an_environment_from_another_folder_is_made_again(
    launcher: Any, leave: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a move its programs name a Python that is gone; after a copy, one with the old mho."""
    made(launcher)
    new = launcher.HOME.with_name("elsewhere")
    options = {"symlinks": True} if leave is shutil.copytree else {}
    leave(launcher.HOME, new, **options)
    monkeypatch.setattr(launcher, "HOME", new)
    assert launcher.stamp("") in launcher.stamped(new / ".venv")
    assert not launcher.ready(new / ".venv", "")


@POSIX
def test_new_requirements_are_installed_into_an_environment_that_works(
    launcher: Any, calls: list[list[str]]
) -> None:
    environment = made(launcher)
    (launcher.HOME / "pyproject.toml").write_text("[project]\nname = 'mho'\n")
    assert not launcher.ready(environment, "")
    launcher.prepare(environment, "")
    assert [command[1:4] for command in calls] == [["-m", "pip", "install"]]
    assert launcher.ready(environment, "")


@POSIX
def test_tests_need_their_tools(launcher: Any) -> None:
    environment = made(launcher)
    (environment / "mho-stamp").write_text(
        launcher.stamp(launcher.EXTRAS["test"])
    )
    assert launcher.ready(environment, "")
    assert not launcher.ready(environment, launcher.EXTRAS["test"])


def test_a_failed_set_up_is_one_sentence_and_keeps_the_rest(
    launcher: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here the disk has no room for a folder, because a file of its name lies there."""
    environment = launcher.HOME / ".venv"
    environment.touch()
    assert launcher.main(["deploy", "digits"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[1].startswith(
        "Setting up failed while making a virtual environment ("
    )
    log = launcher.HOME / ".venv.log"
    assert str(log) in said[1]
    assert log.read_text()
    assert not (launcher.HOME / ".venv.lock").exists()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", "no reason given"),
        ("one\ntwo.\n", "two"),
        (
            "  │ ERROR: No such thing.\n  note: not our fault\n",
            "ERROR: No such thing",
        ),
    ],
)
def test_the_reason_is_the_last_error(
    launcher: Any, said: str, reason: str
) -> None:
    """Installers like to end with a note; without an error the last line must do."""
    assert launcher.reason(said) == reason


def test_a_missing_file_is_one_sentence(
    launcher: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (launcher.HOME / "pyproject.toml").unlink()
    (launcher.HOME / ".venv").mkdir()
    assert launcher.main(["deploy", "digits"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith(
        f"File or folder {launcher.HOME / 'pyproject.toml'} must be usable"
    )


def test_an_unknown_step_is_refused_before_anything_is_made(
    launcher: Any, calls: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert launcher.main(["test", "lint", "tets"]) == 2
    assert not calls
    assert capsys.readouterr().err.startswith(
        "There is no step `tets`; the steps are format,"
    )


@POSIX
def test_a_report_does_not_count(
    launcher: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    environment = made(launcher)
    failing = ["python", "-c", "raise SystemExit(1)"]
    monkeypatch.setattr(launcher, "CHECKS", {"lint": failing, "prose": failing})
    assert launcher.check(environment, ["prose"]) == 0
    assert "report  prose" in capfd.readouterr().out
    assert launcher.check(environment, []) == 1


@POSIX
def test_steps_keep_what_python_compiles_whatever_the_caller_said(
    launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the others or in turn; all other variables are the caller's."""
    environment = made(launcher)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("OF_THE_CALLER", "1")
    asked = (
        "import os, sys\n"
        "sys.exit(sys.dont_write_bytecode or 'OF_THE_CALLER' not in os.environ)"
    )
    step = ["python", "-c", asked]
    monkeypatch.setattr(launcher, "CHECKS", {"lint": step, "docs": step})
    assert launcher.check(environment, []) == 0


@POSIX
def test_a_step_beside_the_others_says_what_it_said_in_its_turn_and_counts(
    launcher: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It begins first; in the output it stands where it stands in the list."""
    environment = made(launcher)
    monkeypatch.chdir(environment.parent)
    begun = "pathlib.Path('begun')"
    wait = (
        "import pathlib, time, sys\n"
        "for _ in range(1000):\n"
        f"    if {begun}.exists(): sys.exit()\n"
        "    time.sleep(0.01)\n"
        "sys.exit(1)"
    )
    begin = (
        f"import pathlib, sys\n{begun}.touch()\nprint('a warning')\nsys.exit(1)"
    )
    steps = {"tests": ["python", "-c", wait], "docs": ["python", "-c", begin]}
    monkeypatch.setattr(launcher, "CHECKS", steps)
    monkeypatch.setattr(launcher, "HOME", environment.parent)
    assert launcher.check(environment, []) == 1
    said = capfd.readouterr().out
    assert said.index("== docs") < said.index("a warning")
    assert said.index("passed  tests") < said.index("FAILED  docs")


def test_every_report_is_a_step() -> None:
    launcher: ModuleType = loaded(LAUNCHER.parent)
    assert set(launcher.REPORTS) <= set(launcher.CHECKS)


def test_what_set_up_calls_to_compile_can_be_called() -> None:
    """Its failure is silent and costs the first command a quarter of a minute.

    The words stand in a text that another Python runs, so that nothing else looks at them.
    """
    text = LAUNCHER.read_text(encoding="utf-8")
    assert "warm_up('{half}')" in text
    for half in ("programming", "computing"):
        assert f'"{half}"' in text
        inspect.signature(warm_up).bind(half)
