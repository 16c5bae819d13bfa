"""The 1/f remainder: what fluctuates when no single trap can be told apart."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mho.checks import Configuration, check_not_negative, check_positive
from mho.compiled import F, Real, Record, exp, expm1


@dataclass(frozen=True, slots=True)
class Flicker(Configuration):
    r"""1/f noise as one Ornstein-Uhlenbeck process per slow decade, white above.

    Equal variance per decade of time constants is a 1/f spectrum (key: dutta1981). The decades
    from `split` to `longest` are followed exactly, one process each; those from the integration
    time of a sample up to `split` add a normal number to every sample; faster ones average out.

    Args:
        per_decade: Standard deviation per decade, ΔG/G, at and above `knee` (1).
        knee: Conductance below which ΔG/G rises as G to the power −1/2 (S).
        shortest: Shortest time constant (s).
        split: Border between white and followed decades (s).
        longest: Longest time constant (s).
    """

    per_decade: float
    knee: float
    shortest: float
    split: float
    longest: float

    references: ClassVar = ("dutta1981",)

    def __post_init__(self) -> None:
        check_not_negative(self.per_decade, "per_decade", "1")
        for name, unit in (
            ("knee", "S"),
            ("shortest", "s"),
            ("split", "s"),
            ("longest", "s"),
        ):
            check_positive(getattr(self, name), name, unit)

    @property
    def times(self) -> list[float]:
        """Time constants of the followed processes, one in the middle of each decade (s)."""
        decades = max(1, round(math.log10(self.longest / self.split)))
        return [self.split * 10 ** (k + 0.5) for k in range(decades)]

    def white_decades(self, integration: float) -> float:
        """Decades between a sample's integration time and `split` (1)."""
        start = min(max(integration, self.shortest), self.split)
        return math.log10(self.split / start)


def flicker_scale(law: Record, conductance: Real) -> Real:
    """Standard deviation per decade (S)."""
    return law.per_decade * np.sqrt(conductance * max(conductance, law.knee))


def flicker_memory(ratio: Real) -> tuple[Real, Real]:
    """What a process keeps of its state, and the size of what takes the place of the rest (1).

    Args:
        ratio: Time that passes, in its time constants (1).
    """
    return exp(-ratio), np.sqrt(-expm1(F(-2) * ratio))
