"""How far products will be off, from the statistics of cells and the bits of converters."""

import torch
from torch import Tensor

from mho.solve.numbers import CellPlan
from mho.solve.tiles.costs import Circuit
from mho.solve.tiles.drawn_tiles import DrawnTiles
from mho.solve.tiles.error_floor import ErrorFloor
from mho.solve.tiles.programmed_tiles import FINEST, ProgrammedTiles
from mho.solve.tiles.serial_inputs import SerialInputs

_SIGMAS = 4.5
_LARGEST = 3.0
"""Square of the largest of inputs that are spread evenly with a mean square of 1 (1)."""


def predicted_floor(
    tiles: DrawnTiles | ProgrammedTiles,
    plan: CellPlan,
    circuit: Circuit,
    *,
    digitally: bool,
) -> ErrorFloor:
    """Errors of products whose inputs are spread evenly.

    Args:
        tiles: The matrix.
        plan: What the pairs of its numbers count.
        circuit: What surrounds the cells.
        digitally: Whether numbers that no cell can hold are made up for digitally.
    """
    noise, weights, squares = tiles.squares()
    left = plan.within_reach if digitally else plan.precision
    write = weights * left**2
    conversion = tiles.rounded_away() * _LARGEST
    converters = circuit.converters
    if converters is None and isinstance(tiles, ProgrammedTiles):
        converters = FINEST
    if converters is not None:
        of_bits = SerialInputs.weights(converters.input_bits).square().sum()
        # half of all bits are ones; noise meets each at what it counts
        noise = noise * float(_LARGEST * of_bits / 2)
        step = 1 / (2**converters.input_bits - 1)
        conversion = conversion + squares * _LARGEST * step**2 / 12
    return ErrorFloor(
        noise=_rms(noise),
        write=_rms(write),
        conversion=_rms(conversion),
        worst=_SIGMAS * float((noise + write + conversion).max().sqrt()),
        outputs=_rms(squares),
    )


def _rms(variances: Tensor) -> float:
    """Root of the mean of variances."""
    return float(torch.mean(variances).sqrt())
