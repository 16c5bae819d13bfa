"""Refinement around noisy products: what it reaches, where it ends, and what it says then."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from noisy import NoisyMatrix, falling, grid, spectrum, turned
from scipy import linalg, sparse

from mho.files import KeptState
from mho.rng import Stream
from mho.solve.methods import (
    Equations,
    Solution,
    SolveOutcome,
    Solving,
    floor_of,
    solve,
)


def solved(
    matrix: Any,
    rhs: Any,
    *,
    window: float,
    noise: float = 0.0,
    **how: Any,
) -> Solution:
    """A solution by a noisy stand-in, whose residual is computed here once more."""
    equations = Equations(matrix, rhs)
    operator = NoisyMatrix(equations.matrix, window, noise)
    found = solve(equations, operator, Solving(**how), stream=Stream(0))
    left = np.linalg.norm(rhs - matrix @ found.x)
    # a last digit of each term of a row may differ by the order of sums
    allowed = found.residual * (1 + 1e-6) + 1e-14
    assert left <= allowed * np.linalg.norm(rhs)
    return found


def drawn(count: int, seed: int = 5) -> Any:
    return np.random.default_rng(seed).standard_normal(count)


def test_six_bits_inside_give_twelve_digits_outside() -> None:
    """κ = 50, 256 unknowns, cells within half of one of 64 levels: 1e-12, whatever the pace.

    The window is half a step of 64 levels over ±1; noise a quarter of it. Each step of refinement
    leaves a share of the residual that the errors of the cells set, so that digits add up.
    """
    found = solved(
        spectrum(falling(256, 50)),
        drawn(256),
        window=1 / 64,
        noise=1 / 256,
        tolerance=1e-12,
    )
    assert found.outcome is SolveOutcome.CONVERGED
    assert found.residual <= 1e-12


def test_eleven_bits_inside_stand_a_condition_of_ten_thousand() -> None:
    """κ = 1e4, one cell a number of 2,048 levels: here κ·ε is above 1, and GMRES takes over.

    Whatever the cells: as many independent steps as unknowns are waited for.
    """
    found = solved(
        spectrum(falling(256, 1e4)),
        drawn(256),
        window=1 / 2048,
        noise=1 / 8192,
        tolerance=1e-12,
    )
    assert found.outcome is SolveOutcome.CONVERGED
    assert found.solvers[:2] == ("cg", "gmres")


@pytest.mark.parametrize("window", [1 / 64, 1 / 256, 1 / 2048])
def test_cg_on_a_grid_of_64_by_64_reaches_ten_digits(window: float) -> None:
    found = solved(
        grid(64), np.ones(4096), window=window, noise=window / 4, method="cg"
    )
    assert found.outcome is SolveOutcome.CONVERGED
    assert found.residual <= 1e-10


@pytest.mark.parametrize("method", ["refine", "cg", "gmres", "jacobi"])
def test_every_method_finds_what_a_direct_solver_finds(method: str) -> None:
    """The error is at most κ times the residual; κ of the 12 by 12 grid is 68."""
    matrix = grid(12)
    rhs = drawn(144)
    found = solved(matrix, rhs, window=1 / 512, noise=1e-4, method=method)
    exact = np.linalg.solve(matrix.toarray(), rhs)
    assert found.outcome is SolveOutcome.CONVERGED
    error = np.linalg.norm(found.x - exact) / np.linalg.norm(exact)
    assert error <= 68 * 1e-10


def test_the_smallest_of_few_cells_says_how_many_products_it_took() -> None:
    """Products of a solution and of its trial are all the operator was asked for."""
    equations = Equations(grid(8), np.ones(64))
    operator = NoisyMatrix(equations.matrix, 1 / 256)
    found = solve(equations, operator, stream=Stream(0))
    assert operator.products == found.products[-1] + found.probe.products


@pytest.mark.parametrize("noise", [0.0, 1e-3, 3e-3, 1e-2])
@pytest.mark.parametrize("window", [1e-4, 3e-3])
def test_a_single_pass_ends_where_the_errors_of_its_products_say(
    window: float, noise: float
) -> None:
    """Write error acts on the solution, noise on each step: √((e|x|)² + ν²Σ|Δx|²) over |b|.

    Both kinds and their sum, over two decades; the bar is a factor of 1.5. Errors of entries are
    independent, so that of 256 rows the length is good to 1/√512, about 5 %, three times over: in
    the trial, in the floor, and by its three vectors.
    """
    matrix = grid(16)
    rhs = drawn(256)
    equations = Equations(matrix, rhs)
    operator = NoisyMatrix(matrix, window, noise)
    how = Solving(method="cg", steps=1, products=120)
    found = solve(equations, operator, how, stream=Stream(0))
    exact = np.linalg.solve(matrix.toarray(), rhs)
    steps = path_of_exact_cg(matrix, rhs, 120)
    expected = floor_of(equations, exact, steps, found.probe)
    assert expected / 1.5 < found.residual < expected * 1.5


def path_of_exact_cg(matrix: Any, rhs: Any, count: int) -> float:
    """Root of the summed squares of the steps of conjugate gradients, textbook form."""
    r = rhs.copy()
    p = r.copy()
    total = 0.0
    for _ in range(count):
        q = matrix @ p
        alpha = (r @ r) / (p @ q)
        total += (alpha * np.linalg.norm(p)) ** 2
        after = r - alpha * q
        if np.linalg.norm(after) < 1e-12 * np.linalg.norm(rhs):
            break
        p = after + (after @ after) / (r @ r) * p
        r = after
    return float(np.sqrt(total))


def test_an_interrupted_solution_goes_on_to_the_same_bits(
    tmp_path: Path,
) -> None:
    """The state has all that counts: after any number of steps the rest is the same."""

    def start(progress: Any, state: KeptState | None) -> Solution:
        equations = Equations(spectrum(falling(64, 200)), drawn(64))
        # the noise of a product is named by its number, as on chips
        operator = Numbered(equations.matrix)
        return solve(
            equations,
            operator,
            Solving(tolerance=1e-13),
            stream=Stream(0),
            progress=progress,
            state=state,
            counters=lambda: {"products": operator.number},
            restore=lambda facts: operator.__setattr__(
                "number", facts["products"]
            ),
        )

    whole = start(lambda *_: None, None)
    state = Eager(tmp_path / "course.safetensors", "identity")
    told = 0

    def interrupt(_: str, __: float) -> None:
        nonlocal told
        told += 1
        if told % 4 == 0:
            raise KeyboardInterrupt

    interruptions = 0
    while True:
        try:
            again = start(interrupt, state)
            break
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions >= 2
    assert again.residuals == whole.residuals
    assert np.array_equal(again.x, whole.x)
    assert again.products == whole.products
    assert again.explanation == whole.explanation


class Eager(KeptState):
    """Saves after every step."""

    @property
    def due(self) -> bool:
        return True


class Numbered:
    """A matrix with errors whose noise is named by the number of the product."""

    def __init__(self, matrix: Any) -> None:
        self.shape = matrix.shape
        self.held = matrix + 0.002 * drawn(matrix.size, 1).reshape(self.shape)
        self.number = 0

    def __matmul__(self, vector: Any) -> Any:
        noise = drawn(vector.size, 100 + self.number)
        self.number += 1
        return self.held @ vector + 1e-3 * np.linalg.norm(vector) * noise


def test_a_matrix_too_badly_conditioned_for_its_cells_is_told_the_figure() -> (
    None
):
    """κ·ε far above 1, steps not combined: it stagnates or diverges, and says κ and ε."""
    rough = {"window": 1 / 8, "noise": 0.1, "combine": 0}
    found = solved(spectrum(falling(64, 1e9)), drawn(64), **rough)
    assert found.outcome in (SolveOutcome.STAGNATED, SolveOutcome.DIVERGED)
    assert found.steps < 500
    text = " ".join(found.explanation)
    told = re.search(r"The condition (\S+) times the lasting error", text)
    assert told is not None
    # of the matrix as scaled, whose rows were unlike enough here to be
    assert 1e7 < float(told[1]) < 1e10
    assert "1 or more" in text


def test_a_matrix_that_turns_out_indefinite_is_told_or_left_to_gmres() -> None:
    """Eigenvalues of both signs behind a positive diagonal: seen by exact curvature on the way."""
    matrix = spectrum(np.concatenate((falling(40, 20), -falling(4, 3) / 10)))
    assert (np.diag(matrix) > 0).all()
    asked = solved(matrix, drawn(44), window=1 / 512, method="cg")
    assert asked.outcome is SolveOutcome.STAGNATED
    assert "not positive definite" in asked.explanation[-1]
    left = solved(matrix, drawn(44), window=1 / 512)
    assert left.outcome is SolveOutcome.CONVERGED
    assert left.solvers == ("cg", "gmres")


def test_a_definite_matrix_is_not_called_indefinite_for_its_rounding() -> None:
    """The inverse of Pascal's matrix of six: its determinant is 1, its condition 1e5.

    Near the end a difference of residuals has so few digits that a step seems to have a negative
    curvature; the matrix times the step shows that it has none.
    """
    matrix = linalg.invpascal(6).astype(float)
    how = {"window": 1 / 8192, "noise": 1 / 32768, "method": "cg"}
    found = solved(matrix, matrix @ np.ones(6), **how)
    assert found.outcome is SolveOutcome.CONVERGED


def test_as_many_steps_as_unknowns_are_a_solution_whatever_the_condition() -> (
    None
):
    """κ = 1e8, 2,048 levels: corrections point nearly anywhere; n independent ones do it yet."""
    matrix = spectrum(falling(60, 1e8))
    found = solved(matrix, matrix @ np.ones(60), window=1 / 2048)
    assert found.outcome is SolveOutcome.CONVERGED
    assert found.steps <= 2 * 60 + 25


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("window", [1 / 512, 1 / 8192])
def test_a_step_that_earlier_ones_span_is_left_out(
    window: float, seed: int
) -> None:
    """Three unknowns take three steps: what a fourth has beside them is rounding, and no image.

    Made to length one, that rounding is a direction of 1e25 and the end of the solution.
    """
    matrix = spectrum(np.array([1.0, -1e-3, 1e-6]), seed)
    found = solved(matrix, matrix @ np.ones(3), window=window, method="gmres")
    assert found.outcome is SolveOutcome.CONVERGED
    assert found.steps <= 3 + 12


def test_images_of_poor_steps_have_all_their_digits() -> None:
    """κ = 1e10, 40 unknowns: down to the rounding of double precision itself, some 1e-15.

    A difference of residuals has lost the digits that lie between it and the right side, and
    combinations of such images end at 1e-9.
    """
    matrix = turned(falling(40, 1e10))
    how = {"method": "gmres", "tolerance": 1e-13}
    found = solved(matrix, matrix @ np.ones(40), window=1 / 2048, **how)
    assert found.outcome is SolveOutcome.CONVERGED


def test_no_step_is_waited_for_where_double_precision_has_no_more() -> None:
    """1e-15 asked for at κ = 1e4, whose residuals are rounded to some 1e-12 of the right side.

    As many steps as unknowns, 60, and a dozen are waited for where there is more to come, as with
    cells so rough that only the last steps get anywhere; here the dozen.
    """
    matrix = spectrum(falling(60, 1e4))
    found = solved(matrix, drawn(60), window=1 / 8192, tolerance=1e-15)
    assert found.outcome is SolveOutcome.STAGNATED
    assert found.steps < 60
    assert "floor of double precision itself" in found.explanation[-1]
    late = solved(
        spectrum(falling(60, 1e8)), drawn(60), window=1 / 8, noise=0.1
    )
    assert late.residual < 1e-7


def test_the_last_solver_waits_for_as_many_steps_as_unknowns() -> None:
    """κ = 1e4, 204 unknowns, one pair of 2,048 levels: a dozen steps stand still on the way.

    GMRES takes over what was found of its kind before: 148 steps, and 169 if it begins anew.
    """
    found = solved(
        spectrum(falling(204, 1e4)),
        drawn(204),
        window=1 / 2048,
        noise=1 / 8192,
    )
    assert found.outcome is SolveOutcome.CONVERGED
    assert found.solvers == ("cg", "gmres", "full gmres")
    assert found.steps < 160


def test_plain_refinement_is_lost_where_combined_steps_arrive() -> None:
    """κ·ε above 1, corrections added as they come get nowhere."""
    matrix = spectrum(falling(256, 50))
    noise = 1 / 128
    rough = {"window": 1 / 32, "noise": noise, "method": "cg"}
    plain = solved(matrix, drawn(256), combine=0, **rough)
    assert plain.outcome in (SolveOutcome.DIVERGED, SolveOutcome.STAGNATED)
    assert plain.residuals[-1] > 1e-6
    combined = solved(matrix, drawn(256), **rough)
    assert combined.outcome is SolveOutcome.CONVERGED


def test_a_singular_matrix_is_called_singular() -> None:
    vector = np.arange(1.0, 9.0)
    matrix = np.outer(vector, vector) + np.ones((8, 8))
    found = solved(matrix, drawn(8), window=1 / 256)
    assert found.outcome is not SolveOutcome.CONVERGED
    assert "singular to double precision" in " ".join(found.explanation)


def test_a_singular_matrix_is_solved_where_there_is_a_solution() -> None:
    """A circuit without ground whose currents sum to zero: conjugate gradients find voltages."""
    matrix = np.diag([1.0, 2.0, 2.0, 1.0]) - np.eye(4, k=1) - np.eye(4, k=-1)
    found = solved(matrix, np.array([1.0, 0.0, 0.0, -1.0]), window=0.0)
    assert found.outcome is SolveOutcome.CONVERGED


def test_which_error_sets_the_floor_is_said_with_its_cure() -> None:
    """Write error alone asks for cells; noise alone for longer reads; nothing else is blamed."""
    matrix = spectrum(falling(64, 1e5))
    by_cells = solved(matrix, drawn(64), window=0.1, steps=1)
    by_noise = solved(matrix, drawn(64), window=1e-9, noise=0.02, steps=1)
    assert "What lasts counts most: more cells" in by_cells.explanation[-1]
    assert "Read noise counts most: read longer" in by_noise.explanation[-1]
    assert "more cells" not in by_noise.explanation[-1]


def test_double_precision_has_a_floor_of_its_own() -> None:
    """κ = 1e6: |A||x| is so much more than b that 1e-15 of b cannot be told from rounding."""
    found = solved(
        spectrum(falling(64, 1e6)), drawn(64), window=0.0, tolerance=1e-15
    )
    assert found.outcome is SolveOutcome.STAGNATED
    assert "double precision itself" in " ".join(found.explanation)


def test_steps_end_and_say_so() -> None:
    found = solved(grid(16), np.ones(256), window=1 / 64, steps=3)
    assert found.outcome is SolveOutcome.OUT_OF_STEPS
    assert found.steps == 3
    assert "`steps`" in found.explanation[-1]


def test_nothing_to_solve_is_solved() -> None:
    found = solved(grid(4), np.zeros(16), window=1 / 64)
    assert found.outcome is SolveOutcome.CONVERGED
    assert not found.x.any()


def test_rows_of_unlike_size_are_scaled_without_changing_a_digit() -> None:
    """Nine decades between rows: scaled, the chip sees all; the solution is of the given ones."""
    factors = np.logspace(0, 9, 32)
    matrix = factors[:, None] * spectrum(falling(32, 10))
    found = solved(matrix, matrix @ np.ones(32), window=1 / 128)
    assert found.outcome is SolveOutcome.CONVERGED
    assert "scaled by powers of two" in " ".join(found.explanation)
    # every row counts, not only the large ones: error at most κ = 10 of the scaled rows, times
    # what their scaling to powers of two leaves unlike, a factor of 2
    np.testing.assert_allclose(found.x, 1.0, atol=20 * 1e-10)


def unlike(case: str) -> Any:
    """Six rows of which one is a million and more times another's size, or a diagonal of such."""
    if case == "diagonal":
        return np.diag(10.0 ** np.arange(-8, 8))
    matrix = drawn(36).reshape(6, 6) + 6 * np.eye(6)
    matrix[0] *= float(case)
    return matrix


