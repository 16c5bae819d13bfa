"""A matrix on chips: an operator of SciPy whose products are off by what is predicted."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.linalg import circulant, toeplitz
from scipy.sparse.linalg import LinearOperator, cg, eigs, gmres, svds

from mho.chip import Chip
from mho.solve import (
    BoundedErrors,
    Converters,
    GaussianErrors,
    MatrixOnChips,
)

EXACT = BoundedErrors(window=1 / 128)
NOISY = GaussianErrors(spread=1e-3, noise=1e-3)
RNG = np.random.default_rng(4)


def well_conditioned(size: int) -> Any:
    """A symmetric matrix with eigenvalues from 1 to 2."""
    basis, _ = np.linalg.qr(RNG.standard_normal((size, size)))
    return basis @ np.diag(np.linspace(1, 2, size)) @ basis.T


def relative(found: Any, wanted: Any) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def poisson(width: int) -> Any:
    """The five-point stencil on a square grid."""
    line = scipy.sparse.diags_array(
        [-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(width, width)
    )
    one = scipy.sparse.eye_array(width)
    return scipy.sparse.kron(line, one) + scipy.sparse.kron(one, line)


@pytest.mark.parametrize("shape", [(1, 1), (70, 100), (100, 70), (300, 300)])
@pytest.mark.parametrize("cells", [1, 4])
def test_products_are_those_of_the_matrix(
    shape: tuple[int, int], cells: int
) -> None:
    """Four cells in a window of 1/128 leave 2e-9 of a number, one 4.5e-3."""
    dense = RNG.standard_normal(shape)
    on_chips = MatrixOnChips(dense, mapping=f"residual:{cells}", errors=EXACT)
    vectors = RNG.standard_normal((shape[1], 3))
    allowed = 0.2 * 128.0 ** (1 - cells)
    assert on_chips.shape == shape
    assert relative(on_chips @ vectors, dense @ vectors) < allowed
    assert relative(on_chips @ vectors[:, 0], dense @ vectors[:, 0]) < allowed
    back = RNG.standard_normal(shape[0])
    assert relative(on_chips.rmatvec(back), dense.T @ back) < allowed
    assert relative(on_chips.H @ back, dense.T @ back) < allowed


@pytest.mark.parametrize("sort", ["dense", "sparse", "stencil", "complex"])
def test_the_adjoint_is_that_of_the_same_cells(sort: str) -> None:
    """⟨u, A v⟩ = ⟨Aᴴ u, v⟩ to rounding, however far the cells are off the matrix."""
    matrix: Any = RNG.standard_normal((90, 130))
    if sort == "sparse":
        matrix = scipy.sparse.random_array((900, 400), density=0.002, rng=RNG)
    if sort == "stencil":
        matrix = poisson(24)
    if sort == "complex":
        matrix = matrix + 1j * RNG.standard_normal((90, 130))
    law = GaussianErrors(spread=0.02)
    on_chips = MatrixOnChips(matrix, mapping="pairs", errors=law)
    v = RNG.standard_normal(matrix.shape[1]) * (1 + 0.5j)
    u = RNG.standard_normal(matrix.shape[0]) * (1 - 0.3j)
    forwards = np.vdot(u, on_chips @ v)
    backwards = np.vdot(on_chips.H @ u, v)
    scale = np.linalg.norm(u) * np.linalg.norm(on_chips @ v)
    assert abs(forwards - backwards) < 1e-12 * scale
    assert relative(on_chips @ v, matrix @ v) > 1e-3


def test_a_matrix_of_a_fourier_transform_is_two_real_ones() -> None:
    size = 48
    dense = np.fft.fft(np.eye(size))
    on_chips = MatrixOnChips(dense, mapping="residual:5", errors=EXACT)
    signal = RNG.standard_normal(size) + 1j * RNG.standard_normal(size)
    assert on_chips.dtype == np.complex128
    assert relative(on_chips @ signal, np.fft.fft(signal)) < 1e-9
    assert relative(on_chips.H @ (dense @ signal), size * signal) < 1e-9
    # two real products for each: that of the real and that of the imaginary parts
    assert on_chips.products == 4


def test_blocks_of_zeros_take_no_tiles_and_equal_ones_share_one() -> None:
    """Two blocks on the diagonal: one tile if they are equal, two if not, four if full."""
    block = RNG.standard_normal((64, 64))
    other = RNG.standard_normal((64, 64))
    chip = Chip("rao2023", rows=64, cols=128)

    def tiles(matrix: Any) -> int:
        on_chips = MatrixOnChips(
            matrix, mapping="pairs", errors=EXACT, chip=chip
        )
        vectors = RNG.standard_normal((128, 2))
        assert relative(on_chips @ vectors, matrix @ vectors) < 0.05
        return on_chips.tiles

    twice = np.kron(np.eye(2), block)
    assert tiles(twice) == 1
    assert tiles(scipy.sparse.csr_array(twice)) == 1
    assert tiles(scipy.sparse.block_diag((block, other))) == 2
    assert tiles(np.kron(np.ones((2, 2)), block)) == 1
    assert tiles(RNG.standard_normal((128, 128))) == 4


def test_stencils_and_circulants_reuse_blocks() -> None:
    """Blocks that lie alike towards the diagonal are one block, which multiplies several times."""
    grid = poisson(64)
    on_chips = MatrixOnChips(grid, mapping="residual:4", errors=EXACT)
    vector = RNG.standard_normal(grid.shape[1])
    assert relative(on_chips @ vector, grid @ vector) < 1e-7
    # 4,096 unknowns on tiles of 256 rows and 32 outputs: 128 rows of blocks, one to three each
    assert on_chips.tiles < 20
    assert on_chips.reused > 10
    ring = circulant(RNG.standard_normal(1100))
    plain = MatrixOnChips(ring, mapping="pairs", errors=EXACT)
    shared = MatrixOnChips(ring, mapping="pairs", errors=EXACT, aligned=True)
    assert plain.tiles > shared.tiles
    band = toeplitz(np.arange(4.0), np.zeros(300))
    small = MatrixOnChips(band, mapping="residual:3", errors=EXACT)
    assert relative(small @ vector[:300], band @ vector[:300]) < 1e-4


def test_a_large_sparse_matrix_is_never_made_a_dense_one() -> None:
    """65,536 unknowns would be 34 GB: diagonal blocks of a periodic chain are all alike."""
    size = 65_536
    chain = scipy.sparse.diags_array(
        [1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=(size, size)
    )
    on_chips = MatrixOnChips(chain, mapping="residual:3", errors=EXACT)
    vector = RNG.standard_normal(size)
    assert relative(on_chips @ vector, chain @ vector) < 1e-5
    assert on_chips.tiles < 40


@pytest.mark.parametrize("converters", [None, Converters(8, 8), "chip"])
@pytest.mark.parametrize("reads", [1, 4])
@pytest.mark.parametrize("cells", [1, 3])
def test_errors_of_products_are_those_predicted(
    converters: Converters | str | None, reads: int, cells: int
) -> None:
    """Within a factor 1.5, all over outputs and vectors, and each part where it is the largest."""
    dense = RNG.standard_normal((90, 300))
    on_chips = MatrixOnChips(
        dense,
        mapping=f"residual:{cells}",
        errors=NOISY,
        converters=converters,
        reads=reads,
    )
    vectors = RNG.uniform(-(3**0.5), 3**0.5, (300, 60))
    off = on_chips @ vectors - dense @ vectors
    floor = on_chips.error_floor
    found = float(np.sqrt(np.square(off).mean()))
    assert floor.rms / 1.5 < found < floor.rms * 1.5
    assert np.abs(off).max() < floor.worst * 1.3
    assert floor.relative == pytest.approx(
        floor.rms / np.sqrt(np.square(dense).sum() / 90), rel=1e-6
    )


def test_the_floor_moves_with_noise_and_with_cells() -> None:
    """Noise of a pair is the floor once writing is better; reads lower it by their root."""
    dense = RNG.standard_normal((60, 60))

    def floor(noise: float, cells: int, reads: int = 1) -> Any:
        law = GaussianErrors(spread=1e-3, noise=noise)
        return MatrixOnChips(
            dense, mapping=f"residual:{cells}", errors=law, reads=reads
        ).error_floor

    assert floor(1e-3, 3).noise == pytest.approx(
        10 * floor(1e-4, 3).noise, rel=1e-3
    )
    assert floor(1e-3, 3, 9).noise == pytest.approx(
        floor(1e-3, 3).noise / 3, rel=1e-3
    )
    assert floor(0.0, 2).write == pytest.approx(
        4.5e-3 * floor(0.0, 1).write, rel=0.1
    )


def test_noise_is_named_by_the_number_of_the_product() -> None:
    """Vectors one by one, together, or in two halves: the same noise, in its seven digits."""
    dense = RNG.standard_normal((50, 40))
    vectors = RNG.standard_normal((40, 6))

    def made(parts: list[slice]) -> Any:
        on_chips = MatrixOnChips(dense, errors=NOISY, seed=7)
        return np.concatenate([on_chips @ vectors[:, p] for p in parts], 1)

    together = made([slice(0, 6)])
    for parts in (
        [slice(n, n + 1) for n in range(6)],
        [slice(0, 2), slice(2, 6)],
    ):
        assert made(parts) == pytest.approx(together, abs=1e-7)
    # another number, other noise: the difference is noise of 1e-3 of 40 numbers
    assert np.abs(together - dense @ vectors).max() > 1e-3
    other = MatrixOnChips(dense, errors=NOISY, seed=8) @ vectors
    assert np.abs(other - together).max() > 1e-3
    on_chips = MatrixOnChips(dense, errors=NOISY, seed=7)
    on_chips.rmatvec(np.ones(50))
    # products of the adjoint have numbers of their own
    assert on_chips @ vectors == pytest.approx(together, abs=1e-7)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("adjoint", [False, True])
def test_complex_vectors_have_the_same_noise_alone_and_together(
    kind: str, *, adjoint: bool
) -> None:
    """Products are numbered by vector and part, whatever comes together; seven digits of noise."""
    matrix = RNG.standard_normal((20, 30))
    if kind == "complex":
        matrix = matrix + 1j * RNG.standard_normal((20, 30))
    count = matrix.shape[0] if adjoint else matrix.shape[1]
    vectors = RNG.standard_normal((count, 4, 2)) @ np.array([1, 1j])

    def made(parts: list[slice]) -> Any:
        on_chips = MatrixOnChips(matrix, errors=NOISY)
        product = on_chips.rmatmat if adjoint else on_chips.matmat
        return np.concatenate([product(vectors[:, p]) for p in parts], 1)

    together = made([slice(0, 4)])
    exact = (matrix.conj().T if adjoint else matrix) @ vectors
    assert np.abs(together - exact).max() > 1e-3
    alone = made([slice(n, n + 1) for n in range(4)])
    assert np.abs(alone - together).max() < 1e-6


@pytest.mark.parametrize("kind", [float, complex])
def test_no_vectors_have_no_products(kind: type) -> None:
    matrix = np.ones((5, 3), dtype=kind)
    on_chips = MatrixOnChips(matrix, errors=NOISY)
    for given in (np.ones((3, 0)), np.ones((3, 0), dtype=complex)):
        assert (on_chips @ given).shape == (5, 0)
        assert (on_chips @ given).dtype == (matrix @ given).dtype
    assert on_chips.rmatmat(np.ones((5, 0))).shape == (3, 0)
    assert on_chips.ledger == MatrixOnChips(matrix, errors=NOISY).ledger


def test_a_state_goes_on_where_it_was() -> None:
    dense = RNG.standard_normal((50, 40))
    vector = RNG.standard_normal(40)
    first = MatrixOnChips(dense, errors=NOISY)
    first.reprogram()
    first @ vector
    kept = first.state()
    wanted = first @ vector
    assert not np.array_equal(first @ vector, wanted)
    first.restore(kept)
    first @ vector
    second = MatrixOnChips(dense, errors=NOISY)
    second.restore(kept)
    assert np.array_equal(second @ vector, wanted)
    assert second.ledger == first.ledger


def test_writing_anew_makes_other_errors() -> None:
    dense = RNG.standard_normal((50, 40))
    law = GaussianErrors(spread=0.01)
    on_chips = MatrixOnChips(dense, mapping="pairs", errors=law)
    before = on_chips @ np.eye(40)
    on_chips.reprogram()
    after = on_chips @ np.eye(40)
    spread = np.std(after - before) / np.abs(dense).max()
    # two errors of 1 % each; 2,000 numbers know it to 2 %
    assert spread == pytest.approx(0.01 * np.sqrt(2), rel=0.1)


def test_costs_add_up() -> None:
    """Conversions: a row each, and a column for each output and cell of a number, every time."""
    dense = RNG.standard_normal((40, 64))
    on_chips = MatrixOnChips(dense, mapping="residual:3", errors=EXACT)
    before = on_chips.ledger
    on_chips @ np.ones((64, 5))
    spent = on_chips.ledger - before
    assert spent.conversions == 5 * (64 + 40 * 3)
    assert spent.multiplies == 5 * 64 * 40 * 6
    vector_time = on_chips.chip.published.array.vector_time
    assert spent.seconds == pytest.approx(5 * vector_time)
    volts = on_chips.chip.published.array.read_voltage
    least = 5 * 64 * 40 * 6 * 50e-6 * volts**2 * vector_time
    most = 5 * 64 * 40 * 6 * 500e-6 * volts**2 * vector_time
    assert least < spent.read_joules < most
    serial = MatrixOnChips(
        dense, mapping="residual:3", errors=EXACT, converters=Converters(4, 8)
    )
    before = serial.ledger
    serial @ np.ones((64, 5))
    assert (serial.ledger - before).conversions == 4 * spent.conversions


def solved_by_gmres(operator: LinearOperator, b: Any) -> Any:
    return gmres(operator, b, rtol=1e-8)[0]


def solved_by_cg(operator: LinearOperator, b: Any) -> Any:
    return cg(operator, b, rtol=1e-8)[0]


@pytest.mark.parametrize("solve", [solved_by_gmres, solved_by_cg])
def test_krylov_methods_of_scipy_run_on_it(
    solve: Callable[[LinearOperator, Any], Any],
) -> None:
    """Condition 2 and cells good to 1.7e-11: as far off as the tolerance."""
    matrix = well_conditioned(120)
    on_chips = MatrixOnChips(matrix, mapping="residual:5", errors=EXACT)
    b = RNG.standard_normal(120)
    x = solve(on_chips, b)
    assert relative(matrix @ x, b) < 1e-7
    assert on_chips.products > 5


def test_eigenvalues_and_singular_values_of_scipy_run_on_it() -> None:
    matrix = well_conditioned(120)
    on_chips = MatrixOnChips(matrix, mapping="residual:5", errors=EXACT)
    largest = eigs(on_chips, k=2, return_eigenvectors=False)
    assert sorted(largest.real) == pytest.approx(
        np.linspace(1, 2, 120)[-2:], rel=1e-6
    )
    other = RNG.standard_normal((80, 50))
    rectangular = MatrixOnChips(other, mapping="residual:5", errors=EXACT)
    found = svds(rectangular, k=3, return_singular_vectors=False)
    wanted = np.linalg.svd(other, compute_uv=False)[:3]
    assert sorted(found)[::-1] == pytest.approx(wanted, rel=1e-6)


def test_numbers_that_no_cell_holds_are_multiplied_digitally() -> None:
    """At a ratio of two deviations 4.6 % of each pair's errors are beyond reach and known.

    Of four pairs' errors one at least is with 17 %; some are reached by several pairs together.
    """
    dense = RNG.standard_normal((60, 60))
    law = GaussianErrors(spread=0.01)
    made = [
        MatrixOnChips(
            dense, mapping="residual:4", ratio=1 / 50, errors=law, digitally=yes
        )
        for yes in (True, False)
    ]
    digital, left = made
    assert left.digital_numbers == 0
    assert 0.046 * 3600 < digital.digital_numbers < 0.17 * 3600
    vectors = RNG.standard_normal((60, 9))
    assert relative(left @ vectors, dense @ vectors) > 1e-4
    assert relative(digital @ vectors, dense @ vectors) < 1e-6
    back = digital.rmatvec(vectors[:, 0])
    assert relative(back, dense.T @ vectors[:, 0]) < 1e-6


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e30, 1e150, 1e307])
def test_numbers_of_any_size_are_numbers(size: float) -> None:
    """Squares of them may be none of a float: noise and floors follow the matrix all the same."""
    dense = RNG.uniform(-1, 1, (20, 30))
    vector = RNG.uniform(-1, 1, 30)
    usual = MatrixOnChips(dense, errors=NOISY)
    scaled = MatrixOnChips(dense * size, errors=NOISY)
    wanted = usual @ vector
    # noise is known to single precision; the smallest numbers have no more digits
    assert scaled @ vector / size == pytest.approx(wanted, rel=1e-5)
    # another product, other noise: 1e-3 of 30 numbers
    assert usual @ (vector * size) / size == pytest.approx(wanted, abs=0.05)
    floor = scaled.error_floor.rms / size
    assert floor == pytest.approx(usual.error_floor.rms, rel=1e-5)


def test_a_precision_is_chosen_reached_and_told() -> None:
    """Within the factor of one cell of what was asked for, and an account says both."""
    dense = RNG.standard_normal((80, 80))
    on_chips = MatrixOnChips(dense, precision=1e-7, errors=EXACT)
    assert on_chips.plan.cells == 4
    assert on_chips.reached.left < 1e-7
    assert "4 pairs of cells a number" in on_chips.account
    assert "predicted 2.2e-09" in on_chips.account
    # two deviations: a tail of 4.6 % would be the end of it, were it not made up for
    tail = GaussianErrors(spread=0.01)
    cut_off = MatrixOnChips(dense, precision=1e-6, ratio=0.02, errors=tail)
    assert cut_off.reached.left < 1.5 * cut_off.plan.within_reach < 2e-6
    assert cut_off.reached.rms > 1e-4
    with pytest.raises(ValueError, match="`precision` must be at least"):
        MatrixOnChips(
            dense, precision=1e-6, ratio=0.02, errors=tail, digitally=False
        )


def test_what_is_no_matrix_for_tiles_is_told_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="2 of its numbers are NaN"):
        MatrixOnChips([[1.0, np.nan], [np.inf, 1.0]], errors=EXACT)
    sparse = scipy.sparse.csr_array([[1.0, np.nan]])
    with pytest.raises(ValueError, match="`A` must be finite, but 1 of"):
        MatrixOnChips(sparse, errors=EXACT)
    for wrong in (np.ones(3), np.ones((2, 2, 2)), np.ones((0, 3))):
        with pytest.raises(ValueError, match="`A` must be a matrix"):
            MatrixOnChips(wrong, errors=EXACT)
    with pytest.raises(TypeError, match="`A` must hold numbers"):
        MatrixOnChips([["a"]], errors=EXACT)
    with pytest.raises(ValueError, match="`tiles` must be at least 4"):
        MatrixOnChips(
            RNG.standard_normal((200, 300)),
            mapping="pairs",
            errors=EXACT,
            tiles=3,
        )
    with pytest.raises(ValueError, match="`tile` must have at least 6 columns"):
        MatrixOnChips(
            np.ones((3, 3)), mapping="residual:3", errors=EXACT, tile=(4, 4)
        )
    for words in ("residual:0", "residual:x", "pairs:2", "residual:17"):
        with pytest.raises(ValueError, match="`mapping` must be"):
            MatrixOnChips(np.ones((3, 3)), mapping=words, errors=EXACT)
    with pytest.raises(ValueError, match="`mapping`"):
        MatrixOnChips(np.ones((3, 3)), mapping="offset", errors=EXACT)


def test_vectors_that_do_not_fit_are_told() -> None:
    on_chips = MatrixOnChips(np.ones((3, 2)), mapping="pairs", errors=EXACT)
    with pytest.raises(ValueError, match="dimension mismatch"):
        on_chips @ np.ones(3)
    with pytest.raises(ValueError, match="`x` must be finite"):
        on_chips @ np.array([1.0, np.nan])


def test_a_singular_matrix_and_one_of_zeros_are_matrices() -> None:
    singular = np.outer(np.arange(1, 5), np.ones(4))
    on_chips = MatrixOnChips(singular, mapping="residual:4", errors=EXACT)
    assert relative(on_chips @ np.ones(4), singular @ np.ones(4)) < 1e-6
    zero = MatrixOnChips(np.zeros((4, 3)), errors=EXACT)
    assert zero.tiles == 0
    assert np.array_equal(zero @ np.ones(3), np.zeros(4))
    assert zero.error_floor.relative == 0.0
