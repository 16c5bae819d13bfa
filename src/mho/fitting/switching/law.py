"""The law of switching held against pulses: what it leaves open, and how likely its data are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mho.device.published import Preset
from mho.fitting.engine import FreeParameter, Row
from mho.fitting.switching.data import SwitchingPulses
from mho.fitting.switching.grids import switching_grids
from mho.fitting.switching.kernel import (
    loss_of_tables,
    switching_tables,
)
from mho.fitting.switching.start import Start

CELLS = 4
"""Cells from which a spread between them is asked for (1)."""
_FIRST = 1e-4
"""First guess of how far a number goes for the loss to bend, from bound to bound being 1 (1)."""
_BEND = 0.3
_NEAR = 0.01
"""Step of a difference of losses, over that (1)."""
_WIDE = 0.4
"""Step of a second difference of losses (1)."""
_TRIALS = 8
_LEFT = 1e-3
"""Room beyond an end, over the noise of a reading (1)."""
_FLOOR = 1e-3
"""Spread between cells that is none (1)."""
NAMES = (
    "switching.set_voltage",
    "switching.reset_voltage",
    "switching.slope",
    "switching.threshold",
    "switching.cycle_spread",
    "switching.low",
    "switching.high",
    "switching.gain_spread",
    "switching.voltage_spread",
)
_LIGHT = frozenset((NAMES[0], NAMES[1], NAMES[3], NAMES[7], NAMES[8]))
"""Numbers of which no table of a cell's pulses knows: voltages, threshold, spreads of cells."""
_KEPT = 32
"""Tables that are kept (1)."""
READ = "read noise"
WIDTH = "exponent of the width"


@dataclass(frozen=True, slots=True, eq=False)
class Lent:
    """What the law has from elsewhere.

    Args:
        step: Step at the switching voltage (S).
        width: Width of a pulse in that statement (s).
        share: Distance from an end at which the window is 1, as a part of the range (1).
        window_max: Largest value of the window (1).
        largest_step: Most that one pulse can move (S).
        known: Numbers that are not asked of the data, by name, SI.
    """

    step: float
    width: float
    share: float
    window_max: float
    largest_step: float
    known: Mapping[str, float]


def lent_by(
    base: Preset, pulses: SwitchingPulses, known: Mapping[str, float]
) -> Lent:
    """What a base lends to the law of some pulses.

    Args:
        base: The preset.
        pulses: The pulses: no step is larger than the largest.
        known: Numbers that are not asked of the data, by name, SI.
    """
    reach = base["switching.high"] - base["switching.low"]
    return Lent(
        base["switching.step"],
        base["switching.width"],
        base["switching.span"] / reach,
        base["switching.window_max"],
        max(base["switching.largest_step"], float(pulses.off.max())),
        known,
    )


_Terms = tuple[Row, Row, Row, Row, Row, np.ndarray]
"""Every pulse as the kernel takes it."""


