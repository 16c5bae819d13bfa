r"""Ferroelectric transistor: a gate switches its film domain by domain, limited by nucleation.

A film is many domains. One of them, of activation voltage :math:`E`, nucleates after a time
:math:`\tau = \tau_0 \exp[(E/v)^\alpha]` at the voltage :math:`v` (Merz's law; one value of
:math:`E` for each grain: tagantsev2002, alessandri2019). Taken as a sharp time, the domain has
switched after :math:`t` if

.. math:: E < e(v, t) = v\,[\ln(1 + t/\tau_0)]^{1/\alpha} ,

so that domains switch in the order of their :math:`E`, whatever the pulses, and one number is
the whole history: the *front* :math:`e`, up to which all have switched. Activations are spread
logistically with mean :math:`a` and standard deviation :math:`\sigma_a a`, which is within 0.023
of the normal distribution and has an elementary inverse. With :math:`s = \sigma_a a \sqrt3/\pi`,
the share :math:`f` of domains on the side that a pulse drives to says where the front stands,

.. math:: e = a + s \ln\frac{f}{1-f} ,

and a pulse of :math:`v` and :math:`t` goes on from there as if :math:`v` had brought it so far:

.. math::
    L = (e/v)^\alpha , \qquad
    L' = L + \ln\!\left(1 + \frac{t}{\tau_0} e^{-L}\right) , \qquad
    e' = v L'^{1/\alpha} .

Hence :math:`n` pulses do what one of :math:`n t` does; identical pulses creep with the logarithm
of their number, and a staircase of amplitudes passes through the whole distribution (jerry2017:
32 conductances by rising amplitudes, 6 to 12 by identical pulses). The odds grow by
:math:`e^d` with :math:`d = (e'-e)/s`, and of the domains still free there switches

.. math:: q = \frac{f(e^d - 1)}{1 + f(e^d - 1)} .

This form is used: it is exactly 0 for a pulse that is too weak. Of :math:`N(1-f)` free domains a
binomial number switches, taken as normal: :math:`f` gets
:math:`\sqrt{(1-f)\,q\,(1-q)/N}` times a number of each pulse. A pulse the other way starts from
its own share :math:`1 - f`. Conductance is linear in the polarisation :math:`P = 2f - 1` (shown
in jerry2017).

What this leaves out: a sharp time instead of a Weibull one of exponent 2 moves :math:`f` by up to
0.11 for a film of one activation; minor loops in both directions are those of the mean, not of a
Preisach stack; neither temperature, nor loss over time, nor trapped charge, nor fatigue.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
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
    expm1,
    log,
    log1p,
    normal,
    normal_purpose,
    power,
    purpose,
    uniform_pair,
)
from mho.device.model import CellModel, TypicalSwitching
from mho.device.shots import Shot
from mho.device.values import Confidence, Preset, Value, by_full_name
from mho.units import V, ms, mV, nS, ns, pJ, uS, us

_STUCK = purpose("stuck")
_ACTIVATION = normal_purpose("activation")
_HIGH = normal_purpose("highest conductance")
_SWITCHED = normal_purpose("switched domains")
_READ = normal_purpose("read")

_EDGE = F(1e-6)
"""Least share of domains on either side (1)."""
_LEAST_FRONT = F(1e-3)
"""A front at less than this share of the voltage took no time worth counting (1)."""
_LEAST = F(0.2)
"""Least activation, and highest conductance, of a cell, relative to the typical one (1)."""
_TYPICAL_STEP = 1 / 32
"""Share of the range that a typical pulse moves: one of the published steps (1)."""


@dataclass(frozen=True, slots=True)
class Ferroelectric(CellModel):
    """A ferroelectric transistor; see the derivation above its class.

    Pulses go to the gate: no current flows, nothing divides the voltage, reads disturb nothing.

    Args:
        low: Conductance of a typical cell polarised down (S).
        high: Conductance of a typical cell polarised up (S).
        width: Pulse width of `typical` (s).
        attempt: Time τ₀ of Merz's law (s).
        exponent: Exponent α of Merz's law (1).
        activation: Mean activation a of the domains, at the gate (V).
        domain_spread: Standard deviation of activations within a cell, relative to the mean (1).
        offset: Gate voltage at which neither direction is driven (V).
        domains: Number of domains of a cell (1).
        activation_spread: Relative standard deviation of a between cells (1).
        high_spread: Relative standard deviation of the highest conductance between cells (1).
        read_spread: Relative standard deviation of a look, fresh in every sample (1).
        capacitance: Of the gate; a pulse costs half of it times V² (F).
        stuck_fraction: Cells that never switch, half of them at either end (1).
    """

    low: float
    high: float
    width: float
    attempt: float
    exponent: float
    activation: float
    domain_spread: float
    offset: float
    domains: float
    activation_spread: float
    high_spread: float
    read_spread: float
    capacitance: float
    stuck_fraction: float

    references: ClassVar = ("jerry2017", "alessandri2019", "tagantsev2002")
    three_terminal: ClassVar[bool] = True
    method: ClassVar[str | None] = "ramp"
    columns: ClassVar[Mapping[str, Column]] = {"polarisation": "f4"}
    constants: ClassVar[Mapping[str, Column]] = {
        "activation": "f4",
        "low": "f4",
        "high": "f4",
        "stuck": "u1",
    }

    def __post_init__(self) -> None:
        for name, unit in (
            ("low", "S"),
            ("width", "s"),
            ("attempt", "s"),
            ("exponent", "1"),
            ("activation", "V"),
            ("domain_spread", "1"),
            ("domains", "1"),
        ):
            check_positive(getattr(self, name), name, unit)
        for name in ("activation_spread", "high_spread", "read_spread"):
            check_not_negative(getattr(self, name), name, "1")
        check_not_negative(self.capacitance, "capacitance", "F")
        check_between(self.offset, "offset", -1000.0, 1000.0, "V")
        check_between(self.high, "high", self.low, 1.0, "S")
        check_between(self.stuck_fraction, "stuck_fraction", 0.0, 1.0, "1")

    @property
    def _scale(self) -> float:
        """Scale of the logistic distribution of activations, for a mean of 1 (1)."""
        return self.domain_spread * math.sqrt(3) / math.pi

    def numbers(self, temperature: float) -> Numbers:
        """The fields, and the scale of activations."""
        own = dict(CellModel.numbers(self, temperature))
        own["scale"] = self._scale
        return own

    def typical(self) -> TypicalSwitching:
        """A pulse that moves a half-switched cell by one of 32 steps, by the law itself."""
        drive = self._drive(_TYPICAL_STEP)
        # e times as large a step, which is small enough for the law to be exponential there
        larger = self._drive(math.e * _TYPICAL_STEP)
        span = self.high - self.low
        return TypicalSwitching(
            set_voltage=drive + self.offset,
            reset_voltage=drive - self.offset,
            slope=larger - drive,
            step=_TYPICAL_STEP * span,
            width=self.width,
            span=span / 2,
        )

    def _drive(self, share: float) -> float:
        """Voltage beyond the offset that moves half-switched cells by a share of the range (V)."""
        scale = self.activation * self._scale
        odds = (0.5 + share) / (0.5 - share)
        wanted = self.activation + scale * math.log(odds)
        low, high = 0.0, 10 * wanted
        # halved until single precision ends; log1p keeps what a weak pulse adds
        for _ in range(60):
            volts = (low + high) / 2
            before = min((self.activation / volts) ** self.exponent, 700.0)
            gained = math.log1p(self.width / self.attempt * math.exp(-before))
            front = volts * (before + gained) ** (1 / self.exponent)
            low, high = (volts, high) if front < wanted else (low, volts)
        return high

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        """A cell polarised down, or stuck at either end."""
        relative = F(1) + p.activation_spread * normal(draw, _ACTIVATION)
        cell.activation = p.activation * max(relative, _LEAST)
        relative = F(1) + p.high_spread * normal(draw, _HIGH)
        cell.low = p.low
        cell.high = max(p.high * max(relative, _LEAST), p.low)
        is_stuck, is_up = uniform_pair(draw, _STUCK, 0)
        cell.stuck = is_stuck <= p.stuck_fraction
        end = F(1) - F(2) * _EDGE
        cell.polarisation = end if cell.stuck and is_up <= F(0.5) else -end

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        """Move the front on the side that the pulse drives to."""
        up = shot.volts > p.offset
        drive = abs(shot.volts - p.offset)
        # a pulse is driven by its own polarity: offset alone switches nothing
        if cell.stuck or drive == 0 or up != (shot.volts > 0):
            return
        polarisation = cell.polarisation if up else -cell.polarisation
        share = F(0.5) * (F(1) + polarisation)
        odds = front_gain(cell.activation, p, share, drive, shot.width)
        gained = share * odds
        chance = gained / (F(1) + gained)
        free = F(1) - share
        spread = np.sqrt(free * chance * (F(1) - chance) / p.domains)
        after = share + free * chance + spread * normal(draw, _SWITCHED)
        # none switches back, and a few are left on either side
        after = min(max(after, share), F(1) - _EDGE)
        polarisation = F(2) * after - F(1)
        cell.polarisation = polarisation if up else -polarisation

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:
        """Linear in the polarisation, with noise of each look (S)."""
        noise = F(1) + p.read_spread * normal(draw, _READ)
        return channel(cell) * max(noise, F(0))

    @staticmethod
    def moments(
        cell: Record, p: Record, look: Record, draw: Word
    ) -> tuple[Real, Real]:
        """Mean (S) and variance (S²) of a look."""
        mean = channel(cell)
        deviation = mean * p.read_spread
        return mean, deviation * deviation

    @staticmethod
    def white(p: Record, look: Record, conductance: Real) -> Real:
        """All noise of looks is fresh (S²)."""
        deviation = conductance * p.read_spread
        return deviation * deviation

    @staticmethod
    def load(cell: Record) -> Real:
        """A gate carries no current (S)."""
        return F(0)

    @staticmethod
    def held(cell: Record) -> Real:
        """Conductance of the channel (S)."""
        return channel(cell)

    @staticmethod
    def energy(p: Record, volts: Real, load: Real, width: Real) -> Real:
        """Energy that charges the gate (J)."""
        return F(0.5) * p.capacitance * volts * volts


def channel(cell: Record) -> Real:
    """Conductance, linear in the polarisation (S)."""
    up = F(0.5) * (F(1) + cell.polarisation)
    return cell.low + up * (cell.high - cell.low)


def front_gain(
    activation: Real, p: Record, share: Real, drive: Real, width: Real
) -> Real:
    """Factor by which a pulse raises the odds of switched domains, less one (1).

    Args:
        activation: Mean activation of the cell's domains (V).
        p: Numbers of the kind.
        share: Domains that have switched, 0 to 1 without the ends (1).
        drive: Voltage beyond the offset (V).
        width: Duration (s).
    """
    scale = activation * p.scale
    at = activation + scale * log(share / (F(1) - share))
    front = max(at, _LEAST_FRONT * drive)
    lived = power(front / drive, p.exponent)
    gained = log1p(width / p.attempt * exp(-lived))
    # the step itself, not a difference of fronts: too weak a pulse moves nothing at all
    step = front * expm1(log1p(gained / lived) / p.exponent)
    return expm1((front - at + step) / scale)


_P = Confidence.PUBLISHED
_I = Confidence.INFERRED
_C = Confidence.CHOICE


def _jerry(
    value: float, unit: str, note: str, confidence: Confidence = _C
) -> Value:
    """A number from the synapse's paper, or a choice that leans on it."""
    return Value(value, unit, "jerry2017", confidence, note)


