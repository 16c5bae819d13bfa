"""Endurance: what many cycles of switching do to a cell."""

from dataclasses import dataclass
from typing import ClassVar

from mho.checks import Configuration, check_not_negative, check_positive
from mho.compiled import F, Real, Record, log10


@dataclass(frozen=True, slots=True)
class Endurance(Configuration):
    r"""Nothing up to an onset; then switching leaves more incomplete channels behind.

    The mean number of channels born by a step is multiplied by

    .. math:: 1 + e \log_{10}\max(N/N_0, 1) .

    A cycle is a SET and a RESET: every pulse that can switch the cell counts half of one, however
    far it moves it, which is on the safe side for trimming pulses.

    Args:
        onset: Cycles up to which nothing changes, N₀ (1).
        growth: Further births per decade of cycles, relative to a fresh cell, e (1).
    """

    onset: float
    growth: float

    references: ClassVar = ("rao2023",)

    def __post_init__(self) -> None:
        check_positive(self.onset, "onset", "1")
        check_not_negative(self.growth, "growth", "1")


def births_factor(law: Record, cycles: Real) -> Real:
    """Factor on the mean number of channels that a step leaves behind (1)."""
    if cycles <= law.onset:
        return F(1)
    return F(1) + law.growth * log10(F(cycles / law.onset))
