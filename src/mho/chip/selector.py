"""The access transistor of a 1T1R cell: its gate limits SET, its path takes voltage."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_not_negative, check_positive


@dataclass(frozen=True, slots=True)
class Selector:
    """Gate voltage to compliance, linear, and a series resistance that pulses feel.

    Reads are calibrated: the conductance of a cell is that of cell and selector together.

    Args:
        slope: Compliance conductance gained per volt of gate (S/V).
        threshold: Gate voltage at which the transistor opens (V).
        gate_max: Largest gate voltage (V).
        series_resistance: Resistance between driver and cell (Ω).
    """

    slope: float
    threshold: float
    gate_max: float
    series_resistance: float

    def __post_init__(self) -> None:
        check_positive(self.slope, "slope", "S/V")
        check_positive(self.gate_max, "gate_max", "V")
        check_not_negative(self.series_resistance, "series_resistance", "Ω")

    def compliance(self, gate: float | Float[Tensor, " cells"]) -> Float[Tensor, "*cells"]:
        """Conductance at which a SET stops by itself (S)."""
        voltage = torch.as_tensor(gate, dtype=torch.float32).clamp(max=self.gate_max)
        return (voltage - self.threshold).clamp(min=0.0) * self.slope

    def cell_voltage(
        self, amplitude: Float[Tensor, "*train cells"], conductance: Float[Tensor, " cells"]
    ) -> Float[Tensor, "*train cells"]:
        """Share of the pulse that reaches the cell (V)."""
        return amplitude / (1 + self.series_resistance * conductance)
