r"""A cell that follows ramps of identical pulses, as far as they depend on what came before.

Steps are straight lines from node to node over a place :math:`s`, one line for pulses up and one
for pulses down:

.. math::
    \Delta G = \pm\, S \left[ g\,(1 \pm b + r)\, m_\pm(s) + c_\pm z \right], \qquad
    s = (1 - w)\, \frac{G - G_{lo}}{G_{hi} - G_{lo}} + w\, p,

with the strength :math:`S` of the pulse in unit pulses, as in `SoftBound`, a cell's gain
:math:`g` and asymmetry :math:`b`, a vigour :math:`r` that is drawn anew whenever the direction
changes, and a normal number :math:`z` for each pulse. The place is that of the conductance in its
range for :math:`w = 0`. For :math:`w = 1` it is the progress :math:`p` of a ramp: the unit pulses
since the direction changed, over those of a whole ramp; from 1 down to 0 for pulses down.

Why a progress: in many cells the first pulses after a change of direction do less than later ones
at the same conductance, and two ramps that begin apart stay as far apart, whereas with steps that
grow with conductance alone they would part. `w` is fitted; what a change of direction in the
middle of the range does is inferred from ramps over all of it. The form is a choice that the
fits of ramps suggested.

Why a vigour: ramps of one cell that begin alike part in proportion to the pulses, not to their
root, as steps that vary from pulse to pulse alone would have it.

No cell leaves its range. Nothing is said of time: no leak, no noise of reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import sqrt, tanh
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
    normal,
    normal_pair,
    normal_purpose,
    purpose,
    uniform_pair,
)
from mho.device.kinds.soft_bound import strength
from mho.device.model import CellModel, TypicalSwitching
from mho.device.shots import Shot
from mho.device.values import Preset

NODES = 10
"""Nodes of a line of steps (1)."""
_STEP = normal_purpose("step")
_OWN = normal_purpose("gain and bias")
_VOLTAGE = normal_purpose("switching voltage")
_RAMP = normal_purpose("vigour of the ramp")
_STUCK = purpose("stuck")
_LEAST = F(0.01)
"""Smallest gain and smallest switching voltage of a cell, relative to the typical one (1)."""
_MIDDLE = (4, 5)


@dataclass(frozen=True, slots=True)
class RampSteps(CellModel):
    """Cells whose steps are given at nodes; see the equations above the class.

    Args:
        low: Lowest conductance, that of the first node (S).
        high: Highest conductance, that of the last node (S).
        up_0: Mean step of a unit pulse up at the first node (S).
        up_1: The same at the next one (S).
        up_2: And so on (S).
        up_3: And so on (S).
        up_4: And so on (S).
        up_5: And so on (S).
        up_6: And so on (S).
        up_7: And so on (S).
        up_8: And so on (S).
        up_9: The same at the last node (S).
        down_0: Mean step of a unit pulse down at the first node, a positive number (S).
        down_1: The same at the next one (S).
        down_2: And so on (S).
        down_3: And so on (S).
        down_4: And so on (S).
        down_5: And so on (S).
        down_6: And so on (S).
        down_7: And so on (S).
        down_8: And so on (S).
        down_9: The same at the last node (S).
        spread_up: Standard deviation of a step up from pulse to pulse (S).
        spread_down: Standard deviation of a step down (S).
        reversal: Weight w of the progress since the direction changed (1).
        pulses_up: Unit pulses of a whole ramp up (1).
        pulses_down: Unit pulses of a whole ramp down (1).
        width: Duration of a unit pulse (s).
        voltage: Amplitude of a unit pulse, either way (V).
        scale: Amplitude beyond which steps grow exponentially (V).
        threshold: Amplitude below which nothing moves, relative to a cell's own `voltage` (1).
        gain_spread: Relative spread of the step between cells (1).
        bias_spread: Spread between cells of half the relative difference of up and down (1).
        ramp_spread: Relative spread of the step of one cell from ramp to ramp (1).
        voltage_spread: Relative spread of `voltage` between cells (1).
        stuck_fraction: Cells that never switch (1).
        stuck_high: Share of those that are stuck at the high end (1).
    """

    low: float
    high: float
    up_0: float
    up_1: float
    up_2: float
    up_3: float
    up_4: float
    up_5: float
    up_6: float
    up_7: float
    up_8: float
    up_9: float
    down_0: float
    down_1: float
    down_2: float
    down_3: float
    down_4: float
    down_5: float
    down_6: float
    down_7: float
    down_8: float
    down_9: float
    spread_up: float
    spread_down: float
    reversal: float
    pulses_up: float
    pulses_down: float
    width: float
    voltage: float
    scale: float
    threshold: float
    gain_spread: float
    bias_spread: float
    ramp_spread: float
    voltage_spread: float
    stuck_fraction: float
    stuck_high: float

    references: ClassVar[tuple[str, ...]] = ("rasch2021aihwkit",)
    columns: ClassVar[Mapping[str, Column]] = {
        "conductance": "f4",
        "since": "f4",
        "vigour": "f4",
    }
    constants: ClassVar[Mapping[str, Column]] = {
        "gain": "f4",
        "bias": "f4",
        "voltage": "f4",
        "stuck": "u1",
    }
    method: ClassVar[str | None] = "identical pulses"
    nodes: ClassVar[int] = NODES

    def __post_init__(self) -> None:
        check_not_negative(self.low, "low", "S")
        check_positive(self.high - self.low, "high - low", "S")
        for word in ("up", "down"):
            steps = self.line(word)
            for number, step in enumerate(steps):
                check_between(step, f"{word}_{number}", -0.1, 0.1, "S")
            if max(steps) <= 0:
                raise ValueError(
                    f"Argument `{word}_0` … `{word}_{NODES - 1}` must have a positive step, but"
                    " the largest is"
                    f" {max(steps):g} S."
                )
            check_not_negative(
                getattr(self, f"spread_{word}"), f"spread_{word}", "S"
            )
            check_positive(
                getattr(self, f"pulses_{word}"), f"pulses_{word}", "1"
            )
        for name in ("reversal", "threshold", "stuck_fraction", "stuck_high"):
            check_between(getattr(self, name), name, 0.0, 1.0, "1")
        for name, unit in (("width", "s"), ("voltage", "V"), ("scale", "V")):
            check_positive(getattr(self, name), name, unit)
        for name in (
            "gain_spread",
            "bias_spread",
            "ramp_spread",
            "voltage_spread",
        ):
            check_between(getattr(self, name), name, 0.0, 10.0, "1")

    def line(self, word: str) -> tuple[float, ...]:
        """Steps at all nodes, `"up"` or `"down"` (S)."""
        return tuple(getattr(self, f"{word}_{k}") for k in range(NODES))

    def typical(self) -> TypicalSwitching:
        """A unit pulse in the middle, and how steeply its step grows with the amplitude."""
        ups = [max(self.line("up")[k], 1e-12) for k in _MIDDLE]
        downs = [max(self.line("down")[k], 1e-12) for k in _MIDDLE]
        return TypicalSwitching(
            set_voltage=self.voltage,
            reset_voltage=self.voltage,
            slope=self.scale * tanh(self.voltage / self.scale),
            step=sqrt(sum(ups) / 2 * sum(downs) / 2),
            width=self.width,
            span=(self.high - self.low) / 2,
        )

    def numbers(self, temperature: float) -> Numbers:
        """Lines as rows, and the other numbers by their names."""
        del temperature
        lines = {f"{word}_{k}" for word in ("up", "down") for k in range(NODES)}
        names = [one.name for one in fields(self) if one.name not in lines]
        found: dict[str, float | np.ndarray] = {
            name: getattr(self, name) for name in names
        }
        found["up"] = np.array(self.line("up"))
        found["down"] = np.array(self.line("down"))
        return found

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        """A cell at the low end, with a gain, an asymmetry and a voltage of its own."""
        z_gain, z_bias = normal_pair(draw, _OWN, 0)
        cell.gain = max(F(1) + p.gain_spread * z_gain, _LEAST)
        cell.bias = p.bias_spread * z_bias
        own = F(1) + p.voltage_spread * normal(draw, _VOLTAGE)
        cell.voltage = p.voltage * max(own, _LEAST)
        cell.conductance = p.low
        is_stuck, is_high = uniform_pair(draw, _STUCK, 0)
        cell.stuck = is_stuck <= p.stuck_fraction
        if cell.stuck and is_high <= p.stuck_high:
            cell.conductance = p.high

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        """One step, and one pulse more since the direction changed."""
        if cell.stuck:
            return
        size = strength(p, abs(shot.volts), shot.width, cell.voltage)
        if size == 0:
            return
        up = shot.volts > 0
        turned = cell.since <= 0 if up else cell.since >= 0
        if turned:
            cell.vigour = p.ramp_spread * normal(draw, _RAMP)
        if up:
            cell.since = max(cell.since, F(0))
            progress = min(cell.since / p.pulses_up, F(1))
        else:
            cell.since = min(cell.since, F(0))
            progress = max(F(1) + cell.since / p.pulses_down, F(0))
        x = (cell.conductance - p.low) / (p.high - p.low)
        place = (F(1) - p.reversal) * x + p.reversal * progress
        z = normal(draw, _STEP)
        if up:
            factor = cell.gain * (F(1) + cell.bias + cell.vigour)
            step = factor * at_place(p.up, place) + p.spread_up * z
            cell.since += size
        else:
            factor = cell.gain * (F(1) - cell.bias + cell.vigour)
            step = -factor * at_place(p.down, place) + p.spread_down * z
            cell.since -= size
        moved = cell.conductance + size * step
        cell.conductance = min(max(moved, p.low), p.high)

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:
        """What the pulses have left (S)."""
        return cell.conductance


def at_place(line: Record, place: Real) -> Real:
    """A line of steps at a place between 0 and 1 (S)."""
    share = min(max(place, F(0)), F(1)) * F(NODES - 1)
    k = min(int(share), NODES - 2)
    rest = share - F(k)
    return line[k] + rest * (line[k + 1] - line[k])


PRESETS: tuple[Preset, ...] = ()
"""None: these cells are made by `mho fit`."""
