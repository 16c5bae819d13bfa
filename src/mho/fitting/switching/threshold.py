"""The threshold of switching, whose likelihood has walls where amplitudes stand: by a scan.

Between two amplitudes it is flat, at each it falls off steeply, which a search by slopes cannot
follow. So all other numbers are searched at one threshold, and the valley of the loss is followed
along thresholds both ways. Voltages and gain go with it: intervals of all numbers are those of
every likely threshold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mho.fitting.engine import (
    RISE,
    Coordinates,
    FittedLaw,
    FittedParameter,
    FreeParameter,
    Optimum,
    Row,
    best_of,
    fit_law,
    led,
    upward,
)
from mho.fitting.switching.law import NAMES, SwitchingLaw
from mho.progress import Progress

THRESHOLD = NAMES[3]
_LOW, _HIGH = 0.02, 0.999
_PLACES = 80
"""Thresholds that are tried (1)."""
_PACE = 0.006
"""First step along the valley (1)."""
_SLOW = 0.3
"""Rise after which steps are long enough (1)."""
_ENOUGH = 2.5
"""Rise at which the valley has been left (1)."""
_BETTER = 0.05
_FINE = 400
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
        best, _ = best_of(law, best, rough=True)
        loss = np.array(
            [make({**known, THRESHOLD: t}).loss(best) for t in places]
        )
        before, at = at, _middle(places, loss)
        if abs(at - before) <= places[1] - places[0]:
            break
    for _ in range(_ROUNDS):
        law = make({**known, THRESHOLD: at})
        best, least = best_of(law, best, rough=True)
        path = _path(make, known, law, (best, least), at)
        k = int(np.argmin(path.loss))
        if path.loss[k] > least - _BETTER:
            break
        # elsewhere on the valley it is likelier
        at, best = float(path.at[k]), path.best[k]
    fitted = fit_law(law, progress, best, rough=True)
    if fitted.loss < least - _BETTER:
        path = _path(make, known, law, (fitted.best, fitted.loss), at)
    return law, _widened(fitted, path, at)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """The valley of the loss along the threshold.

    Args:
        at: Thresholds, rising (1). Shape (places,).
        loss: Least loss at each (1). Shape (places,).
        best: All other numbers there, SI. Shape (places, numbers).
    """

    at: Row
    loss: Row
    best: Row


def _path(
    make: Maker,
    known: Mapping[str, float],
    law: SwitchingLaw,
    optimum: tuple[Row, float],
    at: float,
) -> _Path:
    """From the optimum both ways, the other numbers led along, until the loss has risen enough."""
    best, least = optimum
    places = Coordinates(law)
    middle = places.inside(best)
    second = upward(places.information(middle))  # type: ignore[arg-type]
    rows = [(at, least, middle)]
    for way in (-1.0, 1.0):
        where, before, step, here = middle, middle, _PACE, at
        while _LOW < here + way * step < _HIGH and step < 1.0:
            here += way * step
            other = make({**known, THRESHOLD: here})
            # a loss that is far below: a smaller one is no mistake here
            far = Optimum(Coordinates(other), middle, least - 50.0, second)
            begin = np.clip(2 * where - before, 0.0, 1.0)
            rise, found = led(far, begin)
            before, where = where, found
            rows.append((here, rise + least - 50.0, found))
            if rise - 50.0 > _ENOUGH:
                break
            if rise - 50.0 < _SLOW:
                step *= 1.5
                before = where
    rows.sort(key=lambda row: row[0])
    return _Path(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.array([places.outside(row[2]) for row in rows]),
    )


def _widened(fitted: FittedLaw, path: _Path, at: float) -> FittedLaw:
    """The law with the threshold, last, and intervals that hold for every likely threshold.

    A number's profile is the least over thresholds: the interval is what the ones at each
    threshold have in common, each as wide as what is left of the rise allows.
    """
    fine = np.linspace(path.at[0], path.at[-1], _FINE)
    rise = np.interp(fine, path.at, path.loss) - fitted.loss
    left = np.sqrt(np.clip(1.0 - np.maximum(rise, 0.0) / RISE, 0.0, 1.0))
    inside = rise < RISE
    found = []
    for k, one in enumerate(fitted.parameters):
        moved = np.interp(fine, path.at, path.best[:, k]) - one.value
        low = one.value + (moved + (one.low - one.value) * left)[inside].min()
        high = one.value + (moved + (one.high - one.value) * left)[inside].max()
        found.append(
            replace(one, low=min(low, one.low), high=max(high, one.high))
        )
    low, high = float(fine[inside][0]), float(fine[inside][-1])
    asked = FreeParameter(THRESHOLD, "1", at, _LOW, _HIGH, useful=_USEFUL)
    determined = asked.is_narrow(low, high)
    note = "" if determined else "pulses near it are not told from none"
    told = FittedParameter(
        THRESHOLD, "1", at, low, high, determined, fitted.data, note
    )
    count = fitted.best.size
    # its correlations are not known
    correlation = np.full((count + 1, count + 1), np.nan)
    correlation[:count, :count] = fitted.correlation
    return FittedLaw(
        fitted.title,
        (*found, told),
        np.append(fitted.best, at),
        fitted.loss,
        fitted.points,
        correlation,
        fitted.data,
    )
