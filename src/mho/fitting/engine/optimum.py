"""The most likely numbers of a law."""

from collections.abc import Sequence

import numpy as np

from mho.fitting.engine.coordinates import Coordinates
from mho.fitting.engine.law import Row

_LEAST_BEND = 1.0
"""Second derivative that any number is taken to have (1)."""
_STEP = 1e-5
_FELT = 0.1
"""Rise of the loss over which second derivatives are taken: a twentieth of an interval's (1)."""
_FARTHEST = 0.05
"""Way over which they are taken at most (1)."""
_AGAIN = 12
_NOTHING = 1e-3
"""Drop of the loss that is not worth a further search (1)."""
_LIFTS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
"""Distances from a bound at which the loss is looked at (1)."""
_LIFTED = 4
"""Times that a search is begun again off a bound at most (1)."""
_AT_BOUND = 1e-7
_STEPS = 500
"""Steps of the search at most (1)."""


def most_likely(
    places: Coordinates,
    start: Row,
    held: Sequence[int] = (),
    bends: Row | None = None,
) -> tuple[Row, float]:
    """Coordinates of the smallest loss between the bounds, and that loss (1).

    A spread of nothing has no slope, as its square counts, and no search by slopes leaves it.
    So the loss is looked at beside it, and where it is smaller the search goes on from there.

    Args:
        places: A law in its coordinates.
        start: Where to begin (1).
        held: Numbers that stay where they begin, by their place.
        bends: Second derivative by each number, as far as known (1); found if `None`.
    """
    best, loss = _descended(places, start, held, bends)
    for _ in range(_LIFTED):
        better = lifted(places, best, loss, held)
        if better is None:
            break
        best, loss = _descended(places, better, held, None)
    return best, loss


def lifted(
    places: Coordinates, where: Row, loss: float, held: Sequence[int] = ()
) -> Row | None:
    """A place beside `where`, off a bound, with a smaller loss; `None` if there is none.

    Args:
        places: A law in its coordinates.
        where: A place (1).
        loss: The loss there (1).
        held: Numbers that stay.
    """
    best: Row | None = None
    least = loss - _NOTHING
    for k in np.flatnonzero((where < _AT_BOUND) | (where > 1 - _AT_BOUND)):
        if k in held:
            continue
        for lift in _LIFTS:
            trial = where.copy()
            trial[k] = lift if where[k] < 0.5 else 1.0 - lift
            here = places.loss(trial)
            if here < least:
                best, least = trial, here
    return best


def _descended(
    places: Coordinates,
    start: Row,
    held: Sequence[int],
    bends: Row | None,
) -> tuple[Row, float]:
    """Where a search by slopes ends, and the loss there (1)."""
    from scipy.optimize import minimize

    free = np.setdiff1d(np.arange(start.size), np.array(held, dtype=int))
    whole = start.copy()
    if free.size == 0:
        return whole, places.loss(whole)

    if bends is None:
        bends = _bends(places, start)
    # a search of few steps needs numbers that all bend the loss alike
    size = 1.0 / np.sqrt(np.maximum(bends[free], _LEAST_BEND))

    def with_slope(some: Row) -> tuple[float, Row]:
        whole[free] = np.clip(some * size, 0.0, 1.0)
        return places.loss(whole), places.gradient(whole)[free] * size

    found = minimize(
        with_slope,
        start[free] / size,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0 / one) for one in size],
        options={"maxiter": _STEPS, "ftol": 1e-10, "gtol": 1e-4, "maxcor": 30},
    )
    best = start.copy()
    best[free] = np.clip(found.x * size, 0.0, 1.0)

    return best, float(found.fun)


def settled(places: Coordinates, start: Row) -> tuple[Row, float]:
    """As `most_likely`, begun again where it ends until that wins nothing.

    Where a loss has kinks, a search may stop early for what it learned before one.

    Args:
        places: A law in its coordinates.
        start: Where to begin (1).
    """
    best, loss = most_likely(places, start)
    for _ in range(_AGAIN):
        where, here = most_likely(places, best)
        won = loss - here
        if won > 0:
            best, loss = where, here
        if won < _NOTHING:
            break
    return best, loss


def _bends(places: Coordinates, where: Row) -> Row:
    """Second derivative by each number, all others held, without its sign (1)."""
    here = places.gradient(where)
    found = np.empty(where.size)
    for k in range(where.size):
        moved = where.copy()
        step = _STEP if moved[k] < 0.5 else -_STEP
        moved[k] += step
        found[k] = abs(places.gradient(moved)[k] - here[k]) / _STEP
    return found


def curvature(places: Coordinates, best: Row) -> Row:
    """Second derivatives of the loss. Shape (numbers, numbers).

    As the law expects them if it says so, else from differences of its slopes.
    """
    expected = places.information(best)
    if expected is not None:
        return expected
    loss = places.loss(best)
    second = np.empty((best.size, best.size))
    for k in range(best.size):
        reach = _felt(places, best, loss, k)
        above, below = best.copy(), best.copy()
        above[k] = min(best[k] + reach, 1.0)
        below[k] = max(best[k] - reach, 0.0)
        turn = places.gradient(above) - places.gradient(below)
        second[k] = turn / (above[k] - below[k])
    return (second + second.T) / 2


def _felt(places: Coordinates, best: Row, loss: float, k: int) -> float:
    """How far one number may go until the loss feels it (1).

    A kink within a shorter way bends slopes without end, and is nothing to the loss.
    """
    inward = 1.0 if best[k] < 0.5 else -1.0

    def rise(reach: float) -> float:
        trial = best.copy()
        trial[k] += inward * reach
        return places.loss(trial) - loss

    reach = _STEP
    while rise(reach) < _FELT and reach < _FARTHEST:
        reach *= 3.0
    return reach


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
