"""The law of one sample against simple sums."""

import math

import numpy as np
import pytest
import torch

from mho.characterise.telegraph.factorial_hmm import FactorialHMM
from mho.characterise.telegraph.initial_guess import make_grid
from mho.characterise.telegraph.pair_chain import pair_sums
from mho.characterise.telegraph.trap_model import (
    Model,
    densities,
    distinct_densities,
    each_trap,
    kinds_of_pairs,
)
from mho.rng import Stream


def model() -> Model:
    return Model.checked(
        20.0,
        1.0,
        np.array([12.0, 5.0]),
        np.array([0.3, 0.1]),
        np.array([0.2, 0.25]),
    )


def test_densities_are_those_of_jumps_at_random_moments() -> None:
    """Cumulative density of every pair against a chain followed in 200 steps a sample.

    40,000 samples for each start; distributions differ by less than 2.3/√n (Kolmogorov, 5 in
    100,000) plus 1 % for jumps in the same step.
    """
    one = Model.checked(
        20.0, 1.0, np.array([12.0]), np.array([0.3]), np.array([0.2])
    )
    points = 512
    step = 0.125
    parts = 200
    count = 40_000
    table = densities(one, points, step).reshape(points, 2, 2)
    assert table.sum(0) * step == pytest.approx(np.ones((2, 2)), abs=1e-6)
    draws = Stream(0).generator()
    chance = -np.expm1(-one.rates[:, 0] / parts)
    for start in (0, 1):
        state = np.full(count, start)
        empty = np.zeros(count)
        for _ in range(parts):
            state = np.where(
                torch.rand(count, generator=draws).numpy() < chance[state],
                1 - state,
                state,
            )
            empty += state == 0
        value = (
            20
            + 12 * empty / parts
            + torch.randn(count, generator=draws).numpy()
        )
        for end in (0, 1):
            chosen = np.sort(value[state == end])
            assert len(chosen) / count == pytest.approx(
                one.transition[start, end], abs=5 * math.sqrt(0.25 / count)
            )
            wanted = (
                np.cumsum(table[:, start, end]) * step
                - table[:, start, end] * step / 2
            )
            found = np.searchsorted(chosen, np.arange(points) * step) / len(
                chosen
            )
            assert (
                np.abs(found - wanted).max()
                < 2.3 / math.sqrt(len(chosen)) + 0.01
            )


def test_several_traps_are_independent() -> None:
    """Levels are sums, probabilities products, and counts of pairs split into those of each."""
    both = model()
    assert sorted(both.levels) == pytest.approx([20.0, 25.0, 32.0, 37.0])
    assert both.levels[0] == pytest.approx(37.0)
    assert both.transition.sum(1) == pytest.approx(np.ones(4))
    assert both.stationary @ both.transition == pytest.approx(both.stationary)
    pairs = 1000 * both.stationary[:, None] * both.transition
    for k, counts in enumerate(each_trap(pairs, 2)):
        assert counts[0, 1] / counts[0].sum() == pytest.approx(both.fills[k])
        assert counts[1, 0] / counts[1].sum() == pytest.approx(both.empties[k])


def test_sums_of_a_trace_are_those_of_all_its_samples() -> None:
    """A step of the fit looks densities up as it goes; here a table of all samples has them."""
    one = model()
    rng = np.random.default_rng(3)
    states = rng.integers(0, 4, 60)
    values = one.levels[np.repeat(states, 5)] + rng.standard_normal(300)
    moved, grid = make_grid(values, 1.0)
    origin = values[0] - moved[0]
    start = Model(20.0 - origin, 1.0, one.amplitude, one.fills, one.empties)
    whole = FactorialHMM(grid, start, 1, 0.0).explain(moved[:, None])
    table = distinct_densities(start, grid.points, grid.step) + grid.stray
    peak = start.undisturbed / math.sqrt(2 * math.pi)
    found = pair_sums(
        (start.stationary, start.transition),
        (table, kinds_of_pairs(2)),
        (grid.left, grid.share[:, 0].copy()),
        moved,
        (start.levels, peak, 1.0),
    )
    away = whole.clean * (moved[:, None] - start.levels)
    assert found.score == pytest.approx(whole.score, rel=1e-12)
    assert found.pairs == pytest.approx(whole.pairs.ravel(), abs=1e-9)
    assert found.weight == pytest.approx(whole.clean.sum(0), abs=1e-9)
    assert found.away == pytest.approx(away.sum(0), abs=1e-9)
    square = away * (moved[:, None] - start.levels)
    assert found.square == pytest.approx(square.sum(0), abs=1e-9)


def test_rates_are_the_exact_logarithm() -> None:
    """A sample's matrix is its tenth part's to the tenth power, whose rates are a tenth."""
    whole = model()
    tenth = 1 - (1 - whole.fills - whole.empties) ** 0.1
    share = whole.fills / (whole.fills + whole.empties)
    part = Model.checked(
        0.0, 1.0, whole.amplitude, tenth * share, tenth * (1 - share)
    )
    assert np.linalg.matrix_power(part.transition, 10) == pytest.approx(
        whole.transition
    )
    assert 10 * part.rates == pytest.approx(whole.rates)


def test_a_negative_amplitude_is_the_trap_turned_round() -> None:
    turned = Model.checked(
        10.0, 1.0, np.array([-4.0]), np.array([0.3]), np.array([0.1])
    )
    assert turned.levels == pytest.approx([10.0, 6.0])
    assert (turned.fills[0], turned.empties[0]) == (0.1, 0.3)
