"""Further pairs: they are programmed once the earlier ones are read, to hold what these miss."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.blocks import (
    CLOSE,
    Block,
    CorrectingBlock,
    Freedom,
    Placement,
    always,
    each_block,
    effective_difference,
    halves,
    looks,
    stage_numbers,
)


def second_pair_targets(
    placement: Placement,
    held: Float[Tensor, " cells"],
    info: BenchInfo,
    turned: Sequence[Block] = (),
    *,
    stage: int = 1,
    given: Sequence[Float[Tensor, "_ _"]] = (),
) -> Placement:
    """Give correcting blocks what those before them hold too little, wires included.

    Args:
        placement: What is wanted: targets of the first blocks, and those of the others if the
            earlier ones have no error.
        held: Conductance that the cells of the earlier blocks have; others do not matter (S).
            Shape (cells,).
        info: The bench: its wires, and how far a cell can go.
        turned: The first blocks with the polarities in force; as placed if there are none.
        stage: Which blocks: 1 for second pairs, 2 for third ones (1).
        given: What stands for the weights of each of the earlier blocks, as it was measured (S);
            what their cells hold counts if nothing was. Shapes (rows, outputs).

    Returns:
        The placement with other targets in these blocks, on levels if it has some.
    """
    target = placement.target.clone()
    as_planned = each_block(placement)
    blocks_in_force = (*turned, *placement.blocks[len(turned) :])
    in_force = each_block(replace(placement, blocks=blocks_in_force))
    numbers = stage_numbers(placement.blocks)
    for number, (block, place) in enumerate(as_planned):
        if numbers[number] != stage or not isinstance(block, CorrectingBlock):
            continue
        missed: Tensor | None = None
        for earlier in _before(block, placement.blocks):
            other, other_place = as_planned[earlier]
            other_target = placement.target[other_place].double()
            meant, _ = effective_difference(other_target, other, info)
            if given:
                reached = given[earlier].double()
            else:
                other_now, other_place_now = in_force[earlier]
                other_held = held[other_place_now].double()
                reached, _ = effective_difference(other_held, other_now, info)
            # what earlier pairs miss, in conductance of these ones, which count less
            counts_less = block.scale / other.scale
            part = (meant - reached) * counts_less
            missed = part if missed is None else missed + part
        assert missed is not None
        # their own part of the weights is to be held on top of that
        own_target = placement.target[place].double()
        planned, _ = effective_difference(own_target, block, info)
        wanted = planned + missed
        # one half of each pair waits where it was planned to wait
        low = own_target.amin(0)
        holding = _holding(wanted, low, block, info, placement.step)
        target[place] = holding.to(target.dtype)
    return replace(placement, target=target)


def _before(block: CorrectingBlock, blocks: Sequence[Block]) -> list[int]:
    """Numbers of all earlier blocks of the same weights, the first one first."""
    found = [block.corrects]
    other = blocks[block.corrects]
    while isinstance(other, CorrectingBlock):
        found.insert(0, other.corrects)
        other = blocks[other.corrects]
    return found


def _holding(
    wanted: Float[Tensor, "rows outputs"],
    low: Float[Tensor, "rows outputs"],
    block: CorrectingBlock,
    info: BenchInfo,
    step: float | None,
) -> Float[Tensor, "2 rows outputs"]:
    """Pairs, one half of each at its low end, whose effective differences are those wanted (S).

    Where no look is close enough the best one counts: errors need not fall from look to look.

    Args:
        wanted: Effective differences (S).
        low: Low end of each pair (S).
        block: Where the pairs lie.
        info: The bench: its wires, and how far a cell can go.
        step: Distance of the levels (S); any conductance if `None`.
    """
    limit = info.conductance_high - low
    within_limit = torch.maximum(torch.minimum(wanted, limit), -limit)

    def conductances(difference: Tensor) -> Tensor:
        return halves(difference, low)

    freedom = Freedom(
        start=within_limit,
        conductances=conductances,
        low=-limit,
        high=limit,
        direction=wanted.new_ones(()),
        full_scale=float(limit.min()),
    )
    best = conductances(freedom.start)
    least_error = float("inf")
    for look in looks(freedom, always(wanted), block, info):
        # pairs at the end of their range are left out: what they lack cannot be helped
        within = look.numbers.abs() < limit
        helpable = torch.where(within, look.missing, 0.0)
        worst = float(helpable.abs().max())
        if worst < CLOSE * freedom.full_scale:
            best = look.held
            break
        error = float(helpable.square().sum())
        if error < least_error:
            best = look.held
            least_error = error
    if step is None:
        return best
    # the driver knows levels only, as far as its highest one below the end of the range
    bottom = float(low.min())
    steps_to_top = (info.conductance_high - bottom) // step
    return block.rounded(best, step, bottom, bottom + steps_to_top * step)
