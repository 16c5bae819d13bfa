"""Where one analog solver gets stuck another follows, and what small residuals are worth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from noisy import NoisyMatrix, TwoWays, falling, grid, spectrum, turned
from scipy import linalg, sparse

from mho.rng import Stream
from mho.solve.methods import (
    Equations,
    Solution,
    SolveOutcome,
    Solving,
    conditioning,
    solve,
)

WINDOW = 1 / 2048
NOISE = 1 / 8192


def found(
    matrix: Any, kind: Callable[..., Any] = TwoWays, **how: Any
) -> Solution:
    """The solution for a right side of the matrix times ones."""
    return found_for(matrix, matrix @ np.ones(matrix.shape[0]), kind, **how)


def found_for(
    matrix: Any, side: Any, kind: Callable[..., Any] = TwoWays, **how: Any
) -> Solution:
    """The solution for a right side."""
    equations = Equations(matrix, side)
    operator = kind(equations.matrix, WINDOW, NOISE)
    return solve(equations, operator, Solving(**how), stream=Stream(0))


def test_eigenvalues_around_zero_are_left_to_the_normal_equations() -> None:
    """κ = 10, 240 unknowns: GMRES takes as many products as unknowns, least squares some 70.

    A circle of eigenvalues around zero is the worst case of GMRES: its residual hardly falls
    before the last of n products. That of least squares falls by (κ - 1)/(κ + 1) an iteration.
    """
    solution = found(turned(falling(240, 10)))
    assert solution.outcome is SolveOutcome.CONVERGED
    assert solution.solvers == ("gmres", "cgls")
    assert np.abs(solution.x - 1).max() < 1e-8


def test_a_whole_basis_follows_where_the_condition_is_too_large_for_that() -> (
    None
):
    """κ = 1,000: a thousand iterations of least squares a digit; a basis of 220 is enough."""
    solution = found(turned(falling(220, 1e3)))
    assert solution.outcome is SolveOutcome.CONVERGED
    assert solution.solvers == ("gmres", "cgls", "full gmres")


def test_many_unknowns_leave_gmres_as_soon_as_few_do() -> None:
    """A shift of 2,100 numbers: GMRES needs 2,100 products, least squares one, as AᵀA = 1."""
    where = np.arange(2100)
    places = (where, np.roll(where, 1))
    shift = sparse.csr_array(sparse.coo_array((np.ones(2100), places)))
    solution = found_for(shift, np.random.default_rng(0).standard_normal(2100))
    assert solution.outcome is SolveOutcome.CONVERGED
    assert solution.solvers == ("gmres", "cgls")
    # four passes of 200 products, and as good as nothing after them
    assert solution.products[-1] < 1000


def test_an_operator_of_one_way_goes_on_without_the_normal_equations() -> None:
    solution = found(turned(falling(220, 100)), NoisyMatrix)
    assert solution.outcome is SolveOutcome.CONVERGED
    assert solution.solvers == ("gmres", "full gmres")


def test_an_operator_of_one_way_cannot_do_least_squares() -> None:
    with pytest.raises(ValueError, match="transposed"):
        found(grid(6), NoisyMatrix, method="cgls")


def test_least_squares_can_be_asked_for() -> None:
    solution = found(turned(falling(80, 30)), method="cgls")
    assert solution.outcome is SolveOutcome.CONVERGED
    assert solution.solvers == ("cgls",)


def test_few_unknowns_are_left_to_gmres_as_ever() -> None:
    """Up to 200 its basis is a whole one."""
    solution = found(turned(falling(120, 100)))
    assert solution.solvers == ("gmres",)


def test_gmres_alone_says_that_its_passes_end_too_early() -> None:
    """2,100 unknowns with a turn: no error of the chip is to blame, and none is blamed."""
    turn = sparse.csr_array(np.roll(np.eye(2100), 1, axis=0))
    side = np.zeros(2100)
    side[0] = 1.0
    solution = found_for(turn, side, method="gmres")
    assert solution.outcome is SolveOutcome.STAGNATED
    assert "a pass of `gmres` ends before" in solution.explanation[-1]


@pytest.mark.parametrize("kappa", [3.0, 1e3, 1e6])
def test_the_error_of_a_solution_is_within_what_is_said(kappa: float) -> None:
    """|x - x*| ≤ |A⁻¹| |b - Ax|, and the random residual is not far from the worst case."""
    solution = found(turned(falling(60, kappa)))
    off = np.linalg.norm(solution.x - 1) / np.linalg.norm(solution.x)
    assert solution.error is not None
    assert off <= solution.error * (1 + 1e-6) + 1e-15 * kappa
    assert solution.condition == pytest.approx(kappa, rel=1e-6)


def test_a_small_residual_with_a_large_error_is_warned_of() -> None:
    """Hilbert's matrix of ten: κ is 1.6e13, and 1e-10 of residual say nothing of the solution."""
    solution = found(linalg.hilbert(10))
    assert solution.outcome is SolveOutcome.CONVERGED
    assert np.linalg.norm(solution.x - 1) > 1e-3
    assert "though its residual is small" in solution.explanation[-1]


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    solution = found(grid(6))
    assert not any("condition" in told for told in solution.explanation)


