r"""Phase change: a glass that crystallises step by step, is melted at once, and ages.

A dome of glass blocks a heater. A pulse that stays below melting lets it grow crystalline from
its rim; a stronger one melts it anew. Physically both have one polarity and differ in shape. Here
a positive amplitude stands for the shape that SETs, a negative one for the shape that RESETs.

**SET by steps** (key: nandakumar2018). Pulses of one amplitude move the conductance by a normal
number whose mean and spread are lines in the conductance G and in a memory h of past pulses,

.. math:: h \leftarrow h\,e^{-n/a}, \qquad
    \Delta G = n\,(m_1 G + c_1 + A_1 h) + \sqrt{n}\,(m_2 G + c_2 + A_2 h)\,z,

with n the width over that of the published pulse; h is 1 after a RESET. From `set_threshold` on
the amplitude does not matter; from `set_voltage` on a pulse goes to the cell's own top.

**RESET by amplitude** forgets what was. From melting on, with V_m of each cell's own, the
conductance falls log-linearly (a choice of form) from the top G_c to the lowest one,

.. math:: G = G_c\,(G_l / G_c)^q\,e^{\sigma_r z}, \qquad q = (|V| - V_m)/(V_a - V_m) \le 1 .

**Drift.** The glass relaxes; every switching pulse starts it anew. At the age τ

.. math:: G_d = G\,(1 + \tau/t_0)^{-\nu}, \qquad \nu = |\mu(x) + \sigma(x)\,y|, \quad x = G/G_h,

where y is drawn at every switching pulse, μ and σ are fits of measured exponents, and nothing was
measured before t₀. In ln(1 + τ/t₀) it is a line whose slope has the spread σ.

**Noise** is 1/f, and what is published is its sum since programming: relative to G_d it has the
variance q(x)² ln((τ + t)/2t), with t the integration time, so the same amount for each e-fold of
time. Processes slower than `split`, one for each decade, are followed from 0 at every switching
pulse: at the age τ that of the time constant τ_k has the variance 1 − exp(−2τ/τ_k). Sums of these
follow log₁₀ τ within 0.04 if their decades begin log₁₀ 2 + γ/ln 10 = 0.55 later than `split`, for
∫(1 − e^(−2u))du/u is ln 2u + γ. What is faster is fresh in every sample.

Left out: any heat (so near room temperature only); amplitudes of partial SETs, trailing edges;
disturbs by reads; wear; bent currents. Hot cells conduct alike: amplitudes are those at the cell.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from mho.checks import (
    check_between,
    check_not_negative,
    check_positive,
)
from mho.compiled import (
    Column,
    F,
    Numbers,
    Real,
    Record,
    Word,
    exp,
    log,
    log1p,
    normal,
    normal_pair,
    normal_purpose,
    power,
    purpose,
    uniform,
)
from mho.device.laws import Fit, fitted, flicker_memory
from mho.device.model import CellModel, TypicalSwitching
from mho.device.shots import Shot
from mho.device.values import Preset

_OWN = normal_purpose("own range and melting")
_OWN_DRIFT = normal_purpose("own drift")
_STUCK = purpose("stuck")
_STEP = normal_purpose("step")
_DRIFT = normal_purpose("drift")
_WARM = normal_purpose("noise while warming")
_ROOT_LN10 = F(math.sqrt(math.log(10)))
_POSITIVE = {
    "1": "memory",
    "S": "low",
    "V": "set_threshold set_voltage melt_voltage",
    "s": "pulse_width drift_onset shortest",
}
_NOT_NEGATIVE = {
    "1": "spread_slope high_spread set_spread reset_spread melt_spread",
    "S": "mean_offset mean_history spread_offset spread_history",
    "J": "pulse_energy",
}
_LATER = 0.5517
"""Decades by which the followed processes begin later than `split` (1)."""


@dataclass(frozen=True, slots=True)
class PhaseChange(CellModel):
    """A cell of phase-change material.

    Args:
        memory: Pulses after which 1/e of the memory is left, a (1).
        mean_slope: Mean step per conductance, m₁ (1).
        mean_offset: Mean step at none, c₁ (S).
        mean_history: Mean step more after a RESET, A₁ (S).
        spread_slope: Spread of a step per conductance, m₂ (1).
        spread_offset: Spread of a step at none, c₂ (S).
        spread_history: Spread of a step more after a RESET, A₂ (S).
        low: Lowest conductance (S).
        high: Highest conductance of a typical cell, to which fits refer (S).
        high_spread: Standard deviation of the cells' highest conductance, relative (1).
        set_spread: Spread of what a full SET leaves, of the logarithm (1).
        reset_spread: Spread of what a RESET leaves, of the logarithm (1).
        set_threshold: Amplitude of a SET below which nothing happens (V).
        set_voltage: Amplitude from which a SET crystallises all (V).
        melt_voltage: Amplitude from which a RESET melts, V_m (V).
        melt_spread: Standard deviation of the cells' V_m, relative (1).
        amorphous_voltage: Amplitude of a RESET to the lowest conductance, V_a (V).
        pulse_width: Width of the published SET pulse (s).
        pulse_energy: Energy of a pulse (J).
        drift: Mean exponent of the drift μ against G over `high` (1).
        drift_spread: Its standard deviation σ against the same (1).
        drift_onset: Time t₀ from which a cell drifts as a power of time (s).
        drift_share: Part of the variance of y that a cell keeps for life (1).
        noise: Spread q of the noise for an e-fold of time, relative, against the same (1).
        shortest: Shortest integration time that matters to the noise (s).
        split: Border between fresh and followed noise (s).
        longest: Age at which the noise stops growing (s).
        stuck_fraction: Cells that never switch, and stay at `low` (1).
    """

    memory: float
    mean_slope: float
    mean_offset: float
    mean_history: float
    spread_slope: float
    spread_offset: float
    spread_history: float
    low: float
    high: float
    high_spread: float
    set_spread: float
    reset_spread: float
    set_threshold: float
    set_voltage: float
    melt_voltage: float
    melt_spread: float
    amorphous_voltage: float
    pulse_width: float
    pulse_energy: float
    drift: Fit
    drift_spread: Fit
    drift_onset: float
    drift_share: float
    noise: Fit
    shortest: float
    split: float
    longest: float
    stuck_fraction: float

    references: ClassVar = ("nandakumar2018", "nandakumar2019", "legallo2023")
    method: ClassVar[str | None] = "ramp"
    constants: ClassVar[Mapping[str, Column]] = {
        "full": "f4",
        "melt": "f4",
        "own_drift": "f4",
        "stuck": "u1",
    }
    singles: ClassVar[tuple[str, ...]] = ("noise white",)

    def __post_init__(self) -> None:
        for unit, names in _POSITIVE.items():
            for name in names.split():
                check_positive(getattr(self, name), name, unit)
        for unit, names in _NOT_NEGATIVE.items():
            for name in names.split():
                check_not_negative(getattr(self, name), name, unit)
        # below −1 a step would go beyond where it leads to
        check_between(self.mean_slope, "mean_slope", -1.0, 1.0, "1")
        check_positive(self.high - self.low, "high - low", "S")
        check_positive(self.split - self.shortest, "split - shortest", "s")
        check_positive(self.longest - self.split, "longest - split", "s")
        check_positive(self.flank, "amorphous_voltage - melt_voltage", "V")
        check_between(self.drift_share, "drift_share", 0.0, 1.0, "1")
        check_between(self.stuck_fraction, "stuck_fraction", 0.0, 1.0, "1")

    @property
    def flank(self) -> float:
        """Amplitudes from melting to all glass (V)."""
        return self.amorphous_voltage - self.melt_voltage

    @property
    def times(self) -> list[float]:
        """Time constants of the followed noise, one for each decade (s)."""
        decades = max(1, round(math.log10(self.longest / self.split)))
        return [self.split * 10 ** (k + 0.5 + _LATER) for k in range(decades)]

    def state_columns(self) -> Mapping[str, Column]:
        """Conductance and memory as the last pulse left them, and the noise since."""
        return {
            "conductance": "f4",
            "history": "f4",
            "drift": "f4",
            "programmed": "f8",
            "flicker": ("f4", len(self.times)),
        }

    def typical(self) -> TypicalSwitching:
        """A cell at its top, which pulses at melting move by what they spread; and the flank."""
        return TypicalSwitching(
            set_voltage=self.set_voltage,
            reset_voltage=self.melt_voltage,
            slope=self.flank / math.log(self.high / self.low),
            step=self.high * self.reset_spread,
            width=self.pulse_width,
            span=self.high,
        )

    def numbers(self, temperature: float) -> Numbers:
        """All numbers, fits as records; the temperature changes none of them."""
        del temperature
        return asdict(self)

    def look_numbers(
        self, temperature: float, integration: float, spacing: float
    ) -> Numbers:
        """Time that noise is averaged over, and what processes keep between samples."""
        del temperature
        times = np.array(self.times, dtype=np.float32)
        ratio = np.float32(max(spacing, integration)) / times
        return {
            "averaged": max(integration, self.shortest),
            "times": times,
            "kept": np.exp(-ratio),
            "fresh": np.sqrt(-np.expm1(-2 * ratio)),
        }

    def pairs(self) -> tuple[tuple[str, int], ...]:
        """Two processes of the noise share a pair of normal numbers."""
        return (("noise step", (len(self.times) + 1) // 2),)

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        """A cell after a RESET, with a range and a melting voltage of its own."""
        z, other = normal_pair(draw, _OWN, 0)
        cell.full = p.high * max(F(1) + p.high_spread * z, F(0.1))
        cell.melt = p.melt_voltage * (F(1) + p.melt_spread * other)
        cell.own_drift = normal(draw, _OWN_DRIFT)
        cell.stuck = uniform(draw, _STUCK) <= p.stuck_fraction
        _start_anew(cell, p, 0.0, draw)
        cell.conductance = p.low * exp(p.reset_spread * normal(draw, _STEP))
        cell.history = F(1)

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        """Crystallise a little or all, or melt; either starts drift and noise anew."""
        size = abs(shot.volts)
        least = p.set_threshold if shot.volts > 0 else cell.melt
        if cell.stuck or size < least:
            return
        z = normal(draw, _STEP)
        if shot.volts < 0:
            flank = (size - cell.melt) / (p.amorphous_voltage - p.melt_voltage)
            molten = power(p.low / cell.full, min(flank, F(1)))
            cell.conductance = cell.full * molten * exp(p.reset_spread * z)
            cell.history = F(1)
        elif size >= p.set_voltage:
            cell.conductance = cell.full * exp(p.set_spread * z)
            cell.history = F(0)
        else:
            _crystallise(cell, p, shot.width / p.pulse_width, z)
        _start_anew(cell, p, shot.now, draw)

    @staticmethod
    def watch(
        cell: Record, p: Record, look: Record, z: Any, out: Any, first: int
    ) -> None:
        """Drift and noise in every sample; the noise moves on (S)."""
        for n in range(look.samples):
            out[first + n] = F(0)
        _flicker(cell, look, z, out, first)
        exponent = drift_exponent(cell, p)
        scale = fitted(p.noise, cell.conductance / p.high)
        age = F(max(look.now - cell.programmed, 0.0))
        for n in range(look.samples):
            at = first + n
            lived = age + F(n) * look.spacing
            drifted = cell.conductance * decayed(p, exponent, lived)
            white = np.sqrt(e_folds(min(lived, p.split), look.averaged))
            noise = white * z[0, at] + _ROOT_LN10 * out[at]
            out[at] = max(drifted * (F(1) + scale * noise), F(0))

    @staticmethod
    def moments(
        cell: Record,
        p: Record,
        look: Record,
        draw: Word,
    ) -> tuple[Real, Real]:
        """Where drift has come to (S), and the variance of all noise since programming (S²)."""
        age = F(max(look.now - cell.programmed, 0.0))
        mean = cell.conductance * decayed(p, drift_exponent(cell, p), age)
        scale = mean * fitted(p.noise, cell.conductance / p.high)
        grown = e_folds(min(age, p.longest), look.averaged)
        return mean, scale * scale * grown

    @staticmethod
    def heat(
        cell: Record,
        p: Record,
        look: Record,
        after: Record,
        draw: Word,
    ) -> None:
        """The noise moves on to the moment of the change; warmth itself does nothing."""
        waited = F(max(look.now - max(cell.clock, cell.programmed), 0.0))
        for k in range(len(cell.flicker)):
            z, _ = normal_pair(draw, _WARM, k)
            kept, fresh = flicker_memory(waited / look.times[k])
            cell.flicker[k] = kept * cell.flicker[k] + fresh * z

    @staticmethod
    def load(cell: Record) -> Real:
        """None: a hot cell conducts well, whatever it did before (S)."""
        return F(0)

    @staticmethod
    def held(cell: Record) -> Real:
        """What the last pulse left (S)."""
        return cell.conductance

    @staticmethod
    def white(p: Record, look: Record, conductance: Real) -> Real:
        """Variance of the noise faster than `split`, of cells older than that (S²)."""
        scale = conductance * fitted(p.noise, conductance / p.high)
        return scale * scale * e_folds(p.split, look.averaged)

    @staticmethod
    def energy(
        p: Record,
        volts: Real,
        load: Real,
        width: Real,
    ) -> Real:
        """That of any pulse (J): what heats is the hot cell, not what is read."""
        return p.pulse_energy if volts != 0 else F(0)


def drift_exponent(cell: Record, p: Record) -> Real:
    """The cell's ν since its last pulse (1)."""
    x = cell.conductance / p.high
    return abs(fitted(p.drift, x) + fitted(p.drift_spread, x) * cell.drift)


