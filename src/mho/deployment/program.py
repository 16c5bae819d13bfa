"""Programming a placement: its stages one after the other, pairs with stuck cells repaired."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import Bench, BenchInfo
from mho.ledger import Ledger
from mho.mapping import Block, Placement, positions, stage_numbers
from mho.mapping.targets import adapt, repair, second_pair_targets, with_excess
from mho.programming import (
    ProgramProtocol,
    ProgramResult,
    ProgramRun,
    program,
    suited_protocol,
)

Measured = Callable[[Sequence[Block]], Sequence[Float[Tensor, "rows outputs"]]]
"""Measures what stands for the weights of blocks, wires included (S)."""


def program_pairs(
    bench: Bench,
    placement: Placement,
    protocol: ProgramProtocol | None = None,
    *,
    repaired: bool = True,
    resume: Mapping[str, Tensor] | None = None,
    on_cycle: Callable[[ProgramRun], Any] | None = None,
    measured: Measured | None = None,
) -> tuple[Placement, ProgramResult]:
    """Program all cells, then once more those that make up for stuck ones.

    Blocks that correct others come after them, with targets that take up what was read of the
    others over one verifying look.

    Args:
        bench: Where to program.
        placement: Cells and targets.
        protocol: How to program.
        repaired: Make up for stuck cells; otherwise they cost what they cost.
        resume: State of an interrupted first pass.
        on_cycle: Called after every cycle of the first pass; what comes after it is simply done
            again after an interruption.
        measured: Measures what blocks give in place of reading their cells, for those that take
            up errors of others.

    Returns:
        The placement with polarities and targets in force at the end, and the joint result of
        all passes.
    """
    protocol = protocol or suited_protocol(bench.info)
    # what makes up for a stuck partner is none of few levels
    repaired = repaired and bench.info.levels is None
    first_cells, *later_cells = stages(placement)
    first, first_result = _program_stage(
        bench,
        part(placement, 0),
        protocol,
        repaired=repaired,
        resume=resume,
        on_cycle=on_cycle,
    )
    if not later_cells:
        return first, first_result
    parts = [first]
    results = [first_result]
    looks = Ledger()
    held = torch.zeros_like(placement.target)
    cells = first_cells
    for stage, next_cells in enumerate(later_cells, 1):
        spent_before_look = bench.ledger
        look = protocol.verify
        in_force = [block for done in parts for block in done.blocks]
        given: Sequence[Tensor] = ()
        if measured is None:
            reading = bench.read(
                parts[-1].cells, samples=look.samples, window=look.window
            )
            held[cells] = reading.mean.to(held.dtype)
        else:
            # all of them again: the first ones go on changing while others are programmed
            given = measured(in_force)
        planned = second_pair_targets(
            placement, held, bench.info, in_force, stage=stage, given=given
        )
        looks += bench.ledger - spent_before_look
        programmed, result = _program_stage(
            bench, part(planned, stage), protocol, repaired=repaired
        )
        parts.append(programmed)
        results.append(result)
        cells = next_cells
    cost = looks
    for one in results:
        cost += one.ledger
    return joined(placement, parts), joint_result(results, cost)


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
    stuck_positions = result.stuck.nonzero()[:, 0]
    if stuck_positions.numel() == 0 or not repaired:
        return placement, result
    stuck_cells = placement.cells[stuck_positions]
    held = torch.zeros_like(placement.target)
    seen = bench.read(stuck_cells, samples=8, window=0.0).mean
    held[stuck_positions] = seen.to(held.dtype)
    mended = _mended(
        placement, result.stuck, held, bench.info, protocol.tolerance
    )
    to_move = (mended.target != placement.target) & ~result.stuck
    places = to_move.nonzero()[:, 0]
    if places.numel() == 0:
        return mended, replace(result, target=mended.target)
    again = program(
        bench,
        mended.target[places],
        protocol,
        cells=mended.cells[places],
    )
    return mended, _merge(result, again, places, mended.target)


def _mended(
    placement: Placement,
    stuck: Bool[Tensor, " cells"],
    held: Float[Tensor, " cells"],
    info: BenchInfo,
    tolerance: float,
) -> Placement:
    """A placement that makes up for stuck cells, with as few cells moved as that takes.

    Args:
        placement: Cells and targets as programmed.
        stuck: Cells that do not answer. Shape (cells,).
        held: Conductance of the stuck ones; others do not matter (S). Shape (cells,).
        info: The bench.
        tolerance: Half-width of the acceptance window (S).
    """
    repaired = repair(placement, stuck, held, info)
    adapted = adapt(placement, repaired, held, stuck, info)
    # a target that moves by less than programming would notice is not worth its pulses
    moved = (adapted.target - placement.target).abs() > tolerance / 2
    target = torch.where(moved | stuck, adapted.target, placement.target)
    worthwhile = replace(adapted, target=target)
    return with_excess(placement, worthwhile, held, stuck, info)


def _merge(
    first: ProgramResult, second: ProgramResult, places: Tensor, target: Tensor
) -> ProgramResult:
    """One result for two passes: the later outcome counts, the costs add."""
    return replace(
        first,
        target=target,
        # the later of two outcomes counts
        outcome=first.outcome.index_copy(0, places, second.outcome),
        error=first.error.index_copy(0, places, second.error),
        noise=first.noise.index_copy(0, places, second.noise),
        # costs add up
        pulses=first.pulses.index_add(0, places, second.pulses),
        denoise_pulses=first.denoise_pulses.index_add(
            0, places, second.denoise_pulses
        ),
        reads=first.reads.index_add(0, places, second.reads),
        cycles=first.cycles + second.cycles,
        ledger=first.ledger + second.ledger,
    )


def stages(placement: Placement) -> list[Int64[Tensor, " cells"]]:
    """Positions of cells that are programmed together: first blocks, then those that correct."""
    blocks = placement.blocks
    places = positions(blocks)
    when = stage_numbers(blocks)
    return [
        torch.cat(
            [
                place.flatten()
                for place, own in zip(places, when, strict=True)
                if own == number
            ]
        )
        for number in sorted({*when})
    ]


def part(placement: Placement, stage: int) -> Placement:
    """A stage as a placement of its own.

    Numbers of corrected blocks still mean blocks of the whole placement.

    Args:
        placement: All stages.
        stage: Number of the stage among `stages`.
    """
    cells = stages(placement)[stage]
    when = stage_numbers(placement.blocks)
    blocks = zip(placement.blocks, when, strict=True)
    return replace(
        placement,
        blocks=tuple(block for block, own in blocks if own == stage),
        cells=placement.cells[cells],
        target=placement.target[cells],
        # cells of a stage stand together, so partners are found by counting from its first one
        partner=placement.partner[cells] - cells[0],
        sign=placement.sign[cells],
    )


def joined(placement: Placement, parts: Sequence[Placement]) -> Placement:
    """A placement with the targets, signs and polarities that its stages came out with."""
    return replace(
        placement,
        blocks=tuple(block for stage in parts for block in stage.blocks),
        target=torch.cat([stage.target for stage in parts]),
        sign=torch.cat([stage.sign for stage in parts]),
    )


def joint_result(
    results: Sequence[ProgramResult], ledger: Ledger
) -> ProgramResult:
    """One result for all stages: cells one after the other.

    Args:
        results: Results of the stages.
        ledger: Cost of all of them, readings in between included.
    """
    first = results[0]
    per_cell = [
        field.name
        for field in fields(ProgramResult)
        if isinstance(getattr(first, field.name), Tensor)
    ]
    together: dict[str, Any] = {
        name: torch.cat([getattr(result, name) for result in results])
        for name in per_cell
    }
    cycles = sum(result.cycles for result in results)
    return replace(first, **together, cycles=cycles, ledger=ledger)
