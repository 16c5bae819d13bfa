"""Records with one entry for each cell, as kernels see them, and as tensors that are saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from mho.checks import check_alike, check_shape, check_within
from mho.compiled import Column, Table, record_type

LIVE: dict[str, Column] = {
    # number on the bench (1)
    "number": "i8",
    # last reading, and conductance wanted (S)
    "conductance": "f4",
    "target": "f4",
    # samples read so far (1)
    "reads": "i4",
    # whether it waits for the long look
    "ready": "?",
    # whether its short reads take more samples
    "fine": "?",
    # whether it once did not answer to strong pulses
    "suspect": "?",
    # number of the `Outcome`: whoever has one other than 0 is dropped
    "outcome": "i1",
    # error up to which it is not trimmed further (S)
    "goal": "f4",
    # denoising pulses that the cell is to get (1)
    "owed": "i4",
    # programming pulses so far (1)
    "pulses": "i4",
    # reading before the train just given (S); NaN if there was none
    "trained_at": "f4",
    # trains so far (1)
    "trains": "i4",
    # factors on the train's SET and RESET amplitudes (1)
    "limit": ("f4", 2),
    # denoising pulses so far (1)
    "denoise_pulses": "i4",
    # peak-to-peak of the last long look (S)
    "noise": "f4",
    # place among all cells asked for (1)
    "place": "i8",
}
# what every pass asks for stands together: it comes from memory at once
"""What the loop knows of each cell that is still being programmed."""

DONE: dict[str, Column] = {
    "outcome": "i1",
    "error": "f4",
    "noise": "f4",
    "pulses": "i4",
    "denoise_pulses": "i4",
    "reads": "i4",
}
"""What became of every cell; see `CellResults`."""

SAVED_RESULTS = {f"done.{name}": name for name in DONE}
"""Its columns, by the names they are saved under."""
SO_FAR = ("noise", "pulses", "denoise_pulses", "reads")
"""Those that a live cell has too."""
_NOT_SAVED = ("number", "outcome", *SO_FAR)
"""Columns of a live cell that are known from elsewhere."""


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
    def of(cls, done: Table) -> "CellResults":
        """The columns of an array of `DONE`, the same memory."""
        return cls(**{name: torch.from_numpy(done[name]) for name in DONE})


def check_columns(memory: Mapping[str, Column]) -> None:
    """Refuse a trimming method whose columns are named as the loop's own.

    Raises:
        ValueError: In the house sentence.
    """
    for name in memory:
        if name in LIVE:
            raise ValueError(
                "Argument `trim` must have columns of its own, but the loop has one named"
                f" `{name}` too; rename it."
            )


def fresh(
    target: Float[Tensor, " live"],
    cells: Int64[Tensor, " live"],
    memory: Mapping[str, Column],
    *,
    owed: int,
    goal: float,
) -> Table:
    """Live cells that were neither read nor pulsed yet.

    Args:
        target: Conductance wanted (S). Shape (live,).
        cells: Numbers of the cells on the bench. Shape (live,).
        memory: Columns of the trimming method.
        owed: Denoising pulses of everybody's first train (1).
        goal: Error up to which they are not trimmed further (S).
    """
    live = np.zeros(target.numel(), record_type({**LIVE, **memory}))
    live["place"] = np.arange(target.numel())
    live["number"] = cells.numpy()
    live["target"] = target.numpy()
    live["owed"] = owed
    live["trained_at"] = np.nan
    live["limit"] = 1
    live["goal"] = goal
    return live


def saved_columns(memory: Mapping[str, Column]) -> dict[str, str]:
    """Columns of live cells that a run saves, by the names they are saved under."""
    own = {f"live.{name}": name for name in LIVE if name not in _NOT_SAVED}
    return own | {f"memory.{name}": name for name in memory}


def copies(records: Table, columns: Mapping[str, str]) -> dict[str, Tensor]:
    """Copies of columns as tensors, cells on their last axis.

    Args:
        records: An array of records.
        columns: Names of columns, by those of the tensors.
    """
    return {
        saved: torch.from_numpy(records[name].T.copy())
        for saved, name in columns.items()
    }


def fill(
    records: Table, columns: Mapping[str, str], saved: Mapping[str, Tensor]
) -> None:
    """Write the tensors that `copies` gave back into the columns."""
    for key, name in columns.items():
        records[name] = saved[key].numpy().T


_OF_LIVE_CELLS = ("live.", "memory.")


def check_restorable(
    saved: Mapping[str, Tensor], own: Mapping[str, Tensor], cells: int
) -> None:
    """Refuse a saved run of other cells, or with live cells that nobody asked for.

    Args:
        saved: Its tensors, as `ProgramRun.state` gives them.
        own: Those of the run that is to go on from there.
        cells: Cells asked for (1); as many may be live.

    Raises:
        ValueError: In the house sentence.
    """
    saved_of_all, saved_of_live = _by_length(saved)
    own_of_all, own_of_live = _by_length(own)
    check_alike(saved_of_all, "state", own_of_all, longest=None)
    # live cells get fewer and fewer: any number up to all of them is right
    check_alike(saved_of_live, "state", own_of_live, longest=cells)

    place = saved["live.place"]
    strange = (place < 0) | (place >= cells)
    is_repeated = torch.unique(place).numel() != place.numel()
    if bool(strange.any()) or is_repeated:
        raise ValueError(
            "Argument `state` must have live cells among those asked for, each once, but has"
            " others."
        )
    numbers = saved["loop"]
    plausible = torch.isfinite(numbers) & (numbers >= 0)
    if not bool(plausible.all()):
        raise ValueError(
            "Argument `state` must have cycles and costs that are finite and not negative, but has"
            " others."
        )


def _by_length(
    state: Mapping[str, Tensor],
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Tensors that cover all cells asked for, or none, and those that cover the live ones."""
    of_all: dict[str, Tensor] = {}
    of_live: dict[str, Tensor] = {}
    for name, tensor in state.items():
        group = of_live if name.startswith(_OF_LIVE_CELLS) else of_all
        group[name] = tensor
    return of_all, of_live


