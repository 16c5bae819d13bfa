"""Comparing two samples: found as often as promised, and no oftener where there is nothing."""

import math

import numpy as np

from mho.fleet import compare

ROUNDS = 60


def test_a_difference_is_seen_as_often_as_its_power_says() -> None:
    """Normal scores 2.8 standard errors apart: the power is 0.8, its share within five errors."""
    rng = np.random.default_rng(2)
    effect = 2.8 * math.sqrt(2 / 40)
    seen = 0
    promised = []
    for _ in range(ROUNDS):
        one = rng.normal(effect, 1.0, 40)
        found = compare(one.tolist(), rng.normal(0.0, 1.0, 40).tolist(), effect)
        seen += found.mean_p < 0.05
        assert found.power is not None
        promised.append(found.power)
    power = float(np.mean(promised))
    assert abs(power - 0.79) < 0.05
    error = math.sqrt(power * (1 - power) / ROUNDS)
    assert abs(seen / ROUNDS - power) < 5 * error


def test_equal_kinds_are_told_apart_no_oftener_than_the_probabilities_say() -> (
    None
):
    """Scores of few values, as accuracies are: p is below 0.05 in 5 % of all comparisons."""
    rng = np.random.default_rng(3)
    below = np.zeros(2)
    for _ in range(ROUNDS):
        one, other = rng.binomial(450, 0.993, (2, 40)) / 450
        found = compare(one.tolist(), other.tolist())
        below += (found.mean_p < 0.05, found.shape_p < 0.05)
    most = 0.05 + 5 * math.sqrt(0.05 * 0.95 / ROUNDS)
    assert (below / ROUNDS <= most).all()


def test_a_shape_is_seen_where_the_means_are_equal() -> None:
    """Twice as wide, with the same mean: the means say nothing, the distributions all."""
    rng = np.random.default_rng(4)
    half = rng.normal(0, 1, 150)
    one = [*half, *-half]
    found = compare(one, [2 * score for score in one])
    assert found.shape_p < 0.01
    assert found.mean_p > 0.9
