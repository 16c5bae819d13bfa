"""How sure many chips make one: intervals of shares, means and quantiles, and chips needed.

All but the interval of a mean hold for any distribution: quantiles are bounded by order
statistics, whose ranks are binomial, shares by Clopper and Pearson (keys: clopper1934use,
wilks1941tolerance).
"""

import math
from dataclasses import dataclass

from mho.checks import check_between
from mho.fleet.tally import Tally

CONFIDENCE = 0.95
"""Probability that an interval or a bound holds (1)."""

_MOST_CHIPS = 10**12
_MOST_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class Bound:
    """A value that a share of all chips reaches, as far as the chips seen can say.

    Args:
        share: Share of all chips, not only of those seen (1).
        value: What they reach at least, with the confidence; `None` where the chips seen are too
            few to say anything of that share.
        chips_needed: Chips that say something at all (1).
    """

    share: float
    value: float | None
    chips_needed: int


def share_interval(
    hits: int, count: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of a share (1), never too narrow.

    Args:
        hits: Chips that have the property (1).
        count: Chips looked at (1).
        confidence: Probability that it holds (1).

    >>> low, high = share_interval(100, 100)
    >>> round(low, 4), high
    (0.9638, 1.0)
    """
    # takes a while, and few ask
    from scipy.special import betaincinv

    check_between(count, "count", 1, _MOST_CHIPS, "1")
    check_between(hits, "hits", 0, count, "1")
    tail = (1 - confidence) / 2
    low = 0.0
    high = 1.0
    if hits > 0:
        low = float(betaincinv(hits, count - hits + 1, tail))
    if hits < count:
        high = float(betaincinv(hits + 1, count - hits, 1 - tail))

    return low, high


def mean_interval(
    tally: Tally, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Interval of the mean (the tally's unit), by Student's distribution.

    Args:
        tally: Two values at least say how far they lie apart; of one the interval is open.
        confidence: Probability that it holds (1).
    """
    # takes a while, and few ask
    from scipy.special import stdtrit

    if tally.count < 2:
        return -math.inf, math.inf
    reach = float(stdtrit(tally.count - 1, (1 + confidence) / 2))
    half = reach * tally.deviation / math.sqrt(tally.count)
    return tally.mean - half, tally.mean + half


def quantile_interval(
    tally: Tally, share: float, confidence: float = CONFIDENCE
) -> tuple[float | None, float | None]:
    """Interval of a quantile of all chips (the tally's unit); `None` where an end is open.

    Args:
        tally: What was seen.
        share: Which quantile (1).
        confidence: Probability that it holds (1).
    """
    # takes a while, and few ask
    from scipy.stats import binom

    check_between(share, "share", 0.0, 1.0, "1")
    tail = (1 - confidence) / 2
    count = tally.count
    lower = int(binom.ppf(tail, count, share))
    upper = int(binom.ppf(1 - tail, count, share)) + 1
    low = tally.sketch.ranked_between(lower)[0] if lower >= 1 else None
    high = tally.sketch.ranked_between(upper)[1] if upper <= count else None
    return low, high


def at_least(
    tally: Tally, share: float, confidence: float = CONFIDENCE
) -> Bound:
    """What a share of all chips reaches at least: "99.9 % of chips ≥ x, 95 % sure".

    Args:
        tally: What was seen; larger is better.
        share: Share of all chips, below 1 (1).
        confidence: Probability that the bound holds (1).
    """
    needed = chips_to_say(share, confidence)
    rank = _lower_rank(tally.count, 1 - share, confidence)
    # of a bucket its lower end: a bound may not promise more than was seen
    value = tally.sketch.ranked_between(rank)[0] if rank >= 1 else None
    return Bound(share, value, needed)


def chips_to_say(share: float, confidence: float = CONFIDENCE) -> int:
    """Chips from which on the worst of them bounds what a share of all chips reaches (1).

    >>> chips_to_say(0.999)
    2995
    """
    check_between(share, "share", 0.0, 1.0, "1")
    if share <= 0:
        return 1
    if share >= 1:
        return _MOST_CHIPS
    return max(1, math.ceil(math.log(1 - confidence) / math.log(share)))


def chips_needed(
    tally: Tally, width: float, confidence: float = CONFIDENCE
) -> int:
    """Chips from which on the interval of the mean is as narrow as wanted (1).

    Args:
        tally: Two chips at least, by which the spread is known so far.
        width: Whole width of the interval (the tally's unit).
        confidence: Probability that it holds (1).

    Raises:
        ValueError: The width is not positive.
    """
    # takes a while, and few ask
    from scipy.special import ndtri, stdtrit

    if not width > 0:
        raise ValueError(
            f"Argument `width` must be positive, but is {width:g}; give a width that is reached."
        )
    if tally.count < 2 or tally.deviation == 0:
        return max(2, tally.count)
    # Student's numbers are larger than normal ones: chips grow to where they suffice
    reach = float(ndtri((1 + confidence) / 2))
    count = 0
    for _ in range(_MOST_ROUNDS):
        wanted = math.ceil((2 * reach * tally.deviation / width) ** 2)
        if wanted <= count:
            break
        count = min(max(2, wanted), _MOST_CHIPS)
        reach = float(stdtrit(count - 1, (1 + confidence) / 2))
    return count


def _lower_rank(count: int, tail: float, confidence: float) -> int:
    """Rank of the largest order statistic that lies below a quantile so surely; 0 if none does.

    The k-th smallest of n is below the quantile of `tail` unless fewer than k of them are, which
    has the probability that a binomial number is below k.
    """
    # takes a while, and few ask
    from scipy.stats import binom

    return int(binom.ppf(1 - confidence, count, tail))
