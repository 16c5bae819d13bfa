"""Rows are addressed one after the other, the cells of a row and all tiles at the same time."""

import numpy as np
from jaxtyping import Int64
from torch import Tensor

from mho.chip import Chip
from mho.compiled import Table


def rows_in_turn(chip: Chip, cells: Int64[Tensor, " cells"]) -> int:
    """Rows that take turns to reach some cells: most rows in one tile; tiles work in parallel.

    Args:
        chip: The chip.
        cells: Cells. Shape (cells,).
    """
    hit = np.zeros(chip.tiles * chip.rows, np.bool_)
    hit[_rows(cells.numpy(), chip.cols)] = True
    if chip.tiles == 1:
        return int(np.count_nonzero(hit))
    return int(hit.reshape(chip.tiles, -1).sum(1).max())


def _rows(cells: Table, cols: int) -> Table:
    """Rows that cells lie in, by their numbers."""
    # columns are a power of two, for most: a shift is quicker than a division
    if cols & (cols - 1) == 0:
        return cells >> (cols.bit_length() - 1)
    return cells // cols
