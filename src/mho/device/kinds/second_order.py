r"""A cell with a fast state besides its conductance: heat, or charge, that a pulse leaves behind.

A second-order cell is a cell of any other kind, its *base*, with one number more that forgets
itself within microseconds or seconds (kim2015: the state beside the conductance is what lets a
cell tell times between pulses). Between events the fast state leaks, exactly:
:math:`\theta \leftarrow \theta\,e^{-\Delta t/\tau}`. It acts in one of two ways.

**On the rate** (``acts="rate"``): the state is how much warmer than the chip the cell is (K). A
heat capacity with a leak, under the power :math:`W = V^2 G` that the pulse finds, obeys
:math:`C\,\dot\theta = W - \theta/R`, so that with :math:`\tau = RC` and
:math:`\theta_\infty = R W`

.. math:: \theta(t') = \theta_\infty + (\theta - \theta_\infty)\,e^{-t'/\tau} .

What the pulse does runs at the Arrhenius rate

.. math:: r(\theta) = \exp\!\left[\frac{E_a}{k_B}
    \left(\frac1{T_0} - \frac1{T_0 + \theta}\right)\right]

with the chip's temperature :math:`T_0`. The base was measured on cells that were cold when their
pulse came, so its numbers have a pulse's own heat in them; only what earlier pulses have left
counts. The base gets its pulse with the width :math:`\rho t`,

.. math:: \rho = \frac{\int_0^t r(\theta(t'))\,dt'}{\int_0^t r(\theta(t'))|_{\theta(0)=0}\,dt'} ,

which is 1 to the bit for a cell that is cold: an isolated pulse is that of the base. Integrals
are four points of Gauss and Legendre in time over the first two time constants, and four in
:math:`u = 1 - e^{-t'/\tau}` over the rest, where the integrand is smooth in :math:`u`.

**On the read** (``acts="read"``): the state is a conductance that a look sees on top (S). A pulse
that moves the base by :math:`\Delta G` adds :math:`\kappa\,\Delta G`; the next look sees less of
it the later it comes. Two pulses close together add up: facilitation, and depression for RESETs.
In a train of steps :math:`\Delta` and period :math:`\Pi` the :math:`n`-th pulse leaves
:math:`\kappa\Delta\,(1 - q^n)/(1 - q)` with :math:`q = e^{-\Pi/\tau}`.

What this leaves out: heat of neighbours, the change of power while a pulse moves the cell, heat of
reads (keep them cold: 0.2 V warms by :math:`R\,V^2 G`), and a base law that is not one of time:
:math:`\rho` is felt as a longer pulse. All numbers are choices, so there is no preset.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mho.checks import check_choice, check_not_negative, check_positive
from mho.compiled import (
    Column,
    F,
    Laws,
    Numbers,
    Real,
    Record,
    Word,
    exp,
    normal,
    normal_purpose,
)
from mho.device.kinds.base_laws import (
    base_law_born,
    base_law_moments,
    base_law_pulse,
    base_law_watch_all,
    law_held,
    law_load,
)
from mho.device.model import CellModel, TypicalSwitching
from mho.device.shots import Shot
from mho.device.values import Preset
from mho.units import K, V, eV, ns, us

_SPREAD = normal_purpose("heating")
_BOLTZMANN = 1.380649e-23
_ACTIONS = ("rate", "read")
_LEAST = F(0.1)
"""Least heating of a cell, relative to the typical one (1)."""
_COLD = F(3e-7)
"""Temperature above the chip's of which a rate feels less than the last bit (K)."""
_NODES = (
    F(0.06943184420297371),
    F(0.33000947820757187),
    F(0.6699905217924281),
    F(0.9305681557970263),
)
_WEIGHTS = (
    F(0.17392742256872693),
    F(0.32607257743127307),
    F(0.32607257743127307),
    F(0.17392742256872693),
)
"""Four points of Gauss and Legendre on 0 … 1."""
_NEAR = F(2)
"""Time constants that are integrated over time (1)."""
_REFERENCE_HEAT = 12 * K
_REFERENCE_VOLTS = 0.5 * V
_REFERENCE_WIDTH = 1 * us


