"""Relaxation as measured on many cells: heavy tails on either side of a drifting median."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from mho.checks import (
    Configuration,
    check_between,
    check_not_negative,
    check_positive,
)
from mho.compiled import (
    Column,
    F,
    Numbers,
    Real,
    Record,
    Word,
    exp,
    log,
    log1p,
    normal_pair,
    normal_purpose,
)

KNOTS = 4
"""Numbers that a cell remembers, for times between early and late (1)."""
_PARTS = {"median": 4, "up": 4, "down": 4, "up_tail": 2, "down_tail": 2}
"""What is a polynomial in y, and how many coefficients it has."""
_TIMES = ("early", "middle", "late")
_RELAXATION = normal_purpose("relaxation")
_ROOT_HALF = F(math.sqrt(0.5))
_MICRO = F(1e-6)
_T0 = F(1.26551223)
_T1 = F(-1.00002368)
_T2 = F(-0.37409196)
_T3 = F(-0.09678418)
_T4 = F(0.18628806)
_T5 = F(-0.27886807)
_T6 = F(1.13520398)
_T7 = F(-1.48851587)
_T8 = F(0.82215223)
_T9 = F(-0.17087277)


@dataclass(frozen=True, slots=True)
class QuantileRelaxation(Configuration):
    r"""The quantiles of the change, fitted early, in the middle and late.

    A cell's number :math:`z(t)`, standard normal at any time, says which quantile it is. With
    :math:`E(z) = -\ln 2\Phi(-|z|)`, which is exponentially distributed,

    .. math::
        \Delta G = k\,g\,\left[m + \begin{cases} s_+ E^{p_+} & z > 0 \\
        -s_- E^{p_-} & z \le 0 \end{cases}\right], \qquad \Delta G \ge -G ,

    two stretched exponentials that meet at the median: an exponent p of ½ is about a normal
    tail, 1 an exponential one, and larger ones are heavier. The median and the logarithms of s
    and p are polynomials in :math:`y = \ln(1 + G/G_k) / \ln(1 + G_f/G_k)` at three times, and
    between these straight lines in :math:`w = \ln \ln(1 + t/t_0)`. Before the first time all
    shrinks as :math:`g = \ln(1 + t/t_0) / \ln(1 + t_1/t_0)`; after the last one nothing grows
    any more.

    Cells do not keep their rank: :math:`z(t)` runs along four numbers of the cell's own, evenly
    spaced in w from early to late, each correlated by :math:`\rho` with the one before. Between
    them it is a straight line, divided by its own standard deviation; asking never changes it.
    Steps renew the four as in `Relaxation`.

    Args:
        scale: Strength relative to the fit, k (1).
        full: Conductance of y = 1; larger ones are taken as this one, G_f (S).
        knee: Conductance below which y is linear, G_k (S).
        onset: Time at which relaxation starts, t₀ (s).
        early: Time of the first fit, t₁ (s).
        middle: Time of the second fit (s).
        late: Time of the third fit, after which nothing grows any more (s).
        memory: Correlation of neighbours among a cell's four numbers, ρ (1).
        renewal_step: Step that renews most of it, ΔG_s (S).
        early_median_0: Median of the change, early: constant (S).
        early_median_1: Median of the change, early: coefficient of y (S).
        early_median_2: Median of the change, early: coefficient of y² (S).
        early_median_3: Median of the change, early: coefficient of y³ (S).
        early_up_0: Logarithm of the upper scale over 1 µS, early: constant (1).
        early_up_1: Logarithm of the upper scale over 1 µS, early: coefficient of y (1).
        early_up_2: Logarithm of the upper scale over 1 µS, early: coefficient of y² (1).
        early_up_3: Logarithm of the upper scale over 1 µS, early: coefficient of y³ (1).
        early_down_0: Logarithm of the lower scale over 1 µS, early: constant (1).
        early_down_1: Logarithm of the lower scale over 1 µS, early: coefficient of y (1).
        early_down_2: Logarithm of the lower scale over 1 µS, early: coefficient of y² (1).
        early_down_3: Logarithm of the lower scale over 1 µS, early: coefficient of y³ (1).
        early_up_tail_0: Logarithm of the upper tail's exponent, early: constant (1).
        early_up_tail_1: Logarithm of the upper tail's exponent, early: coefficient of y (1).
        early_down_tail_0: Logarithm of the lower tail's exponent, early: constant (1).
        early_down_tail_1: Logarithm of the lower tail's exponent, early: coefficient of y (1).
        middle_median_0: Median of the change, middle: constant (S).
        middle_median_1: Median of the change, middle: coefficient of y (S).
        middle_median_2: Median of the change, middle: coefficient of y² (S).
        middle_median_3: Median of the change, middle: coefficient of y³ (S).
        middle_up_0: Logarithm of the upper scale over 1 µS, middle: constant (1).
        middle_up_1: Logarithm of the upper scale over 1 µS, middle: coefficient of y (1).
        middle_up_2: Logarithm of the upper scale over 1 µS, middle: coefficient of y² (1).
        middle_up_3: Logarithm of the upper scale over 1 µS, middle: coefficient of y³ (1).
        middle_down_0: Logarithm of the lower scale over 1 µS, middle: constant (1).
        middle_down_1: Logarithm of the lower scale over 1 µS, middle: coefficient of y (1).
        middle_down_2: Logarithm of the lower scale over 1 µS, middle: coefficient of y² (1).
        middle_down_3: Logarithm of the lower scale over 1 µS, middle: coefficient of y³ (1).
        middle_up_tail_0: Logarithm of the upper tail's exponent, middle: constant (1).
        middle_up_tail_1: Logarithm of the upper tail's exponent, middle: coefficient of y (1).
        middle_down_tail_0: Logarithm of the lower tail's exponent, middle: constant (1).
        middle_down_tail_1: Logarithm of the lower tail's exponent, middle: coefficient of y (1).
        late_median_0: Median of the change, late: constant (S).
        late_median_1: Median of the change, late: coefficient of y (S).
        late_median_2: Median of the change, late: coefficient of y² (S).
        late_median_3: Median of the change, late: coefficient of y³ (S).
        late_up_0: Logarithm of the upper scale over 1 µS, late: constant (1).
        late_up_1: Logarithm of the upper scale over 1 µS, late: coefficient of y (1).
        late_up_2: Logarithm of the upper scale over 1 µS, late: coefficient of y² (1).
        late_up_3: Logarithm of the upper scale over 1 µS, late: coefficient of y³ (1).
        late_down_0: Logarithm of the lower scale over 1 µS, late: constant (1).
        late_down_1: Logarithm of the lower scale over 1 µS, late: coefficient of y (1).
        late_down_2: Logarithm of the lower scale over 1 µS, late: coefficient of y² (1).
        late_down_3: Logarithm of the lower scale over 1 µS, late: coefficient of y³ (1).
        late_up_tail_0: Logarithm of the upper tail's exponent, late: constant (1).
        late_up_tail_1: Logarithm of the upper tail's exponent, late: coefficient of y (1).
        late_down_tail_0: Logarithm of the lower tail's exponent, late: constant (1).
        late_down_tail_1: Logarithm of the lower tail's exponent, late: coefficient of y (1).
    """

    scale: float
    full: float
    knee: float
    onset: float
    early: float
    middle: float
    late: float
    memory: float
    renewal_step: float
    early_median_0: float
    early_median_1: float
    early_median_2: float
    early_median_3: float
    early_up_0: float
    early_up_1: float
    early_up_2: float
    early_up_3: float
    early_down_0: float
    early_down_1: float
    early_down_2: float
    early_down_3: float
    early_up_tail_0: float
    early_up_tail_1: float
    early_down_tail_0: float
    early_down_tail_1: float
    middle_median_0: float
    middle_median_1: float
    middle_median_2: float
    middle_median_3: float
    middle_up_0: float
    middle_up_1: float
    middle_up_2: float
    middle_up_3: float
    middle_down_0: float
    middle_down_1: float
    middle_down_2: float
    middle_down_3: float
    middle_up_tail_0: float
    middle_up_tail_1: float
    middle_down_tail_0: float
    middle_down_tail_1: float
    late_median_0: float
    late_median_1: float
    late_median_2: float
    late_median_3: float
    late_up_0: float
    late_up_1: float
    late_up_2: float
    late_up_3: float
    late_down_0: float
    late_down_1: float
    late_down_2: float
    late_down_3: float
    late_up_tail_0: float
    late_up_tail_1: float
    late_down_tail_0: float
    late_down_tail_1: float

    references: ClassVar = ("levy2021", "press2007")
    identity_name: ClassVar = "quantile relaxation"

    def __post_init__(self) -> None:
        check_not_negative(self.scale, "scale", "1")
        for name, unit in (
            ("full", "S"),
            ("knee", "S"),
            ("onset", "s"),
            ("early", "s"),
            ("renewal_step", "S"),
        ):
            check_positive(getattr(self, name), name, unit)
        for earlier, later in pairwise(_TIMES):
            least, time = getattr(self, earlier), getattr(self, later)
            if not least < time < math.inf:
                raise ValueError(
                    f"Argument `{later}` must be above `{earlier}`, {least:g} s, but is"
                    f" {time:g} s."
                )
        check_between(self.memory, "memory", 0.0, 1.0, "1")
        for name in (f"{t}_{n}" for t in _TIMES for n in _PARTS):
            unit, widest = (
                ("S", 1.0) if name.endswith("median") else ("1", 30.0)
            )
            for power in range(_PARTS[name.partition("_")[2]]):
                field = f"{name}_{power}"
                value = getattr(self, field)
                check_between(value, field, -widest, widest, unit)

    def derived(self) -> Numbers:
        """What the scalar law needs besides the fields."""
        first, second, last = (
            self._warped(time) for time in (self.early, self.middle, self.late)
        )
        tables = {
            part: np.array(
                [
                    getattr(self, f"{time}_{part}_{power}")
                    for time in _TIMES
                    for power in range(count)
                ]
            )
            for part, count in _PARTS.items()
        }
        tables["median"] = tables["median"] / 1e-6
        return {
            **tables,
            "at_early": math.log1p(self.early / self.onset),
            "whole": math.log1p(self.full / self.knee),
            "first": first,
            "to_middle": second - first,
            "to_late": last - second,
            "between_knots": (last - first) / (KNOTS - 1),
        }

    def _warped(self, time: float) -> float:
        """The axis on which all runs along straight lines, w (1)."""
        return math.log(math.log1p(time / self.onset))

    def state_column(self) -> Column:
        """What a cell remembers of its relaxation: its four numbers."""
        return ("f4", KNOTS)

    def scalar_shift(self) -> Callable[..., Real]:
        """The law for one cell."""
        return quantile_relaxation_shift

    def scalar_renewal(self) -> Callable[..., None]:
        """How a step renews a cell's four numbers."""
        return renew_ranks

    def of_many(self) -> tuple[Callable[..., Any], Callable[..., None]]:
        """What many cells remember, and how steps renew it."""
        return remembered_ranks, renew_many_ranks


