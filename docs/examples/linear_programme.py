"""A linear programme by the primal-dual hybrid gradient method, its products on chips."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def primal_dual(
    matrix: Array,
    analog: Any,
    wanted: Array,
    costs: Array,
    *,
    rounds: int = 40,
    inner: int = 500,
) -> tuple[Array, Array]:
    """Minimise costs · x over x ≥ 0 with A x = wanted.

    Between two rounds the difference of exact and analog products is put into the right sides, so
    that what rests in the end rests for the exact matrix; each round ends with its mean, over
    which read noise averages out.

    Args:
        matrix: The exact matrix A. Shape (rows, cols).
        analog: The same on chips.
        wanted: Right side. Shape (rows,).
        costs: Costs. Shape (cols,).
        rounds: Corrections (1).
        inner: Steps between them (1).

    Returns:
        Solution and prices. Shapes (cols,) and (rows,).
    """
    step = 0.95 / float(np.linalg.norm(matrix, 2))
    x = np.zeros(matrix.shape[1])
    y = np.zeros(matrix.shape[0])
    for _ in range(rounds):
        right = wanted - (matrix @ x - np.asarray(analog @ x))
        prices = costs - (matrix.T @ y - np.asarray(analog.rmatvec(y)))
        x_sum = np.zeros_like(x)
        y_sum = np.zeros_like(y)
        for count in range(inner):
            down = prices - np.asarray(analog.rmatvec(y))
            after = np.maximum(x - step * down, 0)
            y = y + step * (right - np.asarray(analog @ (2 * after - x)))
            x = after
            if count >= inner // 2:
                x_sum += x
                y_sum += y
        kept = inner - inner // 2
        x = x_sum / kept
        y = y_sum / kept
    return x, y
