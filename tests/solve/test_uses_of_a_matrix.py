"""The examples of the documentation that solve, rank, optimise and step with a noisy matrix."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from noisy import grid
from scipy import sparse
from scipy.optimize import linprog

import mho
from mho.rng import Stream
from mho.solve import BoundedErrors, MatrixOnChips
from mho.solve.methods import Equations, Solving, solve

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def example(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An example as a module."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    sys.modules.pop(name, None)
    return __import__(name)


def on_chips(matrix: Any, noise: float = 1e-4, pairs: int = 1) -> Any:
    """A matrix on cells within half of one of 256 levels."""
    return MatrixOnChips(
        matrix,
        mapping=f"residual:{pairs}",
        errors=BoundedErrors(window=1 / 512, noise=noise, looks=100),
        stream=Stream(1),
    )


def drawn(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("weight", [0.0, 3.0])
def test_regression_finds_what_the_normal_equations_say(
    weight: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a direct solution; the error is at most κ (about 10) times the residual of 1e-10."""
    ridge = example("regression", monkeypatch).ridge
    matrix = drawn(60, 12)
    targets = drawn(60, seed=1)
    found = ridge(matrix, on_chips(matrix), targets, weight)
    more = np.concatenate((matrix, np.sqrt(weight) * np.eye(12)))
    zeros = np.concatenate((targets, np.zeros(12)))
    exact = np.linalg.lstsq(more, zeros, rcond=None)[0]
    assert found.residual <= 1e-10
    assert np.linalg.norm(found.x - exact) <= 1e-9 * np.linalg.norm(exact)


def test_power_iteration_is_off_by_the_error_over_the_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """First-order perturbation: the angle is the rest of E v over the gap; twice that is allowed.

    The second eigenvalue is half the first, so that 60 steps leave 1e-18 of the start; noise is
    averaged over 30.
    """
    module = example("eigenvectors", monkeypatch)
    turn, _ = np.linalg.qr(drawn(40, 40))
    values = np.concatenate(([1.0, 0.5], np.full(38, 0.1)))
    matrix = (turn * values) @ turn.T
    matrix = (matrix + matrix.T) / 2
    analog = on_chips(matrix, noise=1e-4)
    found = module.power_iteration(analog, drawn(40, seed=2), 60, average=30)
    exact = turn[:, 0]
    looks = np.mean([analog @ exact for _ in range(50)], axis=0)
    off = np.linalg.norm(looks - exact * (looks @ exact)) / 0.5
    angle = np.sqrt(1 - min(float(found @ exact) ** 2, 1.0))
    assert 0 < angle < 2 * off


def test_ranks_of_pages_are_exact_to_twelve_digits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rough cells set the number of rounds only: each leaves 0.85^11 and the error of the sum."""
    page_rank = example("eigenvectors", monkeypatch).page_rank
    draws = np.random.default_rng(3)
    links = (draws.random((50, 50)) < 0.1).astype(float) + np.eye(50)
    links /= links.sum(axis=0)
    ranks, rounds = page_rank(links, on_chips(links))
    matrix = np.eye(50) - 0.85 * links
    exact = np.linalg.solve(matrix, np.full(50, 0.15 / 50))
    assert rounds < 60
    np.testing.assert_allclose(ranks, exact, rtol=1e-9)
    assert ranks.sum() == pytest.approx(1.0, abs=1e-10)


def test_a_transport_problem_is_solved_to_a_thousandth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three plants, four shops: the cost that HiGHS finds, and the amounts delivered."""
    primal_dual = example("linear_programme", monkeypatch).primal_dual
    supply = np.array([3.0, 2.0, 2.0])
    demand = np.array([2.0, 1.0, 3.0, 1.0])
    costs = np.array([4.0, 2, 6, 3, 5, 3, 3, 7, 3, 6, 4, 2])
    matrix = np.concatenate(
        (np.kron(np.eye(3), np.ones(4)), np.kron(np.ones(3), np.eye(4)))
    )
    wanted = np.concatenate((supply, demand))
    best = linprog(costs, A_eq=matrix, b_eq=wanted)
    x, _ = primal_dual(matrix, on_chips(matrix), wanted, costs, rounds=12)
    assert (x >= 0).all()
    np.testing.assert_allclose(matrix @ x, wanted, atol=3e-3)
    assert costs @ x == pytest.approx(best.fun, rel=1e-3)


