"""What a tile with its wires makes of the cells at its crossings: matrices to multiply by."""

from collections.abc import Iterable

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.chip import ArrayMatrices, Chip
from mho.chip.periphery import row_groups
from mho.device import cubic_coefficient
from mho.wires import effective_blocks, effective_pair


def tile_matrices(
    chip: Chip,
    both: Int64[Tensor, "sides rows cols"],
    conductance: Float[Tensor, "times sides rows cols"],
    variance: Float[Tensor, "times sides rows cols"] | None = None,
) -> tuple[ArrayMatrices, Float[Tensor, "times sides rows cols"]]:
    """Matrices of a tile with its wires, and the effective conductances of its cells (S).

    Times are solved together, and to the same bits as alone.

    The linear part is exact. What deviates, noise and curvature, is small: a deviation of a
    cell's current counts by what its own current loses, partly on the way in and partly on the
    way out, which is W/G together.

    Args:
        chip: The chip.
        both: Cells that take part, from `crossings`.
        conductance: Their conductance at zero bias, at one time or several (S).
        variance: Its variance (S²).
    """
    size = (chip.rows, chip.cols)
    place = both % (chip.rows * chip.cols)
    parts = [
        effective_pair(
            chip.lines, size, place[:, rows], conductance[:, :, rows]
        )
        for rows in driven_together(chip, both.shape[1])
    ]
    return _matrices(chip, torch.cat(parts, 2), conductance, variance)


def matrices_of_groups(
    chip: Chip,
    both: Int64[Tensor, "groups sides rows cols"],
    conductance: Float[Tensor, "groups sides rows cols"],
    variance: Float[Tensor, "groups sides rows cols"],
) -> tuple[ArrayMatrices, Float[Tensor, "groups sides rows cols"]]:
    """The same of several blocks of one shape, each as if it were alone, to the same bits.

    Args:
        chip: The chip.
        both: Cells that take part in each, from `crossings_of_groups`.
        conductance: Their conductance at zero bias (S).
        variance: Its variance (S²).
    """
    size = (chip.rows, chip.cols)
    place = both % (chip.rows * chip.cols)
    parts = [
        effective_blocks(
            chip.lines, size, place[:, :, rows], conductance[:, :, rows]
        )
        for rows in driven_together(chip, both.shape[2])
    ]
    return _matrices(chip, torch.cat(parts, 2), conductance, variance)


def driven_together(chip: Chip, rows: int) -> Iterable[slice]:
    """Rows of a block that are on at the same time.

    Args:
        chip: The chip.
        rows: Rows of the block (1).
    """
    # a selector takes a row that waits its turn off its bit lines; a passive one stays
    together = None if chip.biasing else chip.around.rows_at_once
    return row_groups(rows, together)


def _matrices(
    chip: Chip,
    seen: Float[Tensor, "times sides rows cols"],
    conductance: Float[Tensor, "times sides rows cols"],
    variance: Float[Tensor, "times sides rows cols"] | None,
) -> tuple[ArrayMatrices, Float[Tensor, "times sides rows cols"]]:
    """Matrices, and the effective conductances (S) that they are made of."""
    left_by_wires = torch.where(conductance > 0, seen / conductance, 0.0)
    # once on the way in, once on the way out
    kept = left_by_wires.square_()
    bent = conductance * cubic_coefficient(chip.cell, conductance) * kept
    curved = _balance(bent) if bent.any() else None
    # noise of both sides adds up, whatever their sign
    noise = None if variance is None else (variance * kept).sum(1)
    return ArrayMatrices(_balance(seen), noise, curved), seen


def _balance(
    sides: Float[Tensor, "times sides rows cols"],
) -> Float[Tensor, "times rows cols"]:
    """What adds less what subtracts, if anything does."""
    return sides[:, 0] - sides[:, 1] if sides.shape[1] == 2 else sides[:, 0]


def one_by_one(
    voltage: Float[Tensor, "batch rows"], matrices: ArrayMatrices, rows: slice
) -> Float[Tensor, "batch cols"]:
    """Currents of some rows of vectors that each meet a matrix of their own (A)."""
    driven = voltage[:, rows]
    current = torch.einsum("br,brc->bc", driven, matrices.signal[:, rows])
    if matrices.bent is not None:
        bent = matrices.bent[:, rows]
        current += torch.einsum("br,brc->bc", driven**3, bent)
    return current