def _deng(
    value: float, unit: str, note: str, confidence: Confidence = _P
) -> Value:
    """A number of the model that was released with that paper, for another film."""
    return Value(value, unit, "deng2020", confidence, note)


def _same(value: float, unit: str) -> Value:
    """A choice that is that of another chip, to compare like with like."""
    return Value(value, unit, "rao2023", _C, "as `rao2023`")


_CELL = {
    "low": _jerry(0.0397 * uS, "S", "45 times below `cell.high`", _I),
    "high": _jerry(1.788 * uS, "S", "on-resistance of 559.28 kΩ", _I),
    "width": _jerry(75 * ns, "s", "pulses of the 5-bit synapse", _P),
    "attempt": _deng(19 * ns, "s", "`tauo` of the released model"),
    "exponent": _deng(3.0, "1", "`alpha` of the released model"),
    "activation": _jerry(
        4.89 * V,
        "V",
        "a staircase of 32 pulses around the published mean amplitude (3.30 V without the offset)"
        " passes half its way in its middle, by this law; deng2020 has 2.3 V across 8 nm of film,"
        " which would then see 0.59 of the gate, where a divider of 10 nm HZO on 0.8 nm SiO₂"
        " says 0.63",
        _I,
    ),
    "domain_spread": _deng(0.174, "1", "`b`/`a` of the model, 0.4/2.3", _I),
    "offset": _jerry(
        0.35 * V, "V", "half the difference of 3.65 V up and 2.95 V down", _I
    ),
    "domains": _jerry(
        1250.0,
        "1",
        "cycle to cycle below 0.5 % of the range in 32 steps: √(N/32)/N",
        _I,
    ),
    "activation_spread": _deng(0.03, "1", "small gates spread more", _C),
    "high_spread": _jerry(0.05, "1", "single transistors published"),
    "read_spread": _jerry(
        3e-3, "1", "1/f noise of a transistor, some 0.1 % a decade, as white"
    ),
    "capacitance": _jerry(1e-15, "F", "a gate of 0.03 µm² with 3 µF/cm²"),
    "stuck_fraction": _jerry(0.01, "1", "nothing published"),
}

