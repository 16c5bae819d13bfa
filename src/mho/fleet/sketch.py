"""Quantiles of numbers that come in any order, in memory that does not grow with them.

As long as there are few different values, each is counted by itself and quantiles are exact.
Beyond that values share buckets in equal ratios, so that a quantile is known to a relative error.
What a sketch holds depends on the values alone: not on their order, nor on how sketches of parts
of them were merged (key: masson2019ddsketch).
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

from mho.checks import check_between

EXACT = 4096
"""Different values that are counted one by one (1)."""

RELATIVE_ERROR = 1e-4
"""Largest relative error of a quantile once values share buckets (1)."""

_RATIO = math.log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR))
_SMALLEST = 1e-300
"""Values closer to 0 count as 0."""


class QuantileSketch:
    """Counts of values, and of buckets once there are many different ones.

    Args:
        values: Values to begin with.

    >>> sketch = QuantileSketch([3.0, 1.0, 2.0])
    >>> sketch.quantile(0.5), sketch.count
    (2.0, 3)
    """

    references = ("masson2019ddsketch",)

    def __init__(self, values: Iterable[float] = ()) -> None:
        self.exact: Counter[float] | None = Counter()
        self.buckets: Counter[tuple[int, int]] = Counter()
        for value in values:
            self.add(value)

    @property
    def count(self) -> int:
        """Number of values (1)."""
        if self.exact is not None:
            return self.exact.total()
        return self.buckets.total()

    @property
    def is_exact(self) -> bool:
        """Whether every value is known to the last bit."""
        return self.exact is not None

    def add(self, value: float) -> None:
        """Count one more value.

        Raises:
            ValueError: It is not finite.
        """
        check_number(value)
        if self.exact is None:
            self.buckets[_bucket(value)] += 1
            return
        self.exact[value + 0.0] += 1
        self._fold()

    def merge(self, other: "QuantileSketch") -> None:
        """Count all values of another sketch as well."""
        if self.exact is not None and other.exact is not None:
            self.exact.update(other.exact)
            self._fold()
            return
        self._become_buckets()
        if other.exact is None:
            self.buckets.update(other.buckets)
            return
        for value, count in other.exact.items():
            self.buckets[_bucket(value)] += count

    def quantile(self, share: float) -> float:
        """The smallest value that this share of the values do not exceed.

        Args:
            share: From 0, the smallest of all, to 1, the largest (1).

        Raises:
            ValueError: There are no values.
        """
        check_between(share, "share", 0.0, 1.0, "1")
        # a product that ought to be whole may lie a last digit above
        return self.ranked(math.ceil(share * self.count - 1e-9))

    def ranked(self, rank: int) -> float:
        """The value with so many values up to it, itself included; the smallest at 1.

        Raises:
            ValueError: There are no values.
        """
        return _middle(*self.ranked_between(rank))

    def ranked_between(self, rank: int) -> tuple[float, float]:
        """Between what it lies: twice the value itself where every value is known.

        Raises:
            ValueError: There are no values.
        """
        if self.count == 0:
            raise ValueError(
                "Argument `values` must hold one value at least, but holds none."
            )
        wanted = min(max(1, rank), self.count)
        ascending = self._ascending()
        reached = list(accumulate(count for _, count in ascending))
        between, _ = ascending[bisect_left(reached, wanted)]
        return between

    def _ascending(self) -> list[tuple[tuple[float, float], int]]:
        """Values, or ends of buckets, with their counts."""
        if self.exact is not None:
            return [((v, v), n) for v, n in sorted(self.exact.items())]
        return sorted((_ends(b), n) for b, n in self.buckets.items())

    def _fold(self) -> None:
        assert self.exact is not None
        if len(self.exact) > EXACT:
            self._become_buckets()

    def _become_buckets(self) -> None:
        if self.exact is None:
            return
        for value, count in self.exact.items():
            self.buckets[_bucket(value)] += count
        self.exact = None

    def described(self) -> dict[str, Any]:
        """Plain values, the same for the same values whatever their order."""
        if self.exact is not None:
            return {"exact": [[v, n] for v, n in sorted(self.exact.items())]}
        return {
            "buckets": [[s, k, n] for (s, k), n in sorted(self.buckets.items())]
        }

    @classmethod
    def from_described(cls, held: Mapping[str, Any]) -> "QuantileSketch":
        """The sketch that `described` gave.

        Raises:
            ValueError: It is no such thing.
        """
        made = cls()
        try:
            if "exact" in held:
                made.exact = Counter(
                    {float(v): int(n) for v, n in held["exact"]}
                )
            else:
                made.exact = None
                made.buckets = Counter(
                    {(int(s), int(k)): int(n) for s, k, n in held["buckets"]}
                )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                "Argument `held` must be what a sketch said of itself, but is not."
            ) from error
        return made


def check_number(value: float) -> None:
    """Refuse what is no finite number.

    Raises:
        ValueError: It is none.
    """
    if not math.isfinite(value):
        raise ValueError(
            f"Argument `value` must be finite, but is {value}; leave it out."
        )


def _bucket(value: float) -> tuple[int, int]:
    """Sign of a value, and number of its bucket by size."""
    if abs(value) < _SMALLEST:
        return 0, 0
    number = math.ceil(math.log(abs(value)) / _RATIO)
    return (1, number) if value > 0 else (-1, number)


def _ends(bucket: tuple[int, int]) -> tuple[float, float]:
    """Between what the values of a bucket lie."""
    sign, number = bucket
    if sign == 0:
        return 0.0, 0.0
    small = math.exp((number - 1) * _RATIO)
    large = math.exp(number * _RATIO)
    return (small, large) if sign > 0 else (-large, -small)


def _middle(low: float, high: float) -> float:
    """The value that is never further off than the relative error allows."""
    if low == high:
        return low
    return 2 * low * high / (low + high)
