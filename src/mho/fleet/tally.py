"""Counts, moments and quantiles of one figure over many chips, merged without any error.

Sums are kept as fractions: adding is exact, so that a tally is the same whatever the order in
which chips came, and however often parts of it were merged.
"""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from mho.fleet.sketch import QuantileSketch, check_number


class Tally:
    """What many values of one figure come to.

    Args:
        values: Values to begin with.

    >>> one, other = Tally([1.0, 2.0]), Tally([6.0])
    >>> one.merge(other)
    >>> one.count, one.mean, one.largest
    (3, 3.0, 6.0)
    """

    def __init__(self, values: Iterable[float] = ()) -> None:
        self.sketch = QuantileSketch()
        self.total = Fraction(0)
        self.squares = Fraction(0)
        self.ends: tuple[float, float] | None = None
        for value in values:
            self.add(value)

    @property
    def count(self) -> int:
        """Number of values (1)."""
        return self.sketch.count

    @property
    def mean(self) -> float:
        """Mean of the values (their unit).

        Raises:
            ValueError: There are none.
        """
        self._check_any()
        return float(self.total / self.count)

    @property
    def deviation(self) -> float:
        """Sample standard deviation, with n − 1 (their unit); 0 of a single value."""
        if self.count < 2:
            return 0.0
        spread = self.squares - self.total * self.total / self.count
        # a square may be too large for a double where its root is not
        scale = Fraction(max(1.0, abs(self.smallest), abs(self.largest)))
        relative = float(spread / (self.count - 1) / scale**2)
        return math.sqrt(relative) * float(scale)

    @property
    def smallest(self) -> float:
        """Smallest value (their unit)."""
        return self._known_ends()[0]

    @property
    def largest(self) -> float:
        """Largest value (their unit)."""
        return self._known_ends()[1]

    def add(self, value: float) -> None:
        """Count one more value.

        Raises:
            ValueError: It is not finite.
        """
        check_number(value)
        exact = Fraction(value)
        self.total += exact
        self.squares += exact * exact
        self.sketch.add(value)
        low, high = self.ends or (value, value)
        self.ends = min(low, value), max(high, value)

    def merge(self, other: "Tally") -> None:
        """Count all values of another tally as well."""
        self.total += other.total
        self.squares += other.squares
        self.sketch.merge(other.sketch)
        if other.ends is None:
            return
        low, high = self.ends or other.ends
        self.ends = min(low, other.ends[0]), max(high, other.ends[1])

    def described(self) -> dict[str, Any]:
        """Plain values to keep, from which `from_described` makes the same tally."""
        return {
            "sum": _words(self.total),
            "squares": _words(self.squares),
            "ends": None if self.ends is None else list(self.ends),
            "values": self.sketch.described(),
        }

    @classmethod
    def from_described(cls, held: Mapping[str, Any]) -> "Tally":
        """The tally that `described` gave.

        Raises:
            ValueError: It is no such thing.
        """
        made = cls()
        try:
            made.total = _fraction(held["sum"])
            made.squares = _fraction(held["squares"])
            ends = held["ends"]
            made.ends = (
                None if ends is None else (float(ends[0]), float(ends[1]))
            )
            made.sketch = QuantileSketch.from_described(held["values"])
        except (IndexError, KeyError, TypeError, ZeroDivisionError) as error:
            raise ValueError(
                "Argument `held` must be what a tally said of itself, but is not."
            ) from error
        return made

    def _known_ends(self) -> tuple[float, float]:
        self._check_any()
        assert self.ends is not None
        return self.ends

    def _check_any(self) -> None:
        if self.count == 0:
            raise ValueError(
                "Argument `values` must hold one value at least, but holds none."
            )


def _words(exact: Fraction) -> list[str]:
    """Hexadecimal digits of a fraction: exact, and short for any size."""
    return [hex(exact.numerator), hex(exact.denominator)]


def _fraction(words: list[str]) -> Fraction:
    return Fraction(int(words[0], 16), int(words[1], 16))
