"""Laws of identical pulses, from what they leave open to the numbers of the filter."""

from collections.abc import Sequence
from copy import copy
from functools import cached_property

import numpy as np

from mho.fitting.engine import Complex, FreeParameter, Row, complex_steps
from mho.fitting.ramps.filter import FIXED, Codes, ramp_loss
from mho.fitting.ramps.parts import Parts, Pull
from mho.fitting.ramps.slope import ramp_slope
from mho.fitting.ramps.start import mean_steps, noises

_NOISE = 1e-5
"""Least noise, in units of the range (1): nothing is measured better."""
_WEIGHTS = (0.05, 0.95)
"""Weights of the progress of a ramp at which a search begins (1)."""
_GAMMAS = (0.2, 0.8)
"""What soft bounds take from a step at the ends, where a search begins (1)."""
CELLS = 4
"""Cells from which a spread between them is asked for (1)."""
RAMPS = 4
"""Ramps of a cell either way from which a spread between them is asked for (1)."""


class RampLaw:
    """What laws of ramps have in common: noises, the differences between cells, the filter.

    Args:
        parts: What it is told.
    """

    title = ""
    hard = False

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        low, high = parts.ramps.reach
        self.unit = parts.unit
        self.low = low
        self.range = high - low
        self.pull: Pull | None = None

    @property
    def data(self) -> tuple[str, ...]:
        """Files that it is held against."""
        return self.parts.ramps.data

    @property
    def points(self) -> int:
        """Readings (1)."""
        return int(self.parts.ramps.reading.size)

    @property
    def units(self) -> int:
        """Cells that differ, if they may (1)."""
        return self.parts.ramps.cells if self.parts.cells else 0

    @cached_property
    def parameters(self) -> tuple[FreeParameter, ...]:
        """What it leaves open, in the unit of the readings."""
        return (*self.own(), *self._noises(), *self._differences())

    def own(self) -> Sequence[FreeParameter]:
        """What the law itself leaves open."""
        raise NotImplementedError

    def steps(self, p: Complex) -> Complex:
        """Its numbers to those of the filter; see `filter.FIXED`. Variances stay empty.

        Args:
            p: The open numbers. Shape (numbers,), or (numbers, places) for many places at once.
        """
        raise NotImplementedError

    def _noises(self) -> Sequence[FreeParameter]:
        found = noises(self.parts.ramps)
        # from above: with too little noise every reading would be a wild one
        read = float(np.clip(found.read, self.range / 100, self.range / 5))
        most = self.range / 2
        names = [FreeParameter("read noise", self.unit, read, 0.0, most)]
        if self.parts.slow:
            names += [
                FreeParameter("slow noise", self.unit, read, 0.0, most),
                FreeParameter(
                    "memory of slow noise",
                    "pulses",
                    20.0,
                    0.5,
                    1e4,
                    log=True,
                    useful=30.0,
                ),
            ]
        return names

    def _differences(self) -> Sequence[FreeParameter]:
        if not self.parts.cells:
            return []
        names = [
            FreeParameter("cell.gain_spread", "1", 0.1, 0.0, 2.0, useful=0.5)
        ]
        ramps = self.parts.ramps
        if ramps.has(1) and ramps.has(-1):
            names.append(
                FreeParameter(
                    "cell.bias_spread", "1", 0.05, 0.0, 1.0, useful=0.5
                )
            )
        return names

    def filtered(self, p: Complex) -> Complex:
        """All numbers of the filter."""
        names = [one.name for one in self.parameters]
        at = dict(zip(names, p, strict=True))
        q = self.steps(p)
        q[4] = (at["read noise"] / self.range) ** 2 + _NOISE**2
        if self.parts.slow:
            q[5] = (at["slow noise"] / self.range) ** 2
            q[6] = np.exp(-1.0 / at["memory of slow noise"])
        if self.parts.cells:
            q[7] = at["cell.gain_spread"] ** 2
            q[8] = at.get("cell.bias_spread", 0j) ** 2
        q[12] = at.get("cell.ramp_spread", 0j) ** 2
        return q

    @cached_property
    def _scaled(self) -> Row:
        return (self.parts.ramps.reading - self.low) / self.range

    @cached_property
    def readings(self) -> tuple[Row, Codes, Codes, Codes, Row]:
        """The data as the filter takes them."""
        ramps = self.parts.ramps
        return (
            self._scaled,
            ramps.code,
            ramps.new_cell,
            ramps.turns,
            ramps.progress,
        )

    def loss(self, p: Row) -> float:
        """Negative logarithm of the likelihood (1)."""
        q = self.filtered(p.astype(np.complex128)).real
        loss = ramp_loss(*self.readings, q, self.active, self.hard)
        return loss if self.pull is None else loss + self.pull.loss(p)

    def restricted(self, pull: Pull) -> "RampLaw":
        """The same law, whose loss has the term of restricted likelihood."""
        found = copy(self)
        found.pull = pull
        return found

    def gradient(self, p: Row) -> Row:
        """Its derivative by each number: that by the filter's numbers, and theirs by each."""
        q, by_each = complex_steps(self.filtered, p)
        of_q = ramp_slope(*self.readings, q, self.active, self.hard)
        found: Row = of_q @ by_each
        return found if self.pull is None else found + self.pull.gradient(p)

    def starts(self) -> list[Row]:
        """Where a search begins: several places if the likelihood may have several hills."""
        return [np.array([one.start for one in self.parameters])]

    @cached_property
    def active(self) -> Codes:
        """Which of a cell's five numbers there are, see `filter.ramp_loss`."""
        numbers = [0] + [1] * self.parts.slow + [2, 3] * self.parts.cells
        numbers += [4] * self.has_vigour
        return np.array(numbers, dtype=np.int64)

    @property
    def has_vigour(self) -> bool:
        """Whether it knows of a spread from ramp to ramp of one cell."""
        return False

    @property
    def signs(self) -> tuple[int, ...]:
        """Signs of pulses that the data have."""
        return tuple(s for s in (1, -1) if self.parts.ramps.has(s))


