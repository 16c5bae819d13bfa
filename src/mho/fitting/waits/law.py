"""What laws of waits have in common: polynomials in conductance, and counts of cells."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from mho.fitting.engine import Complex, FreeParameter, Row
from mho.fitting.waits.counts import Counts

MICRO = 1e-6
"""What scales are counted in (S)."""
_WIDE = 60.0
"""Widest coefficient, in units of the largest change (1)."""
_LOGS = 29.0
"""Largest coefficient of a logarithm (1)."""


class CountedLaw:
    """A law that says how many cells move how far.

    Args:
        counts: What it is held against.
        data: Names of the files.
        title: What it is called.
    """

    def __init__(
        self, counts: Counts, data: tuple[str, ...], title: str
    ) -> None:
        self.counts = counts
        self.data = data
        self.title = title

    @property
    def points(self) -> int:
        """Readings (1)."""
        return self.counts.cells

    @cached_property
    def parameters(self) -> tuple[FreeParameter, ...]:
        """What it leaves open."""
        return tuple(self.open_numbers())

    def open_numbers(self) -> Sequence[FreeParameter]:
        """What it leaves open, in order."""
        raise NotImplementedError

    def below(self, p: Row) -> Row:
        """Probability of less change than each edge (1). Shape (groups, edges)."""
        raise NotImplementedError

    def jacobian(self, p: Row) -> Row:
        """Its derivative by each number. Shape (numbers, groups, edges)."""
        raise NotImplementedError

    def loss(self, p: Row) -> float:
        """Negative logarithm of the likelihood (1)."""
        with np.errstate(all="ignore"):
            return self.counts.loss(self.below(p))

    def gradient(self, p: Row) -> Row:
        """Its derivative by each number."""
        with np.errstate(all="ignore"):
            slope = self.counts.slope(self.below(p))
            found: Row = np.einsum("ab,iab->i", slope, self.jacobian(p))
        return found

    def information(self, p: Row) -> Row:
        """Second derivatives of the loss that are expected. Shape (numbers, numbers)."""
        with np.errstate(all="ignore"):
            return self.counts.information(self.below(p), self.jacobian(p))


class Begun:
    """Polynomials through groups of cells, by moments: where a search begins.

    Args:
        counts: Groups of cells.
        y: Their place on the axis of the polynomials (1). Shape (groups,).
        degree: Degree of the polynomials (1).
    """

    def __init__(self, counts: Counts, y: Row, degree: int) -> None:
        middle, up, down = _middle_and_scales(counts)
        self.size = max(float(np.abs(middle).max()), float(up.max()), 1e-9)
        self.median = _through(y, middle, degree)
        self.up = _through(y, np.log(up / MICRO), degree)
        self.down = _through(y, np.log(down / MICRO), degree)

    def numbers(self, prefix: str) -> list[FreeParameter]:
        """Coefficients of median and scales as open numbers.

        Args:
            prefix: What stands before their names.
        """
        found = []
        for part, row in (
            ("median", self.median),
            ("up", self.up),
            ("down", self.down),
        ):
            unit, widest = (
                ("S", _WIDE * self.size) if part == "median" else ("1", _LOGS)
            )
            useful = 10 * self.size if part == "median" else 10.0
            for power, start in enumerate(row):
                found.append(
                    FreeParameter(
                        f"{prefix}{part}_{power}",
                        unit,
                        float(np.clip(start, -widest, widest)),
                        -widest,
                        widest,
                        useful=useful,
                    )
                )
        return found


def _middle_and_scales(counts: Counts) -> tuple[Row, Row, Row]:
    """Median of each group, and the scale on either side, from counts (S)."""
    middle, up, down = [], [], []
    for edges, numbers in zip(counts.edges, counts.counts, strict=True):
        finite = edges[np.isfinite(edges)]
        share = np.cumsum(numbers)[: finite.size] / numbers.sum()
        low, centre, high = np.interp((0.18, 0.5, 0.82), share, finite)
        middle.append(centre)
        up.append(max(high - centre, 1e-10))
        down.append(max(centre - low, 1e-10))
    return np.array(middle), np.array(up), np.array(down)


def _through(y: Row, values: Row, degree: int) -> Row:
    """A polynomial through values, constant first. Shape (degree + 1,)."""
    found = np.polynomial.polynomial.polyfit(y, values, degree)
    return found.astype(np.float64)


def powers(y: Row, coefficients: Complex) -> Complex:
    """A polynomial at each place. Shape (groups,)."""
    total = np.zeros(y.size, np.complex128)
    for one in coefficients[::-1]:
        total = total * y + one
    return total
