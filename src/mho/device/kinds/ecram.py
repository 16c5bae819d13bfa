r"""Electrochemical cells: ions that a gate drives into a channel, or out of it (ECRAM).

The steps are those of `SoftBound`, but the pulse goes to a gate: nothing of it flows through the
channel that is read, so that neither wires nor selectors divide it, and what it costs is the
charge of the ions. That charge moves by the same law as the step,

.. math:: E = E_0 \frac{|V|}{V_0}\,s ,

with the strength :math:`s` of the pulse in unit pulses and the energy :math:`E_0` of one. Between
pulses the gate is open, and a cell keeps what it has.
"""

from dataclasses import dataclass
from typing import ClassVar

from mho.checks import check_not_negative
from mho.compiled import F, Real, Record
from mho.device.kinds.soft_bound import SoftBound, strength
from mho.device.values import Confidence, Preset, Value, by_full_name
from mho.units import Ohm, V, ms, ns, uS, us


@dataclass(frozen=True, slots=True)
class Ecram(SoftBound):
    """Cells with a gate for writing.

    Args:
        write_energy: Energy of a unit pulse (J).
    """

    write_energy: float

    references: ClassVar[tuple[str, ...]] = ("rasch2021aihwkit", "tang2018")
    three_terminal: ClassVar[bool] = True
    method: ClassVar[str | None] = "identical pulses"

    def __post_init__(self) -> None:
        SoftBound.__post_init__(self)
        check_not_negative(self.write_energy, "write_energy", "J")

    @staticmethod
    def load(cell: Record) -> Real:
        """Drivers of gates see an open circuit (S)."""
        return F(0)

    @staticmethod
    def held(cell: Record) -> Real:
        """The channel's conductance (S)."""
        return cell.conductance

    @staticmethod
    def energy(p: Record, volts: Real, load: Real, width: Real) -> Real:
        """Charge of the ions, times the voltage that moves it (J)."""
        size = abs(volts)
        moved = strength(p, size, width, p.voltage)
        return p.write_energy * size / p.voltage * moved


_P = Confidence.PUBLISHED
_I = Confidence.INFERRED
_C = Confidence.CHOICE


def _fit(value: float, note: str, confidence: Confidence = _P) -> Value:
    """A number of the fit that comes with aihwkit, of a range of 2 there."""
    return Value(value, "1", "rasch2021aihwkit", confidence, note)


def _li(value: float, unit: str, note: str) -> Value:
    """A choice that leans on the paper of the lithium cell, of which the abstract was read."""
    return Value(value, unit, "tang2018", _C, note)


def _oxide(value: float, unit: str, note: str) -> Value:
    """A choice that leans on the paper of the oxide cell, of which the abstract was read."""
    return Value(value, unit, "kim2019ecram", _C, note)


