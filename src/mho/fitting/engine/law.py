"""What a law must offer to be fitted, and what comes out."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from mho.fitting.engine.parameters import FittedParameter, FreeParameter

Row = npt.NDArray[np.float64]


@runtime_checkable
class LawFit(Protocol):
    """A law, the data that it is held against, and its likelihood.

    A law that has a spread between cells integrates over the cells' own numbers: the spread is a
    parameter as the others are.
    """

    @property
    def title(self) -> str:
        """What it is called in tables."""

    @property
    def parameters(self) -> tuple[FreeParameter, ...]:
        """What it leaves open."""

    @property
    def data(self) -> tuple[str, ...]:
        """Names of the files that it is held against."""

    @property
    def points(self) -> int:
        """Readings that enter (1)."""

    def loss(self, p: Row) -> float:
        """Negative logarithm of the likelihood (1), up to a constant.

        Args:
            p: The open numbers, SI, in the order of `parameters`.
        """

    def gradient(self, p: Row) -> Row:
        """Derivative of the loss by each of them."""


@runtime_checkable
class Informed(Protocol):
    """A law that knows how much its data tell: where differences err, as kinks make them."""

    def information(self, p: Row) -> Row:
        """Second derivatives of the loss that are expected at these numbers.

        Args:
            p: The open numbers, SI. Shape of the result (numbers, numbers).
        """


@runtime_checkable
class Sampled(Protocol):
    """A law of cells that differ, of which few were measured: its intervals are wider."""

    @property
    def units(self) -> int:
        """Cells that its numbers are estimated from (1); 0 if they are not told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedLaw:
    """A law with its numbers.

    Args:
        title: What it is called.
        parameters: Its numbers, as the data say.
        best: All numbers where the likelihood is largest, determined or not, SI.
        loss: Negative logarithm of the likelihood there (1).
        points: Readings that entered (1).
        correlation: Between the numbers; NaN for those at a bound. Shape (numbers, numbers).
        data: Files that it rests on.
    """

    title: str
    parameters: tuple[FittedParameter, ...]
    best: Row
    loss: float
    points: int
    correlation: npt.NDArray[np.float64]
    data: tuple[str, ...]

    def __getitem__(self, name: str) -> FittedParameter:
        """The number of this name.

        Raises:
            KeyError: The law has none.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    @property
    def aic(self) -> float:
        """Akaike's criterion (1): the smaller, the better a law predicts other data."""
        return 2.0 * (self.loss + len(self.parameters))

    @property
    def bic(self) -> float:
        """Schwarz's criterion (1): the smaller, the more probable a law is."""
        return 2.0 * self.loss + len(self.parameters) * float(
            np.log(self.points)
        )

    def as_json(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "law": self.title,
            "parameters": [one.as_json() for one in self.parameters],
            "loss": self.loss,
            "points": self.points,
            "aic": self.aic,
            "bic": self.bic,
            "correlation": [
                [None if np.isnan(x) else round(float(x), 4) for x in row]
                for row in self.correlation
            ],
            "data": list(self.data),
        }
