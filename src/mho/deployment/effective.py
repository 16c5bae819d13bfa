"""What the wires leave of a block's conductances."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import BenchInfo
from mho.chip.part import effective_pair
from mho.deployment.mapping import Block, Placement

ROUNDS = 40
"""Solutions of the wires in a search for conductances (1)."""
CLOSE = 1e-5
"""Accepted error of an effective conductance difference, in parts of the range (1)."""


def each_block(placement: Placement) -> list[tuple[Block, Int64[Tensor, "sides rows cols"]]]:
    """Blocks, and where the cells of their `crossings` stand in `Placement.cells`."""
    found, start = [], 0
    for block in placement.blocks:
        cells = block.crossings
        place = torch.arange(start, start + cells.numel()).view(cells.shape)
        if block.minus is not None:
            place = torch.where(placement.cells[place[0]] != block.plus, place.flip(0), place)
        found.append((block, place))
        start += cells.numel()
    return found


def effective(
    held: Float[Tensor, "sides rows cols"], block: Block, info: BenchInfo
) -> Float[Tensor, "sides rows cols"]:
    """Effective conductances of the cells of a block's `crossings` (S).

    Args:
        held: Their conductances (S).
        block: Where they lie.
        info: The bench.
    """
    place = block.crossings % (info.rows * info.cols)
    return effective_pair(info.wires, (info.rows, info.cols), place, held)


def effective_difference(
    held: Float[Tensor, "sides rows cols"], block: Block, info: BenchInfo
) -> tuple[Float[Tensor, "rows outputs"], Float[Tensor, "rows cols"]]:
    """What the wires leave: conductance difference of the weights, and sum of the sides (S).

    Args:
        held: Conductances of the cells of the block's `crossings` (S).
        block: Where they lie.
        info: The bench.
    """
    seen = effective(held, block, info)
    return block.difference(seen), seen.sum(0)
