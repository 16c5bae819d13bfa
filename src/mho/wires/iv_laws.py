"""Currents of cells that are not resistors: what a cell carries at a voltage.

Every law is odd, grows with the voltage and is proportional to the conductance at 0 V.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_not_negative
from mho.units import show

_LARGEST = 700.0
"""Argument up to which exponentials are finite in double precision (1)."""
_PATIENCE = 8
_ENOUGH = 100
"""Steps of Newton's method before bounds are halved as well, and in all (1)."""


@runtime_checkable
class CellLaw(Protocol):
    """What a solver has to know about a cell. Shapes (..., rows, cols)."""

    def current(self, voltage: Tensor, conductance: Tensor) -> Tensor:
        """Current at a voltage (A), proportional to the conductance."""

    def slope(self, voltage: Tensor, conductance: Tensor) -> Tensor:
        """Differential conductance dI/dV (S)."""

    def work(self, voltage: Tensor, conductance: Tensor) -> Tensor:
        """Co-content, the integral of the current over the voltage (W)."""


@dataclass(frozen=True, slots=True, eq=False)
class Cubic:
    """Ohm's law with the first odd correction, I = G V (1 + c V²).

    Args:
        coefficient: c, one or one per cell (1/V²). Shape (rows, cols).

    Raises:
        ValueError: A coefficient is negative: the current would not grow with the voltage.
    """

    coefficient: float | Float[Tensor, "rows cols"]

    def __post_init__(self) -> None:
        _check(self.coefficient, "1/V²")

    def current(
        self,
        voltage: Float[Tensor, "*batch rows cols"],
        conductance: Float[Tensor, "..."],
    ) -> Float[Tensor, "*batch rows cols"]:
        """Current at a voltage (A)."""
        return conductance * voltage * (1 + self.coefficient * voltage**2)

    def slope(
        self,
        voltage: Float[Tensor, "*batch rows cols"],
        conductance: Float[Tensor, "..."],
    ) -> Float[Tensor, "*batch rows cols"]:
        """Differential conductance (S)."""
        return conductance * (1 + 3 * self.coefficient * voltage**2)

    def work(
        self,
        voltage: Float[Tensor, "*batch rows cols"],
        conductance: Float[Tensor, "..."],
    ) -> Float[Tensor, "*batch rows cols"]:
        """Co-content (W)."""
        square = voltage**2
        return conductance * square / 2 * (1 + self.coefficient * square / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Sinh:
    """Hopping conduction, I = G sinh(β V) / β.

    Args:
        coefficient: β, one or one per cell (1/V); 0 is a resistor. Shape (rows, cols).

    Raises:
        ValueError: A coefficient is negative.
    """

    coefficient: float | Float[Tensor, "rows cols"]

    def __post_init__(self) -> None:
        _check(self.coefficient, "1/V")

    def current(
        self,
        voltage: Float[Tensor, "*batch rows cols"],
        conductance: Float[Tensor, "..."],
    ) -> Float[Tensor, "*batch rows cols"]:
        """Current at a voltage (A)."""
        beta, angle = self._angle(voltage)
        return torch.where(
            beta > 0, conductance * angle.sinh() / beta, conductance * voltage
        )

    def slope(
        self,
        voltage: Float[Tensor, "*batch rows cols"],
        conductance: Float[Tensor, "..."],
    ) -> Float[Tensor, "*batch rows cols"]:
        """Differential conductance (S)."""
        return conductance * self._angle(voltage)[1].cosh()

    def work(
        self,
        voltage: Float[Tensor, "*batch rows cols"],
        conductance: Float[Tensor, "..."],
    ) -> Float[Tensor, "*batch rows cols"]:
        """Co-content (W), as 2 G sinh²(β V / 2) / β², which keeps its digits near 0 V."""
        beta, angle = self._angle(voltage)
        root = torch.where(beta > 0, (angle / 2).sinh() / beta, voltage / 2)
        return 2 * conductance * root**2

    def _angle(self, voltage: Tensor) -> tuple[Tensor, Tensor]:
        beta = torch.as_tensor(self.coefficient).to(voltage)
        return beta, (beta * voltage).clamp(-_LARGEST, _LARGEST)


@dataclass(frozen=True, slots=True, eq=False)
class InSeries:
    """A cell behind a resistance, as one cell: I = law(V − R I).

    Args:
        law: The cell alone.
        resistance: Access resistance (Ω).
    """

    law: CellLaw
    resistance: float

    def current(self, voltage: Tensor, conductance: Tensor) -> Tensor:
        """Current at a voltage across cell and resistance (A)."""
        return self.law.current(self.inside(voltage, conductance), conductance)

    def slope(self, voltage: Tensor, conductance: Tensor) -> Tensor:
        """Differential conductance of both together (S)."""
        own = self.law.slope(self.inside(voltage, conductance), conductance)
        return own / (1 + self.resistance * own)

    def work(self, voltage: Tensor, conductance: Tensor) -> Tensor:
        """Co-content of both together (W)."""
        inside = self.inside(voltage, conductance)
        current = self.law.current(inside, conductance)
        return (
            self.law.work(inside, conductance)
            + self.resistance * current**2 / 2
        )

    def inside(self, voltage: Tensor, conductance: Tensor) -> Tensor:
        """Voltage across the cell alone (V).

        Newton's method from above: as long as the current is convex above 0 V each step stays
        above the solution, so that it cannot overshoot. Steps get short where the current is
        steep; the middle between the bounds then helps.
        """
        wanted = voltage.abs()
        above = wanted / (1 + self.resistance * conductance)
        below = torch.zeros_like(voltage)
        for count in range(_ENOUGH):
            own = self.law.slope(above, conductance)
            step = self._off(above, conductance, wanted) / (
                1 + self.resistance * own
            )
            above = (above - step).clamp(min=0)
            if bool((step.abs() <= 1e-11 * wanted).all()):
                break
            if count > _PATIENCE:
                middle = (above + below) / 2
                high = self._off(middle, conductance, wanted) > 0
                above = torch.where(high, middle, above)
                below = torch.where(high, below, middle)
        return above * voltage.sign()

    def _off(
        self, inside: Tensor, conductance: Tensor, wanted: Tensor
    ) -> Tensor:
        """Voltage that a voltage across the cell alone takes too much (V)."""
        return (
            inside
            + self.resistance * self.law.current(inside, conductance)
            - wanted
        )


def sensitivity(
    law: CellLaw,
    voltage: Float[Tensor, "*batch rows cols"],
    conductance: Float[Tensor, "..."],
) -> Float[Tensor, "*batch rows cols"]:
    """What the current gains per conductance at a fixed voltage, ∂I/∂G (V)."""
    unit = torch.ones_like(conductance)
    if not isinstance(law, InSeries):
        return law.current(voltage, unit)
    inside = law.inside(voltage, conductance)
    fed_back = 1 + law.resistance * law.law.slope(inside, conductance)
    return law.law.current(inside, unit) / fed_back


def _check(coefficient: float | Tensor, unit: str) -> None:
    values = torch.as_tensor(coefficient)
    if values.ndim == 0:
        check_not_negative(float(values), "coefficient", unit)
        return
    good = (values >= 0) & values.isfinite()
    if not bool(good.all()):
        smallest = show(float(values.min()), unit)
        largest = show(float(values.max()), unit)
        raise ValueError(
            "Argument `coefficient` must be finite and not negative in every cell, but lies"
            f" within {smallest} to {largest}."
        )