def tail_exponent(z: Real) -> Real:
    r"""Exponentially distributed for a standard normal number, −ln 2Φ(−|z|) (1).

    The complementary error function in Chebyshev's approximation, to 1e-7.
    """
    x = abs(z) * _ROOT_HALF
    t = F(1) / (F(1) + F(0.5) * x)
    high = (((_T9 * t + _T8) * t + _T7) * t + _T6) * t + _T5
    low = (((high * t + _T4) * t + _T3) * t + _T2) * t + _T1
    return max(x * x - log(t) + low * t + _T0, F(1e-7))


def rank_at(law: Record, warped: Real, ranks: Record) -> Real:
    """A cell's standard normal number at a time (1).

    Args:
        law: The numbers of `QuantileRelaxation`.
        warped: The time, as w (1).
        ranks: The cell's four numbers (1).
    """
    place = (warped - law.first) / law.between_knots
    place = min(max(place, F(0)), F(KNOTS - 1))
    before = min(int(place), KNOTS - 2)
    part = place - F(before)
    rest = F(1) - part
    variance = rest * rest + part * part + F(2) * part * rest * law.memory
    line = rest * ranks[before] + part * ranks[before + 1]
    return line / np.sqrt(variance)


def _cubic(c: Record, at: int, y: Real) -> Real:
    """A polynomial of the third degree, its coefficients in a row."""
    return ((c[at + 3] * y + c[at + 2]) * y + c[at + 1]) * y + c[at]


