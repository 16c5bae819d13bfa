"""Intervals of laws whose likelihood is rough on the scale of its width, as hard thresholds are.

Newton's method does not come to rest between walls. Here it only proposes steps; one is taken if
the loss falls, and after a few of them the place counts as the best of the others.
"""

import numpy as np

from mho.fitting.engine.coordinates import Coordinates
from mho.fitting.engine.interval import (
    RISE,
    Ends,
    Optimum,
    inner,
    next_reach,
)
from mho.fitting.engine.law import Row
from mho.fitting.engine.optimum import curvature
from mho.fitting.engine.scoring import solved, upward

_NEAR = 0.1
"""Difference of a rise from `RISE` that counts as none (1): 3 % of a half interval."""
_TRIALS = 6
_STEPS = 4
_SHARES = (1.0, 0.4, 0.1)
"""Parts of a proposed step that are tried (1)."""
_WON = 1e-3
_AT_BOUND = 1e-7
_FLAT = 1e-9


def rough_intervals(places: Coordinates, best: Row, loss: float) -> list[Ends]:
    """The 95 % interval of each number, all others free, as far as a few steps lead them.

    Where a smaller loss is found on the way, the search ends with the place of it.

    Args:
        places: A law in its coordinates.
        best: Coordinates of the smallest loss.
        loss: That loss.
    """
    optimum = Optimum(places, best, loss, upward(curvature(places, best)))
    return [
        Ends(_end(optimum, k, -1.0), _end(optimum, k, 1.0))
        for k in range(best.size)
    ]


def _end(optimum: Optimum, k: int, way: float) -> float:
    """One end of an interval (1)."""
    bound = 0.0 if way < 0 else 1.0
    best, second = optimum.best, optimum.second
    room = abs(bound - best[k])
    if room < _AT_BOUND:
        return bound
    direction = np.zeros(best.size)
    direction[k] = 1.0
    free = inner(best, k)
    response = solved(second, free, second[free, k])
    if response is not None:
        direction[free] = response
    bend = max(float(direction @ second @ direction), RISE)
    reach = min(float(np.sqrt(2 * RISE / bend)), room)
    inside, outside = (0.0, 0.0), (room, np.inf)
    for _ in range(_TRIALS):
        where = np.clip(best + way * reach * direction, 0.0, 1.0)
        rise, _ = led(optimum, where, k)
        if abs(rise - RISE) < _NEAR:
            break
        if rise < RISE:
            if reach >= room:
                return bound
            inside = (reach, rise)
        else:
            outside = (reach, rise)
        reach = next_reach(inside, outside, room)
    return float(best[k] + way * reach)


def led(
    optimum: Optimum, where: Row, k: int | None = None
) -> tuple[float, Row]:
    """How much larger the loss is (1), with the others led to where it is small, and where.

    Args:
        optimum: What steps are proposed by.
        where: Where to begin (1).
        k: A number that is held; none if `None`.
    """
    rise = optimum.rise(where)
    for _ in range(_STEPS):
        slope = optimum.places.gradient(where)
        held = (where < _AT_BOUND) & (slope > -_FLAT)
        held |= (where > 1 - _AT_BOUND) & (slope < _FLAT)
        if k is not None:
            held[k] = True
        free = np.flatnonzero(~held)
        step = solved(optimum.second, free, slope[free])
        if step is None:
            break
        before = rise
        for share in _SHARES:
            trial = where.copy()
            trial[free] = np.clip(where[free] + share * step, 0.0, 1.0)
            here = optimum.rise(trial)
            if here < rise:
                where, rise = trial, here
                break
        if before - rise < _WON:
            break
    return rise, where
