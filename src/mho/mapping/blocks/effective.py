"""What the wires leave of a whole placement, blocks of equal shape in one call."""

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.blocks.placement import Placement, each_block
from mho.mapping.blocks.search import place_on_tile
from mho.wires import effective_blocks


def effective_of_each(
    placement: Placement, info: BenchInfo
) -> list[Float[Tensor, "sides rows cols"]]:
    """What the wires leave of the targets of every block (S), in the order of `each_block`.

    Blocks of equal shape are solved together, to the same bits as one by one.

    Args:
        placement: Where blocks lie, and their targets.
        info: The bench.
    """
    targets = []
    alike: dict[torch.Size, list[int]] = {}
    for number, (_, place) in enumerate(each_block(placement)):
        targets.append(placement.target[place].double())
        alike.setdefault(place.shape, []).append(number)
    found = dict[int, Tensor]()
    for numbers in alike.values():
        blocks = [placement.blocks[number] for number in numbers]
        seen = effective_blocks(
            info.wires,
            (info.rows, info.cols),
            torch.stack([place_on_tile(block, info) for block in blocks]),
            torch.stack([targets[number] for number in numbers]),
        )
        found |= dict(zip(numbers, seen, strict=True))
    return [found[number] for number in range(len(targets))]
