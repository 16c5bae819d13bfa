"""Whether two samples of chips may come from the same kind, and how much difference would be seen.

A test that finds nothing says little unless it is known what it would have found: beside the
probabilities stands the power to see a difference that matters.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mho.checks import check_between

DIFFERENT = 0.05 / 3
"""Probability below which one of the three tests says that samples differ (1): 0.05 for all."""

_CONFIDENCE = 0.95
_POWER = 0.8
_SHUFFLES = 2000
_ROUNDING = 1e-9
"""Part of a figure that is rounding (1)."""
_DRAWN = 1000
"""Pairs of samples that a power is estimated from (1)."""
_BLOCK = 1 << 22
"""Chips that are shuffled at a time, in all shuffles together (1)."""
_SEED = 0
"""The shuffles are the same for the same two samples."""


@dataclass(frozen=True, slots=True)
class TwoSamples:
    """Two samples compared.

    Args:
        counts: Chips of each (1).
        means: Mean of each (their unit).
        difference_95: Interval of the difference of the means, first less second, 95 % sure.
        mean_p: Probability of means so far apart if there were no difference (1), by Welch's test.
        rank_p: The same of chips that stand so much higher among all (1), by Mann and Whitney's
            test, equal ones at their mean rank: a chip far off counts as any that is last.
        shape_p: The same of distributions so far apart (1): largest distance of the two
            cumulative ones, against shuffled samples.
        seen: Difference of the means that would be seen in 80 of 100 such comparisons: with
            `mean_p` below `DIFFERENT`. `None` where no chip differs from another.
        power: Probability that a difference of `effect` would be seen so (1); `None` without one,
            and where no chip differs from another.
        effect: Difference that matters (their unit).
    """

    counts: tuple[int, int]
    means: tuple[float, float]
    difference_95: tuple[float, float]
    mean_p: float
    rank_p: float
    shape_p: float
    seen: float | None
    power: float | None
    effect: float | None


def compare(
    one: Sequence[float], other: Sequence[float], effect: float | None = None
) -> TwoSamples:
    """Compare two samples.

    Args:
        one: Figures of chips.
        other: The same of other ones, which have nothing in common with them.
        effect: Difference of the means that matters.

    Raises:
        ValueError: Fewer than two chips in one of them.

    >>> found = compare([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    >>> found.mean_p, found.rank_p, found.shape_p
    (1.0, 1.0, 1.0)
    """
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    for name, sample in (("one", one), ("other", other)):
        check_between(len(sample), name, 2, 10**9, "1")
    first = np.asarray(one, float)
    second = np.asarray(other, float)
    parts = [sample.var(ddof=1) / sample.size for sample in (first, second)]
    difference = float(first.mean() - second.mean())
    error = math.sqrt(sum(parts))
    degrees = _degrees(parts, (first.size, second.size))
    half = float(stdtrit(degrees, (1 + _CONFIDENCE) / 2)) * error
    if error > 0:
        mean_p = 2 * float(stdtr(degrees, -abs(difference) / error))
    else:
        mean_p = 1.0 if difference == 0 else 0.0
    needed = float(stdtrit(degrees, 1 - DIFFERENT / 2)) * error
    power = None
    if effect is not None and error > 0:
        # the other tail adds nothing where there is any power
        power = float(ndtr((effect - needed) / error))
    return TwoSamples(
        (first.size, second.size),
        (float(first.mean()), float(second.mean())),
        (difference - half, difference + half),
        mean_p,
        _rank_probability(first, second),
        _shape_probability(first, second),
        needed + float(ndtri(_POWER)) * error if error > 0 else None,
        power,
        effect,
    )


def _degrees(parts: Sequence[float], counts: Sequence[int]) -> float:
    """Degrees of freedom after Welch and Satterthwaite (1)."""
    below = sum(p**2 / (n - 1) for p, n in zip(parts, counts, strict=True))
    return sum(parts) ** 2 / below if below > 0 else float(sum(counts) - 2)


def _shape_probability(first: np.ndarray, second: np.ndarray) -> float:
    """Share of shuffled samples that are as far apart: exact with equal figures among them (1)."""
    whole = np.concatenate((first, second))
    seen = _distance(first, second)
    as_far = int(np.count_nonzero(_shuffled(whole, first.size) >= seen))
    return float((as_far + 1) / (_SHUFFLES + 1))


def _rank_probability(first: np.ndarray, second: np.ndarray) -> float:
    """Probability of ranks so far apart (1): the normal limit, ties and continuity counted."""
    from scipy.special import ndtr

    whole = np.concatenate((first, second))
    _, place, equal = np.unique(whole, return_inverse=True, return_counts=True)
    equal = equal.astype(float)
    count = first.size
    both = whole.size
    pairs = count * second.size

    # equal figures share the mean of their ranks
    mean_rank = equal.cumsum() - (equal - 1) / 2
    of_first = mean_rank[place[:count]]
    least = count * (count + 1) / 2
    above = float(of_first.sum()) - least
    apart = abs(above - pairs / 2) - 0.5

    tied = equal**3 - equal
    ties = float(tied.sum()) / (both * (both - 1))
    variance = pairs / 12 * (both + 1 - ties)
    if apart <= 0 or variance <= 0:
        return 1.0
    error = math.sqrt(variance)
    return float(2 * ndtr(-apart / error))


def rank_power(
    one: Sequence[float], other: Sequence[float], effect: float
) -> float | None:
    """Probability that a shift of one sample by `effect` would be seen with `rank_p` (1).

    Args:
        one: Figures of chips.
        other: The same of other ones.
        effect: Shift that matters (their unit).

    Returns:
        The probability, found as that of `shape_power`; `None` where no chip differs from another.
    """
    pooled = _Pooled(one, other)

    def told_apart(first: np.ndarray, second: np.ndarray) -> bool:
        return _rank_probability(first, second) < DIFFERENT

    return pooled.power(effect, told_apart)


def shape_power(
    one: Sequence[float], other: Sequence[float], effect: float
) -> float | None:
    """Probability that a shift of one sample by `effect` would be seen with `shape_p` (1).

    It is the share of pairs of samples whose distributions would be told apart. Both are drawn
    from all chips together, as if there were no difference, and one is shifted; the smaller share
    of the two directions counts. Figures that lie on a grid, as shares of right answers do, are
    spread over its steps: the slightest shift would tell them apart otherwise. Where few chips lie
    far off, means say little about all others, and distributions much; but a mean that differs by
    `effect` because of few chips is another matter than a shift of all.

    Args:
        one: Figures of chips.
        other: The same of other ones.
        effect: Shift that matters (their unit).

    Returns:
        The probability; `None` where no chip differs from another.
    """
    pooled = _Pooled(one, other)
    if pooled.step == 0.0:
        return None
    # so far apart are few of the shuffles: a distance beyond that has p below `DIFFERENT`
    whole = pooled.drawn(pooled.whole.size)
    distances = _shuffled(whole, pooled.counts[0])
    limit = np.quantile(distances, 1 - DIFFERENT, method="higher")

    def told_apart(first: np.ndarray, second: np.ndarray) -> bool:
        return bool(_distance(first, second) > limit)

    return pooled.power(effect, told_apart)


class _Pooled:
    """All chips together, as if there were no difference, to draw samples from.

    Args:
        one: Figures of chips.
        other: The same of other ones.
    """

    def __init__(self, one: Sequence[float], other: Sequence[float]) -> None:
        self.counts = (len(one), len(other))
        self.whole = np.asarray([*one, *other], float)
        self.step = _grid(self.whole)
        self._rng = np.random.default_rng(_SEED)

    def drawn(self, count: int) -> np.ndarray:
        """So many chips, spread over the steps of their grid."""
        half = self.step / 2
        spread = self._rng.uniform(-half, half, count)
        found: np.ndarray = self._rng.choice(self.whole, count) + spread
        return found

    def power(
        self,
        effect: float,
        told_apart: Callable[[np.ndarray, np.ndarray], bool],
    ) -> float | None:
        """Share of pairs of samples that are told apart, the smaller one of both directions (1).

        Args:
            effect: Shift of the first sample (its unit).
            told_apart: The test.
        """
        if self.step == 0.0:
            return None
        count, others = self.counts
        powers = []
        for shift in (effect, -effect):
            seen = [
                told_apart(self.drawn(count) + shift, self.drawn(others))
                for _ in range(_DRAWN)
            ]
            powers.append(float(np.mean(seen)))
        return min(powers)


def _grid(whole: np.ndarray) -> float:
    """Smallest step between figures that is more than rounding (their unit)."""
    steps = np.diff(np.unique(whole))
    least = _ROUNDING * float(np.abs(whole).max())
    real = steps[steps > least]
    return float(real.min()) if real.size else 0.0


def _shuffled(whole: np.ndarray, count: int) -> np.ndarray:
    """Distances of all shuffles of chips into one sample and the rest."""
    ends = np.append(np.diff(np.sort(whole)) > 0, True)
    is_first = np.arange(whole.size) < count
    rng = np.random.default_rng(_SEED)
    # few at a time: all shuffles of a million chips are more than a machine holds
    most = max(1, _BLOCK // whole.size)
    found = []
    for begun in range(0, _SHUFFLES, most):
        size = min(most, _SHUFFLES - begun)
        shuffled = rng.permuted(
            np.broadcast_to(is_first, (size, whole.size)), axis=1
        )
        found.append(_distances(shuffled, ends, count))
    return np.concatenate(found)


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    """Largest distance of the cumulative distributions of two samples (1)."""
    whole = np.concatenate((first, second))
    order = np.argsort(whole, kind="stable")
    ends = np.append(np.diff(whole[order]) > 0, True)
    is_first = np.arange(whole.size) < first.size
    return float(_distances(is_first[order][None], ends, first.size)[0])


def _distances(
    is_first: np.ndarray, ends: np.ndarray, count: int
) -> np.ndarray:
    """Largest distance of two cumulative distributions, where figures change (1)."""
    of_first = np.cumsum(is_first, axis=1, dtype=np.int32)[:, ends]
    both = np.arange(1, is_first.shape[1] + 1)[ends]
    others = is_first.shape[1] - count
    apart = np.abs(of_first / count - (both - of_first) / others).max(1)
    # a last digit must not tell equal distances apart
    found: np.ndarray = apart.round(12)
    return found