_ABSENT = "nobody states it"
_REACHED = (
    "more than three spreads within the bounds, so that all cells reach it"
)
_LI = {
    "low": _li(1 * uS, "S", "no conductance could be read"),
    "high": _li(
        20 * uS, "S", "a large range is published; low enough for 256 rows"
    ),
    "step": _fit(0.001, "the paper counts up to 1,000 states"),
    "symmetry_point": _fit(
        0.4138, "0.8276 below it and 1.1724 above in the fit", _I
    ),
    "gamma_up": _fit(0.1153, "slope of the steps up"),
    "gamma_down": _fit(0.5085, "slope of the steps down"),
    "width": _li(100 * ns, "s", "programming is shown down to 5 ns"),
    "voltage": _li(
        1 * V, "V", "driven by a gate current; the amplitude stands for it"
    ),
    "scale": Value(
        100 * V,
        "V",
        "tang2018",
        _I,
        "changes are linear in the amplitude, width and charge",
    ),
    "threshold": _li(0.0, "1", "linear, so none"),
    "cycle_spread": _fit(0.3, "spread of a step"),
    "gain_spread": _fit(0.1, "between devices"),
    "bias_spread": _fit(0.01, "between devices"),
    "gamma_spread": _fit(0.05, "between devices, both directions"),
    "voltage_spread": _li(0.0, "1", "as the gain: linear in the amplitude"),
    "low_spread": _fit(0.0207, "5 % of 0.8276, of a range of 2", _I),
    "high_spread": _fit(0.0293, "5 % of 1.1724, of a range of 2", _I),
    "rest": _li(1 * uS, "S", "the low end; without leak it does not matter"),
    "leak": _li(0.0, "1/s", "good retention, without a number"),
    "stuck_fraction": _li(0.0, "1", "single devices"),
    "stuck_high": _li(0.5, "1", "either end"),
    "write_energy": _li(
        1e-15, "J", "about 1 fJ is projected for 100×100 nm², per switching"
    ),
}
_LI_ARRAY = {
    "rows": _li(256.0, "1", "single devices; as `rao2023`, to compare"),
    "cols": _li(256.0, "1", "single devices; as `rao2023`, to compare"),
    "read_voltage": _li(0.1 * V, "V", _ABSENT),
    "level_low": _li(2.5 * uS, "S", _REACHED),
    "level_high": _li(18 * uS, "S", _REACHED),
    "map_low": _li(2.5 * uS, "S", "as the levels"),
    "map_high": _li(18 * uS, "S", "as the levels"),
    "series_resistance": _li(0 * Ohm, "Ω", "no current flows into a gate"),
    "amplitude_max": _li(2 * V, "V", "two unit steps"),
    "word_line": _li(0.5 * Ohm, "Ω", "per segment, as `rao2023`"),
    "bit_line": _li(0.5 * Ohm, "Ω", "per segment, as `rao2023`"),
    "driver": _li(0 * Ohm, "Ω", _ABSENT),
    "pulse_setup": _li(1 * us, "s", "as `rao2023`"),
    "read_bits_off_chip": _li(16.0, "1", "laboratory electronics"),
    "write_bits_off_chip": _li(16.0, "1", "laboratory electronics"),
    "sample_time_off_chip": _li(1 * ms, "s", "laboratory electronics"),
    "read_noise_off_chip": _li(0.002 * uS, "S", "a tenth of a step"),
    "read_bits_on_chip": _li(8.0, "1", "integrated electronics"),
    "write_bits_on_chip": _li(8.0, "1", "integrated electronics"),
    "sample_time_on_chip": _li(1 * us, "s", "integrated electronics"),
    "read_noise_on_chip": _li(0.05 * uS, "S", "half an 8-bit code"),
    "dac_bits": _li(8.0, "1", "as `rao2023`"),
    "adc_bits": _li(8.0, "1", "as `rao2023`"),
    "vector_time": _li(100 * ns, "s", "as `rao2023`"),
    "conversion_energy": _li(6.5e-12, "J", "as `rao2023`"),
}
_OXIDE = _LI | {
    "step": _fit(1.4107e-4, "7,090 steps of that size across the range"),
    "symmetry_point": _fit(
        0.4143, "0.8286 below it and 1.1714 above in the fit", _I
    ),
    "gamma_up": _fit(0.4152, "slope of the steps up"),
    "gamma_down": _fit(0.7342, "slope of the steps down"),
    "cycle_spread": _fit(2.0, "one step in three goes the wrong way"),
    "low": _oxide(1 * uS, "S", "no conductance could be read"),
    "high": _oxide(20 * uS, "S", "a large range is published; as `ecram_li`"),
    "width": _oxide(100 * ns, "s", "switching is observed down to 10 ns"),
    "voltage": _oxide(2 * V, "V", "no voltage could be read"),
    "scale": _oxide(
        0.12 * V,
        "V",
        "exponential in the amplitude is published, how steeply is not; chosen with"
        " the published operation without selectors in view: V/2 moves a cell by"
        " 2.4·10⁻⁴ of a step",
    ),
    "threshold": _oxide(0.0, "1", "the exponential has none"),
    "voltage_spread": Value(
        0.027,
        "1",
        "jang2022",
        _C,
        "nobody states it; lent from `tiox_jang2022`",
    ),
    "rest": _oxide(1 * uS, "S", "the low end; without leak it does not matter"),
    "leak": _oxide(0.0, "1/s", "good retention, without a number"),
    "stuck_fraction": _oxide(0.0, "1", _ABSENT),
    "stuck_high": _oxide(0.5, "1", "either end"),
    "write_energy": _oxide(1e-15, "J", "as `ecram_li`"),
}
_OXIDE_ARRAY = {
    name: Value(value.value, value.unit, "kim2019ecram", _C, value.note)
    for name, value in _LI_ARRAY.items()
} | {
    "amplitude_max": _oxide(2.6 * V, "V", "150 unit steps"),
    "read_noise_off_chip": _oxide(0.0005 * uS, "S", "a fifth of a step"),
}

ECRAM_LI = Preset(
    name="ecram_li",
    summary="Li-ion WO₃ ECRAM, 1,000 nearly linear steps (Tang 2018)",
    validity=(
        "Steps, their spread and asymmetry are a published fit; conductances, voltages, array and"
        " read-out are choices. No retention law, no noise of reads."
    ),
    values=by_full_name(cell=_LI, array=_LI_ARRAY),
    kind=Ecram,
)

ECRAM_OXIDE = Preset(
    name="ecram_oxide",
    summary="Metal-oxide ECRAM, 7,000 small noisy steps (Kim 2019)",
    validity=(
        "As `ecram_li`; that the amplitude acts exponentially is published, how steeply is not."
    ),
    values=by_full_name(cell=_OXIDE, array=_OXIDE_ARRAY),
    biasing="V/2",
    kind=Ecram,
)

PRESETS = (ECRAM_LI, ECRAM_OXIDE)
