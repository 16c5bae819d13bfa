"""From a law and its data to numbers with intervals."""

import numpy as np

from mho.fitting.engine.coordinates import Coordinates
from mho.fitting.engine.interval import BetterFound, Ends, profile_intervals
from mho.fitting.engine.law import FittedLaw, Informed, LawFit, Row
from mho.fitting.engine.optimum import correlations, settled
from mho.fitting.engine.parameters import FittedParameter, FreeParameter
from mho.fitting.engine.rough import rough_intervals
from mho.fitting.engine.scoring import scored
from mho.progress import Progress, silent

_AGAIN = 5
"""Times that a better place found by a profile starts the profiles anew, at most (1)."""
_REST = 1e-4
"""Loss that may be left to win at the optimum (1)."""
_OPEN = "the data set no bound"
_WIDE = "the data leave a wider interval than tells anything"


def best_of(
    law: LawFit, start: Row | None = None, *, rough: bool = False
) -> tuple[Row, float]:
    """The most likely numbers of a law, SI, and their loss, without intervals.

    Args:
        law: The law and its data.
        start: Where the search begins, SI; where the law says if `None`.
        rough: As in `fit_law`.
    """
    places = Coordinates(law)
    begin = places.start if start is None else places.inside(start)
    best, loss = _best(places, begin, rough=rough)
    return places.outside(best), loss


def _best(places: Coordinates, start: Row, *, rough: bool) -> tuple[Row, float]:
    """The least loss by a search, and by second derivatives as far as the law knows them."""
    best, loss = settled(places, start)
    if rough or not isinstance(places.law, Informed):
        return best, loss
    trial = best.copy()
    scored(places, trial, None, _REST)
    here = places.loss(trial)
    return (trial, here) if here < loss else (best, loss)


def fit_law(
    law: LawFit,
    progress: Progress = silent,
    start: Row | None = None,
    *,
    rough: bool = False,
) -> FittedLaw:
    """The most likely numbers of a law and their 95 % intervals, each told as determined or not.

    A number is determined if its profile rises enough within the law's bounds and the interval is
    no wider than `FreeParameter.useful`. An interval may end at a bound that the number can have
    in earnest, such as a spread of nothing.

    Args:
        law: The law and its data.
        progress: Told how far it is.
        start: Where the search begins, SI; where the law says if `None`.
        rough: Whether the likelihood has walls, between which Newton's method finds no rest.
    """
    intervals = rough_intervals if rough else profile_intervals
    places = Coordinates(law)
    progress(law.title, 0.0)
    begin = places.start if start is None else places.inside(start)
    best, loss = _best(places, begin, rough=rough)
    ends: list[Ends] = []
    for _ in range(_AGAIN):
        progress(law.title, 0.3)
        try:
            ends = intervals(places, best, loss)
        except BetterFound as better:
            best, loss = _best(places, better.where, rough=rough)
        else:
            break
    numbers = places.outside(best)
    if not ends:
        ends = [Ends(0.0, 1.0)] * numbers.size
    lows = places.outside(np.array([one.low for one in ends]))
    highs = places.outside(np.array([one.high for one in ends]))
    progress(law.title, 1.0)
    return FittedLaw(
        law.title,
        tuple(
            _told(open_, numbers[k], lows[k], highs[k], ends[k], law.data)
            for k, open_ in enumerate(law.parameters)
        ),
        numbers,
        loss,
        law.points,
        correlations(places, best),
        law.data,
    )


def _told(
    asked: FreeParameter,
    value: float,
    low: float,
    high: float,
    ends: Ends,
    data: tuple[str, ...],
) -> FittedParameter:
    """One number with its verdict."""
    narrow = asked.is_narrow(float(low), float(high))
    both_open = ends.low <= 0.0 and ends.high >= 1.0
    # a size that may be anything up to a bound is not known, a spread that may be nothing is
    one_open = asked.log and (ends.low <= 0.0 or ends.high >= 1.0)
    determined = narrow and not both_open and not one_open
    note = ""
    if not determined:
        note = _WIDE if not (both_open or one_open) else _OPEN
    return FittedParameter(
        asked.name,
        asked.unit,
        float(value),
        float(low),
        float(high),
        determined,
        data,
        note,
    )
