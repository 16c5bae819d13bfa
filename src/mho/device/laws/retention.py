"""Retention: what all cells lose in common over hours and years."""

from dataclasses import dataclass
from typing import ClassVar

from mho.checks import Configuration, check_not_negative, check_positive
from mho.compiled import F, Real, Record, log


@dataclass(frozen=True, slots=True)
class Retention(Configuration):
    r"""A loss that grows with the logarithm of time, from an onset on.

    .. math:: \Delta G(t) = -\min(k\, d \ln\max(t/t_r, 1),\; G - G_{low}) ,

    with the time since the last switching counted at the reference temperature: a second at
    another one counts as many as `Temperature.ion_acceleration` says. Before the onset the
    zero-mean law of relaxation is the whole truth; after it, :math:`G` is what that law leaves.

    Args:
        scale: Strength relative to the published HfOₓ cells, k (1).
        loss: Mean conductance lost per e-fold of time, d (S).
        onset: Time after which cells lose conductance in common, t_r (s).
    """

    scale: float
    loss: float
    onset: float

    references: ClassVar = ("falcone2025",)

    def __post_init__(self) -> None:
        check_not_negative(self.scale, "scale", "1")
        check_not_negative(self.loss, "loss", "S")
        check_positive(self.onset, "onset", "s")


def retention_loss(
    law: Record, conductance: Real, age: Real, floor: Real
) -> Real:
    """Conductance lost since the switching, not negative (S).

    Args:
        law: The numbers of `Retention`.
        conductance: Conductance without the loss (S).
        age: Time since the switching, at the reference temperature (s).
        floor: Conductance below which nothing is left to lose (S).
    """
    # nothing before the onset: the logarithm of 1 is 0
    late = max(age, law.onset)
    grown = log(late / law.onset) * (law.scale * law.loss)
    return min(grown, max(conductance - floor, F(0)))
