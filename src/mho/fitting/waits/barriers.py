"""`BarrierRelaxation` held against waits at several temperatures: drift, loss, energy."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mho.device.laws import BOLTZMANN
from mho.fitting.engine import FreeParameter, Row
from mho.fitting.waits.counts import Counts
from mho.fitting.waits.law import MICRO, Begun, CountedLaw
from mho.units import eV

ATTEMPTS = 1e13
"""Attempt frequency of ions where the data do not tell it: that of a phonon (1/s)."""
_NODES = np.concatenate(
    (
        np.linspace(-4.5, -2, 11)[:-1],
        np.linspace(-2, 2, 41),
        np.linspace(2, 4.5, 11)[1:],
    )
)
"""Numbers of cells at which the law is worked out (1)."""
_ENERGIES = (0.7 * eV, 1.1 * eV, 1.5 * eV, 1.9 * eV)
"""Where searches begin (J)."""
_USUAL = 1.2 * eV
ENERGY = "temperature.ion_energy"
FREQUENCY = "attempt frequency"


class BarrierLaw(CountedLaw):
    """Drift and loss, and one activation energy for both.

    It is held against counts of cells between edges. The number of the cell that moves just as
    far as an edge is looked up along straight lines between nodes.

    Args:
        counts: Cells after all waits, each with its temperature.
        data: Names of the files.
        reference: Temperature at which times are stated (K).
        degree: Degree of the polynomials (1).
        onset: Time at which the drift starts (s): bakes do not tell it.
        open_attempts: Whether the attempt frequency is open: the waits at one temperature are of
            very different lengths.
    """

    def __init__(
        self,
        counts: Counts,
        data: tuple[str, ...],
        reference: float,
        degree: int,
        onset: float,
        open_attempts: bool,
    ) -> None:
        super().__init__(counts, data, "drift, and loss over barriers")
        self.reference = reference
        self.degree = degree
        self.onset = onset
        self.open_attempts = open_attempts
        self.full = float(counts.conductance.max())
        self.y = counts.conductance / self.full
        self.cold = 1 / reference - 1 / counts.temperature
        lived = np.log(counts.time) + _USUAL / BOLTZMANN * self.cold
        self.stated = float(10.0 ** np.round(np.median(lived) / np.log(10)))
        self.whole = float(np.log1p(self.stated / onset))
        self._last: tuple[Row, Forward] | None = None

    def open_numbers(self) -> Sequence[FreeParameter]:
        """Numbers of the drift, then those of the loss, by their names in a preset."""
        prefix = "relaxation."
        coldest = self.counts.temperature == self.counts.temperature.min()
        cold = Counts(
            *(
                getattr(self.counts, name)[coldest]
                for name in (
                    "conductance",
                    "time",
                    "temperature",
                    "edges",
                    "counts",
                )
            )
        )
        found = Begun(cold, self.y[coldest], self.degree).numbers(prefix)
        for side in ("up", "down"):
            found.append(
                FreeParameter(
                    f"{prefix}{side}_tail", "1", 0.7, 0.05, 5.0, useful=1.0
                )
            )
        found += [
            FreeParameter(
                ENERGY, "J", 1.5 * eV, 0.2 * eV, 4 * eV, useful=0.3 * eV
            ),
            FreeParameter(
                f"{prefix}lifetime_slope", "1", 0.0, -30.0, 30.0, useful=5.0
            ),
            FreeParameter(
                f"{prefix}lifetime_spread", "1", 2.5, 0.0, 30.0, useful=3.0
            ),
            FreeParameter(
                f"{prefix}loss_width", "1", 2.5, 0.05, 30.0, useful=3.0
            ),
        ]
        if self.open_attempts:
            found.append(
                FreeParameter(
                    FREQUENCY, "1/s", ATTEMPTS, 1e7, 1e19, log=True, useful=1e3
                )
            )
        return found

    def starts(self) -> list[Row]:
        """Where searches begin: several energies."""
        usual = np.array([one.start for one in self.parameters])
        place = [one.name for one in self.parameters].index(ENERGY)
        found = []
        for energy in _ENERGIES:
            start = usual.copy()
            start[place] = energy
            found.append(start)
        return found

    def lifetime(self, p: Row) -> float:
        """Median lifetime at the reference temperature (s)."""
        at = self._by_name(p)
        energy, attempts = at[ENERGY], at.get(FREQUENCY, ATTEMPTS)
        return float(np.exp(energy / BOLTZMANN / self.reference) / attempts)

    def _by_name(self, p: Row) -> dict[str, float]:
        names = [
            one.name.removeprefix("relaxation.") for one in self.parameters
        ]
        return dict(zip(names, p, strict=True))

    def below(self, p: Row) -> Row:
        """Normal probability of the number of the cell that moves just so far."""
        return _normal_share(self._passed(p).rank)

    def jacobian(self, p: Row) -> Row:
        """In closed form, by what each group's drift and loss owe to the numbers."""
        of_group, shared = self._passed(p).owed()
        at = self._by_name(p)
        y = self.y[:, None]
        found = {}
        for k, part in enumerate(("median", "up", "down")):
            for power in range(self.degree + 1):
                found[f"{part}_{power}"] = of_group[k] * y**power
        found["up_tail"], found["down_tail"] = shared[:2]
        found["lifetime_spread"], found["loss_width"] = shared[2:]
        of_lived = self._of_lived(at)
        of_grown, of_passed = of_group[3:]
        cold = self.cold[:, None] / BOLTZMANN
        found[ENERGY] = of_grown * of_lived[:, None] * cold
        found[ENERGY] += of_passed * (cold - 1 / BOLTZMANN / self.reference)
        found["lifetime_slope"] = -of_passed * y
        if self.open_attempts:
            found[FREQUENCY] = of_passed / at[FREQUENCY]
        return np.array([found[name] for name in at])

    def _passed(self, p: Row) -> "Forward":
        """The law at these numbers; kept, as loss, slope and information ask for the same."""
        if self._last is None or not np.array_equal(self._last[0], p):
            self._last = p.copy(), self._made(p)
        return self._last[1]

    def _made(self, p: Row) -> "Forward":
        """The law at these numbers, worked out."""
        at = self._by_name(p)
        count = self.degree + 1
        median, up, down = (
            np.polynomial.polynomial.polyval(
                self.y, p[k * count : (k + 1) * count]
            )
            for k in range(3)
        )
        lived = self._lived(at)
        grown = np.logaddexp(0.0, lived - np.log(self.onset)) / self.whole
        passed = lived - at[ENERGY] / BOLTZMANN / self.reference
        passed = (
            passed
            + np.log(at.get(FREQUENCY, ATTEMPTS))
            - at["lifetime_slope"] * self.y
        )
        shared = (
            at["up_tail"],
            at["down_tail"],
            at["lifetime_spread"],
            at["loss_width"],
        )
        of_group: Any = (median, up, down, grown, passed)

        return Forward(self.counts, of_group, shared)

    def _lived(self, at: dict[str, float]) -> Row:
        """Logarithm of the times at the reference temperature (1)."""
        found: Row = (
            np.log(self.counts.time) + at[ENERGY] / BOLTZMANN * self.cold
        )
        return found

    def _of_lived(self, at: dict[str, float]) -> Row:
        """Derivative of the growth of the drift by the logarithm of the time lived (1)."""
        over = self._lived(at) - np.log(self.onset)
        found: Row = 1 / (1 + np.exp(-over)) / self.whole
        return found


