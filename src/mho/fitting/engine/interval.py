"""Intervals from the profile of a likelihood, right also where it is lopsided or meets a bound."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mho.fitting.engine.coordinates import Coordinates
from mho.fitting.engine.law import Informed, LawFit, Row, Sampled
from mho.fitting.engine.optimum import curvature, lifted, most_likely
from mho.fitting.engine.scoring import AT_BOUND, FLAT, scored, solved, upward

RISE = 1.9207294
"""Rise of the loss at the ends of a 95 % interval: half the quantile of χ² with one number, as far
as the law is of readings; see `rise_of` for few cells."""
_NEAR = 0.02
"""Difference of a rise from `RISE` that counts as none (1)."""
_BETTER = 0.01
"""Drop of the loss below the optimum that means a better one was found (1)."""
_LEFT = 0.02
"""Loss that the other numbers may still be away from their best: a hundredth of the rise (1)."""
_KINK = 0.25
"""As `_LEFT`, where the steps do not get smaller, and do not lower the loss (1)."""
_TRIALS = 10
_CORRECTIONS = 8
_HALVINGS = 14
_Rest = Callable[["Optimum", Row, int], bool]
"""Moves all numbers but one to their best, in place; tells whether they came to rest."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Ends of an interval as coordinates, 0 … 1; a bound where the loss never rises enough."""

    low: float
    high: float


def rise_of(law: LawFit) -> float:
    r"""Rise of the loss at the ends of a law's 95 % intervals (1).

    The mean of :math:`n` cells whose spread is unknown, too, has Student's interval. In terms of
    the profile of its likelihood that is a rise of

    .. math:: \frac n2 \ln\Bigl(1 + \frac{t^2}{n - 1}\Bigr)

    with the quantile :math:`t` of :math:`n - 1` degrees of freedom: 2.95 for four cells, 2.19 for
    twelve, `RISE` for many. Numbers that all readings tell get intervals as much wider.

    Args:
        law: The law.
    """
    units = law.units if isinstance(law, Sampled) else 0
    if units < 2:
        return RISE
    from scipy.stats import t

    quantile = float(t.ppf(0.975, units - 1))
    return units / 2 * float(np.log1p(quantile**2 / (units - 1)))