class SwitchingLaw:
    """Threshold, exponential in voltage, window, spread of cycles and of cells.

    Steps are those of `mho.device.laws.Switching`. With several cells the loss has the term of
    restricted likelihood (key: patterson1971): spreads around voltages that were fitted to few
    cells are too small by themselves.

    Args:
        pulses: What it is held against.
        lent: What is not asked of them.
        by_width: Whether the exponent of the width is open; 1 in the law of cells.
    """

    title = "switching by amplitude and width"

    def __init__(
        self, pulses: SwitchingPulses, lent: Lent, *, by_width: bool = False
    ) -> None:
        self.pulses = pulses
        self.lent = lent
        self.by_width = by_width
        self._scales = np.full(len(self.parameters), _FIRST)
        self._last: tuple[Row, Around] | None = None

    @property
    def data(self) -> tuple[str, ...]:
        """Files that it is held against."""
        return self.pulses.data

    @property
    def points(self) -> int:
        """Pulses (1)."""
        return int(self.pulses.off.size)

    @cached_property
    def parameters(self) -> tuple[FreeParameter, ...]:
        """What pulses are asked for: not what there are no pulses for."""
        begin = Start(self.pulses, self.lent.step, self.lent.width)
        found = [
            one
            for one in begin.numbers(self.lent.share)
            if one.name not in self.lent.known
        ]
        if self.by_width:
            found.append(FreeParameter(WIDTH, "1", 1.0, 0.02, 3.0))
        return tuple(found)

    def begin(self) -> Row:
        """Where a search begins: the likeliest of some thresholds and ends of the range."""
        names = [one.name for one in self.parameters]
        best = np.array([one.start for one in self.parameters])
        least, most = self.pulses.reach
        noise = best[names.index(READ)]
        reach = most - least
        tried = {
            "switching.low": (least + 2 * noise, least - 0.02 * reach),
            "switching.high": (most - 2 * noise, most + 0.05 * reach),
            "switching.threshold": (0.5, 0.85, 0.95),
        }
        self._rescale(best)
        loss = self.loss(best)
        for name, values in tried.items():
            if name not in names:
                continue
            k = names.index(name)
            one = self.parameters[k]
            for value in values:
                trial = best.copy()
                trial[k] = np.clip(value, one.low, one.high)
                here = self.loss(trial)
                if here < loss:
                    best, loss = trial, here
        self._rescale(best)
        return best

    def loss(self, p: Row) -> float:
        """Negative logarithm of the likelihood (1)."""
        return self._around(p).loss(p)

    def gradient(self, p: Row) -> Row:
        """Its derivative by each number: differences, on grids that stay."""
        around = self._around(p)
        here = around.loss(p)
        found = np.empty(p.size)
        for k in range(p.size):
            moved = self._beside(p, k, _NEAR * self._scales[k])
            change = around.loss(moved) - here
            found[k] = change / (moved[k] - p[k])
        return found

    def information(self, p: Row) -> Row:
        """Second derivatives, from differences of losses. Shape (numbers, numbers)."""
        self._rescale(p)
        around = self._around(p)
        here = around.loss(p)
        ways = _WIDE * self._scales
        places = [self._beside(p, k, way) for k, way in enumerate(ways)]
        others = [self._beside(p, k, -way) for k, way in enumerate(ways)]
        found = np.empty((p.size, p.size))
        for j in range(p.size):
            for k in range(j + 1):
                found[j, k] = found[k, j] = self._twice(
                    p, (places, others), (j, k), around, here
                )
        return found

    def _around(self, p: Row) -> "Around":
        """The loss on the grids of a place; kept until another is asked for."""
        if self._last is None or not np.array_equal(self._last[0], p):
            self._last = p.copy(), Around(self, p)
        return self._last[1]

    def _twice(
        self,
        p: Row,
        sides: tuple[list[Row], list[Row]],
        pair: tuple[int, int],
        around: "Around",
        here: float,
    ) -> float:
        """Second derivative by a pair of numbers, from places on both sides."""
        j, k = pair
        steps = sides[0][j] - p, sides[1][j] - p
        more = sides[0][k] - p, sides[1][k] - p
        if j == k:
            up, down = ((around.loss(p + one) - here) for one in steps)
            right, left = steps[0][j], -steps[1][j]
            return float(2 * (up / right + down / left) / (right + left))
        total = 0.0
        for sign, one in zip((1, -1), steps, strict=True):
            for other_sign, other in zip((1, -1), more, strict=True):
                loss = around.loss(p + one + other)
                total += sign * other_sign * loss
        area = (steps[0][j] - steps[1][j]) * (more[0][k] - more[1][k])
        return float(total / area)

    def _rescale(self, p: Row) -> None:
        """Find how far each number alone goes for the loss to bend by `_BEND`."""
        around = self._around(p)
        here = around.loss(p)
        for k in range(p.size):
            for _ in range(_TRIALS):
                share = self._scales[k]
                sides = [
                    around.loss(self._beside(p, k, way))
                    for way in (share, -share)
                ]
                bend = abs(sum(sides) / 2 - here)
                factor = np.sqrt(_BEND / max(bend, _BEND * 1e-6))
                self._scales[k] = min(share * min(factor, 30.0), 0.1)
                if 0.5 < factor < 2.0:
                    break

    def numbers(self, p: Row) -> dict[str, float]:
        """All numbers of the law by name, SI: open ones as given, others as lent."""
        names = [one.name for one in self.parameters]
        return {
            **self.lent.known,
            **dict(zip(names, map(float, p), strict=True)),
        }

    def common(self, p: Row) -> Row:
        """Step of a cell of no switching voltage and a gain of 1 (S). Shape (pulses,)."""
        (_, mu, *_), _ = self.terms(p)
        found: Row = np.exp(mu)
        return found

    def _beside(self, p: Row, k: int, share: float) -> Row:
        """A place beside another by one number; a spread below zero is that above it."""
        one = self.parameters[k]
        moved = p.copy()
        if one.log:
            moved[k] = p[k] * (one.high / one.low) ** share
        else:
            moved[k] = p[k] + share * (one.high - one.low)
        return moved

    def restricted(self, q: Row, grids: Row) -> float:
        """Half the logarithm of what cells tell of both voltages, spreads included (1)."""
        if (
            self.pulses.cells < CELLS
            or "switching.gain_spread" in self.lent.known
        ):
            return 0.0
        counts = np.diff(self.pulses.first).reshape(-1, 2)
        ways = [k for k in range(2) if counts[:, k].any()]
        by_voltage = np.array((q[4], q[5])) * q[7] / q[2]
        spread = np.diag(by_voltage**2) + q[6] ** 2
        errors = grids[:, 2].reshape(-1, 2, 1)
        # a matrix for each cell
        wide = (spread + errors * np.eye(2))[:, ways][:, :, ways]
        told = np.linalg.inv(wide).sum(0)
        return float(np.linalg.slogdet(told)[1]) / 2

    def terms(self, p: Row) -> tuple[_Terms, Row]:
        """Every pulse as the kernel takes it, and the numbers of the law."""
        pulses, lent = self.pulses, self.lent
        named = self.numbers(p)
        low, high = named["switching.low"], named["switching.high"]
        noise = named[READ]
        up = pulses.sign > 0
        end = np.where(up, np.minimum(high, pulses.limit), pulses.before)
        left = end - np.where(up, pulses.before, low)
        # a reading may be beyond an end by its noise: some room is left
        room = noise * (np.logaddexp(0.0, left / noise) + _LEFT)
        span = lent.share * (high - low)
        window = np.minimum(room / span, lent.window_max)
        exponent = named.get(WIDTH, 1.0)
        slope = named["switching.slope"]
        mu = np.log(lent.step * window) + pulses.volts / slope
        mu += exponent * np.log(pulses.width / lent.width)
        cap = np.minimum(room, lent.largest_step)
        q = np.array(
            (
                named["switching.cycle_spread"],
                2 * noise**2,
                slope,
                named["switching.threshold"],
                named.get("switching.set_voltage", 1.0),
                named.get("switching.reset_voltage", 1.0),
                np.hypot(named["switching.gain_spread"], _FLOOR),
                np.hypot(named["switching.voltage_spread"], _FLOOR),
                pulses.reach[1] - pulses.reach[0],
            )
        )
        stop = np.minimum(left, lent.largest_step)
        terms = (pulses.off, mu, cap, stop, pulses.volts, pulses.first)
        return terms, q


class Around:
    """The loss of a law on the grids of one place; tables of many places are kept.

    Args:
        law: The law.
        p: The place, SI.
    """

    def __init__(self, law: SwitchingLaw, p: Row) -> None:
        self.law = law
        terms, q = law.terms(p)
        self.grids = switching_grids(*terms, q)
        self._weighty = np.array(
            [one.name not in _LIGHT for one in law.parameters], dtype=bool
        )
        self._tables: dict[bytes, tuple[Row, float]] = {}

    def loss(self, p: Row) -> float:
        """Negative logarithm of the likelihood at numbers, SI (1)."""
        terms, q = self.law.terms(p)
        key = p[self._weighty].tobytes()
        if key not in self._tables:
            if len(self._tables) >= _KEPT:
                self._tables.pop(next(iter(self._tables)))
            self._tables[key] = switching_tables(*terms, q, self.grids)
        # the one that was asked for last is the last to go
        self._tables[key] = self._tables.pop(key)
        tables, of_peaks = self._tables[key]
        loss = loss_of_tables(tables, *terms[-2:], q, self.grids)
        return of_peaks + loss + self.law.restricted(q, self.grids)
