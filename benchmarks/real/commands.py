"""`mho` as people call it, each command in a process of its own, with its time and its memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_MIB = 1024**2
_UNIT = 1 if sys.platform == "darwin" else 1024
"""Of the largest resident memory that the system reports (bytes)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that has ended.

    Args:
        code: Exit code.
        said: What it printed.
        sentence: The last line of what went wrong; empty if nothing did.
        seconds: Wall time, the start of Python included (s).
        cpu_seconds: The processors' time, of all threads and children (s).
        mib: Largest memory that it held (MiB).
    """

    code: int
    said: str
    sentence: str
    seconds: float
    cpu_seconds: float
    mib: float


def mho(words: Sequence[str]) -> Command:
    """Run a command of `mho` to its end.

    Args:
        words: What stands behind `mho`.
    """
    return module("mho", words)


def module(name: str, words: Sequence[str]) -> Command:
    """Run a module of Python to its end, with the modules that are found from here.

    Args:
        name: The module.
        words: What it is given.
    """
    home = str(Path(__file__).resolve().parents[1])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as wrong:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", name, *words],
            stdout=said,
            stderr=wrong,
            env=environment,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        # the system has told how it ended, and tells it once
        process.returncode = os.waitstatus_to_exitcode(status)
        lines = _text(wrong).strip().splitlines() or ["no reason given"]
        return Command(
            process.returncode,
            _text(said),
            lines[-1] if process.returncode else "",
            round(seconds, 2),
            round(usage.ru_utime + usage.ru_stime, 2),
            round(usage.ru_maxrss * _UNIT / _MIB, 1),
        )


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