@pytest.mark.parametrize("case", ["1e7", "1e-6", "diagonal"])
def test_a_residual_of_unlike_rows_may_rise_before_it_falls(case: str) -> None:
    """Right sides of ones: what is left of a large row counts much until the end.

    The solution is that of a direct solver, within the tolerance times the condition of the
    scaled rows, which is below 20.
    """
    matrix = unlike(case)
    rhs = np.ones(len(matrix))
    equations = Equations(matrix, rhs)
    operator = NoisyMatrix(equations.matrix, 1 / 64, 1e-3)
    found = solve(equations, operator, stream=Stream(0))
    assert found.outcome is SolveOutcome.CONVERGED
    if case == "1e7":
        assert max(found.residuals) > 10
    np.testing.assert_allclose(
        found.x, np.linalg.solve(matrix, rhs), rtol=20 * 1e-10
    )


@pytest.mark.parametrize("case", ["1e-8", "1e12"])
def test_unlike_rows_have_a_floor_of_double_precision_that_is_named(
    case: str,
) -> None:
    """The last digit of a large row is much of the right side; the solution is good all the same.

    Its error is rounding times the condition of the scaled rows, below 20, with ten to spare. Of
    rows unlike by 1e12 the last digits decide, which processors round differently: some converge.
    """
    matrix = unlike(case)
    equations = Equations(matrix, np.ones(6))
    operator = NoisyMatrix(equations.matrix, 1 / 64, 1e-3)
    found = solve(equations, operator, stream=Stream(0))
    converges = found.outcome is SolveOutcome.CONVERGED and case == "1e12"
    if not converges:
        assert found.outcome is SolveOutcome.STAGNATED
        text = found.explanation[-1]
        assert "double precision itself" in text
        assert "divide rows and their right sides" in text
    wanted = np.linalg.solve(matrix, np.ones(6))
    error = np.linalg.norm(found.x - wanted) / np.linalg.norm(wanted)
    assert error < 200 * np.finfo(np.float64).eps