class NodeLaw(RampLaw):
    """Cells of the kind `RampSteps`: steps of any shape, a straight line from node to node.

    Args:
        parts: What it is told.
        nodes: Nodes in the range, at least two (1).
    """

    def __init__(self, parts: Parts, nodes: int) -> None:
        super().__init__(parts)
        self.nodes = nodes
        self.title = f"steps at {nodes} nodes"

    @property
    def places(self) -> Row:
        """Where nodes are, in the unit of the readings. Shape (nodes,)."""
        return self.low + self.range * np.linspace(0.0, 1.0, self.nodes)

    def own(self) -> Sequence[FreeParameter]:
        """Steps at nodes, the spread of a step, and what reversals weigh."""
        names = []
        ramps = self.parts.ramps
        for sign in self.signs:
            word = "up" if sign > 0 else "down"
            starts = mean_steps(ramps, sign, self.places)
            size = max(float(np.abs(starts).max()), 1e-6 * self.range)
            # with steps the other way round and cells turned round, too, all would be as likely
            names += [
                FreeParameter(
                    f"cell.{word}_{k}",
                    self.unit,
                    float(start),
                    -size,
                    20 * size,
                    useful=2 * size,
                )
                for k, start in enumerate(starts)
            ]
            spread = noises(ramps).cycle
            names.append(
                FreeParameter(
                    f"cell.spread_{word}",
                    self.unit,
                    spread,
                    0.0,
                    self.range / 2,
                    useful=3 * spread,
                )
            )
        names.append(
            FreeParameter("cell.reversal", "1", 0.5, 0.0, 1.0, useful=0.5)
        )
        if self.has_vigour:
            names.append(
                FreeParameter(
                    "cell.ramp_spread", "1", 0.02, 0.0, 1.0, useful=0.2
                )
            )
        return names

    @property
    def has_vigour(self) -> bool:
        """Whether cells are on several ramps each way, so that these can be compared."""
        return self.parts.ramps.ramps_of_a_cell >= RAMPS

    def starts(self) -> list[Row]:
        """Steps that hang on the conductance, and on the progress of a ramp."""
        usual = super().starts()[0]
        place = [one.name for one in self.parameters].index("cell.reversal")
        found = []
        for weight in _WEIGHTS:
            start = usual.copy()
            start[place] = weight
            for k, sign in enumerate(self.signs):
                first = k * (self.nodes + 1)
                start[first : first + self.nodes] = mean_steps(
                    self.parts.ramps, sign, self.places, weight
                )
            found.append(start)
        return found

    def steps(self, p: Complex) -> Complex:
        """Steps as they are; spreads that do not depend on where."""
        q = np.zeros((FIXED + 2 * self.nodes, *p.shape[1:]), np.complex128)
        q[10] = 1.0
        for k, sign in enumerate(self.signs):
            first = k * (self.nodes + 1)
            own = p[first : first + self.nodes + 1] / self.range
            at = FIXED + (0 if sign > 0 else self.nodes)
            q[at : at + self.nodes] = own[:-1]
            q[2 if sign > 0 else 3] = own[-1]
        q[11] = p[len(self.signs) * (self.nodes + 1)]
        return q


