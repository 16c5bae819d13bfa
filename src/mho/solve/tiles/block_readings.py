"""What blocks of programmed cells give: by products, row by row, or by reading cell by cell."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench import Bench
from mho.mapping import Block, Placement, each_block, effective_difference
from mho.programming import ProgramProtocol

_TOGETHER = 8
"""Times that rows are driven in one call when blocks are measured (1)."""


def given_by_products(
    bench: Bench, blocks: Sequence[Block], samples: int
) -> list[Float[Tensor, "rows outputs"]]:
    """What blocks give in products, row by row: wires, bends and all (S).

    Args:
        bench: Where they stand.
        blocks: The blocks.
        samples: Times that each row is driven at least (1).
    """
    info = bench.info
    volts = info.read_voltage
    # whatever a pair may hold
    full_scale = volts * info.conductance_high
    found = []
    for block in blocks:
        rows, outputs = block.shape
        driven = (volts * torch.eye(rows)).repeat(_TOGETHER, 1)
        total = torch.zeros(rows, outputs, dtype=torch.float64)
        times = -(-samples // _TOGETHER)
        for _ in range(times):
            read = block.read(bench, driven, full_scale)
            current = block.signed(read, driven).double()
            total += current.view(_TOGETHER, rows, outputs).mean(0)
        found.append(total / (times * volts))
    return found


def given_by_cells(
    bench: Bench, placement: Placement, protocol: ProgramProtocol
) -> list[Float[Tensor, "rows outputs"]]:
    """What blocks give by what their cells hold (S).

    Args:
        bench: Where they stand.
        placement: The blocks.
        protocol: Whose look it is.
    """
    look = protocol.verify
    reading = bench.read(
        placement.cells, samples=look.samples, window=look.window
    )
    held = reading.mean.double()
    return [
        effective_difference(held[place_of], block, bench.info)[0]
        for block, place_of in each_block(placement)
    ]


def largest_currents(
    bench: Bench, placement: Placement, tolerance: float
) -> list[tuple[Float[Tensor, " outputs"], Float[Tensor, " rows"]]]:
    """What the largest inputs can make of each column and of each row (A), errors included.

    Args:
        bench: Where the blocks stand.
        placement: The blocks.
        tolerance: Half-width of the acceptance window of a cell (S).
    """
    volts = bench.info.read_voltage
    found = []
    for block, place_of in each_block(placement):
        held = block.per_column(placement.target[place_of]).abs()
        held = (held + 2 * tolerance) * volts
        found.append((held.sum(0), held.sum(1)))
    return found
