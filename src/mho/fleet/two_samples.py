"""Whether two samples of chips may come from the same kind, and how much difference would be seen.

A test that finds nothing says little unless it is known what it would have found: beside the
probabilities stands the power to see a difference that matters.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mho.checks import check_between

DIFFERENT = 0.025
"""Probability below which one of the two tests says that samples differ (1): 0.05 for both."""

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
    >>> found.mean_p, found.shape_p
    (1.0, 1.0)
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
    first = np.asarray(one, float)
    second = np.asarray(other, float)
    whole = np.concatenate((first, second))
    step = _grid(whole)
    if step == 0.0:
        return None
    rng = np.random.default_rng(_SEED)

    def drawn(count: int) -> np.ndarray:
        spread = rng.uniform(-step / 2, step / 2, count)
        found: np.ndarray = rng.choice(whole, count) + spread
        return found

    # so far apart are few of the shuffles: a distance beyond that has p below `DIFFERENT`
    distances = _shuffled(drawn(whole.size), first.size)
    limit = np.quantile(distances, 1 - DIFFERENT, method="higher")
    powers = []
    for shift in (effect, -effect):
        far = [
            _distance(drawn(first.size) + shift, drawn(second.size))
            for _ in range(_DRAWN)
        ]
        powers.append(float(np.mean(np.asarray(far) > limit)))
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
