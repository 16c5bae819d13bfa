"""Programming a placement: its stages one after the other, pairs with stuck cells repaired."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench import Bench
from mho.deployment.stages import (
    FinishedStages,
    joined,
    joint_result,
    part,
    stages,
)
from mho.mapping import Block, Placement
from mho.mapping.targets import mended, second_pair_targets
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
    finished: FinishedStages | None = None,
) -> tuple[Placement, ProgramResult]:
    """Program all cells, then once more those that make up for stuck ones.

    Blocks that correct others come after them, with targets that take up what was read of the
    others over one verifying look.

    Args:
        bench: Where to program.
        placement: Cells and targets.
        protocol: How to program.
        repaired: Make up for stuck cells; otherwise they cost what they cost.
        resume: State of the interrupted pass: the first one, or that of the stage that `finished`
            says is next.
        on_cycle: Called after every cycle of the first pass, and of those of later stages where
            `finished` is given; what comes after it, such as making up for stuck cells, is simply
            done again after an interruption.
        measured: Measures what blocks give in place of reading their cells, for those that take
            up errors of others.
        finished: Stages to go on from, none if empty; kept up to date, so that `on_cycle` can save
            its state beside that of the pass and of the bench.

    Returns:
        The placement with polarities and targets in force at the end, and the joint result of
        all passes.
    """
    protocol = protocol or suited_protocol(bench.info)
    # what makes up for a stuck partner is none of few levels
    repaired = repaired and bench.info.levels is None
    done = finished if finished is not None else FinishedStages()
    parts, results = done.taken_up(placement)
    begun = done.planned(placement)
    for stage in range(len(parts), len(stages(placement))):
        planned = begun
        if planned is None:
            planned = placement
            if stage:
                planned = _planned(
                    bench, placement, protocol, parts, done, measured
                )
            done.plan(planned)
        programmed, result = _program_stage(
            bench,
            part(planned, stage),
            protocol,
            repaired=repaired,
            resume=resume,
            on_cycle=None if stage and finished is None else on_cycle,
        )
        begun = resume = None
        parts.append(programmed)
        results.append(result)
        done.add(programmed, result)
    if len(parts) == 1:
        return parts[0], results[0]
    cost = done.looks
    for one in results:
        cost += one.ledger
    return joined(placement, parts), joint_result(results, cost)


def _planned(
    bench: Bench,
    placement: Placement,
    protocol: ProgramProtocol,
    parts: Sequence[Placement],
    done: FinishedStages,
    measured: Measured | None,
) -> Placement:
    """What the next stage shall hold, by what the earlier ones give."""
    spent_before_look = bench.ledger
    stage = len(parts)
    in_force = [block for one in parts for block in one.blocks]
    held = done.held(placement)
    given: Sequence[Tensor] = ()
    if measured is None:
        look = protocol.verify
        reading = bench.read(
            parts[-1].cells, samples=look.samples, window=look.window
        )
        held[stages(placement)[stage - 1]] = reading.mean.to(held.dtype)
    else:
        # all of them again: the first ones go on changing while others are programmed
        given = measured(in_force)
    planned = second_pair_targets(
        placement, held, bench.info, in_force, stage=stage, given=given
    )
    cost_of_look = bench.ledger - spent_before_look
    done.look(held, cost_of_look)
    return planned


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
    in_force = mended(
        placement, result.stuck, held, bench.info, protocol.tolerance
    )
    to_move = (in_force.target != placement.target) & ~result.stuck
    places = to_move.nonzero()[:, 0]
    if places.numel() == 0:
        return in_force, replace(result, target=in_force.target)
    again = program(
        bench,
        in_force.target[places],
        protocol,
        cells=in_force.cells[places],
    )
    return in_force, _merge(result, again, places, in_force.target)


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
