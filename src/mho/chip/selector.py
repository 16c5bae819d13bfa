"""What lies between driver and cell: the access transistor of a 1T1R cell, or nothing at all."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import Configuration, check_not_negative, check_positive

_OPEN = 1e12
"""Resistance of a closed transistor, finite so that it times zero is zero (Ω)."""


@dataclass(frozen=True, slots=True)
class Selector(Configuration):
    r"""Gate voltage to compliance, linear, and to the series resistance that pulses feel.

    The resistance is that of the lines and of a transistor in its linear region,

    .. math:: R(V_g) = R_s + R_{on} \frac{V_{max} - V_t}{V_g - V_t} ,

    which holds as long as the transistor takes less voltage than its overdrive; beyond, the
    compliance says how far a SET goes. Reads are calibrated: the conductance of a cell is that of
    cell and selector together.

    Args:
        slope: Compliance conductance gained per volt of gate (S/V).
        threshold: Gate voltage at which the transistor opens (V).
        gate_max: Largest gate voltage (V).
        series_resistance: Resistance between driver and cell whatever the gate (Ω).
        on_resistance: Resistance of the transistor at the largest gate voltage (Ω); 0 leaves it
            out, at any gate.
    """

    slope: float
    threshold: float
    gate_max: float
    series_resistance: float
    on_resistance: float = 0.0

    def __post_init__(self) -> None:
        check_positive(self.slope, "slope", "S/V")
        check_positive(self.gate_max, "gate_max", "V")
        check_positive(
            self.gate_max - self.threshold, "gate_max - threshold", "V"
        )
        check_not_negative(self.series_resistance, "series_resistance", "Ω")
        check_not_negative(self.on_resistance, "on_resistance", "Ω")

    def compliance(
        self, gate: float | Float[Tensor, " cells"]
    ) -> Float[Tensor, "*cells"]:
        """Conductance at which a SET stops by itself (S)."""
        return self._overdrive(gate) * self.slope

    def resistance(
        self, gate: float | Float[Tensor, " cells"]
    ) -> Float[Tensor, "*cells"]:
        """Resistance between driver and cell (Ω).

        >>> Selector(1e-3, 0.5, 2.5, 10.0, on_resistance=500.0).resistance(1.5)
        tensor(1010.)
        """
        overdrive = self._overdrive(gate)
        if self.on_resistance == 0:
            return torch.full_like(overdrive, self.series_resistance)
        channel = (
            self.on_resistance * (self.gate_max - self.threshold) / overdrive
        )
        return (channel + self.series_resistance).clamp(max=_OPEN)

    def cell_voltage(
        self,
        amplitude: Float[Tensor, "*train cells"],
        conductance: Float[Tensor, " cells"],
        gate: float | Float[Tensor, " cells"],
    ) -> Float[Tensor, "*train cells"]:
        """Share of the pulse that reaches the cell (V)."""
        return amplitude / (1 + self.resistance(gate) * conductance)

    def _overdrive(
        self, gate: float | Float[Tensor, " cells"]
    ) -> Float[Tensor, "*cells"]:
        """Gate voltage beyond the threshold (V)."""
        voltage = torch.as_tensor(gate, dtype=torch.float32).clamp(
            max=self.gate_max
        )
        return (voltage - self.threshold).clamp(min=0.0)


@dataclass(frozen=True, slots=True)
class NoSelector(Configuration):
    """A passive crossing: no gate, no compliance, only the path that pulses feel.

    To those who need a gate law it is a transistor that is fully open at 0 V and above.

    Args:
        ceiling: Conductance at which a SET stops, the highest of the cell (S).
        series_resistance: Resistance between driver and cell (Ω).
    """

    ceiling: float
    series_resistance: float

    @property
    def slope(self) -> float:
        """Compliance gained per volt of that gate (S/V)."""
        return self.ceiling

    @property
    def threshold(self) -> float:
        """Gate voltage at which it would open (V)."""
        return -1.0

    @property
    def gate_max(self) -> float:
        """Gate voltage at which it is fully open (V)."""
        return 0.0

    def __post_init__(self) -> None:
        check_positive(self.ceiling, "ceiling", "S")
        check_not_negative(self.series_resistance, "series_resistance", "Ω")

    def compliance(
        self, gate: float | Float[Tensor, " cells"]
    ) -> Float[Tensor, "*cells"]:
        """The ceiling, whatever the gate (S)."""
        return torch.full_like(
            torch.as_tensor(gate, dtype=torch.float32), self.ceiling
        )

    def resistance(
        self, gate: float | Float[Tensor, " cells"]
    ) -> Float[Tensor, "*cells"]:
        """The series resistance, whatever the gate (Ω)."""
        return torch.full_like(
            torch.as_tensor(gate, dtype=torch.float32), self.series_resistance
        )

    def cell_voltage(
        self,
        amplitude: Float[Tensor, "*train cells"],
        conductance: Float[Tensor, " cells"],
        gate: float | Float[Tensor, " cells"],
    ) -> Float[Tensor, "*train cells"]:
        """Share of the pulse that reaches the cell (V)."""
        return amplitude / (1 + self.resistance(gate) * conductance)