def _line(c: Record, at: int, y: Real) -> Real:
    """A straight line, its coefficients in a row."""
    return c[at + 1] * y + c[at]


def _between(first: Real, second: Real, last: Real, p: Real, q: Real) -> Real:
    """Along two straight lines, so far along each."""
    return first + (second - first) * p + (last - second) * q


def quantile_relaxation_shift(
    law: Record, core: Real, age: Real, relaxing: Record
) -> Real:
    """Deviation of a cell (S), given its own four standard normal numbers (1).

    Args:
        law: The numbers of `QuantileRelaxation`.
        core: Conductance at the switching (S).
        age: Time since then, at the reference temperature (s).
        relaxing: The cell's four numbers (1).
    """
    grown = log1p(age / law.onset)
    warped = log(max(grown, F(1e-12)))
    # from 0 early to 1 in the middle, from 0 there to 1 late
    p = min(max((warped - law.first) / law.to_middle, F(0)), F(1))
    q = (warped - law.first - law.to_middle) / law.to_late
    q = min(max(q, F(0)), F(1))
    y = log1p(min(max(core, F(0)), law.full) / law.knee) / law.whole
    c = law.median
    median = _between(_cubic(c, 0, y), _cubic(c, 4, y), _cubic(c, 8, y), p, q)
    z = rank_at(law, warped, relaxing)
    if z > 0:
        scales = law.up
        tails = law.up_tail
        side = F(1)
    else:
        scales = law.down
        tails = law.down_tail
        side = F(-1)
    scale = _between(
        _cubic(scales, 0, y), _cubic(scales, 4, y), _cubic(scales, 8, y), p, q
    )
    tail = exp(
        _between(
            _line(tails, 0, y), _line(tails, 2, y), _line(tails, 4, y), p, q
        )
    )
    beyond = exp(scale + tail * log(tail_exponent(z)))
    start = min(grown / law.at_early, F(1)) * law.scale
    shift = (median + side * beyond) * (start * _MICRO)
    return max(shift, -core)


