"""The effective matrix of few cells by one dense solve, of hundreds of blocks in one call.

Cells are the unknowns, by the currents I that they take. With one end of each line connected, a
current lowers the voltage over the cells that share a line with it by the resistance that both
have in common,

    V = I / G + R I,   R between two cells: driver and segments that the paths to their word line's
    source have in common, and segments and sense on the paths to their bit line's ground,

and with y = I / √G this is (1 + √G R √G) y = √G V: symmetric and positive definite, whatever
resistance is zero and whatever cell is open. See docs/explanation/wires.md.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.wires.line_resistances import per_line

if TYPE_CHECKING:
    from mho.wires.model import WireModel

FEW = 128
"""Cells up to which a dense solve takes less time than joining blocks (1)."""

_LARGEST = 1e3
"""Largest G R up to which the system keeps all its digits (1)."""

_AT_ONCE = 1 << 21
"""Numbers of the matrices that are solved together (1): more would not fit the caches."""


class CellPaths(NamedTuple):
    """The lines of the cells of some blocks of equal shape; all other cells are off.

    Args:
        row: Row of each cell (1).
        col: Its column (1).
        word: Resistance between it and the source of its word line (Ω).
        bit: Resistance between it and the virtual ground of its bit line (Ω).
    """

    row: Int64[Tensor, "blocks cells"]
    col: Int64[Tensor, "blocks cells"]
    word: Float[Tensor, "blocks cells"]
    bit: Float[Tensor, "blocks cells"]

    def common(self) -> Float[Tensor, "blocks cells cells"]:
        """Resistance that the paths of each two cells have in common (Ω)."""
        one_row = self.row[:, :, None] == self.row[:, None]
        one_col = self.col[:, :, None] == self.col[:, None]
        # all that lies between an end and the nearer one of two cells is common to both
        word = torch.minimum(self.word[:, :, None], self.word[:, None])
        bit = torch.minimum(self.bit[:, :, None], self.bit[:, None])
        return torch.where(one_row, word, 0.0) + torch.where(one_col, bit, 0.0)


def paths_of(
    wires: "WireModel",
    shape: tuple[int, int],
    places: Int64[Tensor, "blocks sides rows cols"],
) -> CellPaths | None:
    """The lines of cells; `None` if a dense solve is not for them.

    It is for lines that are connected at one end each, with a resistance that is finite.

    Args:
        wires: Lines of the tile.
        shape: Rows and columns of the tile (1).
        places: Where the cells lie: row · columns + column (1).
    """
    if wires.sides == "both" or wires.sense_sides == "both":
        return None
    if places[0].numel() > FEW or not math.isfinite(wires.access):
        return None
    rows, cols = shape
    row = places.flatten(1) // cols
    col = places.flatten(1) % cols
    driver = per_line(wires.driver, "driver", "row", rows)
    word = per_line(wires.word_line, "word_line", "row", rows)
    sense = per_line(wires.sense, "sense", "column", cols)
    bit = per_line(wires.bit_line, "bit_line", "column", cols)
    if not all(line.isfinite().all() for line in (driver, word, sense, bit)):
        return None
    to_source = driver[row] + word[row] * col
    to_ground = sense[col] + bit[col] * (rows - 1 - row)
    return CellPaths(row, col, to_source, to_ground)


def is_well_posed(paths: CellPaths, conductance: Float[Tensor, "..."]) -> bool:
    """Whether a dense solve keeps all digits, and nobody wants its gradient."""
    if conductance.requires_grad and torch.is_grad_enabled():
        return False
    farthest = float((paths.word + paths.bit).max())
    return float(conductance.max()) * farthest <= _LARGEST


def seen_of_few(
    paths: CellPaths,
    conductance: Float[Tensor, "blocks times sides rows cols"],
) -> Float[Tensor, "blocks times sides rows cols"]:
    """Current of the column of each cell at 1 V on its row, all other rows grounded (S).

    Args:
        paths: The cells' lines. Cells of a row, and cells of a column of one side, share one.
        conductance: Conductance of each cell with what is in series with it (S).
    """
    cells = conductance[0, 0].numel()
    times = conductance.shape[1]
    blocks_at_once = max(1, _AT_ONCE // (times * cells**2))
    parts = []
    for start in range(0, conductance.shape[0], blocks_at_once):
        some = slice(start, start + blocks_at_once)
        here = CellPaths(*(x[some] for x in paths))
        parts.append(_solved(here, conductance[some].double()))
    return torch.cat(parts).to(conductance.dtype)


def _solved(
    paths: CellPaths,
    conductance: Float[Tensor, "blocks times sides rows cols"],
) -> Float[Tensor, "blocks times sides rows cols"]:
    """The same for as many blocks as the caches hold."""
    *_, sides, rows, cols = conductance.shape
    root = conductance.flatten(-3).sqrt()
    system = paths.common()[:, None] * root[..., :, None] * root[..., None, :]
    system.diagonal(dim1=-2, dim2=-1).add_(1.0)
    factor = torch.linalg.cholesky(system)
    # Sources of 1 V take each other's place without any change: a column's current for every row
    # is that of every row for the column. Whichever lines are fewer are driven.
    number = torch.arange(sides * rows * cols).view(sides, rows, cols)
    by_row = number // cols % rows
    by_column = number // (rows * cols) * cols + number % cols
    columns_are_fewer = sides * cols <= rows
    line = by_column if columns_are_fewer else by_row
    count = sides * cols if columns_are_fewer else rows
    driven = torch.nn.functional.one_hot(line.flatten(), count).to(root)
    voltage = root[..., None] * driven
    answer = root[..., None] * torch.cholesky_solve(voltage, factor)
    current = answer.view(*answer.shape[:-2], sides, rows, cols, count)
    if not columns_are_fewer:
        return current.sum(-3).movedim(-1, -2)
    of_row = current.sum((-4, -2))
    seen = of_row.view(*of_row.shape[:-1], sides, cols)
    return seen.movedim(-2, -3)