class SoftBoundLaw(RampLaw):
    """Cells of the kind `SoftBound`: steps that shrink towards the ends, which are hard."""

    title = "soft bound"
    hard = True

    def own(self) -> Sequence[FreeParameter]:
        """Numbers of the kind, by their names in a preset."""
        ramps = self.parts.ramps
        ends = self.low + self.range * np.array([0.0, 1.0])
        up = np.maximum(mean_steps(ramps, 1, ends) / self.range, 1e-5)
        down = np.maximum(mean_steps(ramps, -1, ends) / self.range, 1e-5)
        step = float(np.clip(np.mean([up.mean(), down.mean()]), 2e-5, 0.9))
        cycle = float(
            np.clip(noises(ramps).cycle / self.range / step, 0.01, 20)
        )
        names = [
            FreeParameter("cell.step", "1", step, 1e-5, 1.0, log=True),
            FreeParameter(
                "cell.symmetry_point", "1", 0.5, 0.01, 0.99, useful=0.5
            ),
            FreeParameter("cell.gamma_up", "1", 0.5, 0.0, 1.0, useful=0.7),
            FreeParameter("cell.gamma_down", "1", 0.5, 0.0, 1.0, useful=0.7),
            FreeParameter(
                "cell.cycle_spread",
                "1",
                cycle,
                0.0,
                50.0,
                useful=max(1.0, cycle),
            ),
        ]
        return [*names, *self._ends()]

    def starts(self) -> list[Row]:
        """Steps that shrink towards the ends by little and by much: there are other hills."""
        usual = super().starts()[0]
        names = [one.name for one in self.parameters]
        gammas = [names.index(f"cell.gamma_{way}") for way in ("up", "down")]
        found = []
        for gamma in _GAMMAS:
            start = usual.copy()
            start[gammas] = gamma
            found.append(start)

        return found

    def _ends(self) -> Sequence[FreeParameter]:
        if not self.parts.ends:
            return []
        wide = 0.3 * self.range
        high = self.low + self.range
        return [
            FreeParameter(
                "cell.low",
                self.unit,
                self.low,
                self.low - wide,
                self.low + wide,
                useful=wide / 2,
            ),
            FreeParameter(
                "cell.high",
                self.unit,
                high,
                high - wide,
                high + wide,
                useful=wide / 2,
            ),
        ]

    def steps(self, p: Complex) -> Complex:
        """Two nodes, at the ends."""
        q = np.zeros((FIXED + 4, *p.shape[1:]), np.complex128)
        step, centre, up, down, cycle = p[:5]
        low, high = 0.0, 1.0
        if self.parts.ends:
            low, high = (p[5:7] - self.low) / self.range
        unit = step * (high - low)
        q[0] = cycle
        q[1] = cycle
        q[9] = low
        q[10] = high
        q[FIXED] = unit * (1.0 + up * centre / (1.0 - centre))
        q[FIXED + 1] = unit * (1.0 - up)
        q[FIXED + 2] = unit * (1.0 - down)
        q[FIXED + 3] = unit * (1.0 + down * (1.0 - centre) / centre)
        return q
