"""Equations that are built in: what they are by their definitions."""

import numpy as np
import pytest
from noisy import grid
from scipy import sparse

from mho.files import TooLargeError
from mho.rng import Stream
from mho.solve.gallery import KINDS, built_in


def dense(word: str, seed: int = 0) -> np.ndarray:
    matrix = built_in(word, Stream(seed)).matrix
    return matrix.toarray() if sparse.issparse(matrix) else matrix


def test_poisson_in_the_plane_is_the_five_point_stencil() -> None:
    assert np.array_equal(dense("poisson2d:7"), grid(7).toarray())


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_eigenvalues_of_poisson_are_those_of_the_formula(
    dimension: int,
) -> None:
    """Of a grid of n points: sums of 2 − 2 cos(kπ/(n+1)), one term a direction."""
    line = 2 - 2 * np.cos(np.arange(1, 6) * np.pi / 6)
    sums = line
    for _ in range(dimension - 1):
        sums = np.add.outer(sums, line).ravel()
    found = np.linalg.eigvalsh(dense(f"poisson{dimension}d:5"))
    np.testing.assert_allclose(found, np.sort(sums), rtol=1e-12)


def test_the_solution_of_poisson_is_the_parabola() -> None:
    """−u'' = 1 between walls at 0 has u = x(1−x)/2, exact on a grid for a parabola."""
    problem = built_in("poisson1d:31", Stream(0))
    x = np.arange(1, 32) / 32
    found = np.linalg.solve(problem.matrix.toarray(), problem.rhs)
    np.testing.assert_allclose(found, x * (1 - x) / 2, rtol=1e-11)


@pytest.mark.parametrize("kappa", [1.0, 50.0, 1e4])
@pytest.mark.parametrize("kind", ["random", "general"])
def test_random_matrices_have_the_condition_asked_for(
    kind: str, kappa: float
) -> None:
    matrix = dense(f"{kind}:40:{kappa:g}")
    assert np.linalg.cond(matrix) == pytest.approx(kappa, rel=1e-9)
    assert np.array_equal(matrix, matrix.T) == (kind == "random")


@pytest.mark.parametrize("word", ["covariance:30", "circuit:30", "random:9"])
def test_symmetric_ones_are_positive_definite(word: str) -> None:
    matrix = dense(word)
    assert np.array_equal(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_a_circuit_leaks_to_ground_what_is_put_in() -> None:
    """All voltages times the conductance to ground add up to the ampere of the first node."""
    problem = built_in("circuit:40", Stream(3))
    voltages = np.linalg.solve(problem.matrix.toarray(), problem.rhs)
    assert 0.01 * voltages.sum() == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_and_the_seed(kind: str) -> None:
    """One point works; the same seed gives the same, whatever was drawn before."""
    assert dense(f"{kind}:1").shape == (1, 1)
    assert np.array_equal(dense(f"{kind}:5", 7), dense(f"{kind}:5", 7))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("poisson2d", "must name built-in equations"),
        ("poisson4d:3", "must name built-in equations"),
        ("poisson2d:4:50", "must name built-in equations"),
        ("poisson2d:x", "must name built-in equations"),
        ("poisson2d:nan", "must name built-in equations"),
        ("poisson2d:-4", "must lie within 1 to"),
        ("poisson1d:2.5", "whole number"),
        ("poisson3d:1000", "must lie within 1 to"),
        ("random:8:0.5", "`kappa` must lie within 1"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    word: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        built_in(word, Stream(0))


def test_a_dense_one_that_needs_too_much_memory_is_refused() -> None:
    with pytest.raises(TooLargeError, match="--max-memory"):
        built_in("random:100000", Stream(0))