class Forward:
    """The number of the cell that moves just as far as each edge, and what it owes to what.

    Args:
        counts: What the law is held against.
        of_group: Median (S), logarithms of the scales over 1 µS, growth of the drift and
            logarithm of the barriers passed (1), of each group. Shapes (groups,).
        shared: Exponents of the tails, spread and width of the loss (1).
    """

    def __init__(
        self,
        counts: Counts,
        of_group: tuple[Row, Row, Row, Row, Row],
        shared: tuple[float, float, float, float],
    ) -> None:
        self.counts = counts
        self.shared = shared
        self.median, self.up, self.down, self.grown, self.passed = (
            one[:, None] for one in of_group
        )
        self.before = counts.conductance[:, None]
        self.rank = self._solved()

    def _solved(self) -> Row:
        """The cell's number at each edge, by Newton's method between two nodes (1)."""
        changes = self._at(_NODES).change
        wanted = np.where(
            np.isfinite(self.counts.edges), self.counts.edges, 0.0
        )
        place = np.sum(changes[:, None, :] <= wanted[:, :, None], axis=2) - 1
        place = np.clip(place, 0, _NODES.size - 2)
        row = np.arange(len(wanted))[:, None]
        low, high = _NODES[place], _NODES[place + 1]
        first = changes[row, place]
        width = np.maximum(changes[row, place + 1] - first, _FLAT)
        z: Row = low + np.clip((wanted - first) / width, 0.0, 1.0) * (
            high - low
        )
        for _ in range(_NEWTON):
            here = self._at(z)
            z = np.clip(z - (here.change - wanted) / here.slope, low, high)
        return z

    def _at(self, z: Row) -> "Cells":
        """Cells with some numbers."""
        exponent, hazard = _exponents(z)
        high = z > 0
        logs = np.log(exponent)
        tail = np.where(high, *self.shared[:2])
        size = np.where(high, self.up, self.down) + tail * logs
        beyond = MICRO * np.exp(np.minimum(size, _LARGEST))
        drift = self.median + np.where(high, beyond, -beyond)
        drifted = np.maximum(self.before + drift * self.grown, 0.0)
        spread, width = self.shared[2:]
        x = (self.passed - spread * z) / width
        kept = _normal_share(-x)
        slope = (
            (drifted > 0)
            * self.grown
            * beyond
            * tail
            * hazard
            / exponent
            * kept
        )
        slope = slope + drifted * _density(x) * spread / width + _FLAT
        return Cells(
            logs,
            beyond,
            drift,
            drifted,
            x,
            kept,
            drifted * kept - self.before,
            slope,
        )

    def owed(self) -> tuple[list[Row], list[Row]]:
        """Derivatives of the probabilities by what belongs to a group, and by what all share."""
        z = self.rank
        here = self._at(z)
        inside = (z > _NODES[0]) & (z < _NODES[-1])
        weight = -_density(z) * inside / here.slope
        alive = weight * here.kept * (here.drifted > 0)
        lost = weight * here.drifted * _density(here.x) / self.shared[3]
        size = alive * self.grown * here.beyond
        ups, downs = np.where(z > 0, size, 0.0), np.where(z > 0, 0.0, -size)
        of_group = [alive * self.grown, ups, downs, alive * here.drift, -lost]
        shared = [ups * here.logs, downs * here.logs, lost * z, lost * here.x]
        return of_group, shared


