"""Where the cells of a layer stand in its map."""

from collections import Counter
from collections.abc import Sequence

import torch
from jaxtyping import Int64
from torch import Tensor

from mho.mapping import Block, ReferenceBlock


def grid_columns(
    placed: Sequence[tuple[Block, Int64[Tensor, "_ _ _"]]],
) -> list[tuple[slice, Int64[Tensor, "_ _"], Int64[Tensor, " _"]]]:
    """How the cells of a layer make one grid: inputs, positions in `Placement.cells`, columns.

    Neighbours are neighbours on the chip: the halves of a pair, the pairs that correct others
    after those, the reference of a part after its outputs.

    Args:
        placed: Blocks of the layer, and where their cells stand.
    """
    grid = []
    width = 2 * max(block.outputs.stop for block, _ in placed)
    parts = sorted({block.first_output for block, _ in placed})
    earlier: Counter[tuple[int, int]] = Counter()
    for block, place in placed:
        numbers = torch.arange(place.shape[2])
        if isinstance(block, ReferenceBlock):
            columns = (
                block.first_output + parts.index(block.first_output) + numbers
            )
            grid.append((block.inputs, place[0], columns))
            continue
        # further pairs of the same weights, after those that they correct
        part = (block.first_input, block.first_output)
        first = 2 * (block.first_output + numbers) + earlier[part] * width
        earlier[part] += 1
        grid += [(block.inputs, place[half], first + half) for half in range(2)]
    return grid