def test_every_row_counts_as_scaled_and_as_given() -> None:
    """Rows of 1 and 2**20: one residual in the small row, and one in the large row."""
    factors = np.array([1.0, 2.0**20])
    equations = Equations(np.diag(factors), factors)
    scaling = equations.scaling
    assert scaling is not None
    for given in ([1e-3, 0.0], [0.0, 1e-3 * 2.0**20]):
        left = equations.relative(scaling.rows * given)
        as_scaled = np.linalg.norm(scaling.rows * given) / np.linalg.norm(
            scaling.rows * factors
        )
        as_given = np.linalg.norm(given) / np.linalg.norm(factors)
        assert left.scaled == pytest.approx(as_scaled)
        assert left.given == pytest.approx(as_given)
        assert left.larger == max(left.scaled, left.given)


def test_a_tiny_right_side_is_solved_like_any_other() -> None:
    """A power of two changes no digit: 2**-490, about 3e-148, whose square is no number."""
    matrix = spectrum(falling(16, 20))

    def of(rhs: Any) -> Solution:
        operator = NoisyMatrix(matrix, 1 / 64, 1e-3)
        how = Solving(tolerance=1e-15)
        return solve(Equations(matrix, rhs), operator, how, stream=Stream(0))

    plain = of(drawn(16))
    tiny = of(np.ldexp(drawn(16), -490))
    assert tiny.residuals == plain.residuals
    assert np.array_equal(np.ldexp(tiny.x, 490), plain.x)


