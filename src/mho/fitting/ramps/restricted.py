r"""Spreads of ramps by restricted likelihood: what fitted means take from them is given back.

Steps at nodes follow the readings as well as they can, and with them some of the scatter. So
spreads that are fitted together with them come out too small: by 4 % for steps at ten nodes and
twelve ramps of 60 pulses. Integrated over the steps, the likelihood of the spreads has the term

.. math:: \tfrac12 \ln\det H(\sigma)

of the second derivatives :math:`H` by the steps (keys: patterson1971, cox1987). It changes slowly,
so its slope by the logarithm of each spread is taken once, where the likelihood is largest. The
term that is added has this slope there, is finite for a spread of nothing, and grows slowly.
"""

from collections.abc import Sequence

import numpy as np

from mho.fitting.engine import Coordinates, Row
from mho.fitting.ramps.laws import RampLaw
from mho.fitting.ramps.parts import Pull

_RATIO = 1.1
"""Factor either way by which a spread is moved (1)."""
_RISE = 0.1
"""Rise of the loss over which second derivatives are taken (1)."""
_FIRST = 1e-5
_FARTHEST = 0.05
_INSIDE = 1e-6
"""Distance from a bound below which a number stands at it (1)."""


def pull_of(law: RampLaw, best: Row) -> Pull:
    """What is to be added to the loss of a law near its most likely numbers.

    Args:
        law: A law of ramps.
        best: Its most likely numbers, in the unit of the readings.
    """
    places = Coordinates(law)
    where = places.inside(best)
    inside = (where > _INSIDE) & (where < 1 - _INSIDE)
    spreads = np.array([_is_spread(one.name) for one in law.parameters])
    means = np.flatnonzero(inside & ~spreads)
    reach = [_reach(places, where, int(k)) for k in means]
    weights = np.zeros(best.size)
    for k in np.flatnonzero(inside & spreads):
        sides = []
        for ratio in (_RATIO, 1 / _RATIO):
            moved = best.copy()
            moved[k] *= ratio
            at = np.clip(places.inside(moved), 0.0, 1.0)
            sides.append(_half_logarithm(places, at, means, reach))
        slope = (sides[0] - sides[1]) / (2 * np.log(_RATIO))
        # the more scatter, the less is known of the means
        weights[k] = max(-slope, 0.0)
    return Pull(weights, np.where(weights > 0, best, 1.0))


def _is_spread(name: str) -> bool:
    return "spread" in name or "noise" in name


def _reach(places: Coordinates, where: Row, k: int) -> float:
    """How far a number may go until the loss has risen by `_RISE` (1)."""
    least = places.loss(where)
    inward = 1.0 if where[k] < 0.5 else -1.0
    reach = _FIRST
    while reach < _FARTHEST:
        trial = where.copy()
        trial[k] += inward * reach
        if places.loss(trial) - least > _RISE:
            break
        reach *= 3.0
    return reach


def _half_logarithm(
    places: Coordinates, where: Row, means: np.ndarray, reach: Sequence[float]
) -> float:
    """Half the logarithm of the determinant of the second derivatives by the means (1)."""
    second = np.empty((means.size, means.size))
    for row, (k, far) in enumerate(zip(means, reach, strict=True)):
        above, below = where.copy(), where.copy()
        above[k] = min(where[k] + far, 1.0)
        below[k] = max(where[k] - far, 0.0)
        turn = places.gradient(above) - places.gradient(below)
        second[row] = turn[means] / (above[k] - below[k])
    values = np.linalg.eigvalsh((second + second.T) / 2)
    least = 1e-9 * float(np.abs(values).max(initial=1e-300))
    return float(np.log(np.maximum(np.abs(values), least)).sum()) / 2
