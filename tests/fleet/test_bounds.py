"""Bounds on all chips from some: they hold as often as they promise."""

import math

import numpy as np
import pytest

from mho.fleet import (
    Tally,
    at_least,
    chips_needed,
    chips_to_say,
    mean_interval,
    quantile_interval,
    share_interval,
)

ROUNDS = 2000


def least_hits(confidence: float) -> float:
    """Hits of a bound that holds so surely, five standard errors below the mean."""
    return confidence - 5 * math.sqrt(confidence * (1 - confidence) / ROUNDS)


def test_what_a_share_of_chips_reaches_is_below_its_quantile_as_often_as_promised() -> (
    None
):
    """Scores uniform in (0, 1): 90 % of all chips reach 0.1, whatever the sample says."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(ROUNDS):
        bound = at_least(Tally(rng.random(60).tolist()), 0.9)
        assert bound.value is not None
        hits += bound.value <= 0.1
    assert hits / ROUNDS >= least_hits(0.95)
    # and not far below: the next order statistic would promise too much
    assert hits / ROUNDS <= 0.995


def test_too_few_chips_say_nothing_of_the_worst_of_all() -> None:
    """Wilks: 1 − 0.999^n ≥ 0.95 from n = 2,995 on."""
    assert chips_to_say(0.999) == 2995
    few = at_least(Tally([float(n) for n in range(2994)]), 0.999)
    assert few.value is None
    assert few.chips_needed == 2995
    assert at_least(Tally([float(n) for n in range(2995)]), 0.999).value == 0


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_intervals_of_quantiles_hold_as_often_as_promised(share: float) -> None:
    """Quantiles of uniform numbers are the shares themselves."""
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(ROUNDS):
        low, high = quantile_interval(Tally(rng.random(80).tolist()), share)
        hits += (low is None or low <= share) and (
            high is None or share <= high
        )
    assert hits / ROUNDS >= least_hits(0.95)


def test_intervals_of_shares_hold_as_often_as_promised() -> None:
    """Clopper and Pearson: at least as often, for any share."""
    rng = np.random.default_rng(4)
    for share in (0.02, 0.5, 0.97):
        found = [
            share_interval(int(n), 40) for n in rng.binomial(40, share, ROUNDS)
        ]
        hits = sum(low <= share <= high for low, high in found)
        assert hits / ROUNDS >= least_hits(0.95)


def test_intervals_of_means_hold_as_often_as_promised() -> None:
    """Student's, exact for normal numbers: from both sides."""
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(ROUNDS):
        low, high = mean_interval(Tally(rng.normal(3, 2, 5).tolist()))
        hits += low <= 3 <= high
    error = 5 * math.sqrt(0.95 * 0.05 / ROUNDS)
    assert abs(hits / ROUNDS - 0.95) <= error


def test_the_chips_that_are_needed_make_the_interval_that_was_wanted() -> None:
    """As many values with the same spread have an interval of that width, one less does not."""
    tally = Tally([-1.0, 1.0] * 5)
    count = chips_needed(tally, 0.3)

    def width(n: int) -> float:
        from scipy.stats import t

        return float(2 * t.ppf(0.975, n - 1) * tally.deviation / math.sqrt(n))

    assert width(count) <= 0.3 < width(count - 2)


def test_a_bound_never_promises_more_than_was_seen() -> None:
    """Also of values that share buckets: not above the order statistic of its rank."""
    values = 1 + np.random.default_rng(8).random(6000) * 1e-3
    bound = at_least(Tally(values.tolist()), 0.999)
    assert bound.value is not None
    assert bound.value <= np.sort(values)[1]
