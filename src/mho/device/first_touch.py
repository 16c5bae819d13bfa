"""Cells that are touched for the first time: what nobody has asked for need not be there yet."""

import mmap
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from mho.compiled import Table

_BLOCK = 5
"""Cells come by 2⁵: about as many records as a page of memory holds (1)."""

_LITTER = 4096
"""Cells that are born at once (1)."""

_LARGE = 1 << 26
"""Size from which on pages are kept small (bytes): of a few tiles, large ones are quicker."""


def untouched_zeros(count: int, record: np.dtype[Any]) -> Table:
    """Records of zeros that take memory where they are written to, not before.

    Args:
        count: Records (1).
        record: Their type.
    """
    size = count * record.itemsize
    if size < _LARGE or not hasattr(mmap, "MADV_NOHUGEPAGE"):
        return np.zeros(count, record)
    # large pages would give two megabytes to a single cell
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # a kernel built without large pages refuses, and has none to give
    with suppress(OSError):
        memory.madvise(mmap.MADV_NOHUGEPAGE)

    return np.frombuffer(memory, record, count)


def few_at_a_time(some: slice) -> Iterator[slice]:
    """Parts of some cells: still in a core's cache when they are put in their place."""
    for start in range(some.start, some.stop, _LITTER):
        yield slice(start, min(start + _LITTER, some.stop))


class FirstTouch:
    """Remembers which cells have been touched, some neighbours at a time.

    Args:
        count: Number of cells (1).
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._touched = np.zeros((count - 1 >> _BLOCK) + 1, np.bool_)
        self._complete = count == 0

    def untouched(self, cells: Table | None = None) -> Table | None:
        """Cells to be touched: those asked for and their neighbours, in their order.

        Args:
            cells: Numbers of the cells asked for; all of them if `None`.

        Returns:
            Numbers of the cells, for `touch`; `None` if all that were asked for had been touched
            before.
        """
        if self._complete:
            return None
        if cells is None:
            fresh = ~self._touched
        else:
            asked = np.zeros_like(self._touched)
            asked[cells >> _BLOCK] = True
            fresh = asked & ~self._touched
        blocks = np.flatnonzero(fresh)
        if blocks.size == 0:
            return None
        first = blocks[:, None] << _BLOCK
        within = np.arange(1 << _BLOCK)
        new = (first + within).reshape(-1)
        exists = new < self._count
        return new[exists]

    def touch(self, cells: Table) -> None:
        """Remember cells that `untouched` named, now that they are there."""
        self._touched[cells >> _BLOCK] = True
        self._complete = bool(self._touched.all())
