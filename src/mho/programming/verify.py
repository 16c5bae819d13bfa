"""Verification: a long look that tells telegraph noise from error."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mho.checks import (
    Configuration,
    check_between,
    check_not_negative,
    check_positive,
)
from mho.compiled import F, Real, Record

_JUST_ONE = F(1.01)
"""One, with room for rounding (1)."""


class Look(NamedTuple):
    """What a long look saw of one cell.

    Args:
        mean: Mean of the samples (S).
        spread: Standard deviation of the samples (S).
        peak_to_peak: Largest minus smallest sample (S).
    """

    mean: Real
    spread: Real
    peak_to_peak: Real


@dataclass(frozen=True, slots=True)
class Verify(Configuration):
    """Accept a cell when the mean of a window is near its target and the window is quiet.

    A quiet cell at the edge of a code of the read-out shows two of them, one resolution apart;
    noise of that size does not count.

    Args:
        window: Least length of the look (s).
        samples: Samples in it (1).
        peak_to_peak: Largest accepted noise, largest minus smallest sample, in tolerances (1).
        spread: Largest accepted standard deviation, in tolerances (1).
        margin: Fraction of the tolerance that the mean may use at most (1).
        guard: Standard deviations of the window that must fit between mean and tolerance too: a
            cell that fluctuates more has to be trimmed more closely (1).
        least: Fraction of the tolerance that the mean may use at least (1).
        every: Cycles between looks: cells wait for each other, for the look is long (1).
    """

    window: float = 1.0
    samples: int = 32
    peak_to_peak: float = 1.0
    spread: float = 0.25
    margin: float = 0.6
    guard: float = 4.5
    least: float = 0.15
    every: int = 3

    def __post_init__(self) -> None:
        check_positive(self.window, "window", "s")
        check_positive(self.peak_to_peak, "peak_to_peak", "1")
        check_positive(self.spread, "spread", "1")
        check_between(self.samples, "samples", 2, 100_000, "1")
        check_between(self.margin, "margin", 0.01, 1.0, "1")
        check_not_negative(self.guard, "guard", "1")
        check_between(self.least, "least", 0.001, self.margin, "1")
        check_between(self.every, "every", 1, 1000, "1")

    @staticmethod
    def quiet(look: Look, p: Record) -> bool:
        """Whether the noise that a look saw passes.

        Args:
            look: The look.
            p: Numbers of this verification, `p.tolerance` (S), and `p.bench.resolution`, the
                difference of neighbouring codes of the read-out (S).
        """
        resolution = p.bench.resolution
        # two neighbouring codes are one resolution apart, but for rounding
        largest = max(p.peak_to_peak * p.tolerance, _JUST_ONE * resolution)
        steady = _spread_beyond_code(look.spread, resolution)
        calm = look.peak_to_peak <= largest
        return bool(calm and steady <= p.spread * p.tolerance)

    @staticmethod
    def allowed(look: Look, p: Record) -> Real:
        """How far the mean may be off (S); arguments as for `quiet`."""
        spread = _spread_beyond_code(look.spread, p.bench.resolution)
        room = p.tolerance - p.guard * spread
        room = max(room, p.least * p.tolerance)
        return min(room, p.margin * p.tolerance)


def _spread_beyond_code(spread: Real, resolution: Real) -> Real:
    """Standard deviation beyond what the edge between two codes alone can make (S)."""
    # the difference of two squares: double precision, or a quiet cell looks noisy
    seen = np.float64(spread)
    edge = np.float64(resolution) / 2
    beyond = max(seen * seen - edge * edge, 0.0)
    return F(np.sqrt(beyond))