def test_diffusion_on_a_chip_is_diffusion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mode decays by 1/(1 + share·λ) a step; ten steps of 1e-10 each."""
    module = example("fields", monkeypatch)
    points = np.arange(1, 13) / 13
    line = np.sin(np.pi * points)
    mode = np.outer(line, line).ravel()
    value = 2 * (2 - 2 * np.cos(np.pi / 13))
    field = module.diffusion(
        grid(12), lambda matrix: on_chips(matrix), mode, 0.7, 10
    )
    exact = mode / (1 + 0.7 * value) ** 10
    assert np.linalg.norm(field - exact) <= 1e-8 * np.linalg.norm(exact)


def test_a_wave_carries_the_error_of_its_products_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A standing wave after forty steps: cos(ωt), off by what forty products add up to."""
    module = example("fields", monkeypatch)
    points = np.arange(1, 13) / 13
    line = np.sin(np.pi * points)
    mode = np.outer(line, line).ravel()
    value = 2 * (2 - 2 * np.cos(np.pi / 13))
    exact = np.cos(40 * np.arccos(1 - 0.25 * value / 2)) * mode
    digital = module.wave(grid(12), mode, 0.5, 40)
    np.testing.assert_allclose(digital, exact, atol=1e-11)
    analog = on_chips(grid(12), pairs=3, noise=0.0)
    field = module.wave(analog, mode, 0.5, 40)
    error = np.linalg.norm(analog @ mode - grid(12) @ mode)
    # each of n products enters n − k times over, so that they add up to at most n² / 2
    assert np.linalg.norm(field - exact) <= 0.25 * error * 40**2 / 2 + 1e-10


def test_a_step_of_magnetohydrodynamics_is_that_of_exact_products(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three steps of vortices in a field: four pairs of cells a number, solutions to 1e-10."""
    module = example("fields", monkeypatch)
    points = np.arange(1, 13) / 13
    x, y = np.meshgrid(points, points, indexing="ij")
    omega = 8 * np.sin(np.pi * x) * np.sin(2 * np.pi * y)
    psi = (np.sin(np.pi * x) + np.sin(2 * np.pi * x)) * np.sin(np.pi * y)
    matrix = grid(12)
    analog = on_chips(matrix, pairs=4, noise=0.0)

    def chip(side: Any) -> Any:
        how = Solving(tolerance=1e-10)
        return solve(
            Equations(matrix, side), analog, how, stream=mho.Stream(0)
        ).x

    def exact(side: Any) -> Any:
        return np.linalg.solve(matrix.toarray(), side)

    fields = (omega, psi)
    wanted = (omega, psi)
    for _ in range(3):
        fields = module.mhd_step(*fields, analog, chip, 0.01, 1 / 13)
        wanted = module.mhd_step(*wanted, matrix, exact, 0.01, 1 / 13)
    assert np.linalg.norm(wanted[0] - omega) > 0.01 * np.linalg.norm(omega)
    for found, other in zip(fields, wanted, strict=True):
        error = np.linalg.norm(found - other) / np.linalg.norm(other)
        assert error <= 1e-6


def test_a_sparse_matrix_that_touches_every_block_is_the_same_as_a_dense_one() -> (
    None
):
    """Places drawn at random over four by four blocks: their order in the file must not matter."""
    draws = np.random.default_rng(1)
    matrix = sparse.random_array((300, 300), density=0.02, rng=draws)
    matrix = sparse.csr_array(matrix + 2 * sparse.eye_array(300))
    law = BoundedErrors(window=1 / 512)
    vector = drawn(300, seed=4)
    exact = matrix @ vector
    for given in (matrix, matrix.toarray()):
        analog = MatrixOnChips(
            given, mapping="residual:3", errors=law, tile=(80, 480)
        )
        off = np.linalg.norm(analog @ vector - exact)
        assert off <= 1e-5 * np.linalg.norm(exact)
