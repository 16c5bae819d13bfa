"""One thread for work of many small operations: several would wait for each other at every one.

On an idle machine a second thread gains little for a tile, as most of its blocks are small. Where
other programs want the same cores, each of a thousand operations waits until the system lets both
threads run: twenty times the time for a tile of 64 x 64. One thread also rounds in one way.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

ENOUGH = 1 << 20
"""Cells of a tile from which on its operations are worth the threads that there are (1)."""


@contextmanager
def threads_for(cells: int) -> Iterator[None]:
    """Compute within with one thread, or for a large tile with those that there are.

    Args:
        cells: Cells of the tile (1).
    """
    before = torch.get_num_threads()
    if before == 1 or cells >= ENOUGH:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
