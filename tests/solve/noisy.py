"""A stand-in for a matrix on chips: the same entries, off by what the tests say."""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import LinearOperator


class NoisyMatrix(LinearOperator):
    """Entries off by even errors within a window, and fresh noise of every entry in a product.

    Args:
        matrix: The exact one.
        window: Largest error, in parts of the largest entry (1).
        noise: Standard deviation of the noise, in parts of the largest entry (1).
        seed: Of both.
    """

    def __init__(
        self,
        matrix: object,
        window: float,
        noise: float = 0.0,
        seed: int = 0,
    ) -> None:
        exact = sparse.csr_array(matrix)
        super().__init__(dtype=np.float64, shape=exact.shape)
        draws = np.random.default_rng(seed)
        self._noise_draws = np.random.default_rng(seed + 1)
        largest = abs(exact.data).max()
        self.held = exact.copy()
        error = draws.uniform(-1, 1, exact.nnz)
        self.held.data = exact.data + window * largest * error
        self._there = exact.copy()
        self._there.data = np.ones(exact.nnz)
        self._noise = noise * largest
        self.products = 0

    def _matvec(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        self.products += 1
        x = np.ravel(x)
        spread = self._noise * np.sqrt(self._there @ (x * x))
        fresh = self._noise_draws.standard_normal(self.shape[0])
        return self.held @ x + spread * fresh


class TwoWays(NoisyMatrix):
    """The same with products of the transposed matrix as well."""

    def _rmatvec(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        self.products += 1
        x = np.ravel(x)
        spread = self._noise * np.sqrt(self._there.T @ (x * x))
        fresh = self._noise_draws.standard_normal(self.shape[1])
        return self.held.T @ x + spread * fresh


def grid(size: int) -> sparse.csr_array:
    """Poisson's matrix on a square grid, by its definition and not by the gallery's."""
    count = size * size
    matrix = sparse.lil_array((count, count))
    for row in range(size):
        for col in range(size):
            here = row * size + col
            matrix[here, here] = 4.0
            if row:
                matrix[here, here - size] = matrix[here - size, here] = -1.0
            if col:
                matrix[here, here - 1] = matrix[here - 1, here] = -1.0
    return sparse.csr_array(matrix)


def spectrum(
    values: npt.NDArray[np.float64], seed: int = 0
) -> npt.NDArray[np.float64]:
    """A symmetric matrix with these eigenvalues in random directions."""
    draws = np.random.default_rng(seed).standard_normal((values.size,) * 2)
    turn, _ = np.linalg.qr(draws)
    matrix = (turn * values) @ turn.T
    return (matrix + matrix.T) / 2


def turned(
    values: npt.NDArray[np.float64], seed: int = 0
) -> npt.NDArray[np.float64]:
    """A matrix with these singular values, whose eigenvalues lie all around zero."""
    draws = np.random.default_rng(seed)
    count = values.size
    left, _ = np.linalg.qr(draws.standard_normal((count, count)))
    right, _ = np.linalg.qr(draws.standard_normal((count, count)))
    return (left * values) @ right


def falling(unknowns: int, kappa: float) -> npt.NDArray[np.float64]:
    """Eigenvalues from 1 to 1/κ, evenly in logarithms."""
    return np.logspace(0, -np.log10(kappa), unknowns)
