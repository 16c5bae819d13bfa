"""Programming a placement: its stages one after the other, pairs with stuck cells repaired."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from mho.bench import Bench
from mho.ledger import Ledger
from mho.mapping import Placement, each_block
from mho.mapping.targets import adapt, repair, second_pair_targets, with_excess
from mho.programming import ProgramProtocol, ProgramResult, ProgramRun, program


def program_pairs(
    bench: Bench,
    placement: Placement,
    protocol: ProgramProtocol | None = None,
    *,
    repaired: bool = True,
    resume: Mapping[str, Tensor] | None = None,
    on_cycle: Callable[[ProgramRun], Any] | None = None,
) -> tuple[Placement, ProgramResult]:
    """Program all cells, then once more those that make up for stuck ones.

    Blocks that correct others come last, with targets that take up what was read of the others
    over one verifying look.

    Args:
        bench: Where to program.
        placement: Cells and targets.
        protocol: How to program.
        repaired: Make up for stuck cells; otherwise they cost what they cost.
        resume: State of an interrupted first pass.
        on_cycle: Called after every cycle of the first pass; what comes after it is simply done
            again after an interruption.

    Returns:
        The placement with polarities and targets in force at the end, and the joint result of
        all passes.
    """
    protocol = protocol or ProgramProtocol()
    first, *rest = stages(placement)
    own, result = _program_stage(
        bench,
        part(placement, first) if rest else placement,
        protocol,
        repaired=repaired,
        resume=resume,
        on_cycle=on_cycle,
    )
    if not rest:
        return own, result
    spent = bench.ledger
    look = protocol.verify
    held = torch.zeros_like(placement.target)
    reading = bench.read(own.cells, samples=look.samples, window=look.window)
    held[first] = reading.mean
    (second,) = rest
    goal = part(second_pair_targets(placement, held, bench.info, own.blocks), second)
    other, more = _program_stage(bench, goal, protocol, repaired=repaired)
    cost = result.ledger + (bench.ledger - spent)
    return joined(placement, (own, other)), joint_result((result, more), cost)


def _program_stage(
    bench: Bench,
    placement: Placement,
    protocol: ProgramProtocol,
    *,
    repaired: bool,
    resume: Mapping[str, Tensor] | None = None,
    on_cycle: Callable[[ProgramRun], Any] | None = None,
) -> tuple[Placement, ProgramResult]:
    """Program cells that do not depend on each other, and those that make up for stuck ones."""
    result = program(
        bench,
        placement.target,
        protocol,
        cells=placement.cells,
        resume=resume,
        on_cycle=on_cycle,
    )
    stuck = result.stuck.nonzero()[:, 0]
    if stuck.numel() == 0 or not repaired:
        return placement, result
    held = torch.zeros_like(placement.target)
    held[stuck] = bench.read(placement.cells[stuck], samples=8, window=0.0).mean
    mended = repair(placement, result.stuck, held, bench.info)
    mended = adapt(placement, mended, held, result.stuck, bench.info)
    moved = (mended.target - placement.target).abs() > protocol.tolerance / 2
    kept = torch.where(moved | result.stuck, mended.target, placement.target)
    mended = replace(mended, target=kept)
    moved = moved & ~result.stuck
    mended = with_excess(placement, mended, held, result.stuck, bench.info)
    places = moved.nonzero()[:, 0]
    if places.numel() == 0:
        return mended, replace(result, target=mended.target)
    second = program(bench, mended.target[places], protocol, cells=mended.cells[places])
    return mended, _merge(result, second, places, mended.target)


def _merge(
    first: ProgramResult, second: ProgramResult, places: Tensor, target: Tensor
) -> ProgramResult:
    """One result for two passes: the later outcome counts, the costs add."""
    merged: dict[str, Tensor] = {}
    for name in ("outcome", "error", "noise"):
        merged[name] = getattr(first, name).index_copy(0, places, getattr(second, name))
    for name in ("pulses", "denoise_pulses", "reads"):
        merged[name] = getattr(first, name).index_add(0, places, getattr(second, name))
    joint = {f.name: getattr(first, f.name) for f in fields(first)} | merged
    joint |= {
        "target": target,
        "cycles": first.cycles + second.cycles,
        "ledger": first.ledger + second.ledger,
    }
    return ProgramResult(**joint)


def stages(placement: Placement) -> list[Int64[Tensor, " cells"]]:
    """Positions of cells that are programmed together: first blocks, then those that correct."""
    correcting = torch.cat(
        [
            torch.full((block.crossings.numel(),), block.corrects is not None)
            for block in placement.blocks
        ]
    )
    found = [(~correcting).nonzero()[:, 0], correcting.nonzero()[:, 0]]
    return [positions for positions in found if positions.numel()]


def part(placement: Placement, positions: Int64[Tensor, " some"]) -> Placement:
    """A stage as a placement of its own."""
    chosen = placement.cells[positions]
    blocks = [
        replace(block, corrects=None)
        for block, place in each_block(placement)
        if torch.isin(place[:1, :1, :1].flatten(), positions).all()
    ]
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
        replace(new, corrects=old.corrects)
        for new, old in zip(own, placement.blocks, strict=True)
    ]
    target, sign = (
        torch.cat([getattr(one, n) for one in parts]) for n in ("target", "sign")
    )
    return replace(placement, blocks=tuple(blocks), target=target, sign=sign)


def joint_result(results: Sequence[ProgramResult], ledger: Ledger) -> ProgramResult:
    """One result for all stages: cells one after the other.

    Args:
        results: Results of the stages.
        ledger: Cost of all of them, readings in between included.
    """
    first = results[0]
    together: dict[str, Any] = {
        f.name: torch.cat([getattr(one, f.name) for one in results])
        for f in fields(ProgramResult)
        if isinstance(getattr(first, f.name), Tensor)
    }
    return replace(
        first, **together, cycles=sum(one.cycles for one in results), ledger=ledger
    )