class Cells(NamedTuple):
    """Cells of each group with some numbers.

    Args:
        logs: Logarithm of the exponent of the tail (1).
        beyond: Distance from the median of the drift (S).
        drift: Drift before it grows (S).
        drifted: Conductance with the drift (S).
        x: Barriers passed, in widths of the loss (1).
        kept: Share that is not lost (1).
        change: Change (S).
        slope: Its derivative by the number (S).
    """

    logs: Row
    beyond: Row
    drift: Row
    drifted: Row
    x: Row
    kept: Row
    change: Row
    slope: Row


def _normal_share(x: Row) -> Row:
    """Φ(x) (1)."""
    from scipy.special import ndtr

    found: Row = ndtr(x)
    return found


def _density(x: Row) -> Row:
    found: Row = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    return found


def _exponents(z: Row) -> tuple[Row, Row]:
    """−ln 2Φ(−|z|), and its derivative by |z| (1)."""
    tail = _normal_share(-np.abs(z))
    return np.maximum(-np.log(2 * tail), 1e-9), _density(z) / tail


_FLAT = 1e-13
"""Change that is none (S)."""
_NEWTON = 5
"""Steps of Newton's method (1)."""
_LARGEST = 30.0
"""Logarithm of the largest scale that is told apart (1)."""
