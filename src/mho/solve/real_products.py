"""Products of complex matrices and vectors, made of real ones: what chips can do."""

from abc import abstractmethod
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from mho.solve.matrix_checks import checked_vectors


class RealProducts(LinearOperator):  # type: ignore[misc] # SciPy has no types
    """An operator of SciPy that multiplies real vectors alone, by a matrix of real numbers.

    A complex matrix is held as its real part above its imaginary one, see `as_real`. Each complex
    vector takes two real products, which are numbered one after the other.
    """

    def _matvec(self, x: Any) -> Any:
        """One vector."""
        return self._matmat(np.reshape(x, (-1, 1)))[:, 0]

    def _rmatvec(self, x: Any) -> Any:
        """One vector of the adjoint."""
        return self._rmatmat(np.reshape(x, (-1, 1)))[:, 0]

    def _matmat(self, X: Any) -> Any:  # noqa: N803 - as SciPy calls it
        """Vectors, one a column."""
        vectors = checked_vectors(X)
        if self.dtype.kind != "c":
            return self._of_parts(vectors, transposed=False)
        rows = self.shape[0]
        real, imaginary = self._both(
            vectors.real, vectors.imag, transposed=False
        )

        return (real[:rows] - imaginary[rows:]) + 1j * (
            real[rows:] + imaginary[:rows]
        )

    def _rmatmat(self, X: Any) -> Any:  # noqa: N803 - as SciPy calls it
        """Vectors of the adjoint, one a column."""
        vectors = checked_vectors(X)
        if self.dtype.kind != "c":
            return self._of_parts(vectors, transposed=True)
        # with B = (Re A, Im A) above each other: Aᴴu = Bᵀ(Re u, Im u) + i Bᵀ(Im u, −Re u)
        upper = np.concatenate((vectors.real, vectors.imag))
        lower = np.concatenate((vectors.imag, -vectors.real))
        real, imaginary = self._both(upper, lower, transposed=True)
        return real + 1j * imaginary

    def _of_parts(self, vectors: Any, *, transposed: bool) -> Any:
        """A real matrix times vectors that may be complex."""
        if vectors.dtype.kind != "c":
            return self._real(vectors, transposed=transposed)
        real, imaginary = self._both(
            vectors.real, vectors.imag, transposed=transposed
        )
        return real + 1j * imaginary

    def _both(
        self, first: Any, second: Any, *, transposed: bool
    ) -> tuple[Any, Any]:
        """Two parts of each vector, numbered vector by vector however many come together."""
        in_turn = np.stack((first, second), 2).reshape(first.shape[0], -1)
        found = self._real(in_turn, transposed=transposed)
        return found[:, 0::2], found[:, 1::2]

    @abstractmethod
    def _real(self, vectors: Any, *, transposed: bool) -> Any:
        """Real vectors, one a column, through what is held."""