def decayed(p: Record, exponent: Real, age: Real) -> Real:
    """What drift leaves of a conductance (1)."""
    return exp(-exponent * log1p(age / p.drift_onset))


def e_folds(age: Real, averaged: Real) -> Real:
    """Logarithm of the time over which noise has grown, over twice that of a sample (1)."""
    return max(log((age + averaged) / (F(2) * averaged)), F(0))


def _crystallise(cell: Record, p: Record, pulses: Real, z: Real) -> None:
    """A partial SET as long as so many published pulses (1)."""
    cell.history *= exp(-pulses / p.memory)
    g = cell.conductance
    h = cell.history
    mean = p.mean_slope * g + p.mean_offset + p.mean_history * h
    spread = p.spread_slope * g + p.spread_offset + p.spread_history * h
    after = g + pulses * mean + np.sqrt(pulses) * spread * z
    cell.conductance = min(max(after, p.low), cell.full)


def _start_anew(cell: Record, p: Record, now: float, draw: Word) -> None:
    """Drift with a new exponent, and noise, begin at this moment."""
    own = np.sqrt(p.drift_share) * cell.own_drift
    fresh = np.sqrt(F(1) - p.drift_share) * normal(draw, _DRIFT)
    cell.drift = own + fresh
    cell.programmed = now
    for k in range(len(cell.flicker)):
        cell.flicker[k] = F(0)


def _flicker(cell: Record, look: Record, z: Any, out: Any, first: int) -> None:
    """Add the followed noise in every sample (1); it moves on."""
    # a pulse has set it to 0 after the last look
    known = max(cell.clock, cell.programmed)
    waited = F(max(look.now - known, 0.0)) + look.integration
    for k in range(len(cell.flicker)):
        kept, fresh = flicker_memory(waited / look.times[k])
        x = kept * cell.flicker[k] + fresh * z[1 + k, first]
        out[first] += x
        for n in range(1, look.samples):
            x = look.kept[k] * x + look.fresh[k] * z[1 + k, first + n]
            out[first + n] += x
        cell.flicker[k] = x


PRESETS: tuple[Preset, ...] = ()
"""Chips of such cells have a file of their own: `pcm`."""