class BetterFound(Exception):  # noqa: N818
    """On the way a smaller loss was met."""

    def __init__(self, where: Row) -> None:
        super().__init__()
        self.where = where


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The most likely place, and how the loss bends there.

    Args:
        places: A law in its coordinates.
        best: Coordinates of the smallest loss.
        loss: That loss.
        second: Second derivatives there. Shape (numbers, numbers).
        enough: Rise of the loss at the ends of intervals (1).
    """

    places: Coordinates
    best: Row
    loss: float
    second: Row
    enough: float = RISE

    def rise(self, where: Row) -> float:
        """How much larger the loss is elsewhere (1).

        Raises:
            BetterFound: It is smaller.
        """
        rise = self.places.loss(where) - self.loss
        if rise < -_BETTER:
            raise BetterFound(where)
        return rise


def profile_intervals(
    places: Coordinates, best: Row, loss: float
) -> list[Ends]:
    """The 95 % interval of each number, all others free.

    Along the profile of one number, Newton's method with the second derivatives of the optimum
    keeps the others at their best; near a quadratic that takes one or two slopes. Where it does
    not come to rest, each place is searched as the optimum was.

    Args:
        places: A law in its coordinates.
        best: Coordinates of the smallest loss.
        loss: That loss.

    Raises:
        BetterFound: The place was not the best.
    """
    second = upward(curvature(places, best))
    optimum = Optimum(places, best, loss, second, rise_of(places.law))
    found = []
    for k in range(best.size):
        low = _end(optimum, k, -1.0)
        high = _end(optimum, k, 1.0)
        found.append(Ends(low, high))
    return found


def _end(optimum: Optimum, k: int, way: float) -> float:
    """One end of an interval (1)."""
    bound = 0.0 if way < 0 else 1.0
    if abs(optimum.best[k] - bound) < AT_BOUND:
        return bound
    end = _by_newton(optimum, k, way, _at_rest)
    if end is None and isinstance(optimum.places.law, Informed):
        end = _by_newton(optimum, k, way, _scored)
    return _by_search(optimum, k, way) if end is None else end


def _by_newton(
    optimum: Optimum, k: int, way: float, rest: _Rest
) -> float | None:
    """The end; `None` where the others do not come to rest.

    Args:
        optimum: The most likely place.
        k: Whose end.
        way: Downward (−1) or upward (+1).
        rest: Moves all numbers but one to their best.
    """
    best = optimum.best
    free = inner(best, k)
    second = optimum.second
    response = solved(second, free, second[free, k])
    if response is None:
        return None
    bend = second[k, k] + second[k, free] @ response
    if bend <= 0:
        return None
    enough = optimum.enough
    bound = 0.0 if way < 0 else 1.0
    room = abs(bound - best[k])
    inside, outside = (0.0, 0.0), (room, np.inf)
    reach = min(float(np.sqrt(2 * enough / bend)), room)
    where = best.copy()
    where[free] = np.clip(best[free] + way * reach * response, 0.0, 1.0)
    for _ in range(_TRIALS):
        where[k] = best[k] + way * reach
        if not rest(optimum, where, k) or _stuck(optimum, where, k):
            return None
        rise = optimum.rise(where)
        if abs(rise - enough) < _NEAR:
            return float(where[k])
        if rise < enough:
            if reach >= room:
                return bound
            inside = (reach, rise)
        else:
            outside = (reach, rise)
        before = reach
        reach = next_reach(inside, outside, room, enough)
        moved = way * (reach - before) * response
        where[free] = np.clip(where[free] + moved, 0.0, 1.0)
    return None


def inner(where: Row, k: int) -> np.ndarray:
    """Numbers that are at no bound, but for one that is held."""
    inner = (where > AT_BOUND) & (where < 1 - AT_BOUND)
    inner[k] = False
    return np.flatnonzero(inner)


def next_reach(
    inside: tuple[float, float],
    outside: tuple[float, float],
    room: float,
    enough: float = RISE,
) -> float:
    """Where the loss may have risen enough, as if it rose with the square of the way."""
    near, low = inside
    far, high = outside
    if np.isinf(high):
        grown = near * np.sqrt(enough / max(low, enough / 9))
        return float(min(grown, room))
    low, high = np.sqrt(max(low, 0.0)), np.sqrt(high)
    share = (np.sqrt(enough) - low) / (high - low)
    return float(near + (far - near) * np.clip(share, 0.05, 0.95))


def _at_rest(optimum: Optimum, where: Row, k: int) -> bool:
    """Move all numbers but one to their best; whether they came to rest there."""
    before = np.inf
    for _ in range(_CORRECTIONS):
        slope = optimum.places.gradient(where)
        # a spread of nothing has no slope either way
        held = (where < AT_BOUND) & (slope > -FLAT)
        held |= (where > 1 - AT_BOUND) & (slope < FLAT)
        held[k] = True
        free = np.flatnonzero(~held)
        step = solved(optimum.second, free, slope[free])
        if step is None:
            return False

        moved = np.clip(where[free] + step, 0.0, 1.0)
        # what the step may still win
        left = float(-slope[free] @ (moved - where[free])) / 2
        trial = where.copy()
        trial[free] = moved
        # at a kink steps go to and fro between its sides
        to_and_fro = before / 2 < left < _KINK
        if to_and_fro and _gain(optimum, where, trial) < _LEFT:
            return True
        where[free] = moved
        if left < _LEFT:
            return True
        before = left
    return False


def _scored(optimum: Optimum, where: Row, k: int) -> bool:
    """As `_at_rest`, by second derivatives of each place, downhill."""
    return scored(optimum.places, where, k, _LEFT)


def _gain(optimum: Optimum, where: Row, trial: Row) -> float:
    """How much lower the loss is at another place (1)."""
    return optimum.places.loss(where) - optimum.places.loss(trial)


def _stuck(optimum: Optimum, where: Row, k: int) -> bool:
    """Whether a spread was moved to nothing, and stays there though more is likelier."""
    loss = optimum.places.loss(where)
    return lifted(optimum.places, where, loss, (k,)) is not None


def _by_search(optimum: Optimum, k: int, way: float) -> float:
    """The end by doubling steps outward, then by halving the last one."""
    inside = optimum.best.copy()
    bound = 0.0 if way < 0 else 1.0
    enough = optimum.enough
    bend = max(optimum.second[k, k], enough)
    step = float(np.sqrt(enough / bend))
    outside = None
    while outside is None:
        if inside[k] == bound:
            return bound
        trial = inside.copy()
        trial[k] = min(max(inside[k] + way * step, 0.0), 1.0)
        where, rise = _searched(optimum, trial, k)
        if rise > enough:
            outside = trial[k]
        else:
            inside = where
            step *= 2
    for _ in range(_HALVINGS):
        trial = inside.copy()
        trial[k] = (inside[k] + outside) / 2
        where, rise = _searched(optimum, trial, k)
        if abs(rise - enough) < _NEAR:
            return float(trial[k])
        if rise > enough:
            outside = trial[k]
        else:
            inside = where
    return float((inside[k] + outside) / 2)


def _searched(optimum: Optimum, trial: Row, k: int) -> tuple[Row, float]:
    """The best place with one number held, and how much larger the loss is there."""
    where, loss = most_likely(
        optimum.places, trial, (k,), np.abs(np.diag(optimum.second))
    )
    if loss - optimum.loss < -_BETTER:
        raise BetterFound(where)
    return where, loss - optimum.loss