def check_cells(cells: Int64[Tensor, " cells"], count: int) -> None:
    """Refuse a cell the bench does not have, or one listed twice."""
    check_within(
        cells,
        "cells",
        0,
        count - 1,
        unit="",
        hint="The bench has no such cell.",
    )
    if torch.unique(cells).numel() != cells.numel():
        raise ValueError(
            "Argument `cells` must name each cell once, but some are named twice."
        )


class Decided(NamedTuple):
    """What some of the live cells get next.

    Args:
        cells: Numbers of cells that get pulses.
        amplitude: Amplitude of those of each (V).
        repeats: How many each gets (1).
        at: Places of cells that get the train they owe.
        longest: Pulses of the longest train (1).
        busy: Cells that wait for something (1).
        stuck: Cells found stuck (1).
    """

    cells: Table
    amplitude: Table
    repeats: Table
    at: Table
    longest: int
    busy: int
    stuck: int


def joined(parts: Sequence[Decided]) -> tuple[Table, Table, Table, Table]:
    """Arrays of all parts, one after the other."""
    if len(parts) == 1:
        only = parts[0]
        return only.cells, only.amplitude, only.repeats, only.at
    cells, amplitude, repeats, at, *_ = zip(*parts, strict=True)
    return (
        np.concatenate(cells),
        np.concatenate(amplitude),
        np.concatenate(repeats),
        np.concatenate(at),
    )


def closed_up(
    parts: Sequence[tuple[int, int, int]], *tables: Table
) -> tuple[int, int]:
    """Move what parts have filled to the front, so that there are no gaps.

    Args:
        parts: Where each has begun to fill two rows, and how much of both it has filled (1).
        tables: Two rows each.

    Returns:
        How much of both rows is filled (1).
    """
    filled = [0, 0]
    for first, *counts in parts:
        for row, count in enumerate(counts):
            end = filled[row] + count
            for table in tables:
                table[row, filled[row] : end] = table[
                    row, first : first + count
                ]
            filled[row] = end
    return filled[0], filled[1]


def seen_of(found: Float[Tensor, " cells"], count: int) -> Table:
    """What a bench found of each cell, as kernels want it.

    Raises:
        ValueError: It is not one number for each cell.
    """
    check_shape(found, "reading", (count,))
    return np.ascontiguousarray(found.numpy(), np.float32)
