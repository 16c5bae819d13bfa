r"""A junction of two states, which a pulse switches with a probability (MRAM).

Two ferromagnets with a thin insulator between them conduct better when they are magnetised alike.
A current turns one of them, from below the threshold of a torque that would do it without help:
the torque lowers the barrier, and warmth does the rest. With the barrier Δ in units of kT, the
time τ₀ between attempts, and the critical voltage V_c at which the torque alone is enough, the
rate is (key: taniguchi2012, where the exponent κ is 1 or 2)

.. math:: \Gamma(V) = \frac{1}{\tau_0}\,
    \exp\bigl[-\Delta\,\max(0,\ 1 - |V| / V_c)^{\kappa}\bigr] .

A constant rate has no memory: a pulse of the length t leaves a junction as it is with the
probability exp(−Γt), and k short pulses do exactly what one of k times the length does. Half of
them have switched at

.. math:: V_{1/2} = V_c\,\Bigl(1 - \frac{1}{\Delta}\,\ln\frac{t}{\tau_0 \ln 2}\Bigr)
    \qquad (\kappa = 1),

which falls by V_c ln 10 / Δ for every decade of t. Above V_c the rate stays at 1/τ₀; a real
junction turns faster there, so that writing errors are not underestimated.

At rest the barrier is the same from both sides, and a junction is a telegraph of two equal rates
Γ(0): after a time Δt it stands on the other side with the probability

.. math:: P = \tfrac12\,\bigl(1 - e^{-2\,\Gamma(0)\,\Delta t}\bigr),

which is applied when a junction is looked at or pulsed again, exactly, whatever the time between.

Left out: reads do not disturb (0.1 V of 1.2 V lower the barrier from 60 to 55 kT, a chance of
4e-8 in a year of reading without a break); resistance does not fall with the voltage, for all
reads are at one small voltage; no incubation time and no precession; no own warmth, no dependence
on the temperature, no field of neighbours; a junction does not wear out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log as ln
from typing import ClassVar

import numpy as np

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
    normal_pair,
    normal_purpose,
    power,
    purpose,
    uniform,
)
from mho.device.model import CellModel, TypicalSwitching
from mho.device.shots import Shot
from mho.device.values import Confidence, Preset, alike, by_full_name
from mho.units import Ohm, V, ns, pJ, uS, us

_RESISTANCES = normal_purpose("resistances")
_CRITICAL = normal_purpose("critical voltages")
_STABILITY = normal_purpose("stability")
_FLIP = purpose("flip")
_RETENTION = purpose("retention")
_STUCK = purpose("stuck")
_LEAST = F(0.01)
"""Smallest resistance or voltage that is drawn, as a share of the usual one (1)."""


@dataclass(frozen=True, slots=True)
class TwoState(CellModel):
    """A magnetic tunnel junction, access transistor included.

    Args:
        resistance_parallel: Resistance of the well conducting state (Ω).
        parallel_spread: Its standard deviation over junctions (Ω).
        resistance_antiparallel: Resistance of the other state (Ω).
        antiparallel_spread: Its standard deviation over junctions (Ω).
        correlation: Correlation of the two within a junction (1).
        attempt_time: Time between attempts τ₀ (s).
        stability: Barrier at rest Δ, in units of kT (1).
        stability_spread: Its standard deviation over junctions, relative (1).
        critical_voltage: Voltage without a barrier V_c, either way (V).
        critical_spread: Its standard deviation over junctions and ways, relative (1).
        exponent: Exponent κ with which the torque lowers the barrier (1).
        pulse_width: Pulse of which `typical` speaks (s).
        stuck_fraction: Junctions that never switch (1).
    """

    resistance_parallel: float
    parallel_spread: float
    resistance_antiparallel: float
    antiparallel_spread: float
    correlation: float
    attempt_time: float
    stability: float
    stability_spread: float
    critical_voltage: float
    critical_spread: float
    exponent: float
    pulse_width: float
    stuck_fraction: float

    references: ClassVar = ("jung2022", "taniguchi2012", "soumah2024")
    levels: ClassVar[int | None] = 2
    constants: ClassVar[Mapping[str, Column]] = {
        "conductances": ("f4", 2),
        "critical": ("f4", 2),
        "stability": "f4",
        "stuck": "u1",
    }
    columns: ClassVar[Mapping[str, Column]] = {
        "parallel": "u1",
        "conductance": "f4",
        "moment": "f8",
    }

    def __post_init__(self) -> None:
        for name, unit in (
            ("resistance_parallel", "Ω"),
            ("resistance_antiparallel", "Ω"),
            ("attempt_time", "s"),
            ("stability", "1"),
            ("critical_voltage", "V"),
            ("exponent", "1"),
            ("pulse_width", "s"),
        ):
            check_positive(getattr(self, name), name, unit)
        for name, unit in (
            ("parallel_spread", "Ω"),
            ("antiparallel_spread", "Ω"),
            ("stability_spread", "1"),
            ("critical_spread", "1"),
        ):
            check_not_negative(getattr(self, name), name, unit)
        check_between(self.correlation, "correlation", -1.0, 1.0, "1")
        check_between(self.stuck_fraction, "stuck_fraction", 0.0, 1.0, "1")

    @property
    def low(self) -> float:  # type: ignore[override]
        """Conductance of the antiparallel state (S)."""
        return 1 / self.resistance_antiparallel

    @property
    def high(self) -> float:  # type: ignore[override]
        """Conductance of the parallel state (S)."""
        return 1 / self.resistance_parallel

    def typical(self) -> TypicalSwitching:
        """Half of the junctions switch; an e-th as many at a slope below, for κ = 1."""
        attempts = self.pulse_width / (self.attempt_time * ln(2))
        lowered = max(ln(attempts) / self.stability, 0.0)
        half = self.critical_voltage * (1 - lowered ** (1 / self.exponent))

        return TypicalSwitching(
            set_voltage=half,
            reset_voltage=half,
            slope=self.critical_voltage / self.stability,
            step=self.high - self.low,
            width=self.pulse_width,
            span=self.high - self.low,
        )

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        """Antiparallel, with resistances, thresholds and a barrier of its own."""
        z, other = normal_pair(draw, _RESISTANCES, 0)
        own = np.sqrt(F(1) - p.correlation * p.correlation)
        both = p.correlation * z + own * other
        cell.conductances[0] = F(1) / drawn(
            p.resistance_antiparallel, p.antiparallel_spread * both
        )
        cell.conductances[1] = F(1) / drawn(
            p.resistance_parallel, p.parallel_spread * z
        )
        usual = p.critical_voltage
        down, up = normal_pair(draw, _CRITICAL, 0)
        cell.critical[0] = drawn(usual, p.critical_spread * usual * down)
        cell.critical[1] = drawn(usual, p.critical_spread * usual * up)
        spread = p.stability_spread * p.stability
        z = normal(draw, _STABILITY)
        cell.stability = drawn(p.stability, spread * z)
        cell.stuck = uniform(draw, _STUCK) <= p.stuck_fraction
        cell.conductance = cell.conductances[0]

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        """Perhaps turn to the side that the pulse drives to, if it is not there yet."""
        _rest(cell, p, shot.now, draw)
        wanted = 1 if shot.volts > 0 else 0
        if cell.parallel == wanted or cell.stuck:
            return
        rate = switching_rate(
            p, cell.stability, abs(shot.volts) / cell.critical[wanted]
        )
        if uniform(draw, _FLIP) < -expm1(-rate * shot.width):
            _turn(cell)

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:
        """Conductance of the present state (S); noise belongs to the read-out."""
        _rest(cell, p, now, draw)
        return cell.conductance

    @staticmethod
    def moments(
        cell: Record,
        p: Record,
        look: Record,
        draw: Word,
    ) -> tuple[Real, Real]:
        """Mean (S) and variance (S²) over what warmth may have done since the last look."""
        chance = _turned_at_rest(cell, p, look.now)
        across = cell.conductances[0] + cell.conductances[1]
        step = across - F(2) * cell.conductance
        mean = cell.conductance + chance * step
        return mean, chance * (F(1) - chance) * step * step


def drawn(usual: Real, away: Real) -> Real:
    """A number of one junction, which cannot turn negative."""
    return max(usual + away, _LEAST * usual)


def switching_rate(p: Record, stability: Real, drive: Real) -> Real:
    """Rate of switching (1/s).

    Args:
        p: The kind's numbers.
        stability: Barrier at rest, in units of kT (1).
        drive: Voltage over the critical one (1).
    """
    # a logarithm of nothing has no value, and the power of next to nothing no effect
    left = max(F(1) - drive, F(1e-30))
    barrier = stability * power(left, p.exponent)
    return exp(-barrier) / p.attempt_time


def _turned_at_rest(cell: Record, p: Record, now: float) -> Real:
    """Chance that warmth has turned a junction since it was last known (1)."""
    if cell.stuck:
        return F(0)
    waited = F(max(now - cell.moment, 0.0))
    flips = exp(-cell.stability) / p.attempt_time * waited
    # squares of next to nothing are slow numbers
    return flips if flips < F(1e-7) else F(-0.5) * expm1(F(-2) * flips)


def _rest(cell: Record, p: Record, now: float, draw: Word) -> None:
    """Let time pass at 0 V."""
    chance = _turned_at_rest(cell, p, now)
    cell.moment = now
    if uniform(draw, _RETENTION) < chance:
        _turn(cell)


def _turn(cell: Record) -> None:
    """Go over to the other state."""
    cell.parallel = 1 - cell.parallel
    cell.conductance = cell.conductances[cell.parallel]


_P = Confidence.PUBLISHED
_I = Confidence.INFERRED
_C = Confidence.CHOICE
_CHIP = "jung2022"

# fmt: off
_CELL = {
    **alike("Ω", _CHIP, _P, "over 8,192 cells, transistor included, as others quote the paper",
            resistance_parallel=13e3 * Ohm, parallel_spread=1.6e3 * Ohm,
            resistance_antiparallel=26e3 * Ohm, antiparallel_spread=2.0e3 * Ohm),
    **alike("1", _CHIP, _C, "one area and one transistor would give 1, films of their own 0",
            correlation=0.5),
    **alike("s", "soumah2024", _C, "usually assumed, says that paper, which itself finds less",
            attempt_time=1 * ns),
    **alike("1", _CHIP, _C, "10 years without a flip in 8,192 junctions take 52; 60 is usual",
            stability=60.0),
    **alike("1", _CHIP, _C, "as `critical_spread`", stability_spread=0.05),
    **alike("V", _CHIP, _C, "with the published write of 1.5 V in view: it nearly always succeeds",
            critical_voltage=1.2 * V),
    **alike("1", _CHIP, _C, "five of them lie between `critical_voltage` and the write",
            critical_spread=0.05),
    **alike("1", "taniguchi2012", _C, "1 and 2 are both treated there; 1 is the textbook's",
            exponent=1.0),
    **alike("s", _CHIP, _I, "one clock of 11.1 MHz less `array.pulse_setup`",
            pulse_width=80 * ns),
    **alike("1", _CHIP, _C, "not stated", stuck_fraction=0.0),
}

_ARRAY = {
    **alike("1", _CHIP, _P, "64×64 bit-cells", rows=64.0),
    **alike("1", _CHIP, _I, "a bit-cell's two junctions lie beside each other", cols=128.0),
    **alike("V", _CHIP, _C, "small: 64 junctions of a column take 0.5 mA all the same",
            read_voltage=0.1 * V),
    **alike("S", _CHIP, _I, "1/26 kΩ", level_low=1 / 26e3, map_low=1 / 26e3),
    **alike("S", _CHIP, _I, "1/13 kΩ", level_high=1 / 13e3, map_high=1 / 13e3),
    **alike("V", _CHIP, _P, "write voltage, as others quote the paper", amplitude_max=1.5 * V),
    **alike("s", _CHIP, _I, "what a clock of 11.1 MHz leaves of the pulse", pulse_setup=10 * ns),
    **alike("Ω", _CHIP, _P, "the published resistances have the transistor in them",
            series_resistance=0.0, on_resistance=0.0),
    **alike("S/V", _CHIP, _C, "the transistor is a switch: nothing stops a SET",
            gate_slope=1 / 13e3),
    **alike("V", _CHIP, _C, "as `array.gate_slope`", gate_threshold=0.0, gate_max=1.0 * V),
    **alike("1", _CHIP, _C, "enough to see what a single junction does",
            read_bits_off_chip=12.0, write_bits_off_chip=9.0),
    **alike("s", _CHIP, _C, "as `array.read_bits_off_chip`", sample_time_off_chip=1 * us),
    **alike("S", _CHIP, _C, "as `array.read_bits_off_chip`", read_noise_off_chip=0.05 * uS),
    **alike("1", _CHIP, _P, "counter of the time-to-digital converter, as others quote the paper",
            read_bits_on_chip=4.0, adc_bits=4.0),
    **alike("1", _CHIP, _C, "polarity, and one amplitude: the largest", write_bits_on_chip=2.0),
    **alike("s", _CHIP, _P, "one clock of 11.1 MHz, as others quote the paper",
            sample_time_on_chip=90 * ns, vector_time=90 * ns),
    **alike("S", _CHIP, _C, "a third of a code of 4 bits", read_noise_on_chip=2 * uS),
    **alike("1", _CHIP, _P, "published inputs are ±1: a sign and one amplitude", dac_bits=1.0),
    **alike("J", _CHIP, _I, "6-bit converter in 28 nm, survey fit", conversion_energy=0.83 * pJ),
    **alike("Ω", _CHIP, _C, "2 to 10 Ω a bit-cell are usual at 45 to 65 nm",
            word_line=2 * Ohm, bit_line=2 * Ohm),
}
# fmt: on

MRAM_JUNG2022 = Preset(
    name="mram_jung2022",
    summary="64×64 bit-cells of two MRAM junctions in 28 nm, two levels (Jung 2022)",
    validity=(
        "Resistances, their spread, write voltage and clock are published, quoted from others'"
        " accounts; switching probabilities rest on textbook values. The chip adds resistances,"
        " this model currents."
    ),
    values=by_full_name(cell=_CELL, array=_ARRAY),
    kind=TwoState,
)

PRESETS = (MRAM_JUNG2022,)
