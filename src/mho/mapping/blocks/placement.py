"""Where the weights of a network lie: blocks of cells on tiles, and what each cell shall hold."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.mapping.blocks.block import Block
from mho.mapping.blocks.pair_block import CorrectingBlock


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where a network lies on the tiles, and what every cell shall hold.

    Args:
        blocks: Parts of all layers; those that correct others come last.
        cells: All cells used, each once: those of `Block.crossings` as they were placed, block by
            block. Shape (cells,).
        target: Conductance wanted in each of them (S); of blocks that correct others, what is
            wanted if the others have no error. Shape (cells,).
        partner: Position in `cells` of the other half of each pair, its own for cells that have
            none. Shape (cells,).
        sign: +1 for G⁺ cells, −1 for G⁻ cells and references. Shape (cells,).
        step: Distance of the levels on which targets lie (S); any conductance if `None`.
    """

    blocks: tuple[Block, ...]
    cells: Int64[Tensor, " cells"]
    target: Float[Tensor, " cells"]
    partner: Int64[Tensor, " cells"]
    sign: Float[Tensor, " cells"]
    step: float | None = None


def positions(
    blocks: Sequence[Block],
) -> list[Int64[Tensor, "sides rows cols"]]:
    """Where the cells of each block stand in `Placement.cells`, in the order of placing.

    Args:
        blocks: All blocks of a placement, or the first ones.
    """
    places = []
    start = 0
    for block in blocks:
        shape = block.crossings.shape
        stop = start + shape.numel()
        places.append(torch.arange(start, stop).view(shape))
        start = stop
    return places


def stage_numbers(blocks: Sequence[Block]) -> list[int]:
    """When the cells of each block are programmed: after those of the block that it corrects.

    Args:
        blocks: All blocks of a placement.
    """
    numbers: list[int] = []
    for block in blocks:
        number = 0
        if isinstance(block, CorrectingBlock):
            number = numbers[block.corrects] + 1
        numbers.append(number)
    return numbers


def blocks_of_layers(placement: Placement) -> Mapping[int, Sequence[int]]:
    """Numbers of the blocks of each layer; none of a layer that lies nowhere."""
    numbers: dict[int, list[int]] = defaultdict(list)
    for number, block in enumerate(placement.blocks):
        numbers[block.layer].append(number)
    return numbers


def each_block(
    placement: Placement,
) -> list[tuple[Block, Int64[Tensor, "sides rows cols"]]]:
    """Blocks, and where the cells of their `crossings` stand in `Placement.cells`."""
    blocks = placement.blocks
    return [
        (block, block.ordered(place, placement.cells[place]))
        for block, place in zip(blocks, positions(blocks), strict=True)
    ]


def gather(
    blocks: Sequence[Block], targets: Sequence[Float[Tensor, "_ _ _"]]
) -> Placement:
    """One placement of all blocks.

    Args:
        blocks: Parts of all layers.
        targets: Conductances of each block's `crossings` (S). Shapes (sides, rows, cols).
    """
    partners = []
    signs = []
    for block, target, place in zip(
        blocks, targets, positions(blocks), strict=True
    ):
        sign = torch.where(block.subtracting, -1.0, 1.0)
        partners.append(block.partners(place).flatten())
        signs.append(sign.to(target.dtype).flatten())
    crossings = [block.crossings.flatten() for block in blocks]
    wanted = [target.flatten() for target in targets]
    return Placement(
        tuple(blocks),
        torch.cat(crossings),
        torch.cat(wanted),
        torch.cat(partners),
        torch.cat(signs),
    )
