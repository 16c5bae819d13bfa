"""Equations as they are solved: checked, and scaled so that rows are of like size."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mho.solve.methods.conditioning import Conditioning, conditioning
from mho.solve.methods.scaling import Scaling, equilibrate

Array = npt.NDArray[np.float64]

_SYMMETRIC = 1e-12
"""Difference of mirrored entries over their sum that rounding explains (1)."""
_HUGE = 1e150
"""Largest number, and largest inverse of a row, whose squares are numbers (1)."""
_ORDINARY = 300
"""Right sides within two to the power of this, up or down, are taken as they are (1)."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A length over that of the right side, of the equations as scaled and as given.

    Args:
        scaled: With rows of like size, as the chip sees them (1).
        given: With rows as they came, of which the largest count most (1).
    """

    scaled: float
    given: float

    @property
    def larger(self) -> float:
        """The larger of the two (1)."""
        return max(self.scaled, self.given)


class Equations:
    """`matrix @ x = rhs`, as it is put on chips: scaled by powers of two where rows are unlike.

    A right side so small or large that squares of its numbers are none is scaled by one as well.

    Attributes:
        matrix: The matrix that goes on chips, dense or sparse. Shape (n, n).
        rhs: The right side of that (1). Shape (n,).
        scaling: What was scaled; `None` if nothing was.
        symmetric: Whether the matrix is symmetric.
        definite: `True` if it is seen to be positive definite without a factorisation, `False` if
            it cannot be, `None` if that is not seen.

    Args:
        matrix: Array or sparse matrix of finite real numbers. Shape (n, n).
        rhs: Right side (1). Shape (n,).

    Raises:
        ValueError: Not square, not finite, complex, an empty row or column, or shapes that differ.
    """

    def __init__(self, matrix: Any, rhs: npt.ArrayLike) -> None:
        given = _checked_matrix(matrix)
        side = _checked_rhs(rhs, given.shape[0])
        self.symmetric = _is_symmetric(given)
        scaling = equilibrate(given, symmetric=self.symmetric)
        self.scaling: Scaling | None = scaling if scaling.matters else None
        self.matrix = given
        self.rhs = side
        if self.scaling is not None:
            self.matrix = self.scaling.applied(given)
            self.rhs = self.scaling.rows * side
        self._exponent = _exponent(self.rhs)
        self.rhs = np.ldexp(self.rhs, -self._exponent)
        self._size = _length(self.rhs)
        self._given_size = _length(self._as_given(self.rhs))
        self.definite = _definite(self.matrix) if self.symmetric else False

    @property
    def unknowns(self) -> int:
        """How many (1)."""
        return int(self.matrix.shape[0])

    def relative(self, residual: Array) -> Relative:
        """A residual over the right side.

        Args:
            residual: Of the scaled equations (1). Shape (n,).
        """
        if self._size == 0:
            return Relative(0.0, 0.0)
        scaled = _length(residual) / self._size
        if self.scaling is None:
            return Relative(scaled, scaled)
        given = _length(self._as_given(residual)) / self._given_size
        return Relative(scaled, given)

    def original(self, x: Array) -> Array:
        """The solution of the equations as they were given (1). Shape (n,)."""
        found = x if self.scaling is None else self.scaling.cols * x
        return np.asarray(np.ldexp(found, self._exponent))

    def rounding(self, x: Array) -> Relative:
        """Relative residual below which double precision itself cannot be trusted (1).

        Half a unit of the last place in each product and in the right side, with signs that do
        not agree.

        Args:
            x: Solution of the scaled equations (1). Shape (n,).
        """
        each = abs(self.matrix) @ abs(x) + abs(self.rhs)
        return self.relative(np.finfo(np.float64).eps * each)

    @cached_property
    def conditioning(self) -> Conditioning | None:
        """Condition of the scaled matrix; `None` where it takes too long."""
        return conditioning(self.matrix)

    def solution_error(self, x: Array) -> float | None:
        """How far a solution may be off, in parts of its length as given (1).

        The inverse makes that of the residual at most: `|x - x*| ≤ |A⁻¹| |b - Ax|`. Infinite for
        a singular matrix, `None` where the condition is not known.

        Args:
            x: Solution of the scaled equations (1). Shape (n,).
        """
        known = self.conditioning
        if known is None:
            return None
        if known.singular:
            return math.inf
        left = _length(self.rhs - self.matrix @ x)
        if not left:
            return 0.0
        cols = np.ones(1) if self.scaling is None else self.scaling.cols
        length = _length(cols * x)
        error = float(cols.max()) * known.inverse * left
        return error / length if length else math.inf

    def _as_given(self, rows: Array) -> Array:
        """Numbers of the scaled rows as they are in those that were given (1). Shape (n,)."""
        return rows if self.scaling is None else rows / self.scaling.rows


def _exponent(side: Array) -> int:
    """The power of two by which a right side is too large; 0 of an ordinary one."""
    largest = float(np.abs(side).max())
    exponent = math.frexp(largest)[1]
    return exponent if largest and abs(exponent) > _ORDINARY else 0


def _length(vector: Array) -> float:
    """Root of the sum of squares, of numbers whose squares are none as well (1)."""
    exponent = _exponent(vector)
    if exponent == 0:
        return float(np.linalg.norm(vector))
    return math.ldexp(
        float(np.linalg.norm(np.ldexp(vector, -exponent))), exponent
    )


def _checked_matrix(matrix: Any) -> Any:
    """A square, finite, real matrix without empty rows: an array, or in compressed rows."""
    if sparse.issparse(matrix):
        found = sparse.csr_array(matrix)
        found.sum_duplicates()
        found.eliminate_zeros()
        numbers = found.data
    else:
        found = np.asarray(matrix)
        numbers = found
    if np.iscomplexobj(numbers):
        raise ValueError(
            "Argument `matrix` must be real, but has complex numbers; write the real and the"
            " imaginary part as equations of their own."
        )
    if numbers.dtype.kind not in "biuf":
        raise TypeError(
            f"Argument `matrix` must hold numbers, but holds `{numbers.dtype}`."
        )
    if found.ndim != 2 or found.shape[0] != found.shape[1]:
        shape = " x ".join(str(length) for length in found.shape)
        raise ValueError(
            f"Argument `matrix` must be square, but is {shape}; for more equations than unknowns,"
            " solve the normal equations."
        )
    if found.shape[0] == 0:
        raise ValueError("Argument `matrix` must have rows, but is empty.")
    found = found.astype(np.float64)
    _check_numbers(numbers, "matrix")
    _check_rows(found)
    return found


def _check_numbers(numbers: npt.NDArray[Any], name: str) -> None:
    """Refuse NaN and infinity."""
    wrong = int(np.count_nonzero(~np.isfinite(numbers)))
    if wrong:
        raise ValueError(
            f"Argument `{name}` must be finite, but {wrong:,} of {numbers.size:,} numbers are not."
        )
    largest = float(np.abs(numbers).max()) if numbers.size else 0.0
    if largest > _HUGE:
        raise ValueError(
            f"Argument `{name}` must have no number above {_HUGE:g} in size, but has"
            f" {largest:.3g}; take other units."
        )


def _check_rows(matrix: Any) -> None:
    """Refuse rows and columns of zeros: with one, no solution or no single one."""
    for axis, what in ((1, "row"), (0, "column")):
        largest = abs(matrix).max(axis=axis)
        if sparse.issparse(largest):
            largest = largest.toarray()
        sizes = np.asarray(largest).ravel()
        faint = np.flatnonzero((sizes > 0) & (sizes < 1 / _HUGE))
        if faint.size:
            raise ValueError(
                f"Argument `matrix` must have no {what} whose numbers are all below"
                f" {1 / _HUGE:g} in size, but {what} {int(faint[0]) + 1} is such; take other"
                " units."
            )
        empty = np.flatnonzero(sizes == 0)
        if empty.size:
            raise ValueError(
                f"Argument `matrix` must not be singular, but {what} {int(empty[0]) + 1} of"
                f" {matrix.shape[0]} is all zeros; take that unknown and equation out."
            )


def _checked_rhs(rhs: npt.ArrayLike, rows: int) -> Array:
    side = np.asarray(rhs)
    if np.iscomplexobj(side):
        raise ValueError(
            "Argument `rhs` must be real, but has complex numbers."
        )
    if side.dtype.kind not in "biuf":
        raise TypeError(
            f"Argument `rhs` must hold numbers, but holds `{side.dtype}`."
        )
    if side.ndim == 2 and 1 in side.shape:
        side = side.ravel()
    if side.shape != (rows,):
        shape = " x ".join(str(length) for length in side.shape) or "one number"
        raise ValueError(
            f"Argument `rhs` must have the {rows} numbers of the matrix's rows, but is {shape}."
        )
    _check_numbers(side, "rhs")
    largest = float(np.abs(side).max())
    if 0 < largest < 1 / _HUGE:
        raise ValueError(
            f"Argument `rhs` must be zero or have a number of at least {1 / _HUGE:g} in size, but"
            f" its largest is {largest:.3g}; take other units."
        )
    return side.astype(np.float64)


def _is_symmetric(matrix: Any) -> bool:
    """Whether mirrored entries agree but for rounding, which has two sizes.

    That of the entries themselves, as rows may be unlike; or, where they came of sums in which
    much cancelled, that of their diagonals.
    """
    size = abs(matrix) + abs(matrix.T)
    difference = abs(matrix - matrix.T)
    rows, cols = (difference > _SYMMETRIC * size).nonzero()
    diagonal = np.sqrt(abs(matrix.diagonal()))
    allowed = _SYMMETRIC * diagonal[rows] * diagonal[cols]
    found = np.asarray(difference[rows, cols]).ravel()
    return bool((found <= allowed).all())


def _definite(matrix: Any) -> bool | None:
    """What diagonal and row sums say of a symmetric matrix."""
    diagonal = matrix.diagonal()
    if not bool((diagonal > 0).all()):
        return False
    others = np.asarray(abs(matrix).sum(axis=1)).ravel() - diagonal
    return True if bool((diagonal >= others * (1 - 1e-12)).all()) else None
