"""What the wires leave of a block's conductances."""

from jaxtyping import Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.placement import Block
from mho.wires import effective_pair

ROUNDS = 40
"""Solutions of the wires in a search for conductances (1)."""


CLOSE = 1e-5
"""Accepted error of an effective conductance difference, in parts of the range (1)."""


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
