"""A law's numbers as the search sees them: of order one, between 0 and 1."""

from dataclasses import dataclass

import numpy as np

from mho.fitting.engine.law import Informed, LawFit, Row


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """Numbers from bound to bound as 0 … 1, in logarithms where ratios count.

    Args:
        law: The law whose numbers they are.
    """

    law: LawFit

    def inside(self, p: Row) -> Row:
        """Coordinates of numbers (1)."""
        low, high = self._ends()
        return (self._bent(p) - low) / (high - low)

    def outside(self, u: Row) -> Row:
        """Numbers at coordinates, SI."""
        low, high = self._ends()
        bent = low + np.clip(u, 0.0, 1.0) * (high - low)
        log = self._logs()
        return np.where(log, np.exp(np.where(log, bent, 0.0)), bent)

    def loss(self, u: Row) -> float:
        """The law's loss at coordinates (1)."""
        return self.law.loss(self.outside(u))

    def gradient(self, u: Row) -> Row:
        """Its derivative by coordinates (1)."""
        p = self.outside(u)
        return self.law.gradient(p) * self._pace(p)

    def information(self, u: Row) -> Row | None:
        """What the law expects of its second derivatives (1); `None` if it does not say."""
        if not isinstance(self.law, Informed):
            return None
        p = self.outside(u)
        pace = self._pace(p)
        found: Row = self.law.information(p) * pace[:, None] * pace
        return found

    def _pace(self, p: Row) -> Row:
        """Numbers per coordinate."""
        low, high = self._ends()
        found: Row = np.where(self._logs(), p, 1.0) * (high - low)
        return found

    @property
    def start(self) -> Row:
        """Where the law says to begin (1)."""
        return self.inside(np.array([one.start for one in self.law.parameters]))

    def _logs(self) -> np.ndarray:
        return np.array([one.log for one in self.law.parameters])

    def _bent(self, p: Row) -> Row:
        log = self._logs()
        return np.where(log, np.log(np.where(log, p, 1.0)), p)

    def _ends(self) -> tuple[Row, Row]:
        low = np.array([one.low for one in self.law.parameters])
        high = np.array([one.high for one in self.law.parameters])
        return self._bent(low), self._bent(high)