_ARRAY = {
    "rows": _jerry(128.0, "1", "its array is published as a simulation"),
    "cols": _jerry(128.0, "1", "as `array.rows`"),
    "read_voltage": _jerry(50 * mV, "V", "drain of the transfer curves", _P),
    "level_low": _jerry(0.0397 * uS, "S", "the published range", _I),
    "level_high": _jerry(1.788 * uS, "S", "the published range", _I),
    "map_low": _jerry(0.0397 * uS, "S", "weights use the whole range"),
    "map_high": _jerry(1.788 * uS, "S", "weights use the whole range"),
    "series_resistance": _jerry(0.0, "Ω", "pulses go to a gate"),
    "amplitude_max": _jerry(
        4.5 * V, "V", "end of a staircase around the published mean"
    ),
    "pulse_setup": _jerry(75 * ns, "s", "as the pulse"),
    "read_bits_off_chip": _same(16.0, "1"),
    "write_bits_off_chip": _jerry(12.0, "1", "steps of 2 mV"),
    "sample_time_off_chip": _same(1 * ms, "s"),
    "read_noise_off_chip": _jerry(
        0.5 * nS, "S", "a hundredth of a published step of 56 nS"
    ),
    "read_bits_on_chip": _jerry(6.0, "1", "one more than is stored"),
    "write_bits_on_chip": _jerry(6.0, "1", "coarse: steps of 0.14 V"),
    "sample_time_on_chip": _same(1 * us, "s"),
    "read_noise_on_chip": _jerry(20 * nS, "S", "below one 6-bit code"),
    "dac_bits": _same(8.0, "1"),
    "adc_bits": _same(8.0, "1"),
    "word_line": _jerry(1.0, "Ω", "per segment; nobody states it"),
    "bit_line": _jerry(1.0, "Ω", "per segment; nobody states it"),
    "vector_time": _same(100 * ns, "s"),
    "conversion_energy": _same(6.5 * pJ, "J"),
}

FEFET = Preset(
    name="fefet",
    summary="10-nm HZO transistor, 32 levels by rising 75-ns pulses (Jerry 2017)",
    validity=(
        "Range, pulse width, mean amplitudes and spread of cycles are published; the law of"
        " switching has the constants of another film, array and read-out are choices. Nothing is"
        " lost over time, for no such number was read. Near 300 K."
    ),
    values=by_full_name(cell=_CELL, array=_ARRAY),
    kind=Ferroelectric,
)

PRESETS = (FEFET,)
"""Chips whose cells are of this kind."""
