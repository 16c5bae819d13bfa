"""Largest eigenvectors by power iteration, and ranks of pages, with products on chips."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def power_iteration(
    analog: Any, start: Array, steps: int, average: int = 1
) -> Array:
    """The eigenvector of the largest eigenvalue, as far as products tell.

    What is the same in every product turns it by about the error over the gap between the two
    largest eigenvalues; what is fresh averages out over the last steps.

    Args:
        analog: A symmetric matrix on chips. Shape (n, n).
        start: Where to begin. Shape (n,).
        steps: Products (1).
        average: Last steps that are averaged (1).
    """
    vector = start / np.linalg.norm(start)
    total = np.zeros_like(vector)
    for step in range(steps):
        vector = np.asarray(analog @ vector)
        vector = vector / np.linalg.norm(vector)
        if steps - step <= average:
            # the sign of an eigenvector is free
            total += vector if float(vector @ start) >= 0 else -vector
    found: Array = total / np.linalg.norm(total)
    return found


def page_rank(
    links: Array,
    analog: Any,
    damping: float = 0.85,
    tolerance: float = 1e-12,
    inner: int = 10,
    most: int = 200,
) -> tuple[Array, int]:
    """Ranks of pages: x = damping · links x + (1 − damping)/n, refined to the last digit.

    Args:
        links: Where each page (column) leads; columns sum to 1. Shape (n, n).
        analog: The same on chips.
        damping: Share of visitors who follow a link (1).
        tolerance: Sum of absolute residuals wanted (1).
        inner: Analog products between two exact residuals (1).
        most: Exact residuals at most (1).

    Returns:
        Ranks that sum to 1, and the exact residuals it took.
    """
    count = links.shape[0]
    ranks = np.full(count, 1 / count)
    for step in range(most):
        left = damping * (links @ ranks) + (1 - damping) / count - ranks
        if float(np.abs(left).sum()) <= tolerance:
            return ranks, step
        size = float(np.abs(left).max())
        # (1 − damping · links)⁻¹ as a series, rough and on the chip
        term = left / size
        correction = term
        for _ in range(inner):
            term = damping * np.asarray(analog @ term)
            correction = correction + term
        ranks = ranks + size * correction
    return ranks, most