def test_images_of_kept_steps_are_orthonormal_to_the_last_digits(
    tmp_path: Path,
) -> None:
    """Made orthogonal twice they are so to rounding of their 60 numbers; once, ten times worse."""
    matrix = spectrum(falling(60, 1e8))
    equations = Equations(matrix, matrix @ np.ones(60))
    state = Eager(tmp_path / "course.safetensors", "identity")
    solve(
        equations,
        NoisyMatrix(equations.matrix, 1 / 2048),
        Solving(method="gmres", steps=40, drop=0.9, products=3),
        stream=Stream(0),
        state=state,
    )
    held = state.load()
    assert held is not None
    images = held[0]["course"]["images"].numpy()
    assert 20 < len(images) < 60
    off = np.abs(images @ images.T - np.eye(len(images))).max()
    assert off < 60 * np.finfo(np.float64).eps


def test_sweeps_are_damped_where_row_sums_are_large() -> None:
    """Correlations with eigenvalues up to about (1 + √½)² = 2.9 times the diagonal.

    Sweeps with the whole step multiply that part by −1.9; damped by the row sums they end, by
    the smallest eigenvalue of about 0.09, far below a tenth in 200.
    """
    draws = drawn(80 * 40).reshape(80, 40)
    square = draws.T @ draws
    size = np.sqrt(np.diag(square))
    matrix = square / np.outer(size, size)
    assert np.linalg.eigvalsh(matrix)[-1] > 2.2
    found = solved(matrix, drawn(40), window=0.0, method="jacobi", steps=1)
    assert found.residual < 0.01


