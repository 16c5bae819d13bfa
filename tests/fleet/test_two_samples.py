"""Comparing two samples: found as often as promised, and no oftener where there is nothing."""

import math

import numpy as np
import pytest

from mho.fleet import DIFFERENT, compare, rank_power, shape_power

ROUNDS = 60


def test_a_difference_is_seen_as_often_as_its_power_says() -> None:
    """Normal scores 2.95 standard errors apart: the power is 0.7, its share within five errors."""
    rng = np.random.default_rng(2)
    effect = 2.95 * math.sqrt(2 / 40)
    seen = 0
    promised = []
    for _ in range(ROUNDS):
        one = rng.normal(effect, 1.0, 40)
        found = compare(one.tolist(), rng.normal(0.0, 1.0, 40).tolist(), effect)
        seen += found.mean_p < DIFFERENT
        assert found.power is not None
        promised.append(found.power)
    power = float(np.mean(promised))
    assert abs(power - 0.70) < 0.05
    error = math.sqrt(power * (1 - power) / ROUNDS)
    assert abs(seen / ROUNDS - power) < 5 * error


def test_equal_kinds_are_told_apart_no_oftener_than_the_probabilities_say() -> (
    None
):
    """Scores of few values, as accuracies are: p is below 0.05 in 5 % of all comparisons."""
    rng = np.random.default_rng(3)
    below = np.zeros(3)
    for _ in range(ROUNDS):
        one, other = rng.binomial(450, 0.993, (2, 40)) / 450
        found = compare(one.tolist(), other.tolist())
        below += np.array([found.mean_p, found.rank_p, found.shape_p]) < 0.05
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


def test_shuffles_are_the_same_however_many_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One by one, as they are of many chips, or all at once: no more memory than for a block."""
    rng = np.random.default_rng(5)
    one, other = rng.normal(0, 1, 40).tolist(), rng.normal(0.3, 1, 40).tolist()
    at_once = compare(one, other).shape_p
    sizes = []
    permuted = np.random.Generator.permuted

    class Counted:
        def __init__(self, seed: int) -> None:
            self._own = np.random.Generator(np.random.PCG64(seed))

        def permuted(self, values: np.ndarray, axis: int) -> np.ndarray:
            sizes.append(values.size)
            return permuted(self._own, values, axis=axis)

    monkeypatch.setattr("mho.fleet.two_samples._BLOCK", 200)
    monkeypatch.setattr("numpy.random.default_rng", Counted)
    assert compare(one, other).shape_p == at_once
    assert max(sizes) <= 200


def test_there_is_no_power_where_no_chip_differs() -> None:
    """Two kinds of equal chips: nothing is known of how much others would differ."""
    found = compare([0.5] * 8, [0.5] * 8, 0.001)
    assert found.power is None
    assert found.seen is None


def test_the_power_of_distributions_is_that_of_shifted_samples() -> None:
    """As often as samples that are really shifted are told apart; 1 by far beyond, and 0.025 at 0.

    Normal scores on a grid of a hundredth or all of their spread: the grid alone tells nothing
    apart.
    """
    rng = np.random.default_rng(5)

    def sample(shift: float) -> list[float]:
        return np.round(rng.normal(shift, 1, 60), 2).tolist()

    promised = [shape_power(sample(0), sample(0), 0.6) for _ in range(2)]
    seen = [
        compare(sample(0.6), sample(0)).shape_p < DIFFERENT for _ in range(40)
    ]
    power = float(np.mean([one for one in promised if one is not None]))
    assert abs(power - np.mean(seen)) < 5 * math.sqrt(power * (1 - power) / 40)
    assert 0.5 < power < 0.99
    assert shape_power(sample(0), sample(0), 5.0) == 1.0
    at_once = shape_power(sample(0), sample(0), 1e-6)
    assert at_once is not None
    assert at_once < 0.08
    coarse = np.round(rng.normal(0, 1, 120))
    least = shape_power(coarse[:60].tolist(), coarse[60:].tolist(), 1e-6)
    assert least is not None
    assert least < 0.08
    assert shape_power([0.5] * 8, [0.5] * 8, 0.001) is None


def test_ranks_are_mann_and_whitneys() -> None:
    """Against scipy, ties among them; a chip far off moves them no more than the last one does."""
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(6)
    one = rng.binomial(20, 0.5, 30).astype(float)
    other = rng.binomial(20, 0.6, 50).astype(float)
    found = compare(one.tolist(), other.tolist()).rank_p
    wanted = stats.mannwhitneyu(one, other, method="asymptotic").pvalue
    assert found == pytest.approx(wanted, rel=1e-9)
    outlier = np.where(other == other.max(), 1e6, other)
    assert compare(one.tolist(), outlier.tolist()).rank_p == found


def test_the_power_of_ranks_is_that_of_shifted_samples_and_outliers_leave_it() -> (
    None
):
    """Chips like those of digits: normal, but a few that are far off, where means see nothing."""
    rng = np.random.default_rng(7)

    def sample(shift: float) -> list[float]:
        near = rng.normal(shift, 1, 60)
        return np.where(rng.random(60) < 0.03, near - 50, near).tolist()

    power = rank_power(sample(0), sample(0), 0.6)
    assert power is not None
    seen = [
        compare(sample(0.6), sample(0)).rank_p < DIFFERENT for _ in range(60)
    ]
    assert abs(power - np.mean(seen)) < 5 * math.sqrt(power * (1 - power) / 60)
    assert 0.5 < power < 0.99
    by_means = compare(sample(0), sample(0), 0.6).power
    assert by_means is not None
    assert by_means < 0.3
    assert rank_power([0.5] * 8, [0.5] * 8, 0.001) is None
