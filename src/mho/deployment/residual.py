"""Second pairs: they are programmed once the first ones are read, to hold what these miss."""

from collections.abc import Sequence
from dataclasses import fields, replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import BenchInfo
from mho.deployment.effective import CLOSE, ROUNDS, each_block, effective_difference
from mho.deployment.mapping import Block, Placement
from mho.deployment.rounding import rounded_block
from mho.ledger import Ledger
from mho.programming.result import ProgramResult


def take_up(
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
    target, parts = placement.target.clone(), each_block(placement)
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
        target[place] = _solved(wanted, own.amin(0), block, info, placement.step).to(target.dtype)
    return replace(placement, target=target)


def _solved(
    wanted: Float[Tensor, "rows outputs"],
    low: Float[Tensor, "rows outputs"],
    block: Block,
    info: BenchInfo,
    step: float | None,
) -> Float[Tensor, "2 rows outputs"]:
    """Pairs, one half of each at its low end, whose effective differences are those wanted (S)."""
    reach, difference = info.conductance_high - low, wanted
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


def stages(placement: Placement) -> list[Int64[Tensor, " cells"]]:
    """Positions of cells that are programmed together: first blocks, then those that correct."""
    correcting = torch.cat([
        torch.full((block.crossings.numel(),), block.corrects is not None)
        for block in placement.blocks
    ])  # fmt: skip
    found = [(~correcting).nonzero()[:, 0], correcting.nonzero()[:, 0]]
    return [positions for positions in found if positions.numel()]


def part(placement: Placement, positions: Int64[Tensor, " some"]) -> Placement:
    """A stage as a placement of its own."""
    chosen = placement.cells[positions]
    blocks = [
        replace(block, corrects=None) for block, place in each_block(placement)
        if torch.isin(place[:1, :1, :1].flatten(), positions).all()
    ]  # fmt: skip
    return replace(
        placement,
        blocks=tuple(blocks),
        cells=chosen,
        target=placement.target[positions],
        partner=placement.partner[positions] - positions[0],
        sign=placement.sign[positions],
    )


def joined(placement: Placement, parts: Sequence[Placement]) -> Placement:
    """A placement with the targets, signs and polarities that its stages came out with."""
    own = [block for one in parts for block in one.blocks]
    blocks = [
        replace(new, corrects=old.corrects) for new, old in zip(own, placement.blocks, strict=True)
    ]
    target, sign = (torch.cat([getattr(one, n) for one in parts]) for n in ("target", "sign"))
    return replace(placement, blocks=tuple(blocks), target=target, sign=sign)


def joint_result(results: Sequence[ProgramResult], ledger: Ledger) -> ProgramResult:
    """One result for all stages: cells one after the other.

    Args:
        results: Results of the stages.
        ledger: Cost of all of them, readings in between included.
    """
    first = results[0]
    together = {
        f.name: torch.cat([getattr(one, f.name) for one in results])
        for f in fields(ProgramResult)
        if isinstance(getattr(first, f.name), Tensor)
    }
    return replace(first, **together, cycles=sum(one.cycles for one in results), ledger=ledger)  # type: ignore[arg-type]
