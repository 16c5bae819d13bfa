"""The most likely numbers of a law."""

from collections.abc import Sequence

import numpy as np

from mho.fitting.engine.coordinates import Coordinates
from mho.fitting.engine.law import Row

_STEPS = 500
"""Steps of the search at most (1)."""


def most_likely(
    places: Coordinates,
    start: Row,
    held: Sequence[int] = (),
) -> tuple[Row, float]:
    """Coordinates of the smallest loss between the bounds, and that loss (1).

    Args:
        places: A law in its coordinates.
        start: Where to begin (1).
        held: Numbers that stay where they begin, by their place.
    """
    from scipy.optimize import minimize

    free = np.setdiff1d(np.arange(start.size), np.array(held, dtype=int))
    whole = start.copy()
    if free.size == 0:
        return whole, places.loss(whole)

    def with_slope(some: Row) -> tuple[float, Row]:
        whole[free] = some
        return places.loss(whole), places.gradient(whole)[free]

    found = minimize(
        with_slope,
        start[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * free.size,
        options={"maxiter": _STEPS, "ftol": 1e-12, "gtol": 1e-6},
    )
    best = start.copy()
    best[free] = found.x
    return best, float(found.fun)


def curvature(places: Coordinates, best: Row) -> Row:
    """Second derivatives of the loss, from differences of its slopes. Shape (numbers, numbers)."""
    count = best.size
    second = np.empty((count, count))
    for k in range(count):
        step = 1e-5 if best[k] < 0.5 else -1e-5
        moved = best.copy()
        moved[k] += step
        two = best.copy()
        two[k] += 2 * step
        here = places.gradient(best)
        # one-sided, of second order: the other side may be out of bounds
        slope = 4 * places.gradient(moved) - places.gradient(two) - 3 * here
        second[k] = slope / (2 * step)
    return (second + second.T) / 2


def correlations(places: Coordinates, best: Row) -> Row:
    """Correlation of the numbers, NaN for those at a bound. Shape (numbers, numbers)."""
    count = best.size
    inner = np.flatnonzero((best > 1e-6) & (best < 1 - 1e-6))
    found = np.full((count, count), np.nan)
    if inner.size == 0:
        return found
    second = curvature(places, best)[np.ix_(inner, inner)]
    spread = np.linalg.pinv(second)
    size = np.sqrt(np.clip(np.diag(spread), 1e-300, None))
    found[np.ix_(inner, inner)] = np.clip(
        spread / size[:, None] / size, -1.0, 1.0
    )
    return found
