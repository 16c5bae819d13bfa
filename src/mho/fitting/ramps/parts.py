"""What laws of ramps are told, and what is added to their loss."""

from dataclasses import dataclass

import numpy as np

from mho.fitting.engine import Row
from mho.fitting.ramps.data import Ramps


@dataclass(frozen=True, eq=False)
class Parts:
    """What a law of ramps is told.

    Args:
        ramps: The readings.
        slow: Whether reads may see a fluctuation that stays for some pulses.
        cells: Whether cells may differ.
        ends: Whether the ends of the range are open: some ramps come to rest there.
        unit: Unit of the readings, `"S"` or `"1"`.
    """

    ramps: Ramps
    slow: bool
    cells: bool
    ends: bool = False
    unit: str = "S"


@dataclass(frozen=True, eq=False)
class Pull:
    """What restricted likelihood adds to a loss, see `restricted`: nothing where `size` is met.

    Args:
        weights: Slope of the term by the logarithm of each number, negative (1).
        size: Each number where that slope was taken, in the unit of the readings.
    """

    weights: Row
    size: Row

    def loss(self, p: Row) -> float:
        """The term (1)."""
        return -float(self.weights @ np.log((1 + (p / self.size) ** 2) / 2))

    def gradient(self, p: Row) -> Row:
        """Its derivative by each number."""
        found: Row = -self.weights * 2 * p / (self.size**2 + p**2)
        return found
