"""How long operations tell how far they are."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Told what is being done and how much of it is done (1)."""


def silent(stage: str, done: float) -> None:
    """Tell nobody."""