@dataclass(frozen=True, slots=True)
class SecondOrder(CellModel):
    """A fast state on top of another kind of cell; see the derivation above its class.

    Args:
        base: The kind whose conductance is moved.
        acts: `"rate"`: the state is heat, and quickens pulses; `"read"`: it is a conductance
            that looks see on top.
        time: Time constant τ of the state (s).
        resistance: Thermal resistance R of a typical cell (K/W); if `None`, so that 1 µs of
            0.5 V leaves a cell in the middle of its range 12 K warmer.
        activation: Activation energy of what pulses do (J).
        warmest: Highest temperature above the chip's that counts (K).
        coupling: Share κ of each step that looks see on top of it (1).
        spread: Relative standard deviation of R, or of κ, between cells (1).

    >>> from mho.device.published import preset
    >>> SecondOrder(preset("rao2023").cell(), time=100e-9).high == preset("rao2023").cell().high
    True
    """

    base: CellModel
    acts: str = "rate"
    time: float = 500 * ns
    resistance: float | None = None
    activation: float = 1.2 * eV
    warmest: float = 300 * K
    coupling: float = 0.5
    spread: float = 0.1

    references: ClassVar = ("kim2015",)

    def __post_init__(self) -> None:
        if isinstance(self.base, SecondOrder):
            raise TypeError(
                "Argument `base` must be of another kind, but is second order itself; take"
                " its base."
            )
        check_choice(self.acts, "acts", _ACTIONS)
        check_positive(self.time, "time", "s")
        if self.resistance is not None:
            check_not_negative(self.resistance, "resistance", "K/W")
        check_not_negative(self.activation, "activation", "J")
        check_positive(self.warmest, "warmest", "K")
        check_not_negative(self.coupling, "coupling", "1")
        check_not_negative(self.spread, "spread", "1")

    @property
    def thermal_resistance(self) -> float:
        """Thermal resistance of a typical cell (K/W)."""
        if self.resistance is not None:
            return self.resistance
        middle = (self.low + self.high) / 2
        reached = -math.expm1(-_REFERENCE_WIDTH / self.time)
        return _REFERENCE_HEAT / (_REFERENCE_VOLTS**2 * middle * reached)

    @property
    def low(self) -> float:  # type: ignore[override]
        """Lowest conductance of a typical cell (S)."""
        return self.base.low

    @property
    def high(self) -> float:  # type: ignore[override]
        """Highest conductance of a typical cell (S)."""
        return self.base.high

    @property
    def levels(self) -> int | None:  # type: ignore[override]
        """Conductances that a cell can hold (1)."""
        return self.base.levels

    @property
    def method(self) -> str | None:  # type: ignore[override]
        """How such cells are trimmed."""
        return self.base.method

    @property
    def has_telegraph_noise(self) -> bool:  # type: ignore[override]
        """Whether reads show telegraph noise that pulses below switching remove."""
        return self.base.has_telegraph_noise

    @property
    def compliant(self) -> bool:  # type: ignore[override]
        """Whether a SET stops where the selector limits the current."""
        return self.base.compliant

    @property
    def three_terminal(self) -> bool:  # type: ignore[override]
        """Whether pulses go to a gate; its cells are never warm."""
        return self.base.three_terminal

    @property
    def constants(self) -> Mapping[str, Column]:  # type: ignore[override]
        """What differs between cells: that of the base, and how much they heat."""
        return {**self.base.constants, "heating": "f4"}

    @property
    def trains(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the streams of pulses."""
        return self.base.trains

    @property
    def singles(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of one normal number each that every sample takes."""
        return self.base.singles

    def pairs(self) -> tuple[tuple[str, int], ...]:
        """Names of normal numbers that every sample takes by two."""
        return self.base.pairs()

    def state_columns(self) -> Mapping[str, Column]:
        """What changes about a cell: that of the base, the fast state, and its time (s)."""
        return {**self.base.state_columns(), "fast": "f4", "fast_at": "f8"}

    def stored(self) -> Mapping[str, str]:
        """Columns of the base by its names, and two more."""
        own = ("fast", "fast_at")
        return {**self.base.stored(), **{name: name for name in own}}

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Those of the base."""
        return self.base.bounds()

    def typical(self) -> TypicalSwitching | None:
        """What a pulse does to a cold cell."""
        return self.base.typical()

    def numbers(self, temperature: float) -> Numbers:
        """Those of the base, and a group of their own for the fast state."""
        own = {
            "time": self.time,
            "resistance": self.thermal_resistance,
            "ambient": temperature,
            "pace": self.activation / (_BOLTZMANN * temperature),
            "warmest": self.warmest,
            "coupling": self.coupling,
            "spread": self.spread,
        }
        return {**self.base.numbers(temperature), "fast_state": own}

    def look_numbers(
        self, temperature: float, integration: float, spacing: float
    ) -> Numbers:
        """Those of the base."""
        return self.base.look_numbers(temperature, integration, spacing)

    def laws(self) -> Laws:
        """Laws of the base, with the fast state around its pulse, or its looks."""
        given = self.base.laws()
        laws = {**given, "law_born": self.born}
        # the base's laws for many cells know nothing of the fast state
        one_by_one = {"law_pulse_all": CellModel.pulse_all}
        around: Laws = {"law_pulse": self.pulse, **one_by_one}
        if self.acts == "read":
            around = {
                "law_pulse": added,
                **one_by_one,
                "law_watch_all": self.watch_all,
                "law_moments": self.moments,
            }
        for name in ("law_born", *around):
            laws["base_" + name] = given[name]
        return {**laws, **around}

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        """A cell of the base that is cold."""
        base_law_born(cell, p, draw)
        relative = F(1) + p.fast_state.spread * normal(draw, _SPREAD)
        cell.heating = max(relative, _LEAST)

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        """The base's pulse, quickened by the heat that earlier ones have left."""
        law = p.fast_state
        ended = ending(shot)
        left = cell.fast * leaked(cell, law, shot, ended)
        power = shot.volts * shot.volts * law_load(cell)
        final = min(power * law.resistance * cell.heating, law.warmest)
        width = shot.width
        if left > _COLD:
            width *= quickening(law, left, final, shot.width)
        base_law_pulse(cell, p, with_width(shot, width), draw)
        kept = exp(-shot.width / law.time)
        cell.fast = final + (left - final) * kept
        cell.fast_at = ended

    @staticmethod
    def watch_all(
        state: Any, p: Record, look: Record, cells: Any, z: Any, out: Any
    ) -> None:
        """Looks of the base, and the fast state on top (S)."""
        base_law_watch_all(state, p, look, cells, z, out)
        for j in range(cells.shape[0]):
            for n in range(look.samples):
                at = j * look.samples + n
                moment = look.now + n * look.spacing
                on_top = fast_at(state[cells[j]], p, moment)
                out[at] = max(out[at] + on_top, F(0))

    @staticmethod
    def moments(
        cell: Record, p: Record, look: Record, draw: Word
    ) -> tuple[Real, Real]:
        """Mean of the base with the fast state on top (S), and its variance (S²)."""
        mean, variance = base_law_moments(cell, p, look, draw)
        return max(mean + fast_at(cell, p, look.now), F(0)), variance


def added(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
    """The base's pulse; a share of its step is seen on top for a while."""
    law = p.fast_state
    ended = ending(shot)
    left = cell.fast * leaked(cell, law, shot, ended)
    left *= exp(-shot.width / law.time)
    before = law_held(cell)
    base_law_pulse(cell, p, shot, draw)
    step = law_held(cell) - before
    cell.fast = left + law.coupling * cell.heating * step
    cell.fast_at = ended


def fast_at(cell: Record, p: Record, now: float) -> Real:
    """The fast state at a time after the last pulse."""
    waited = F(max(now - cell.fast_at, 0.0))
    return cell.fast * exp(-waited / p.fast_state.time)


def ending(shot: Shot) -> float:
    """Time at which a pulse of a train ends (s)."""
    later = shot.length - 1 - shot.number
    ended: float = shot.now - later * (shot.gap + shot.width)
    return ended


def leaked(cell: Record, law: Record, shot: Shot, ended: float) -> Real:
    """What is left of the fast state when a pulse begins, as a share (1)."""
    waited = F(ended - cell.fast_at) - shot.width
    # a row is set up before every pulse, also where a bench gives a train in pieces
    return exp(-max(waited, shot.gap) / law.time)


def with_width(shot: Shot, width: Real) -> Shot:
    """The same pulse with another width (s)."""
    return Shot(
        shot.volts,
        width,
        shot.compliance,
        shot.now,
        shot.gap,
        shot.number,
        shot.length,
        shot.key,
        shot.other,
    )


def rate(law: Record, warmth: Real) -> Real:
    """Rate at a temperature above the chip's, relative to the chip's (1)."""
    return exp(law.pace * (warmth / (law.ambient + warmth)))


def quickening(law: Record, left: Real, final: Real, width: Real) -> Real:
    """Mean rate in a pulse that begins warm over that of one that begins cold, ρ (1).

    Args:
        law: Numbers of the fast state.
        left: Temperature above the chip's at the beginning (K).
        final: The one that the pulse drives to (K).
        width: Duration (s).
    """
    near = min(width / law.time, _NEAR)
    warm = F(0)
    cold = F(0)
    for k in range(4):
        passed = exp(-near * _NODES[k])
        weight = near * _WEIGHTS[k]
        warm += weight * rate(law, final + (left - final) * passed)
        cold += weight * rate(law, final - final * passed)
    rest = width / law.time - near
    if rest > 0:
        kept = exp(-near)
        end = rate(law, final)
        u_end = F(1) - exp(-rest)
        warm += rest * end
        cold += rest * end
        for k in range(4):
            remaining = F(1) - u_end * _NODES[k]
            weight = u_end * _WEIGHTS[k] / remaining
            away = kept * remaining
            warm += weight * (rate(law, final + (left - final) * away) - end)
            cold += weight * (rate(law, final - final * away) - end)
    return warm / cold


PRESETS: tuple[Preset, ...] = ()
"""None: no published number of such a cell was read."""
