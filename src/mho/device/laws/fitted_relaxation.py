"""Relaxation as measured at two times after programming: a polynomial in conductance for each."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mho.checks import (
    Configuration,
    check_between,
    check_not_negative,
    check_positive,
)
from mho.compiled import Column, F, Numbers, Real, Record, expm1, log, log1p
from mho.device.laws.relaxation import (
    remembered_numbers,
    renew_number,
    renew_numbers,
)


@dataclass(frozen=True, slots=True)
class FittedRelaxation(Configuration):
    r"""The standard deviation of the change, fitted early and late, logarithmic in between.

    With :math:`x = G/G_f` and :math:`P_{1,2}(x) = \sum_k c_k x^k` fitted at :math:`t_1, t_2`,

    .. math::
        \sigma(G, t) = k \left[P_1 \min\!\left(1,
        \frac{\ln(1 + t/t_0)}{\ln(1 + t_1/t_0)}\right) + (P_2 - P_1)
        \min\!\left(1, \max\!\left(0, \frac{\ln(t/t_1)}{\ln(t_2/t_1)}\right)\right)\right] .

    The deviation may exceed the conductance itself, which cannot turn negative. A cell's
    conductance is therefore log-normal, with mean :math:`G` and that standard deviation:

    .. math:: \Delta G = G\,(e^{s z - s^2/2} - 1), \qquad s^2 = \ln(1 + \sigma^2/G^2) ,

    which is :math:`\sigma z` where :math:`\sigma \ll G`. Steps renew a cell's number :math:`z`
    as in `Relaxation`.

    Args:
        scale: Strength relative to the fit, k (1).
        full: Conductance of x = 1; larger ones are taken as this one, G_f (S).
        early: Time of the first fit, t₁ (s).
        late: Time of the second fit, after which nothing grows any more, t₂ (s).
        onset: Time at which relaxation starts, t₀ (s).
        renewal_step: Step that renews most of it, ΔG_s (S).
        early_0: Constant of the first fit (S).
        early_1: Its coefficient of x (S).
        early_2: Its coefficient of x² (S).
        early_3: Its coefficient of x³ (S).
        early_4: Its coefficient of x⁴ (S).
        late_0: Constant of the second fit (S).
        late_1: Its coefficient of x (S).
        late_2: Its coefficient of x² (S).
        late_3: Its coefficient of x³ (S).
        late_4: Its coefficient of x⁴ (S).
    """

    scale: float
    full: float
    early: float
    late: float
    onset: float
    renewal_step: float
    early_0: float
    early_1: float
    early_2: float
    early_3: float
    early_4: float
    late_0: float
    late_1: float
    late_2: float
    late_3: float
    late_4: float

    references: ClassVar = ("wan2022",)
    identity_name: ClassVar = "fitted relaxation"

    def __post_init__(self) -> None:
        check_not_negative(self.scale, "scale", "1")
        for name in (
            f"{fit}_{power}" for fit in ("early", "late") for power in range(5)
        ):
            check_between(getattr(self, name), name, -1.0, 1.0, "S")
        for name, unit in (
            ("full", "S"),
            ("early", "s"),
            ("onset", "s"),
            ("renewal_step", "S"),
        ):
            check_positive(getattr(self, name), name, unit)
        check_positive(self.late - self.early, "late - early", "s")

    def derived(self) -> Numbers:
        """What the scalar law needs besides the fields."""
        return {
            "at_early": math.log1p(self.early / self.onset),
            "decades": math.log(self.late / self.early),
        }

    def state_column(self) -> Column:
        """What a cell remembers of its relaxation: one standard normal number."""
        return "f4"

    def scalar_shift(self) -> Callable[..., Real]:
        """The law for one cell."""
        return fitted_relaxation_shift

    def scalar_renewal(self) -> Callable[..., None]:
        """How a step renews a cell's number."""
        return renew_number

    def of_many(self) -> tuple[Callable[..., Any], Callable[..., None]]:
        """What many cells remember, and how steps renew it."""
        return remembered_numbers, renew_numbers


def _fit(x: Real, c0: Real, c1: Real, c2: Real, c3: Real, c4: Real) -> Real:
    """A polynomial of the fourth degree (S)."""
    return (((c4 * x + c3) * x + c2) * x + c1) * x + c0


def fitted_relaxation_shift(
    law: Record, core: Real, age: Real, strength: Real
) -> Real:
    """Deviation of a cell (S), given its own standard normal number (1).

    Args:
        law: The numbers of `FittedRelaxation`.
        core: Conductance at the switching (S).
        age: Time since then, at the reference temperature (s).
        strength: The cell's number (1).
    """
    # from 0 at the switching to 1 at the first fit, from 0 there to 1 at the second
    start = min(log1p(age / law.onset) / law.at_early, F(1))
    growth = min(log(max(age, law.early) / law.early) / law.decades, F(1))
    x = min(max(core / law.full, F(0)), F(1))
    early = _fit(
        x, law.early_0, law.early_1, law.early_2, law.early_3, law.early_4
    )
    late = _fit(x, law.late_0, law.late_1, law.late_2, law.late_3, law.late_4)
    # the fits need not be positive everywhere
    sigma = max(early * start + (late - early) * growth, F(0)) * law.scale
    base = max(core, F(1e-12))
    relative = sigma / base
    # of the logarithm, so that mean and deviation of the conductance are as fitted
    variance = log1p(relative * relative)
    shift = base * expm1(np.sqrt(variance) * strength - F(0.5) * variance)
    return max(shift, -core)
