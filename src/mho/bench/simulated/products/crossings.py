"""Which cells take part in a product, and how large its currents may become: checked."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.checks import check_positive, check_shape
from mho.chip import Chip

Crossings = tuple[Int64[Tensor, "rows cols"], Int64[Tensor, "rows cols"] | None]
"""Cells that add, and cells that subtract; `None` for columns that are read one by one."""


def crossings(
    plus: Int64[Tensor, "rows cols"],
    minus: Int64[Tensor, "rows cols"] | None,
    chip: Chip,
) -> Int64[Tensor, "sides rows cols"]:
    """Cells that take part, checked to lie where rows can be driven and columns summed.

    Args:
        plus: Cells that add.
        minus: Cells that subtract; without them columns are read one by one.
        chip: The chip.

    Returns:
        Shape (2, rows, cols) for pairs, (1, rows, cols) without.

    Raises:
        ValueError: Cells are not all on one tile, in its rows and columns as in the matrix.
    """
    both = plus[None] if minus is None else torch.stack((plus, minus))
    size = chip.rows * chip.cols
    _check_one_tile(both, size, chip.cells)
    row = both % size // chip.cols
    col = both % chip.cols
    _check_lines("row", row == row[:1, :, :1], row[0, :, 0])
    _check_lines("column", col == col[:, :1], col[:, 0].flatten())
    return both


def crossings_of_groups(
    plus: Int64[Tensor, "groups rows cols"],
    minus: Int64[Tensor, "groups rows cols"] | None,
    chip: Chip,
) -> Int64[Tensor, "groups sides rows cols"]:
    """Cells that take part in several products, each checked as by `crossings`.

    Args:
        plus: Cells that add, of each product.
        minus: Cells that subtract; without them columns are read one by one.
        chip: The chip.

    Raises:
        ValueError: As by `crossings`.
    """
    sides = (plus,) if minus is None else (plus, minus)
    both = torch.stack(sides, 1)
    size = chip.rows * chip.cols
    tile = both // size
    row = both % size // chip.cols
    col = both % chip.cols
    own_rows = row[:, :1, :, :1]
    own_cols = col[:, :, :1]
    fits = (
        (tile == tile[:, :1, :1, :1])
        & (row == own_rows)
        & (col == own_cols)
        & (both >= 0)
        & (both < chip.cells)
    )
    each_once = _all_differ(own_rows) and _all_differ(own_cols)
    if not fits.all() or not each_once:
        # one of them is wrong: it says what about it
        for number, adding in enumerate(plus):
            taking = None if minus is None else minus[number]
            crossings(adding, taking, chip)
    return both


def _all_differ(lines: Int64[Tensor, "groups ..."]) -> bool:
    """Whether no group names a line twice."""
    in_order = lines.flatten(1).sort(1).values
    return bool((in_order.diff(dim=1) != 0).all())


def checked_full_scale(
    full_scale: float | Float[Tensor, " cols"], cols: int
) -> float | Float[Tensor, " cols"]:
    """Full scales of converters (A), each above zero.

    Raises:
        ValueError: One is not above zero, or there is neither one nor one for each column.
    """
    if isinstance(full_scale, Tensor):
        check_shape(full_scale, "full_scale", (cols,))
        check_positive(float(full_scale.amin()), "full_scale", "A")
        check_positive(float(full_scale.amax()), "full_scale", "A")
        # as precise as one number is, so that both give the same codes
        return full_scale.double()
    check_positive(full_scale, "full_scale", "A")
    return full_scale


def _check_one_tile(
    both: Int64[Tensor, "sides rows cols"], size: int, cells: int
) -> None:
    """Refuse cells that the chip has not, or that lie on several tiles.

    Args:
        both: Cells.
        size: Cells of a tile (1).
        cells: Cells of the chip (1).
    """
    if both.numel() == 0 or int(both.min()) < 0 or int(both.max()) >= cells:
        raise ValueError(
            f"Arguments `plus` and `minus` must name cells 0 to {cells - 1}."
        )
    low = int(both.min()) // size
    high = int(both.max()) // size
    if low < high:
        raise ValueError(
            f"Arguments `plus` and `minus` must name cells of one tile, but lie on tiles {low} to"
            f" {high}; multiply tile by tile."
        )


def _check_lines(
    name: str,
    fits: Bool[Tensor, "sides rows cols"],
    lines: Int64[Tensor, " lines"],
) -> None:
    """Refuse a matrix whose lines are not lines of the tile.

    Args:
        name: Which lines.
        fits: Whether each cell lies on the line of its matrix row or column.
        lines: Numbers of the lines that are used.
    """
    if not fits.all() or len(set(lines.tolist())) < lines.numel():
        raise ValueError(
            f"Arguments `plus` and `minus` must follow the lines of the tile, but not every"
            f" {name} of the matrix is one {name} of cells, each used once."
        )
