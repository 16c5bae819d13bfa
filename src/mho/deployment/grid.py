"""Cells of a layer as one grid, to be shown."""

import torch
from jaxtyping import Int64
from torch import Tensor

from mho.deployment.mapping import Placement


def grid_columns(
    placement: Placement, layer: int
) -> list[tuple[slice, Int64[Tensor, "rows cols"], Int64[Tensor, " cols"]]]:
    """How the cells of a layer make one grid: inputs, positions in `Placement.cells`, columns.

    Neighbours are neighbours on the chip: the halves of a pair, the pairs that correct others
    after those, the reference of a part after its outputs.

    Args:
        placement: Where the network lies.
        layer: Number of the layer.
    """
    found, start = [], 0
    own = [block for block in placement.blocks if block.layer == layer]
    width = 2 * max(block.outputs.stop for block in own)
    parts = sorted({block.first_output for block in own})
    for block in placement.blocks:
        cells = block.crossings
        place = torch.arange(start, start + cells.numel()).view(cells.shape)
        start += cells.numel()
        if block.layer != layer:
            continue
        numbers = torch.arange(cells.shape[2])
        if block.minus is None:
            columns = block.first_output + parts.index(block.first_output) + numbers
            found.append((block.inputs, place[0], columns))
            continue
        first = 2 * (block.first_output + numbers) + (0 if block.corrects is None else width)
        found += [(block.inputs, place[half], first + half) for half in range(2)]
    return found
