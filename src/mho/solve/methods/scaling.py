"""Equilibration: rows and columns of like size, so that every cell has something to say.

A tile shares one scale. A row a million times smaller than the others would lie within the error
of a single cell. Scaling by powers of two changes no digit of any number.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Array = npt.NDArray[np.float64]

_ROUNDS = 8
"""Rounds of scaling (1): each halves, in logarithms, what is left to do."""
_UNLIKE = 10.0
"""Ratio of the largest entries of two rows from which scaling is worth saying (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """`diag(rows) A diag(cols)` is what is solved; powers of two throughout.

    Args:
        rows: Factor of each row (1). Shape (rows,).
        cols: Factor of each column (1). Shape (cols,).
        spread: Largest over smallest of the largest entries of rows, before (1).
    """

    rows: Array
    cols: Array
    spread: float

    @property
    def matters(self) -> bool:
        """Whether the rows were unlike enough to say so."""
        return self.spread >= _UNLIKE

    def applied(self, matrix: Any) -> Any:
        """The scaled matrix. Shape (rows, cols)."""
        if sparse.issparse(matrix):
            left = sparse.diags_array(self.rows)
            return sparse.csr_array(
                left @ matrix @ sparse.diags_array(self.cols)
            )
        return self.rows[:, None] * matrix * self.cols


def equilibrate(matrix: Any, *, symmetric: bool) -> Scaling:
    """Factors that bring the largest entry of every row and column near 1.

    Args:
        matrix: Dense array or sparse matrix without empty rows or columns. Shape (rows, cols).
        symmetric: Whether rows and columns shall have the same factors.
    """
    size = abs(matrix)
    rows = np.ones(matrix.shape[0])
    cols = np.ones(matrix.shape[1])
    first = _largest(size, 1)
    spread = float(first.max() / first.min())
    for _ in range(_ROUNDS):
        now = Scaling(rows, cols, spread).applied(size)
        rows = rows / np.sqrt(_largest(now, 1))
        cols = rows if symmetric else cols / np.sqrt(_largest(now, 0))
    rows = _power_of_two(rows)
    cols = rows if symmetric else _power_of_two(cols)
    return Scaling(rows, cols, spread)


def _largest(size: Any, axis: int) -> Array:
    """Largest entry along an axis."""
    found = size.max(axis=axis)
    dense = found.toarray() if sparse.issparse(found) else found
    return np.asarray(dense, dtype=np.float64).ravel()


def _power_of_two(factors: Array) -> Array:
    """The nearest powers of two, in logarithms."""
    return np.exp2(np.round(np.log2(factors)))
