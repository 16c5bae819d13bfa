"""How long operations tell how far they are, and whether an interrupted one can go on."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Told what is being done and how much of it is done (1)."""


RESUMABLE = "The same command with `--resume` goes on where it stopped."
"""Note of an exception that left work to go on with; see `is_resumable`."""


def is_resumable(error: BaseException) -> bool:
    """Whether an interrupted run left work that `--resume` goes on with."""
    return RESUMABLE in getattr(error, "__notes__", ())


def silent(stage: str, done: float) -> None:
    """Tell nobody."""
