"""Work for executors in tests: functions of a module, as processes need them."""

import os
import signal
from pathlib import Path

from mho.fleet import Part


def nothing() -> None:
    """What a worker does before its first part."""


def square(part: Part) -> list[dict[str, float]]:
    """A row for each chip."""
    numbers = range(part.first, part.first + part.count)
    return [{"score": float(n * n)} for n in numbers]


def square_or_die(part: Part, folder: str) -> list[dict[str, float]]:
    """The same; the first process that is asked for a part of every third dies at it."""
    mark = Path(folder, str(part.first))
    if part.first % 3 == 0 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(part)


def die(part: Part) -> list[dict[str, float]]:
    """No process survives this."""
    os.kill(os.getpid(), signal.SIGKILL)
    return square(part)
