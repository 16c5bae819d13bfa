"""Ramps of pulses as the filter takes them: one reading after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mho.fitting.engine import Row
from mho.fitting.ramps.filter import AGAIN, FIRST, Codes
from mho.measured import PulseResponses

MARGIN = 0.02
"""How far cells may go beyond what was measured, as a part of the range (1)."""


@dataclass(frozen=True, eq=False)
class Ramps:
    """Readings of ramps, those of one cell side by side.

    Args:
        reading: Conductance (S), or in the file's unit. Shape (readings,).
        code: What came before each reading, see `filter.FIRST`. Shape (readings,).
        ramp: Number of its ramp (1). Shape (readings,).
        cell: Number of its cell (1). Shape (readings,).
        data: Files that they are from.
    """

    reading: Row
    code: Codes
    ramp: Codes
    cell: Codes
    data: tuple[str, ...]

    @property
    def new_cell(self) -> Codes:
        """1 at the first reading of each cell, else 0. Shape (readings,)."""
        fresh = np.ones(self.cell.size, dtype=np.int64)
        fresh[1:] = self.cell[1:] != self.cell[:-1]
        return fresh

    @cached_property
    def turns(self) -> Codes:
        """1 at the first pulse in a direction, else 0. Shape (readings,)."""
        pulsed = np.abs(self.code) == 1
        found: Codes = (pulsed & (self._count == 1)).astype(np.int64)
        return found

    @property
    def ramps_of_a_cell(self) -> int:
        """Most ramps in one direction that a single cell has been on (1)."""
        firsts = self.cell[self.turns == 1]
        signs = self.code[self.turns == 1]
        most = 0
        for sign in (1, -1):
            counts = np.unique(firsts[signs == sign], return_counts=True)[1]
            most = max(most, int(counts.max(initial=0)))
        return most

    @property
    def cells(self) -> int:
        """Different cells (1)."""
        return int(np.unique(self.cell).size)

    @property
    def reach(self) -> tuple[float, float]:
        """Least and largest conductance, and a fiftieth of what is between on either side."""
        low, high = float(self.reading.min()), float(self.reading.max())
        margin = MARGIN * (high - low)
        return max(low - margin, 0.0), high + margin

    @cached_property
    def longest(self) -> tuple[int, int]:
        """Most pulses in one direction, up and down (1); 1 where there are none."""
        count = self._count
        ups = count[self.code == 1]
        downs = count[self.code == -1]
        return (
            int(ups.max()) if ups.size else 1,
            int(downs.max()) if downs.size else 1,
        )

    @cached_property
    def progress(self) -> Row:
        """How far a ramp has come before each pulse, 0 at the low end, 1 at the high one (1)."""
        up, down = self.longest
        before = self._count - 1.0
        come = np.where(self.code == 1, before / up, 1.0 - before / down)
        return np.clip(come, 0.0, 1.0)

    @cached_property
    def _count(self) -> Row:
        """Pulses in one direction up to each reading, this one counted (1)."""
        count = np.zeros(self.code.size)
        last = 0
        for k, code in enumerate(self.code):
            if code == FIRST:
                last = 0
                continue
            if abs(code) != 1:
                count[k] = count[k - 1]
                continue
            count[k] = count[k - 1] + 1 if code == last else 1
            last = int(code)
        return count

    def has(self, sign: int) -> bool:
        """Whether there are pulses up (+1) or down (−1)."""
        return bool(np.any(self.code == sign))

    def steps(self, sign: int) -> tuple[Row, Row]:
        """Readings before pulses of one sign, and what changed. Shape (pulses,) each."""
        after = np.flatnonzero(self.code == sign)
        before = self.reading[after - 1]
        return before, self.reading[after] - before


def ramps_of(measured: Sequence[PulseResponses]) -> Ramps:
    """Ramps of all files; ramps and cells of different files are different ones.

    Args:
        measured: What was measured, a value for each file.
    """
    readings: list[float] = []
    codes: list[int] = []
    ramps: list[int] = []
    cells: list[int] = []
    ramp = 0
    first_cell = 0
    for one in measured:
        order = np.lexsort((np.arange(one.ramp.size), one.ramp, one.cell))
        last: tuple[int, int] | None = None
        for k in order:
            here = (int(one.cell[k]), int(one.ramp[k]))
            if here != last:
                ramp += 1
                _add(readings, codes, one.before[k], FIRST)
            elif one.before[k] != readings[-1]:
                _add(readings, codes, one.before[k], AGAIN)
            last = here
            _add(readings, codes, one.after[k], int(one.direction[k]))
            more = len(readings) - len(ramps)
            ramps += [ramp] * more
            cells += [first_cell + here[0]] * more
        first_cell += int(one.cell.max()) + 1
    return Ramps(
        np.array(readings, dtype=np.float64),
        np.array(codes, dtype=np.int64),
        np.array(ramps, dtype=np.int64),
        np.array(cells, dtype=np.int64),
        tuple(one.source for one in measured),
    )


def _add(
    readings: list[float], codes: list[int], reading: float, code: int
) -> None:
    readings.append(float(reading))
    codes.append(code)