def renew_ranks(cell: Record, p: Record, share: Real, draw: Word) -> None:
    """Renew a share of a cell's four numbers, which keep variance and correlation.

    Args:
        cell: The cell.
        p: The numbers of the kind.
        share: Share that is renewed (1).
        draw: Randomness of the event.
    """
    _mix_ranks(cell.relaxing, p, share, draw)


def remembered_ranks(state: Any, cells: Any) -> Any:
    """The numbers of some cells (1). Shape (cells, 4)."""
    return state.relaxing[cells]


def renew_many_ranks(
    state: Any, p: Record, cells: Any, shares: Any, draws: Any, relaxing: Any
) -> None:
    """Renew the numbers of many cells; arguments as for `renew_numbers`."""
    for i in range(draws.shape[0]):
        _mix_ranks(relaxing[i], p, shares[i], draws[i])
        for k in range(KNOTS):
            state[cells[i]].relaxing[k] = relaxing[i, k]


def _mix_ranks(ranks: Record, p: Record, share: Real, draw: Word) -> None:
    """Renew a share of four numbers."""
    memory = p.relaxation.memory
    fresh_part = np.sqrt(F(1) - memory * memory)
    kept = np.sqrt(F(1) - share)
    new = np.sqrt(share)
    rank = F(0)
    for word in range(KNOTS // 2):
        one, other = normal_pair(draw, _RELAXATION, word)
        rank = one if word == 0 else memory * rank + fresh_part * one
        ranks[2 * word] = kept * ranks[2 * word] + new * rank
        rank = memory * rank + fresh_part * other
        at = 2 * word + 1
        ranks[at] = kept * ranks[at] + new * rank
