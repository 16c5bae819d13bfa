r"""A cell that does what somebody measured: steps drawn from a table, without a formula.

For each amplitude, a table has distributions of the step at some conductances, its nodes, as
quantiles Q_b(u) (the *jump table* of sidler2016). A pulse draws one number u, and makes

.. math:: \Delta G = g\,[(1 - w)\,Q_b(u) + w\,Q_{b+1}(u)]

between the two nodes around G, w being the place between them, with the cell's gain g: the same u
in both, so that the distribution changes its shape on the way from one to the other and its
width does not shrink half way. Beyond the first and the last node their distributions hold, and
no cell leaves the measured range. Between two amplitudes the steps are mixed in the same way;
below the weakest nothing happens. Between the two outermost quantiles and the extremes every step
is as probable as any other.

Not in a table of steps, and so left out: noise of reads, retention, what a pulse of another width
or a larger amplitude would do (refused), and, if the file names no cells, what is different
between them: all spread is then taken for one from pulse to pulse, which a closed loop averages
away, so that chips look better than they are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from mho.checks import check_between, check_not_negative, check_positive
from mho.compiled import (
    Column,
    F,
    Numbers,
    Real,
    Record,
    Word,
    exp,
    normal,
    normal_purpose,
    purpose,
    uniform,
)
from mho.device.kinds.tables import (
    LEVELS,
    NODES,
    LabSteps,
    Steps,
    StepTable,
    has_titles,
    lab_table,
    read_steps,
    step_table,
)
from mho.device.model import CellModel, TypicalSwitching
from mho.device.shots import Shot
from mho.device.values import Preset

_STEP = normal_purpose("step")
_TAIL = purpose("tail of the step")
_GAIN = normal_purpose("gain")
_INNER = LEVELS - 2
"""Quantiles that are even in deviations (1)."""
_REACH = F(3.0)
_PER_DEVIATION = F((_INNER - 1) / 6)
_NEARLY = F(0.99)
"""Part of the weakest amplitude from which a pulse counts as one (1)."""


@dataclass(frozen=True, slots=True)
class MeasuredSteps(CellModel):
    """Cells whose steps are drawn from a table of measured ones.

    Args:
        table: The table; see `MeasuredSteps.from_file`.
        low: Lowest conductance that was measured (S).
        high: Highest conductance that was measured (S).
        gain_spread: Standard deviation of the logarithm of a cell's gain (1).
    """

    table: StepTable
    low: float
    high: float
    gain_spread: float

    references: ClassVar = ("sidler2016",)
    columns: ClassVar[Mapping[str, Column]] = {"conductance": "f4"}
    constants: ClassVar[Mapping[str, Column]] = {"gain": "f4"}
    method: ClassVar[str | None] = "identical pulses"

    def __post_init__(self) -> None:
        check_not_negative(self.low, "low", "S")
        check_positive(self.high - self.low, "high - low", "S")
        check_between(self.gain_spread, "gain_spread", 0.0, 3.0, "1")

    @staticmethod
    def from_file(path: str | Path) -> "MeasuredSteps":
        """Cells as in a file of measured steps, `.csv` or `.npz`.

        One row for each pulse: `before_uS`, `after_uS`, `amplitude_V`, and, if known, `width_s`
        and `cell`. A line `# read_noise_uS: 0.02` takes the noise of the two reads out again.

        Args:
            path: The file.

        Raises:
            ValueError: It cannot be read, has too few rows or such as make no sense.
        """
        file = Path(path)
        return MeasuredSteps.from_steps(read_steps(file), file)

    @staticmethod
    def from_steps(steps: Steps, source: Path) -> "MeasuredSteps":
        """Cells of pulses that are at hand.

        Args:
            steps: All pulses, of one width and of both polarities.
            source: Where they are from, for sentences.

        Raises:
            ValueError: An amplitude has too few pulses.
        """
        table = step_table(steps, source)
        ends = np.concatenate((steps.before, steps.after))
        return MeasuredSteps(
            table, float(ends.min()), float(ends.max()), table.gain_spread
        )

    @staticmethod
    def from_lab(
        paths: Sequence[str | Path], given: LabSteps | None = None
    ) -> "MeasuredSteps":
        """Cells as in files of a lab or of another simulator, of any format of `mho.measured`.

        Pulses with the conductance before and after; tables of XBTorch, an axis of conductances,
        one of steps, and the distribution; pairs of responses of aihwkit.

        Args:
            paths: One file with pulses of both polarities, or one for each amplitude.
            given: What the files do not say.

        Raises:
            ValueError: A file is of another kind, or does not say something that is not given.
            OSError: One cannot be read.
        """
        files = [Path(path) for path in paths]
        table, low, high = lab_table(files, given or LabSteps())
        return MeasuredSteps(table, low, high, table.gain_spread)

    @staticmethod
    def is_plain(path: Path) -> bool:
        """Whether a file has the columns that `from_file` wants."""
        return has_titles(path)

    @property
    def array(self) -> Mapping[str, float]:  # type: ignore[override]
        """What the table says of an array: strongest amplitude, levels within its nodes."""
        low = max(nodes[0] for nodes in self.table.nodes)
        high = min(nodes[-1] for nodes in self.table.nodes)
        levels = {"level_low": low, "level_high": high}
        mapped = {"map_low": low, "map_high": high}
        most = max(abs(volts) for volts in self.table.volts)
        return {"amplitude_max": most, **levels, **mapped}

    def median_step(self, group: int) -> float:
        """Median step of one amplitude in the middle of the range (S)."""
        medians = [node[LEVELS // 2] for node in self.table.steps[group]]
        middle = (self.low + self.high) / 2
        return float(np.interp(middle, self.table.nodes[group], medians))

    def typical(self) -> TypicalSwitching:
        """The weakest pulses of both polarities, and how steps grow to those of the strongest."""
        volts = self.table.volts
        ups = [k for k, v in enumerate(volts) if v > 0]
        downs = [k for k, v in enumerate(volts) if v < 0][::-1]
        steps = {k: max(abs(self.median_step(k)), 1e-12) for k in ups + downs}
        # of one amplitude nothing is known about others: as if linear
        slope = volts[ups[0]]
        growth = math.log(steps[ups[-1]] / steps[ups[0]])
        if len(ups) > 1 and growth > 0:
            slope = (volts[ups[-1]] - volts[ups[0]]) / growth
        return TypicalSwitching(
            set_voltage=volts[ups[0]],
            reset_voltage=-volts[downs[0]],
            slope=slope,
            step=math.sqrt(steps[ups[0]] * steps[downs[0]]),
            width=self.table.width or 100e-9,
            span=(self.high - self.low) / 2,
        )

    def check_pulse(self, largest: float, width: float) -> None:
        """Refuse a pulse of which nothing was measured.

        Raises:
            ValueError: It is stronger than all that were, or of another width.
        """
        table = self.table
        most = max(abs(volts) for volts in table.volts)
        if largest > most * 1.01:
            raise ValueError(
                f"Argument `amplitude` must be within what was measured, {most:g} V, but is"
                f" {largest:g} V."
            )
        if table.width and abs(width - table.width) > 0.01 * table.width:
            raise ValueError(
                f"Argument `width` must be that of the measured pulses, {table.width:g} s, but is"
                f" {width:g} s."
            )

    def numbers(self, temperature: float) -> Numbers:
        """The table as rows, with as many amplitudes of each polarity as a power of two."""
        del temperature
        table = self.table
        ups = [k for k, v in enumerate(table.volts) if v > 0]
        downs = [k for k, v in enumerate(table.volts) if v < 0][::-1]
        # kernels are compiled for each size of a table: a few sizes serve all
        size = 1 << (max(len(ups), len(downs)) - 1).bit_length()
        chosen = [k for some in (ups, downs) for k in _padded(some, size)]
        return {
            "low": self.low,
            "high": self.high,
            "gain_spread": self.gain_spread,
            "volts": np.array([abs(table.volts[k]) for k in chosen]),
            "nodes": np.array([table.nodes[k] for k in chosen]).ravel(),
            "steps": np.array([table.steps[k] for k in chosen]).ravel(),
        }

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        """A cell at the low end, with a gain of its own."""
        cell.conductance = p.low
        cell.gain = exp(p.gain_spread * normal(draw, _GAIN))

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        """One step, drawn for this conductance and amplitude."""
        size = len(p.volts) // 2
        first = 0 if shot.volts > 0 else size
        volts = abs(shot.volts)
        if volts < _NEARLY * p.volts[first]:
            return
        z = normal(draw, _STEP)
        tail = uniform(draw, _TAIL)
        k = first
        while k < first + size - 1 and volts > p.volts[k + 1]:
            k += 1
        step = step_at(p, k, cell.conductance, z, tail)
        if k < first + size - 1 and volts > p.volts[k]:
            share = (volts - p.volts[k]) / (p.volts[k + 1] - p.volts[k])
            more = step_at(p, k + 1, cell.conductance, z, tail)
            step = (F(1) - share) * step + share * more
        moved = cell.conductance + cell.gain * step
        cell.conductance = min(max(moved, p.low), p.high)

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:
        """What the pulses have left (S)."""
        return cell.conductance


def step_at(
    p: Record, group: int, conductance: Real, z: Real, tail: Real
) -> Real:
    """A step of one amplitude: that quantile between the nodes around a conductance (S).

    Args:
        p: The kind's numbers.
        group: Number of the amplitude (1).
        conductance: Conductance before (S).
        z: The quantile, in deviations of a normal law (1).
        tail: Place beyond the outermost quantiles, 0 to 1 (1).
    """
    first = group * NODES
    low = 0
    high = NODES - 1
    while high - low > 1:
        middle = (low + high) // 2
        if p.nodes[first + middle] <= conductance:
            low = middle
        else:
            high = middle
    here = p.nodes[first + low]
    there = p.nodes[first + high]
    share = F(0)
    if there > here:
        share = min(max((conductance - here) / (there - here), F(0)), F(1))
    one = quantile(p, first + low, z, tail)
    other = quantile(p, first + high, z, tail)
    return (F(1) - share) * one + share * other


def quantile(p: Record, node: int, z: Real, tail: Real) -> Real:
    """A quantile of the steps at a node (S); see `step_at`."""
    first = node * LEVELS
    if z <= -_REACH:
        one = p.steps[first]
        return one + tail * (p.steps[first + 1] - one)
    if z >= _REACH:
        one = p.steps[first + _INNER]
        return one + tail * (p.steps[first + _INNER + 1] - one)
    place = (z + _REACH) * _PER_DEVIATION
    k = min(int(place), _INNER - 2)
    share = place - F(k)
    one = p.steps[first + 1 + k]
    return one + share * (p.steps[first + 2 + k] - one)


def _padded(some: list[int], size: int) -> list[int]:
    """The list with its last item repeated."""
    return some + some[-1:] * (size - len(some))


PRESETS: tuple[Preset, ...] = ()
"""None: nothing that was measured may be shipped with a word of what it is."""