def test_mirrored_entries_are_compared_by_their_own_size() -> None:
    """Beside an entry of 1e15, 1 and 0 are no rounding of each other; 1 and 1 + 1e-15 are."""
    lopsided = np.array([[1e15, 1.0], [0.0, 1.0]])
    assert not Equations(lopsided, np.ones(2)).symmetric
    rounded = np.array([[1e15, 1.0], [1.0 + 1e-15, 1.0]])
    assert Equations(rounded, np.ones(2)).symmetric
    for given in (lopsided, rounded):
        same = Equations(sparse.csr_array(given), np.ones(2)).symmetric
        assert same == Equations(given, np.ones(2)).symmetric


def test_an_operator_that_gives_no_numbers_diverges_at_once() -> None:
    equations = Equations(grid(4), np.ones(16))

    class Broken:
        shape = (16, 16)

        def __matmul__(self, _: Any) -> Any:
            return np.full(16, np.nan)

    found = solve(equations, Broken(), stream=Stream(0))
    assert found.outcome is SolveOutcome.DIVERGED
    assert not found.x.any()
    assert "has no finite numbers" in found.explanation[-1]


def test_jacobi_on_rows_that_outweigh_their_diagonals_is_told_so() -> None:
    """Whatever chips are off by has no part in it: products here are exact."""
    matrix = np.random.default_rng(0).standard_normal((30, 30))
    jacobi = Solving(method="jacobi", combine=0)
    found = solve(
        Equations(matrix, np.ones(30)), matrix, jacobi, stream=Stream(0)
    )
    assert found.outcome is not SolveOutcome.CONVERGED
    assert "take `gmres`" in found.explanation[-1]


