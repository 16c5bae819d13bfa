"""Cells and lines that do not work, found before programming."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import Bench, BenchInfo, Pulse
from mho.checks import check_between, check_shape

_GATE = 2.5
"""Gate voltage of the pulses, or the largest that the bench has (V)."""
_TRIES = 8
"""Pulses of each polarity, as many as programming gives a cell before it calls it stuck (1)."""
_SWITCHED = 0.05
"""Share of the range for multiplying that a working cell moves at least (1)."""
_BROKEN = 0.5
"""Share of stuck cells from which on a whole line counts as broken (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class FaultMap:
    """What a survey found.

    Args:
        stuck: Cells that do not answer; cells not looked at count as working. Shape (tiles,
            rows, cols).
        held: Conductance of the stuck ones; 0 of all others (S). Shape (tiles, rows, cols).
    """

    stuck: Bool[Tensor, "tiles rows cols"]
    held: Float[Tensor, "tiles rows cols"]

    @property
    def stuck_fraction(self) -> float:
        """Share of all cells that are stuck (1)."""
        return int(self.stuck.sum()) / max(self.stuck.numel(), 1)

    @property
    def bad_rows(self) -> Bool[Tensor, "tiles rows"]:
        """Rows with more stuck cells than working ones: the line is broken."""
        return self.stuck.float().mean(2) > _BROKEN

    @property
    def bad_cols(self) -> Bool[Tensor, "tiles cols"]:
        """Columns with more stuck cells than working ones."""
        return self.stuck.float().mean(1) > _BROKEN

    def rows(self, tile: int) -> list[int]:
        """Rows of a tile that work, from the sense end on."""
        good = (~self.bad_rows[tile]).nonzero().flatten()
        return [int(row) for row in good.flip(0)]

    def cols(self, tile: int) -> list[int]:
        """Columns of a tile that work, from the driver end on."""
        good = (~self.bad_cols[tile]).nonzero().flatten()
        return [int(col) for col in good]

    def pairs(self, tile: int) -> list[int]:
        """Pairs of columns of a tile of which both work, from the driver end on."""
        whole_pairs = self.bad_cols.shape[1] // 2
        bad_halves = self.bad_cols[tile, : 2 * whole_pairs].view(-1, 2)
        bad = bad_halves.any(1)
        good = (~bad).nonzero().flatten()
        return [int(pair) for pair in good]


def survey(
    bench: Bench, cells: Int64[Tensor, " cells"] | None = None
) -> FaultMap:
    """Give every cell the strongest SETs, then RESETs, and see whether it moves.

    Eight pulses of each polarity and two reads of a cell, in the ledger of the bench. Working
    cells are left in their low state.

    Args:
        bench: What to look at.
        cells: Cells, each once; all of them if `None`.

    Raises:
        ValueError: A cell that the bench does not have.
    """
    info = bench.info
    if cells is None:
        cells = torch.arange(info.cells)
    check_shape(cells, "cells", (None,))
    if cells.numel():
        for end in (cells.min(), cells.max()):
            check_between(int(end), "cells", 0, info.cells - 1, "1")
    high = _after_pulses(bench, cells, info.amplitude_max)
    low = _after_pulses(bench, cells, -info.amplitude_max)
    used_range = info.array_high - info.array_low
    silent = high - low < _SWITCHED * used_range
    middle = (high + low) / 2
    stuck = torch.zeros(info.cells, dtype=torch.bool)
    held = torch.zeros(info.cells)
    stuck[cells] = silent
    held[cells] = torch.where(silent, middle, 0.0).to(held.dtype)
    shape = (info.tiles, info.rows, info.cols)
    return FaultMap(stuck.view(shape), held.view(shape))


def _after_pulses(
    bench: Bench, cells: Int64[Tensor, " cells"], amplitude: float
) -> Float[Tensor, " cells"]:
    """What cells hold after as many pulses as programming would give them (S)."""
    info = bench.info
    amplitudes = torch.full((_TRIES, cells.numel()), amplitude)
    gate = min(_GATE, info.gate_max)
    bench.pulse(Pulse(amplitudes, info.nominal.width, gate), cells)
    return bench.read(cells, samples=1, window=0.0).mean


@dataclass(frozen=True, slots=True, eq=False)
class StuckHalves:
    """The stuck halves of pairs, and where they are stuck; any shape, the same for all.

    Args:
        left: Conductance of left halves; does not matter where they work (S).
        right: The same of right halves (S).
        left_stuck: Whether the left half is stuck.
        right_stuck: Whether the right half is stuck.
    """

    left: Float[Tensor, "*pairs"]
    right: Float[Tensor, "*pairs"]
    left_stuck: Bool[Tensor, "*pairs"]
    right_stuck: Bool[Tensor, "*pairs"]

    def nearest_difference(
        self, wanted: Float[Tensor, "*pairs"], info: BenchInfo
    ) -> Float[Tensor, "*pairs"]:
        """Difference left − right that comes nearest to the one wanted (S); shapes are broadcast.

        A working half takes up what the stuck one leaves, as far as its range goes.

        Args:
            wanted: Difference wanted (S).
            info: The bench: how far a working half can go.
        """
        low = info.conductance_low
        high = info.conductance_high
        left = self.left
        right = self.right
        left_wanted = right + wanted
        right_wanted = left - wanted
        left_giving_way = left_wanted.clamp(low, high)
        right_giving_way = right_wanted.clamp(low, high)
        if_left_stuck = left - right_giving_way
        if_right_stuck = left_giving_way - right
        if_one_stuck = torch.where(
            self.left_stuck, if_left_stuck, if_right_stuck
        )
        either_stuck = self.left_stuck | self.right_stuck
        both_stuck = self.left_stuck & self.right_stuck
        unless_both = torch.where(either_stuck, if_one_stuck, wanted)
        # two stuck halves hold what they hold
        if_both_stuck = left - right
        return torch.where(both_stuck, if_both_stuck, unless_both)
