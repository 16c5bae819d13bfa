"""Relaxation and thermal loss in one: a drift with heavy tails, and lifetimes that differ."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from mho.checks import (
    Configuration,
    check_between,
    check_not_negative,
    check_positive,
)
from mho.compiled import Column, F, Numbers, Real, Record, exp, log, log1p
from mho.device.laws.quantile_relaxation import tail_exponent
from mho.device.laws.relaxation import (
    remembered_numbers,
    renew_number,
    renew_numbers,
)

_PARTS = ("median", "up", "down")
"""What is a polynomial of the third degree in y."""
_MICRO = F(1e-6)
_HALF = F(0.5)
_SOON = F(1e-30)
"""Time that counts as none (s)."""


@dataclass(frozen=True, slots=True)
class BarrierRelaxation(Configuration):
    r"""What is left of a filament is the drifted conductance times what heat has not dissolved.

    A cell's own standard normal number :math:`z` says which quantile it is, at any time:

    .. math::
        G' = \max(G + R, 0)\,(1 - L), \qquad
        R = k\,h\,\left[m + \begin{cases} s_+ E^{p_+} & z > 0 \\
        -s_- E^{p_-} & z \le 0 \end{cases}\right], \qquad
        h = \frac{\ln(1 + t/t_0)}{\ln(1 + t_1/t_0)} ,

    with :math:`E(z) = -\ln 2\Phi(-|z|)` as in `QuantileRelaxation`. The median and the logarithms
    of both scales are polynomials in :math:`y = G/G_f`. The drift goes on with the logarithm of
    time; the loss sets in where barriers have been passed:

    .. math:: L = \Phi\!\left[\frac{\ln(t/\tau) - b\,y - \sigma z}{w}\right] ,

    a filament that dissolves over :math:`w` e-folds of time, around a lifetime that differs by
    :math:`\sigma` e-folds between cells. Times are those at the reference temperature. With an
    attempt frequency :math:`\nu_0` and the activation energy :math:`E_a` of `Temperature`,
    :math:`\tau = e^{E_a/k_B T_0}/\nu_0`: barriers that are spread by :math:`k_B T_0 \sigma`.

    Args:
        scale: Strength of the drift relative to the fit, k (1).
        full: Conductance of y = 1; larger ones are taken as this one, G_f (S).
        onset: Time at which the drift starts, t₀ (s).
        stated: Time for which the drift is stated, t₁ (s).
        renewal_step: Step that renews most of it, ΔG_s (S).
        median_0: Median of the drift: constant (S).
        median_1: Median of the drift: coefficient of y (S).
        median_2: Median of the drift: coefficient of y² (S).
        median_3: Median of the drift: coefficient of y³ (S).
        up_0: Logarithm of the upper scale over 1 µS: constant (1).
        up_1: Logarithm of the upper scale over 1 µS: coefficient of y (1).
        up_2: Logarithm of the upper scale over 1 µS: coefficient of y² (1).
        up_3: Logarithm of the upper scale over 1 µS: coefficient of y³ (1).
        down_0: Logarithm of the lower scale over 1 µS: constant (1).
        down_1: Logarithm of the lower scale over 1 µS: coefficient of y (1).
        down_2: Logarithm of the lower scale over 1 µS: coefficient of y² (1).
        down_3: Logarithm of the lower scale over 1 µS: coefficient of y³ (1).
        up_tail: Exponent of the upper tail, p₊ (1).
        down_tail: Exponent of the lower tail, p₋ (1).
        lifetime: Median time after which half of a filament of little conductance is lost, τ (s).
        lifetime_slope: E-folds by which those of conductance G_f live longer, b (1).
        lifetime_spread: Standard deviation of the logarithm of lifetimes between cells, σ (1).
        loss_width: E-folds of time over which one filament dissolves, w (1).
    """

    scale: float
    full: float
    onset: float
    stated: float
    renewal_step: float
    median_0: float
    median_1: float
    median_2: float
    median_3: float
    up_0: float
    up_1: float
    up_2: float
    up_3: float
    down_0: float
    down_1: float
    down_2: float
    down_3: float
    up_tail: float
    down_tail: float
    lifetime: float
    lifetime_slope: float
    lifetime_spread: float
    loss_width: float

    references: ClassVar = ("levy2021",)
    identity_name: ClassVar = "barrier relaxation"

    def __post_init__(self) -> None:
        for name in ("scale", "lifetime_spread", "up_tail", "down_tail"):
            check_not_negative(getattr(self, name), name, "1")
        for name, unit in (
            ("full", "S"),
            ("onset", "s"),
            ("stated", "s"),
            ("renewal_step", "S"),
            ("lifetime", "s"),
            ("loss_width", "1"),
        ):
            check_positive(getattr(self, name), name, unit)
        check_between(self.lifetime_slope, "lifetime_slope", -1e3, 1e3, "1")
        for part in _PARTS:
            unit, widest = ("S", 1.0) if part == "median" else ("1", 30.0)
            for power in range(4):
                name = f"{part}_{power}"
                value = getattr(self, name)
                check_between(value, name, -widest, widest, unit)

    def derived(self) -> Numbers:
        """What the scalar law needs besides the fields."""
        return {
            "at_stated": math.log1p(self.stated / self.onset),
            "log_lifetime": math.log(self.lifetime),
        }

    def state_column(self) -> Column:
        """What a cell remembers of its relaxation: one standard normal number."""
        return "f4"

    def scalar_shift(self) -> Callable[..., Real]:
        """The law for one cell."""
        return barrier_relaxation_shift

    def scalar_renewal(self) -> Callable[..., None]:
        """How a step renews a cell's number."""
        return renew_number

    def of_many(self) -> tuple[Callable[..., Any], Callable[..., None]]:
        """What many cells remember, and how steps renew it."""
        return remembered_numbers, renew_numbers


def barrier_relaxation_shift(
    law: Record, core: Real, age: Real, strength: Real
) -> Real:
    """Deviation of a cell (S), given its own standard normal number (1).

    Args:
        law: The numbers of `BarrierRelaxation`.
        core: Conductance at the switching (S).
        age: Time since then, at the reference temperature (s).
        strength: The cell's number (1).
    """
    y = min(max(core, F(0)), law.full) / law.full
    exponent = log(tail_exponent(strength))
    drift = (
        cubic(y, law.median_0, law.median_1, law.median_2, law.median_3)
        / _MICRO
    )
    if strength > 0:
        size = cubic(y, law.up_0, law.up_1, law.up_2, law.up_3)
        drift += exp(size + law.up_tail * exponent)
    else:
        size = cubic(y, law.down_0, law.down_1, law.down_2, law.down_3)
        drift -= exp(size + law.down_tail * exponent)
    grown = log1p(age / law.onset) / law.at_stated * law.scale
    drifted = max(core + drift * grown * _MICRO, F(0))
    lived = log(max(age, _SOON)) - law.log_lifetime
    lived -= law.lifetime_slope * y + law.lifetime_spread * strength
    return drifted * _kept(lived / law.loss_width) - core


def cubic(y: Real, c0: Real, c1: Real, c2: Real, c3: Real) -> Real:
    """c₀ + c₁y + c₂y² + c₃y³."""
    return ((c3 * y + c2) * y + c1) * y + c0


def _kept(x: Real) -> Real:
    """Φ(−x), by the exponent of the tail (1)."""
    tail = _HALF * exp(-tail_exponent(x))
    return tail if x > 0 else F(1) - tail
