"""A placement in stages: cells that are programmed together, and all of them joined again."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from mho.ledger import Ledger
from mho.mapping import Placement, positions, stage_numbers
from mho.programming import ProgramResult


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
