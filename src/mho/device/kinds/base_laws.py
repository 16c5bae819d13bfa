"""Names by which the laws of a cell built on another call those of their base.

Compiling puts the base's laws in their place; see `Kernels`.
"""

from typing import Any

from mho.compiled import Real, Record, Word
from mho.device.shots import Shot


def base_law_born(cell: Record, p: Record, draw: Word) -> None:
    """The base's `born`, once compiled."""
    raise NotImplementedError


def base_law_pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
    """The base's `pulse`, once compiled."""
    raise NotImplementedError


def base_law_watch_all(
    state: Any, p: Record, look: Record, cells: Any, z: Any, out: Any
) -> None:
    """The base's `watch_all`, once compiled."""
    raise NotImplementedError


def base_law_moments(
    cell: Record, p: Record, look: Record, draw: Word
) -> tuple[Real, Real]:
    """The base's `moments`, once compiled."""
    raise NotImplementedError


def law_load(cell: Record) -> Real:
    """The base's `load`, once compiled."""
    raise NotImplementedError


def law_held(cell: Record) -> Real:
    """The base's `held`, once compiled."""
    raise NotImplementedError