def test_one_of_many_solutions_is_called_that() -> None:
    chain = sparse.diags_array(
        [-np.ones(29), np.r_[1.0, 2 * np.ones(28), 1], -np.ones(29)],
        offsets=[-1, 0, 1],
    )
    side = np.linspace(-1, 1, 30)
    equations = Equations(chain, side)
    operator = TwoWays(equations.matrix, 0.0)
    solution = solve(equations, operator, stream=Stream(0))
    assert solution.outcome is SolveOutcome.CONVERGED
    assert "may be any of them" in solution.explanation[-1]
    assert solution.error == np.inf


def test_scaled_columns_count_in_the_error_of_what_was_asked() -> None:
    """Columns of 1e±7: the small residual is of the large ones, and the error of the others."""
    draws = np.random.default_rng(3)
    matrix = draws.standard_normal((40, 40)) + 12 * np.eye(40)
    solution = found(matrix * 10.0 ** draws.uniform(-7, 7, 40))
    off = np.linalg.norm(solution.x - 1) / np.linalg.norm(solution.x)
    assert solution.outcome is SolveOutcome.CONVERGED
    assert solution.error is not None
    assert off <= solution.error


@pytest.mark.parametrize("dense", [True, False])
def test_conditions_of_many_unknowns_are_estimated(dense: bool) -> None:
    """Turned diagonals with one least and one largest number, alone by a factor of two: κ = 200.

    Thirty iterations leave a share of 2⁻⁶⁰ of the others.
    """
    diagonal = np.r_[20.0, np.linspace(0.2, 10, 1098), 0.1]
    known = conditioning(turned_rows(diagonal, dense))
    assert known is not None
    assert known.number == pytest.approx(200)
    assert known.inverse == pytest.approx(10)


@pytest.mark.parametrize("dense", [True, False])
def test_singular_matrices_have_no_condition(dense: bool) -> None:
    diagonal = np.ones(1100)
    diagonal[7] = 0.0
    known = conditioning(turned_rows(diagonal, dense))
    assert known is not None
    assert known.number == np.inf
    assert known.singular


def turned_rows(diagonal: Any, dense: bool) -> Any:
    """A diagonal whose rows stand one place lower: the same singular values, not symmetric."""
    matrix = np.roll(np.diag(diagonal), 1, axis=0)
    return matrix if dense else sparse.csr_array(matrix)


def test_a_condition_that_takes_long_is_not_known() -> None:
    """Entries anywhere: an elimination would fill the matrix."""
    draws = np.random.default_rng(0)
    cols = draws.integers(0, 6000, 24_000)
    rows = draws.integers(0, 6000, 24_000)
    spread = sparse.coo_array((np.ones(24_000), (rows, cols)), (6000, 6000))
    matrix = sparse.csr_array(spread + 9 * sparse.eye_array(6000))
    assert conditioning(matrix) is None


def test_a_matrix_that_is_symmetric_but_for_rounding_is_symmetric() -> None:
    """Sums of 97 products cancel to small entries, which keep the rounding of large ones."""
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((97, 97)))
    matrix = (turn * falling(97, 3)) @ turn.T
    assert not np.array_equal(matrix, matrix.T)
    assert Equations(matrix, np.ones(97)).symmetric
    matrix[3, 5] += 1e-9
    assert not Equations(matrix, np.ones(97)).symmetric


def test_zeros_on_the_diagonal_do_not_make_a_matrix_symmetric() -> None:
    matrix = spectrum(falling(20, 3))
    np.fill_diagonal(matrix, 0.0)
    matrix[2, 5] *= 1 + 1e-9
    assert not Equations(matrix, np.ones(20)).symmetric
