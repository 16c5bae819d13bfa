"""Condition numbers: how much of an error a matrix can make of a small residual."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Array = npt.NDArray[np.float64]
Product = Callable[[Array], Array]

_SINGULAR = 1e14
"""Condition number from which double precision has no digit to spare (1)."""
_EXACT = 1024
"""Unknowns up to which all singular values are computed (1)."""
_DENSE = 4096
"""Unknowns of a dense matrix up to which an elimination takes little time (1)."""
_ELIMINATED = 30e9
"""Operations of an elimination in a band that an estimate may take (1)."""
_STORED = 30e6
"""Numbers in that band (1)."""
_ITERATIONS = 30
"""Iterations to the norm of a matrix (1)."""


@dataclass(frozen=True, slots=True)
class Conditioning:
    """How badly a matrix may treat errors.

    Args:
        number: Condition number (1).
        inverse: Norm of the inverse (in parts of the matrix's units).
    """

    number: float
    inverse: float

    @property
    def singular(self) -> bool:
        """Whether double precision has no digit to spare."""
        return not self.number < _SINGULAR


def conditioning(matrix: Any) -> Conditioning | None:
    """Exactly for few unknowns, estimated for more; `None` where that would take too long.

    Args:
        matrix: Dense or sparse. Shape (n, n).

    >>> conditioning(np.diag([1.0, 4.0]))
    Conditioning(number=4.0, inverse=1.0)
    """
    if matrix.shape[0] <= _EXACT:
        dense = matrix.toarray() if sparse.issparse(matrix) else matrix
        values = np.linalg.svd(dense, compute_uv=False)
        # of a singular matrix both are infinite
        with np.errstate(divide="ignore", over="ignore"):
            inverse = float(1 / values[-1])
            return Conditioning(float(values[0]) * inverse, inverse)
    if not sparse.issparse(matrix):
        return _of_dense(matrix) if matrix.shape[0] <= _DENSE else None
    return _of_sparse(matrix) if _is_quick(matrix) else None


def _is_quick(matrix: Any) -> bool:
    """Whether an elimination takes little time: in a band that is as narrow as can be seen."""
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    pattern = sparse.csr_matrix(abs(matrix) + abs(matrix.T))
    order = reverse_cuthill_mckee(pattern, symmetric_mode=True)
    place = np.empty_like(order)
    place[order] = np.arange(order.size, dtype=order.dtype)
    rows, cols = pattern.nonzero()
    band = float(np.abs(place[rows] - place[cols]).max(initial=0)) + 1.0
    stored = band * order.size
    return bool(stored <= _STORED and band * stored <= _ELIMINATED)


def _of_dense(matrix: Any) -> Conditioning:
    """From an elimination of a dense matrix."""
    from scipy.linalg import lapack

    factors, turns, _ = lapack.dgetrf(matrix)
    if not factors.diagonal().all():
        return Conditioning(math.inf, math.inf)
    return _estimated(
        matrix,
        lambda side: lapack.dgetrs(factors, turns, side)[0],
        lambda side: lapack.dgetrs(factors, turns, side, trans=1)[0],
    )


def _of_sparse(matrix: Any) -> Conditioning:
    """From an elimination of a sparse matrix."""
    from scipy.sparse.linalg import splu

    try:
        factors = splu(sparse.csc_matrix(matrix), permc_spec="MMD_AT_PLUS_A")
    except RuntimeError:
        return Conditioning(math.inf, math.inf)
    return _estimated(
        matrix,
        factors.solve,
        lambda side: factors.solve(side, trans="T"),
    )


def _estimated(
    matrix: Any, inverse: Product, transposed: Product
) -> Conditioning:
    """From the norms of a matrix and of products with its inverse."""
    size = norm(matrix)
    largest = _norm(inverse, transposed, matrix.shape[0])
    return Conditioning(size * largest, largest)


def norm(matrix: Any) -> float:
    """Spectral norm of a matrix (1), by power iteration on its square; good to a percent.

    Args:
        matrix: Dense or sparse. Shape (n, n).
    """
    return _norm(
        lambda vector: matrix @ vector,
        lambda vector: matrix.T @ vector,
        matrix.shape[1],
    )


def _norm(product: Product, transposed: Product, count: int) -> float:
    """Spectral norm of what multiplies (1)."""
    vector = np.random.default_rng(0).standard_normal(count)
    square = 0.0
    for _ in range(_ITERATIONS):
        vector = vector / np.linalg.norm(vector)
        vector = transposed(product(vector))
        square = float(np.linalg.norm(vector))
    return math.sqrt(square)
