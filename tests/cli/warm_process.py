"""A process that has imported everything, and runs commands in children that may be killed.

Importing takes seconds, forking milliseconds. A child is killed by itself, with SIGKILL, before
one of the few operations by which a run touches the disk: between two of them nothing on the
disk changes, so that these are all moments there are, and a seed gives the same one everywhere.
"""

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mho.cli

COUNTED = (
    "create",
    "sync",
    "replace",
    "remove",
    "make_folder",
    "remove_folder",
)


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Args:
        code: Exit code; -9 if it was killed.
        moments: Operations on the disk (1); none are counted for one that was killed.
        said: Standard error.
        printed: Standard output.
    """

    code: int
    moments: int
    said: str
    printed: str


class WarmProcess:
    """Run commands without importing anything again. A context manager."""

    def __enter__(self) -> "WarmProcess":
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(timeout=30)
        self._server.stdout.close()

    def run(
        self,
        place: Path,
        *words: str,
        moment: int | None = None,
        from_commit: bool = False,
    ) -> Ended:
        """Run `mho` with these words.

        Args:
            place: Folder to run it in.
            words: The words.
            moment: Kill it before this operation on the disk, the first being 1.
            from_commit: Count from where everything is written, and it begins to finish.
        """
        asked = {
            "place": str(place),
            "words": words,
            "moment": moment,
            "from_commit": from_commit,
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        return Ended(**json.loads(self._server.stdout.readline()))


def _serve() -> None:
    """Answer every line of standard input with one of standard output."""
    _warm_up()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        asked = json.loads(line)
        place = Path(asked["place"])
        child = os.fork()
        if child == 0:
            _child(asked, place)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = {"code": code, "moments": 0}
        for name in ("said", "printed"):
            told[name] = (place / f".{name}").read_text()
            (place / f".{name}").unlink()
        if (place / ".moments").exists():
            told["moments"] = int((place / ".moments").read_text())
            (place / ".moments").unlink()
        print(json.dumps(told), file=answers, flush=True)


def _warm_up() -> None:
    """Import what commands import late, and leave out what has nothing to do with folders."""
    import torch
    import torch.export._trace
    import zarr  # noqa: F401

    torch.set_num_threads(1)
    for found in pkgutil.walk_packages(mho.cli.__path__, "mho.cli."):
        importlib.import_module(found.name)
    from mho.files import KeptState
    from mho.runs import measurement, warm_up

    # Children have the kernels of the usual kind with them, instead of loading them each.
    warm_up()

    # Figures take most of the time of a small run.
    for module in list(sys.modules.values()):
        if module.__name__.startswith("mho.") and "draw_png" in vars(module):
            vars(module)["draw_png"] = lambda _: b"figure"
    # Nothing that the system has is lost when a process is killed: see test_power_cuts.py.
    os.fsync = lambda _: None
    # Small runs shall be short of work, not of saved states, and save them at the same places.
    vars(measurement).update(LOOKS=2, _TRACE_SAMPLES=2)
    KeptState.due = property(lambda state: _every(state, 20))  # type: ignore[method-assign]


def _every(state: Any, times: int) -> bool:
    """Whether a state was asked this many times since it was saved."""
    state.asked = getattr(state, "asked", 0) + 1
    return bool(state.asked % times == 0)


def _child(asked: dict[str, Any], place: Path) -> None:
    """Run the command and never return."""
    from mho.cli.main import main

    os.chdir(place)
    for number, name in ((1, "printed"), (2, "said")):
        handle = os.open(f".{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)
    counter = _count(asked["moment"], from_commit=asked["from_commit"])
    code: Any = 70
    try:
        main(asked["words"])
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    Path(".moments").write_text(str(counter["seen"]))
    os._exit(code)


def _count(moment: int | None, *, from_commit: bool) -> dict[str, int]:
    """Count operations on the disk, and die before the one that is meant."""
    from mho.files import disk, finishing, run_folder

    counter = {"seen": 0, "on": int(not from_commit)}

    def counted(operation: Any) -> Any:
        def called(*words: Any) -> Any:
            counter["seen"] += counter["on"]
            if counter["seen"] == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return operation(*words)

        return called

    for name in COUNTED:
        setattr(disk, name, counted(getattr(disk, name)))

    def commit(*words: Any) -> None:
        counter["on"] = 1
        finishing.commit(*words)

    run_folder.commit = commit
    return counter


if __name__ == "__main__":
    _serve()
