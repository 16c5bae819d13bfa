"""Second pairs: they are programmed once the first ones are read, to hold what these miss."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.placement import Block, Placement, each_block
from mho.mapping.targets.effective import CLOSE, ROUNDS, effective_difference
from mho.mapping.targets.rounding import rounded_block


def second_pair_targets(
    placement: Placement,
    held: Float[Tensor, " cells"],
    info: BenchInfo,
    turned: Sequence[Block] = (),
) -> Placement:
    """Give correcting blocks what those they correct hold too little, wires included.

    Args:
        placement: What is wanted: targets of the first blocks, and those of the others if the
            first have no error.
        held: Conductance that the cells of the first blocks have; others do not matter (S).
            Shape (cells,).
        info: The bench: its wires, and how far a cell can go.
        turned: The first blocks with the polarities in force; as placed if there are none.

    Returns:
        The placement with other targets in blocks that correct others, on levels if it has some.
    """
    target = placement.target.clone()
    parts = each_block(placement)
    blocks = (*turned, *placement.blocks[len(turned) :])
    now = each_block(replace(placement, blocks=blocks))
    for block, place in parts:
        if block.corrects is None:
            continue
        first, where = parts[block.corrects]
        meant, _ = effective_difference(placement.target[where].double(), first, info)
        real, there = now[block.corrects]
        found, _ = effective_difference(held[there].double(), real, info)
        own = placement.target[place].double()
        planned, _ = effective_difference(own, block, info)
        wanted = planned + (meant - found) * (block.scale / first.scale)
        target[place] = _solved(wanted, own.amin(0), block, info, placement.step).to(
            target.dtype
        )
    return replace(placement, target=target)


def _solved(
    wanted: Float[Tensor, "rows outputs"],
    low: Float[Tensor, "rows outputs"],
    block: Block,
    info: BenchInfo,
    step: float | None,
) -> Float[Tensor, "2 rows outputs"]:
    """Pairs, one half of each at its low end, whose effective differences are those wanted (S)."""
    reach = info.conductance_high - low
    difference = wanted
    for _ in range(ROUNDS):
        difference = torch.maximum(torch.minimum(difference, reach), -reach)
        halves = torch.stack((difference, -difference)).clamp(min=0) + low
        seen, total = effective_difference(halves, block, info)
        missing = wanted - seen
        # pairs at the end of their range are left out: what they lack cannot be helped
        rest = torch.where(difference.abs() < reach, missing, 0.0)
        if float(rest.abs().max()) < CLOSE * float(reach.min()):
            break
        difference = difference + missing * halves.sum(0) / total
    if step is None:
        return halves
    bottom = float(low.min())
    most = (info.conductance_high - bottom) // step
    return rounded_block(halves, block, step, bottom, bottom + most * step)
