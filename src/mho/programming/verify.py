"""Verification: a long look that tells telegraph noise from error."""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from mho.bench import Reading
from mho.checks import (
    Configuration,
    check_between,
    check_not_negative,
    check_positive,
)


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

    def quiet(
        self, reading: Reading, tolerance: float, resolution: float
    ) -> Bool[Tensor, " cells"]:
        """Cells whose noise passes.

        Args:
            reading: The look.
            tolerance: Half-width of the acceptance window (S).
            resolution: Difference of neighbouring codes of the read-out (S).
        """
        # two neighbouring codes are one resolution apart, but for rounding
        largest = max(self.peak_to_peak * tolerance, 1.01 * resolution)
        calm = reading.peak_to_peak <= largest
        steady = (
            _spread_beyond_code(reading, resolution) <= self.spread * tolerance
        )
        return calm & steady

    def allowed(
        self, reading: Reading, tolerance: float, resolution: float
    ) -> Float[Tensor, " cells"]:
        """How far each mean may be off (S); arguments as for `quiet`."""
        guard = self.guard * _spread_beyond_code(reading, resolution)
        room = tolerance - guard
        return room.clamp_(self.least * tolerance, self.margin * tolerance)


def _spread_beyond_code(
    reading: Reading, resolution: float
) -> Float[Tensor, " cells"]:
    """Standard deviation beyond what the edge between two codes alone can make (S)."""
    edge_variance = (resolution / 2) ** 2
    # the difference of two squares: double precision, or a quiet cell looks noisy
    variance = reading.spread.double().square()
    beyond = (variance - edge_variance).clamp_(min=0).sqrt_()
    return beyond.to(reading.spread.dtype)
