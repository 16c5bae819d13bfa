"""Making up for wires: targets whose currents, wires included, are those the weights want.

Targets are raised until the effective matrix of the tile is proportional, output by output, to
the one wanted. Where the range does not suffice an output is scaled down as a whole; a digital
factor restores it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.blocks import (
    Placement,
    Solves,
    each_block,
    effective_difference,
    weakened_search,
)
from mho.mapping.weights import WeightMapping

_TOGETHER = 1 << 21
"""Cells of the blocks that are searched together at most: each takes a hundred bytes (1)."""


def compensate(
    placement: Placement, info: BenchInfo, mapping: WeightMapping
) -> Placement:
    """Raise targets to make up for the wires a bench says it has.

    Args:
        placement: Cells and the targets of ideal wires.
        info: The bench.
        mapping: Conductance range of the cells.

    Returns:
        A placement whose effective matrices are the wanted ones; outputs for which the range is
        too small are weaker, and `Block.scale` says by how much.
    """
    if info.wires.ideal:
        return placement
    target = placement.target.clone()
    blocks = list(placement.blocks)
    for numbers, places in _of_equal_shape(placement):
        alike = [placement.blocks[number] for number in numbers]
        place = torch.stack(places)
        # targets are single precision, the search needs more digits than these have
        of_ideal_wires = placement.target[place].double()
        freedom = alike[0].freedom(
            of_ideal_wires,
            mapping.low,
            mapping.block_difference,
        )
        wanted = alike[0].difference(of_ideal_wires)
        held, share = weakened_search(freedom, wanted, alike, info)
        target[place] = held.to(target.dtype)
        for number, block, kept in zip(numbers, alike, share, strict=True):
            # an output that keeps 90 % of its signal stands for the same weights at 90 % of the
            # scale
            scale = (block.scale * kept).to(block.scale.dtype)
            blocks[number] = replace(block, scale=scale)
    return replace(placement, target=target, blocks=tuple(blocks))


def _of_equal_shape(
    placement: Placement,
) -> Iterator[tuple[list[int], list[Int64[Tensor, "sides rows cols"]]]]:
    """Numbers of blocks of one kind and shape, and where their cells stand, some at a time."""
    alike: dict[Any, list[int]] = {}
    places = []
    for number, (block, place) in enumerate(each_block(placement)):
        places.append(place)
        alike.setdefault((type(block), place.shape), []).append(number)
    for numbers in alike.values():
        cells = max(1, places[numbers[0]].numel())
        together = max(1, _TOGETHER // cells)
        for first in range(0, len(numbers), together):
            some = numbers[first : first + together]
            yield some, [places[number] for number in some]


def adapt(
    before: Placement,
    mended: Placement,
    held: Float[Tensor, " cells"],
    stuck: Bool[Tensor, " cells"],
    info: BenchInfo,
    solves: Solves | None = None,
) -> Placement:
    """Move targets around stuck cells until the wires, with these in place, give the old weights.

    A stuck cell and the partner that makes up for it may carry ten times the current that was
    planned; all cells that share their lines feel it.

    Args:
        before: Targets whose effective matrices are the wanted ones.
        mended: The same after `repair`: polarities, and targets of the partners.
        held: Conductance of the stuck cells; others do not matter (S). Shape (cells,).
        stuck: Cells that do not answer. Shape (cells,).
        info: The bench.
        solves: Solves the wires; the whole net of each tile if `None`.
    """
    if info.wires.ideal:
        return mended
    target = mended.target.clone()
    pairs_of_blocks = zip(each_block(before), each_block(mended), strict=True)
    for (earlier, earlier_place), (block, place) in pairs_of_blocks:
        fixed = stuck[place]
        if not fixed.any():
            continue
        meant = before.target[earlier_place].double()
        wanted, _ = effective_difference(meant, earlier, info, solves)
        # what the cells will hold: stuck ones what they do, the others their targets
        in_place = torch.where(fixed, held[place], target[place])
        settled = block.settled(in_place.double(), fixed, wanted, info, solves)
        target[place] = settled.to(target.dtype)
    # stuck cells keep the targets that they have: where they are is no target
    of_working_cells = torch.where(stuck, mended.target, target)
    return replace(mended, target=of_working_cells)
