"""Tensors with one entry for each cell, as the reference of the compiled loop keeps them."""

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from jaxtyping import Bool, Float, Int, Int64
from torch import Tensor

from mho.programming import Outcome

_Record = TypeVar("_Record")


@dataclass(slots=True, eq=False)
class CellResults:
    """What became of every cell that was asked for, so far.

    Args:
        outcome: Number of the `Outcome`. Shape (cells,).
        error: Last reading minus target (S). Shape (cells,).
        noise: Peak-to-peak of the last long look (S). Shape (cells,).
        pulses: Programming pulses (1). Shape (cells,).
        denoise_pulses: Denoising pulses (1). Shape (cells,).
        reads: Samples read (1). Shape (cells,).
    """

    outcome: Int[Tensor, " cells"]
    error: Float[Tensor, " cells"]
    noise: Float[Tensor, " cells"]
    pulses: Int[Tensor, " cells"]
    denoise_pulses: Int[Tensor, " cells"]
    reads: Int[Tensor, " cells"]

    @classmethod
    def none(cls, target: Float[Tensor, " cells"]) -> "CellResults":
        """Nothing has become of any cell yet."""
        count = target.numel()

        return cls(
            outcome=torch.full((count,), int(Outcome.LIVE), dtype=torch.int8),
            error=torch.zeros_like(target),
            noise=torch.zeros_like(target),
            pulses=torch.zeros(count, dtype=torch.int32),
            denoise_pulses=torch.zeros(count, dtype=torch.int32),
            reads=torch.zeros(count, dtype=torch.int32),
        )


@dataclass(slots=True, eq=False)
class LiveCells:
    """What the loop knows of the cells that are still being programmed.

    Args:
        place: Place of each among all cells asked for (1). Shape (live,).
        target: Conductance wanted (S). Shape (live,).
        conductance: Last reading (S). Shape (live,).
        owed: Denoising pulses that a cell is to get (1). Shape (live,).
        trained_at: Reading before the train just given (S); NaN if there was none. Shape (live,).
        suspect: Whether it once did not answer to strong pulses. Shape (live,).
        trains: Trains so far (1). Shape (live,).
        limit: Factors on the train's SET and RESET amplitudes (1). Shape (2, live).
        ready: Whether it waits for the long look. Shape (live,).
        goal: Error up to which it is not trimmed further (S). Shape (live,).
        fine: Whether its short reads take more samples. Shape (live,).
    """

    place: Int64[Tensor, " live"]
    target: Float[Tensor, " live"]
    conductance: Float[Tensor, " live"]
    owed: Int[Tensor, " live"]
    trained_at: Float[Tensor, " live"]
    suspect: Bool[Tensor, " live"]
    trains: Int[Tensor, " live"]
    limit: Float[Tensor, "two live"]
    ready: Bool[Tensor, " live"]
    goal: Float[Tensor, " live"]
    fine: Bool[Tensor, " live"]

    @classmethod
    def fresh(
        cls, target: Float[Tensor, " live"], owed: int, goal: float
    ) -> "LiveCells":
        """Cells that were neither read nor pulsed yet.

        Args:
            target: Conductance wanted (S). Shape (live,).
            owed: Denoising pulses of everybody's first train (1).
            goal: Error up to which they are not trimmed further (S).
        """
        count = target.numel()

        return cls(
            place=torch.arange(count),
            target=target,
            conductance=torch.zeros_like(target),
            owed=torch.full((count,), owed, dtype=torch.int32),
            trained_at=torch.full_like(target, torch.nan),
            suspect=torch.zeros(count, dtype=torch.bool),
            trains=torch.zeros(count, dtype=torch.int32),
            limit=torch.ones(2, count),
            ready=torch.zeros(count, dtype=torch.bool),
            goal=torch.full_like(target, goal),
            fine=torch.zeros(count, dtype=torch.bool),
        )


def take(record: _Record, cells: Int64[Tensor, " chosen"]) -> _Record:
    """The record of some of the cells, which lie on the last axis of every tensor."""
    whole: Any = record
    parts = {}
    for field in fields(whole):
        parts[field.name] = getattr(whole, field.name).index_select(-1, cells)
    taken: _Record = replace(whole, **parts)
    return taken
