"""Newton's method with the second derivatives that a law expects of itself, always downhill.

Where a law is far from its optimum, or its valley is narrow and bent, a search that learns second
derivatives on the way creeps: it may end where nothing seems to be won any more, a long way above
the least loss.
"""

import numpy as np

from mho.fitting.engine.coordinates import Coordinates
from mho.fitting.engine.law import Row

FLAT = 1e-9
"""Slope that is none (1)."""
AT_BOUND = 1e-7
"""Distance from a bound below which a number stands at it (1)."""
_SCORES = 40
"""Steps at most (1)."""
_SHARES = (1.0, 0.5, 0.2, 0.05, 0.01)
"""Parts of a step that are tried, so that the loss falls (1)."""


def scored(
    places: Coordinates, where: Row, k: int | None, enough: float
) -> bool:
    """Move all numbers, or all but one, to their best, in place; whether they came to rest there.

    Args:
        places: A law that knows its second derivatives, in its coordinates.
        where: Where to begin (1); where it ends.
        k: A number that is held; none if `None`.
        enough: Loss that may still be won (1).
    """
    loss = places.loss(where)
    for _ in range(_SCORES):
        slope = places.gradient(where)
        held = (where < AT_BOUND) & (slope > -FLAT)
        held |= (where > 1 - AT_BOUND) & (slope < FLAT)
        if k is not None:
            held[k] = True
        free = np.flatnonzero(~held)
        step = _step(places, where, free, slope)
        if step is None:
            return False
        trial, here, share = _downhill(places, where, free, step, loss)
        left = float(slope[free] @ (where[free] - trial[free])) / 2
        if here >= loss:
            return left < enough
        won, loss = loss - here, here
        where[:] = trial
        # a short step that wins little is no sign of rest
        if max(won, left / share) < enough:
            return True
    return False


def _step(
    places: Coordinates, where: Row, free: np.ndarray, slope: Row
) -> Row | None:
    """Newton's step of the free numbers; `None` if the law does not say."""
    second = places.information(where)
    if second is None or not np.isfinite(second).all():
        return None
    return solved(upward(second), free, slope[free])


def _downhill(
    places: Coordinates, where: Row, free: np.ndarray, step: Row, loss: float
) -> tuple[Row, float, float]:
    """The longest part of a step that makes the loss smaller: place, loss, and part."""
    trial = where.copy()
    here = loss
    share = 1.0
    for share in _SHARES:
        trial[free] = np.clip(where[free] + share * step, 0.0, 1.0)
        here = places.loss(trial)
        if here < loss:
            break
    return trial, here, share


def upward(second: Row) -> Row:
    """Second derivatives that all bend upward: across a kink, differences of slopes may not."""
    values, vectors = np.linalg.eigh(second)
    least = 1e-9 * float(np.abs(values).max())
    found: Row = (vectors * np.maximum(np.abs(values), least)) @ vectors.T
    return found


def solved(second: Row, free: np.ndarray, right: Row) -> Row | None:
    """Newton's step of some numbers; `None` where the loss does not bend upward."""
    from scipy.linalg import cho_factor, cho_solve

    try:
        factor = cho_factor(second[np.ix_(free, free)])
    except np.linalg.LinAlgError:
        return None
    step: Row = -cho_solve(factor, right)
    return step
