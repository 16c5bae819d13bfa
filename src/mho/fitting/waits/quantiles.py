"""`QuantileRelaxation` held against waits: quantiles at one time, and how ranks are kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mho.fitting.engine import Complex, FreeParameter, Row, complex_step
from mho.fitting.waits.counts import Counts, Wait
from mho.fitting.waits.law import MICRO, Begun, CountedLaw, powers

KNEES = 40.0
"""Largest conductance, over the one below which the axis is linear (1)."""
_TINY = 1e-12
_STEP = 1e-30
"""Imaginary step, relative to a number's size (1)."""


def place(conductance: Row, full: float) -> Row:
    """Places on the axis of the law's polynomials (1)."""
    knee = full / KNEES
    share = np.clip(conductance, 0.0, full) / knee
    found: Row = np.log1p(share) / np.log1p(KNEES)
    return found


class QuantileLaw(CountedLaw):
    """The law at one of its three times: polynomials of one degree.

    Args:
        counts: Cells after this time.
        data: Names of the files.
        word: `"early"`, `"middle"` or `"late"`.
        full: Conductance of y = 1 (S).
        degree: Degree of median and scales (1); tails have one less than that, a line at most.
    """

    def __init__(
        self,
        counts: Counts,
        data: tuple[str, ...],
        word: str,
        full: float,
        degree: int,
    ) -> None:
        time = float(counts.time.mean())
        super().__init__(
            counts, data, f"relaxation after {time:.4g} s, degree {degree}"
        )
        self.word = word
        self.degree = degree
        self.y = place(counts.conductance, full)

    def open_numbers(self) -> Sequence[FreeParameter]:
        """Coefficients by their names in a preset."""
        prefix = f"relaxation.{self.word}_"
        found = Begun(self.counts, self.y, self.degree).numbers(prefix)
        for side in ("up", "down"):
            for power in range(min(self.degree, 2)) or (0,):
                found.append(
                    FreeParameter(
                        f"{prefix}{side}_tail_{power}",
                        "1",
                        -0.3 if power == 0 else 0.0,
                        -3.0,
                        3.0,
                        useful=3.0,
                    )
                )
        return found

    def below(self, p: Row) -> Row:
        """Two stretched exponentials that meet at the median."""
        return self._below(p.astype(np.complex128)).real

    def jacobian(self, p: Row) -> Row:
        """By complex steps, exact to rounding."""
        found = np.empty((p.size, *self.counts.edges.shape))
        for k, number in enumerate(p):
            moved = p.astype(np.complex128)
            size = _STEP * (abs(number) or 1.0)
            moved[k] += 1j * size
            found[k] = self._below(moved).imag / size
        return found

    def _below(self, p: Complex) -> Complex:
        """Probability of less change than each edge (1). Shape (groups, edges)."""
        median, up, down, up_tail, down_tail = self._shape(p)
        edges = self.counts.edges
        # what lies beyond infinity is no matter
        off = np.where(np.isfinite(edges), edges, 0.0) - median[:, None]
        above = off.real > 0
        scale = np.where(above, up[:, None], down[:, None])
        tail = np.where(above, up_tail[:, None], down_tail[:, None])
        ratio = np.where(above, off, -off) / scale + _TINY
        half = np.exp(-np.exp(np.log(ratio) / tail)) / 2
        found: Complex = np.where(above, 1.0 - half, half)
        return found

    def _shape(self, p: Complex) -> tuple[Any, ...]:
        """Median, scales (S) and exponents of each group."""
        count = self.degree + 1
        median, up, down = (
            powers(self.y, p[k * count : (k + 1) * count]) for k in range(3)
        )
        tails = p[3 * count :].reshape(2, -1)
        up_tail, down_tail = (np.exp(powers(self.y, row)) for row in tails)
        return (
            median,
            MICRO * np.exp(up),
            MICRO * np.exp(down),
            up_tail,
            down_tail,
        )

    def rank(self, p: Row, wait: Wait, full: float) -> Row:
        """The standard normal number of each cell, by the fitted law (1)."""
        from scipy.special import ndtri

        own = Counts(
            wait.written,
            np.full(wait.written.size, wait.time),
            np.full(wait.written.size, wait.temperature),
            wait.change[:, None],
            np.zeros((wait.written.size, 2)),
        )
        law = QuantileLaw(own, self.data, self.word, full, self.degree)
        share = law.below(p)[:, 0]
        found: Row = ndtri(np.clip(share, 1e-6, 1 - 1e-6))
        return found


class MemoryLaw:
    """How cells keep their rank: correlation of neighbours among their numbers.

    Args:
        second: Mean products of ranks at the law's times (1). Shape (times, times).
        cells: Cells that were read at all of them (1).
        along: Weight of a cell's numbers in the rank at each time (1). Shape (times, knots).
        data: Names of the files.
    """

    title = "how cells keep their rank"

    def __init__(
        self, second: Row, cells: int, along: Row, data: tuple[str, ...]
    ) -> None:
        self.second = second
        self.points = cells
        self.along = along
        self.data = data
        self.parameters = (
            FreeParameter(
                "relaxation.memory", "1", 0.5, 0.001, 0.999, useful=0.5
            ),
        )

    def _value(self, p: Complex) -> complex:
        knots = np.arange(self.along.shape[1])
        apart = np.abs(knots[:, None] - knots)
        spread = self.along @ (p[0] ** apart) @ self.along.T
        size = np.sqrt(np.diag(spread))
        spread = spread / size[:, None] / size
        _, logdet = np.linalg.slogdet(spread.real)
        inverse = np.linalg.inv(spread)
        # of an analytic function: the sign is that of the real part, which is positive
        angle = np.trace(inverse.real @ spread.imag)
        bent = np.trace(inverse @ self.second)
        return complex(self.points * (logdet + 1j * angle + bent) / 2)

    def loss(self, p: Row) -> float:
        """Negative logarithm of the likelihood of the ranks (1)."""
        return float(self._value(p.astype(np.complex128)).real)

    def gradient(self, p: Row) -> Row:
        """Its derivative."""
        return complex_step(self._value, p)
