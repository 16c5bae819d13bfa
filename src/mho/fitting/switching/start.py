"""Where the search of the law of switching begins, and how far it looks."""

from dataclasses import dataclass

import numpy as np

from mho.fitting.engine import FreeParameter, Row
from mho.fitting.switching.data import SwitchingPulses
from mho.units import V

_CLEAR = 5.0
"""Change, over the noise of two readings, that is no noise (1)."""
_BEYOND = 10.0
"""How far from the readings an upper end is looked for, as a factor (1)."""
_INSIDE = 0.3
"""How far within the readings an end is looked for, as a part of their range (1)."""
_SLOPES = (0.01 * V, 2 * V)
_VOLTAGES = (0.02 * V, 20 * V)
_LEAST_NOISE = 1e-5
"""Least noise, in units of the range (1)."""
_TO_DEVIATION = 1.4826
"""Standard deviation of a normal law over its median of sizes (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """First guesses from pulses.

    Args:
        pulses: The pulses.
        step: Step at the switching voltage (S).
        width: Width of a pulse in that statement (s).
    """

    pulses: SwitchingPulses
    step: float
    width: float

    def numbers(self, share: float) -> list[FreeParameter]:
        """What a law of switching leaves open for these pulses.

        Args:
            share: Distance from an end at which the window is 1, as a part of the range (1).
        """
        pulses = self.pulses
        least, most = pulses.reach
        reach = most - least
        noise = self._noise(reach)
        low = max(least - 0.02 * reach, 0.02 * least, 1e-9)
        high = most + 0.05 * reach
        slope, levels = self._line(low, high, share, noise)
        found = [
            FreeParameter(
                name,
                "V",
                float(np.clip(at, 0.05, 10.0)),
                *_VOLTAGES,
                useful=0.5,
            )
            for name, way, at in zip(
                ("switching.set_voltage", "switching.reset_voltage"),
                (1, -1),
                levels,
                strict=True,
            )
            if pulses.has(way)
        ]
        ends = _ends(pulses, low, high)
        spreads = _spreads()
        return [
            *found,
            FreeParameter(
                "switching.slope", "V", slope, *_SLOPES, log=True, useful=3.0
            ),
            FreeParameter(
                "switching.threshold", "1", 0.75, 0.02, 0.999, useful=0.3
            ),
            FreeParameter(
                "switching.cycle_spread",
                "1",
                0.3,
                0.01,
                2.0,
                log=True,
                useful=5.0,
            ),
            *ends,
            *spreads,
            FreeParameter(
                "read noise",
                "S",
                noise,
                _LEAST_NOISE * reach,
                reach,
                log=True,
                useful=5.0,
            ),
        ]

    def _noise(self, reach: float) -> float:
        """Noise of a reading, from the tenth of pulses that changed least (S)."""
        pulses = self.pulses
        found = []
        for way in (1, -1):
            own = pulses.sign == way
            if own.any():
                weak = pulses.volts[own] <= np.quantile(pulses.volts[own], 0.1)
                found.append(float(np.median(np.abs(pulses.off[own][weak]))))
        against = np.abs(pulses.off[pulses.off < 0])
        if against.size >= 10:
            # what moved against its pulse is noise alone
            found.append(float(np.median(against)))
        noise = _TO_DEVIATION * min(found) / np.sqrt(2.0)
        return float(np.clip(noise, 10 * _LEAST_NOISE * reach, 0.2 * reach))

    def _line(
        self, low: float, high: float, share: float, noise: float
    ) -> tuple[float, tuple[float, float]]:
        """Voltage of an e-fold, and the voltages of unit steps up and down (V).

        Least squares of the logarithms of clear steps, each cell and direction with a level of
        its own.
        """
        pulses = self.pulses
        up = pulses.sign > 0
        room = np.where(up, high - pulses.before, pulses.before - low)
        clear = (pulses.off > _CLEAR * np.sqrt(2.0) * noise) & (room > 0)
        clear &= pulses.off < 0.5 * room
        if clear.sum() < 10:
            clear = (pulses.off > 0) & (room > 0)
        window = np.maximum(room / (share * (high - low)), 1e-9)
        y = np.log(np.maximum(pulses.off, 1e-15)) - np.log(self.step * window)
        y -= np.log(pulses.width / self.width)
        group = np.repeat(
            np.arange(pulses.first.size - 1), np.diff(pulses.first)
        )
        slope = _common_slope(pulses.volts[clear], y[clear], group[clear])
        levels = []
        for way in (1, -1):
            own = clear & (pulses.sign == way)
            if own.any():
                at = pulses.volts[own] - y[own] * slope
                levels.append(float(np.median(at)))
            else:
                levels.append(1.0)
        return slope, (levels[0], levels[1])


def _common_slope(volts: Row, y: Row, group: np.ndarray) -> float:
    """Voltage of an e-fold by least squares within groups (V)."""
    number = np.unique(group, return_inverse=True)[1]
    count = np.bincount(number)
    x = volts - (np.bincount(number, volts) / count)[number]
    z = y - (np.bincount(number, y) / count)[number]
    rise = float(x @ z) / max(float(x @ x), 1e-12)
    return float(np.clip(1.0 / max(rise, 0.6), 0.02, 1.5))


def _ends(
    pulses: SwitchingPulses, low: float, high: float
) -> list[FreeParameter]:
    """Both ends of the range, from where readings of typical cells begin and end.

    Args:
        pulses: The pulses.
        low: Where the search for the lower end begins (S).
        high: The same of the upper one (S).
    """
    least, most = pulses.reach
    reach = most - least
    return [
        FreeParameter(
            "switching.low",
            "S",
            low,
            1e-9,
            max(least + _INSIDE * reach, 2e-9),
            useful=reach / 5,
        ),
        FreeParameter(
            "switching.high",
            "S",
            high,
            most - _INSIDE * reach,
            _BEYOND * high,
            useful=reach,
        ),
    ]


def _spreads() -> list[FreeParameter]:
    """How cells differ: in the size of their steps, and in their voltages (1)."""
    return [
        FreeParameter(f"switching.{name}", "1", begin, 0.0, end, useful=useful)
        for name, begin, end, useful in (
            ("gain_spread", 0.25, 2.0, 1.0),
            ("voltage_spread", 0.07, 0.5, 0.3),
        )
    ]
