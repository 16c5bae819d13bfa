r"""A cell whose steps shrink towards the ends of its range: metal-oxide synapses.

With :math:`x = (G - G_{lo})/(G_{hi} - G_{lo})` the place in the range, :math:`x_0` the symmetry
point, where steps up and down are equal, and :math:`\delta` the step there, a pulse of amplitude
:math:`V` and width :math:`t` moves a cell by

.. math::
    \Delta x_+ &= +s\,\delta_+ \max\Bigl(0, 1 - \gamma_+ \frac{x - x_0}{1 - x_0}\Bigr)
        (1 + \sigma z) \\
    \Delta x_- &= -s\,\delta_- \max\Bigl(0, 1 - \gamma_- \frac{x_0 - x}{x_0}\Bigr)
        (1 + \sigma z) \\
    s &= \frac{t}{t_0} \frac{\sinh |V|/V_s}{\sinh V_0/V_s} ,

and to the cell's own bounds at most: a hard bound is always there. With :math:`\gamma = 1` a cell
never gets to the end (soft bound), with 0 all steps are alike (linear, hard bound), and between
them steps shrink and the end is reached. This is the linear step of aihwkit (rasch2021aihwkit) in
SI units; the sinh is hopping in a field, linear well below :math:`V_s` and exponential above.
Identical pulses from :math:`x` lead to :math:`x_n = x^* + (x - x^*) \lambda^n` with :math:`x^*_+ =
x_0 + (1 - x_0)/\gamma_+` and :math:`\lambda_+ = 1 - \delta\gamma_+/(1 - x_0)`.

Between pulses a cell leaks to its rest at a rate :math:`k`: :math:`G \leftarrow G_r + (G - G_r)
e^{-k \Delta t}`. A look sees just that. No compliance: what a selector allows is not modelled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt, tanh
from typing import ClassVar

from mho.checks import check_between, check_not_negative, check_positive
from mho.compiled import (
    Column,
    F,
    Real,
    Record,
    Word,
    exp,
    expm1,
    normal,
    normal_purpose,
    purpose,
    uniform_pair,
)
from mho.device.model import CellModel, TypicalSwitching
from mho.device.shots import Shot
from mho.device.values import Confidence, Preset, Value, by_full_name
from mho.units import Ohm, V, ms, ns, uS, us

_STEP = normal_purpose("step")
_GAIN = normal_purpose("gain")
_BIAS = normal_purpose("bias")
_VOLTAGE = normal_purpose("switching voltage")
_LOW = normal_purpose("low")
_HIGH = normal_purpose("high")
_GAMMA_UP = normal_purpose("gamma up")
_GAMMA_DOWN = normal_purpose("gamma down")
_STUCK = purpose("stuck")
_LEAST = F(0.01)
"""Smallest gain and smallest switching voltage of a cell, relative to the typical one (1)."""


@dataclass(frozen=True, slots=True)
class SoftBound(CellModel):
    """Cells whose steps depend on where in the range they are.

    Args:
        low: Lowest conductance of a typical cell (S).
        high: Highest conductance of a typical cell (S).
        step: Step of a unit pulse at `symmetry_point`, as a part of the range (1).
        symmetry_point: Place in the range where steps up and down are equal (1).
        gamma_up: How much shorter steps up are at the high end than at `symmetry_point` (1).
        gamma_down: How much shorter steps down are at the low end than at `symmetry_point` (1).
        width: Duration of a unit pulse (s).
        voltage: Amplitude of a unit pulse, either way (V).
        scale: Amplitude beyond which steps grow exponentially (V).
        threshold: Amplitude below which nothing moves, relative to a cell's own `voltage` (1).
        cycle_spread: Relative spread of a step from pulse to pulse (1).
        gain_spread: Relative spread of the step between cells (1).
        bias_spread: Spread between cells of half the relative difference of up and down (1).
        gamma_spread: Spread of both gammas between cells (1).
        voltage_spread: Relative spread of `voltage` between cells (1).
        low_spread: Spread of the lower bound between cells, as a part of the range (1).
        high_spread: Spread of the upper bound between cells, as a part of the range (1).
        rest: Conductance that a cell leaks to (S).
        leak: Rate at which it does (1/s); 0 for none.
        stuck_fraction: Cells that never switch (1).
        stuck_high: Share of those that are stuck at the high end (1).
    """

    low: float
    high: float
    step: float
    symmetry_point: float
    gamma_up: float
    gamma_down: float
    width: float
    voltage: float
    scale: float
    threshold: float
    cycle_spread: float
    gain_spread: float
    bias_spread: float
    gamma_spread: float
    voltage_spread: float
    low_spread: float
    high_spread: float
    rest: float
    leak: float
    stuck_fraction: float
    stuck_high: float

    references: ClassVar[tuple[str, ...]] = ("rasch2021aihwkit",)
    columns: ClassVar[Mapping[str, Column]] = {
        "conductance": "f4",
        "moment": "f8",
    }
    constants: ClassVar[Mapping[str, Column]] = {
        "step_up": "f4",
        "step_down": "f4",
        "gamma_up": "f4",
        "gamma_down": "f4",
        "voltage": "f4",
        "low": "f4",
        "high": "f4",
        "stuck": "u1",
    }

    def __post_init__(self) -> None:
        check_not_negative(self.low, "low", "S")
        check_positive(self.high, "high", "S")
        check_positive(self.high - self.low, "high - low", "S")
        check_between(self.rest, "rest", 0.0, self.high, "S")
        check_between(self.step, "step", 1e-9, 1.0, "1")
        check_between(self.symmetry_point, "symmetry_point", 0.001, 0.999, "1")
        for name in ("gamma_up", "gamma_down", "threshold", "stuck_fraction"):
            check_between(getattr(self, name), name, 0.0, 1.0, "1")
        check_between(self.stuck_high, "stuck_high", 0.0, 1.0, "1")
        for name, unit in (("width", "s"), ("voltage", "V"), ("scale", "V")):
            check_positive(getattr(self, name), name, unit)
        for name in (
            "cycle_spread",
            "gain_spread",
            "bias_spread",
            "gamma_spread",
            "voltage_spread",
            "low_spread",
            "high_spread",
        ):
            check_between(getattr(self, name), name, 0.0, 10.0, "1")
        check_not_negative(self.leak, "leak", "1/s")

    def typical(self) -> TypicalSwitching:
        """A unit pulse at the symmetry point, and how steeply the step grows with V there."""
        span = self.high - self.low
        return TypicalSwitching(
            set_voltage=self.voltage,
            reset_voltage=self.voltage,
            slope=self.scale * tanh(self.voltage / self.scale),
            step=self.step * span,
            width=self.width,
            span=span * sqrt(self.symmetry_point * (1 - self.symmetry_point)),
        )

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        """A cell at the low end, with bounds, steps and curvature of its own."""
        span = p.high - p.low
        low = p.low + span * p.low_spread * normal(draw, _LOW)
        cell.low = max(low, F(0))
        high = p.high + span * p.high_spread * normal(draw, _HIGH)
        cell.high = max(high, cell.low)
        gain = max(F(1) + p.gain_spread * normal(draw, _GAIN), _LEAST)
        bias = p.bias_spread * normal(draw, _BIAS)
        cell.step_up = p.step * gain * (F(1) + bias)
        cell.step_down = p.step * gain * (F(1) - bias)
        up = p.gamma_up + p.gamma_spread * normal(draw, _GAMMA_UP)
        cell.gamma_up = max(up, F(0))
        down = p.gamma_down + p.gamma_spread * normal(draw, _GAMMA_DOWN)
        cell.gamma_down = max(down, F(0))
        own = F(1) + p.voltage_spread * normal(draw, _VOLTAGE)
        cell.voltage = p.voltage * max(own, _LEAST)
        cell.conductance = cell.low
        is_stuck, is_high = uniform_pair(draw, _STUCK, 0)
        cell.stuck = is_stuck <= p.stuck_fraction
        if cell.stuck and is_high <= p.stuck_high:
            cell.conductance = cell.high

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        """One step, after what has leaked since the last one."""
        if cell.stuck:
            return
        cell.conductance = leaked(cell, p, shot.now)
        cell.moment = shot.now
        size = strength(p, abs(shot.volts), shot.width, cell.voltage)
        if size == 0:
            return
        span = p.high - p.low
        x = (cell.conductance - p.low) / span
        centre = p.symmetry_point
        if shot.volts > 0:
            bend = cell.gamma_up * (x - centre) / (F(1) - centre)
            step = cell.step_up * max(F(1) - bend, F(0))
        else:
            bend = cell.gamma_down * (centre - x) / centre
            step = -cell.step_down * max(F(1) - bend, F(0))
        step *= size * (F(1) + p.cycle_spread * normal(draw, _STEP))
        moved = cell.conductance + span * step
        cell.conductance = min(max(moved, cell.low), cell.high)

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:
        """What has not leaked by then (S); nothing fluctuates."""
        return leaked(cell, p, now)


def strength(p: Record, size: Real, width: Real, voltage: Real) -> Real:
    """A pulse in unit pulses (1).

    Args:
        p: The kind's numbers.
        size: Amplitude, without its sign (V).
        width: Duration (s).
        voltage: Amplitude of the cell's own unit pulse (V).
    """
    if size < p.threshold * voltage:
        return F(0)
    here = size / p.scale
    there = voltage / p.scale
    # a ratio of two sinh, each by what keeps its digits when small and does not overflow
    ratio = expm1(F(-2) * here) / expm1(F(-2) * there)
    return width / p.width * ratio * exp(here - there)


def leaked(cell: Record, p: Record, now: float) -> Real:
    """Conductance at a time after the last pulse (S)."""
    if p.leak == 0 or cell.stuck:
        return cell.conductance
    kept = exp(-F(now - cell.moment) * p.leak)
    return p.rest + (cell.conductance - p.rest) * kept


_P = Confidence.PUBLISHED
_I = Confidence.INFERRED
_C = Confidence.CHOICE


def _own(
    value: float, unit: str, note: str, confidence: Confidence = _C
) -> Value:
    """A number that rests on the paper of the array, of which the abstract was read."""
    return Value(value, unit, "jang2022", confidence, note)


_CURVED = (
    "asymmetry of about 1.43, read as the difference of the nonlinearities of SET and RESET,"
    " split evenly: steps at the ends differ by e^(1/1.758), γ = tanh(1/(2·1.758))"
)
_CELL = {
    "low": _own(5 * uS, "S", "no conductance could be read"),
    "high": _own(50 * uS, "S", "no conductance could be read"),
    "step": _own(0.01024, "1", "100 pulses cross the range, at that curvature"),
    "symmetry_point": _own(0.5, "1", "the asymmetry is split evenly", _I),
    "gamma_up": _own(0.277, "1", _CURVED, _I),
    "gamma_down": _own(0.277, "1", _CURVED, _I),
    "width": _own(10 * us, "s", "no width could be read"),
    "voltage": _own(2 * V, "V", "no voltage could be read"),
    "scale": _own(
        0.2 * V,
        "V",
        "the voltage is the learning rate: 0.14 V more double the step",
    ),
    "threshold": _own(
        0.75,
        "1",
        "a threshold is published, its place is not; above a half, as one voltage"
        " for all must spare half-selected cells",
    ),
    "cycle_spread": _own(0.1, "1", "published as reliable; no number"),
    "gain_spread": _own(0.05, "1", "published as uniform; no number"),
    "bias_spread": _own(0.0, "1", "none stated"),
    "gamma_spread": _own(0.0, "1", "none stated"),
    "voltage_spread": _own(0.027, "1", "uniformity of the threshold", _P),
    "low_spread": _own(0.0, "1", "none stated"),
    "high_spread": _own(0.0, "1", "none stated"),
    "rest": _own(5 * uS, "S", "the low end; without leak it does not matter"),
    "leak": _own(0.0, "1/s", "no retention could be read"),
    "stuck_fraction": _own(0.01, "1", "yield above 99 %", _P),
    "stuck_high": _own(0.5, "1", "either end"),
}
_ARRAY = {
    "rows": _own(25.0, "1", "25×25 cells", _P),
    "cols": _own(25.0, "1", "25×25 cells", _P),
    "read_voltage": _own(0.2 * V, "V", "a tenth of the pulses"),
    "level_low": _own(5 * uS, "S", "the whole range"),
    "level_high": _own(50 * uS, "S", "the whole range"),
    "map_low": _own(5 * uS, "S", "the whole range"),
    "map_high": _own(50 * uS, "S", "the whole range"),
    "series_resistance": _own(10 * Ohm, "Ω", "as `kim2021_passive`"),
    "amplitude_max": _own(2.6 * V, "V", "20 unit steps"),
    "word_line": _own(20 * Ohm, "Ω", "per segment, as `kim2021_passive`"),
    "bit_line": _own(20 * Ohm, "Ω", "per segment, as `kim2021_passive`"),
    "driver": _own(10 * Ohm, "Ω", "as `kim2021_passive`"),
    "pulse_setup": _own(1 * us, "s", "as `rao2023`"),
    "read_bits_off_chip": _own(16.0, "1", "laboratory electronics"),
    "write_bits_off_chip": _own(16.0, "1", "laboratory electronics"),
    "sample_time_off_chip": _own(1 * ms, "s", "laboratory electronics"),
    "read_noise_off_chip": _own(0.005 * uS, "S", "a hundredth of a step"),
    "read_bits_on_chip": _own(8.0, "1", "integrated electronics"),
    "write_bits_on_chip": _own(8.0, "1", "integrated electronics"),
    "sample_time_on_chip": _own(1 * us, "s", "integrated electronics"),
    "read_noise_on_chip": _own(0.1 * uS, "S", "half an 8-bit code"),
    "dac_bits": _own(8.0, "1", "as `rao2023`"),
    "adc_bits": _own(8.0, "1", "as `rao2023`"),
    "vector_time": _own(100 * ns, "s", "as `rao2023`"),
    "conversion_energy": _own(6.5e-12, "J", "as `rao2023`"),
}

TIOX_JANG2022 = Preset(
    name="tiox_jang2022",
    summary="25×25 passive TiOₓ, one write voltage for all, 5 to 50 µS (Jang 2022)",
    validity=(
        "Size, uniformity of the threshold and yield are published, the curvature is inferred from"
        " the published asymmetry; conductances, voltages, widths and all else are choices. No"
        " retention, no noise of reads."
    ),
    values=by_full_name(cell=_CELL, array=_ARRAY),
    biasing="V/2",
    kind=SoftBound,
)

PRESETS = (TIOX_JANG2022,)