@pytest.mark.parametrize(
    ("matrix", "rhs", "said"),
    [
        (np.ones((2, 3)), np.ones(2), "must be square, but is 2 x 3"),
        (np.array([[1.0, np.nan], [0, 1]]), np.ones(2), "`matrix` must be fin"),
        (np.eye(2), np.array([1.0, np.inf]), "`rhs` must be finite"),
        (np.eye(2), np.ones(3), "must have the 2 numbers"),
        (np.eye(2), np.ones((2, 2)), "but is 2 x 2"),
        (np.eye(2) * 1j, np.ones(2), "must be real"),
        (np.diag([1.0, 0.0]), np.ones(2), "row 2 of 2 is all zeros"),
        (np.zeros((0, 0)), np.zeros(0), "but is empty"),
        (np.diag([1e300, 1.0]), np.ones(2), "no number above 1e.150 in size"),
        (np.diag([1e-300, 1.0]), np.ones(2), "row 1 is such"),
        (np.eye(2), np.full(2, 1e300), "`rhs` must have no number above"),
        (sparse.csr_array((3, 3)), np.ones(3), "row 1 of 3 is all zeros"),
        (np.eye(2), np.full(2, 1e-170), "`rhs` must be zero or have a number"),
    ],
)
def test_what_cannot_be_solved_is_refused_in_a_sentence(
    matrix: Any, rhs: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Equations(matrix, rhs)


def test_methods_that_do_not_fit_are_refused_in_a_sentence() -> None:
    lopsided = Equations(np.array([[1.0, 2.0], [0.0, 1.0]]), np.ones(2))
    with pytest.raises(ValueError, match="not symmetric, which it takes"):
        solve(lopsided, np.eye(2), Solving(method="cg"), stream=Stream(0))
    hollow = Equations(np.array([[0.0, 1.0], [1.0, 1.0]]), np.ones(2))
    with pytest.raises(ValueError, match="zeros on its diagonal"):
        solve(hollow, np.eye(2), Solving(method="jacobi"), stream=Stream(0))
    with pytest.raises(ValueError, match="`operator` must have the shape"):
        solve(hollow, np.eye(3), stream=Stream(0))
    with pytest.raises(ValueError, match="`feedback` must be the circuit"):
        solve(hollow, np.eye(2), Solving(method="feedback"), stream=Stream(0))


def test_a_circuit_that_settles_is_refined_like_any_other_solver() -> None:
    """An answer off by a tenth gains a digit a step at least: 1e-10 in ten steps and one."""
    matrix = spectrum(falling(16, 20))
    equations = Equations(matrix, drawn(16))
    inverse = np.linalg.inv(matrix)

    def answer(side: Any) -> Any:
        return 1.1 * (inverse @ side)

    found = solve(
        equations,
        matrix,
        Solving(method="feedback"),
        stream=Stream(0),
        feedback=answer,
    )
    assert found.outcome is SolveOutcome.CONVERGED
    assert found.steps <= 11
