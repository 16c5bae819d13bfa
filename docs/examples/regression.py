"""Least squares and ridge regression with both products, of a matrix and its adjoint, on chips."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator

import mho
from mho.solve.methods import Equations, Solution, Solving, solve

Array = npt.NDArray[np.float64]


class NormalOperator(LinearOperator):
    """`AᵀA + weight`, as two analog products.

    Args:
        analog: The matrix on chips. Shape (samples, features).
        weight: Weight of the squared coefficients (1).
    """

    def __init__(self, analog: Any, weight: float) -> None:
        features = analog.shape[1]
        super().__init__(dtype=np.float64, shape=(features, features))
        self._analog = analog
        self._weight = weight

    def _matvec(self, x: Array) -> Array:
        vector = np.ravel(x)
        there = self._analog @ vector
        back: Array = self._analog.rmatvec(there) + self._weight * vector
        return back


def ridge(
    matrix: Array,
    analog: Any,
    targets: Array,
    weight: float = 0.0,
    tolerance: float = 1e-10,
) -> Solution:
    """Coefficients x that minimise ‖Ax − targets‖² + weight ‖x‖².

    Args:
        matrix: The exact matrix. Shape (samples, features).
        analog: The same on chips.
        targets: What shall come out. Shape (samples,).
        weight: Weight of the squared coefficients; 0 for least squares (1).
        tolerance: Relative residual of the normal equations (1).
    """
    normal = matrix.T @ matrix + weight * np.eye(matrix.shape[1])
    equations = Equations(normal, matrix.T @ targets)
    if equations.scaling is not None:
        raise ValueError(
            "Argument `matrix` must have columns of like size, but has not; scale its columns."
        )
    return solve(
        equations,
        NormalOperator(analog, weight),
        Solving(tolerance=tolerance),
        stream=mho.Stream(0),
    )
