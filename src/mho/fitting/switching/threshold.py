"""The threshold of switching, whose likelihood has walls where amplitudes stand: by a scan.

Between two amplitudes it is flat, at each it falls off steeply, which a search by slopes cannot
follow. So all other numbers are searched at one threshold, and it is scanned with the others led
along by a step of Newton's.
"""

from collections.abc import Callable, Mapping

import numpy as np

from mho.fitting.engine import (
    RISE,
    FittedLaw,
    FittedParameter,
    FreeParameter,
    Row,
    best_of,
    fit_law,
)
from mho.fitting.switching.law import NAMES, SwitchingLaw
from mho.progress import Progress

THRESHOLD = NAMES[3]
_LOW, _HIGH = 0.02, 0.999
_PLACES = 80
"""Thresholds that are tried (1)."""
_NEAR = 12.0
"""Fall of the logarithm within which the others are led along (1)."""
_ROUNDS = 3
_USEFUL = 0.3
"""Widest interval that counts as determined (1)."""
Maker = Callable[[Mapping[str, float]], SwitchingLaw]
"""Makes a law with some numbers known."""


def fit_with_threshold(
    make: Maker, known: Mapping[str, float], progress: Progress
) -> tuple[SwitchingLaw, FittedLaw]:
    """All numbers of a law of switching, with the threshold from a scan unless it is known.

    Args:
        make: Makes the law.
        known: Numbers that are not asked of the data, by name, SI.
        progress: Told how far it is.
    """
    if THRESHOLD in known:
        law = make(known)
        return law, fit_law(law, progress, law.begin(), rough=True)
    places = np.linspace(_LOW, _HIGH, _PLACES)
    first = make(known)
    named = dict(
        zip((p.name for p in first.parameters), first.begin(), strict=True)
    )
    at = named.pop(THRESHOLD)
    best = np.array(list(named.values()))
    for _ in range(_ROUNDS):
        law = make({**known, THRESHOLD: at})
        best, _ = best_of(law, best)
        loss = np.array(
            [make({**known, THRESHOLD: t}).loss(best) for t in places]
        )
        before, at = at, _middle(places, loss)
        if abs(at - before) <= places[1] - places[0]:
            break
    law = make({**known, THRESHOLD: at})
    fitted = fit_law(law, progress, best, rough=True)
    loss = _led_along(make, known, places, law, fitted)
    return law, _with(fitted, _told(places, loss, at, law.data), at)


def _middle(places: Row, loss: Row) -> float:
    """Middle of what is as likely as the best, to half a unit of the logarithm (1)."""
    k = int(np.argmin(loss))
    level = loss[k] + 0.5
    low = high = k
    while low > 0 and loss[low - 1] < level:
        low -= 1
    while high < places.size - 1 and loss[high + 1] < level:
        high += 1
    return float(places[low] + places[high]) / 2


def _led_along(
    make: Maker,
    known: Mapping[str, float],
    places: Row,
    law: SwitchingLaw,
    fitted: FittedLaw,
) -> Row:
    """Least loss at each threshold. Shape (places,)."""
    best = fitted.best
    second = law.information(best)
    values, vectors = np.linalg.eigh(second)
    least = 1e-9 * float(np.abs(values).max())
    inverse = (vectors / np.maximum(values, least)) @ vectors.T
    low = np.array([one.low for one in law.parameters])
    high = np.array([one.high for one in law.parameters])
    found = np.empty(places.size)
    for k, at in enumerate(places):
        other = make({**known, THRESHOLD: float(at)})
        found[k] = other.loss(best)
        if found[k] - fitted.loss < _NEAR:
            moved = best - inverse @ other.gradient(best)
            found[k] = min(found[k], other.loss(np.clip(moved, low, high)))
    return found


def _told(
    places: Row, loss: Row, at: float, data: tuple[str, ...]
) -> FittedParameter:
    """The threshold, its interval, and whether it is determined."""
    inside = np.flatnonzero(loss < loss.min() + RISE)
    low, high = (
        _crossing(places, loss, int(k), way)
        for k, way in ((inside[0], -1), (inside[-1], 1))
    )
    asked = FreeParameter(THRESHOLD, "1", at, _LOW, _HIGH, useful=_USEFUL)
    determined = asked.is_narrow(low, high)
    note = "" if determined else "pulses near it are not told from none"
    return FittedParameter(
        THRESHOLD, "1", at, low, high, determined, data, note
    )


def _crossing(places: Row, loss: Row, k: int, way: int) -> float:
    """Where the loss has risen enough, between a place and the next (1)."""
    beyond = k + way
    if not 0 <= beyond < places.size:
        return float(places[k])
    level = loss.min() + RISE
    share = (level - loss[k]) / (loss[beyond] - loss[k])
    return float(
        places[k] + way * np.clip(share, 0.0, 1.0) * (places[1] - places[0])
    )


def _with(fitted: FittedLaw, one: FittedParameter, at: float) -> FittedLaw:
    """The fitted law with one number more, last; its correlations are not known."""
    count = fitted.best.size
    correlation = np.full((count + 1, count + 1), np.nan)
    correlation[:count, :count] = fitted.correlation
    return FittedLaw(
        fitted.title,
        (*fitted.parameters, one),
        np.append(fitted.best, at),
        fitted.loss,
        fitted.points,
        correlation,
        fitted.data,
    )
