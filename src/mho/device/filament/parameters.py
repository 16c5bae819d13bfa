"""What characterises a kind of cell: its laws and a few numbers of its own."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import (
    Configuration,
    check_between,
    check_not_negative,
    check_positive,
)
from mho.device.laws import (
    Endurance,
    FittedRelaxation,
    Flicker,
    Relaxation,
    Retention,
    Switching,
    TelegraphNoise,
    Temperature,
)


@dataclass(frozen=True, slots=True)
class CellParameters(Configuration):
    """Everything that characterises a kind of cell.

    Args:
        switching: How pulses move the core.
        telegraph: Incomplete channels and their traps.
        flicker: The 1/f remainder.
        relaxation: Creep after switching.
        retention: Common loss over hours and years.
        temperature: What warmth does.
        endurance: What many cycles do.
        curvature: Cubic term of the current at zero conductance, I = GV(1 + cV²) (1/V²).
        linear_above: Conductance at which that term has vanished, linearly (S).
        formed: Conductance of the core of a freshly formed cell (S).
        stuck_fraction: Cells that never switch (1).
        stuck_high: Share of those that are stuck at the high end of the range (1).
    """

    switching: Switching
    telegraph: TelegraphNoise
    flicker: Flicker
    relaxation: Relaxation | FittedRelaxation
    retention: Retention
    temperature: Temperature
    endurance: Endurance
    curvature: float
    linear_above: float
    formed: float
    stuck_fraction: float
    stuck_high: float

    references: ClassVar = ("rao2023",)

    def __post_init__(self) -> None:
        check_not_negative(self.curvature, "curvature", "1/V²")
        check_positive(self.linear_above, "linear_above", "S")
        check_between(
            self.formed, "formed", self.switching.low, self.switching.high, "S"
        )
        check_between(self.stuck_fraction, "stuck_fraction", 0.0, 1.0, "1")
        check_between(self.stuck_high, "stuck_high", 0.0, 1.0, "1")

    def cubic(
        self, conductance: Float[Tensor, "*cells"]
    ) -> Float[Tensor, "*cells"]:
        """Cubic coefficient c(G) of I = GV(1 + c(G)V²) (1/V²)."""
        return (
            (1 - conductance / self.linear_above)
            .clamp_(min=0)
            .mul_(self.curvature)
        )

    def creep(
        self,
        core: Float[Tensor, " cells"],
        age: Float[Tensor, "*samples cells"],
        relaxing: Float[Tensor, " cells"],
        temperature: float,
    ) -> Float[Tensor, "*samples cells"]:
        """Change since cells were switched: relaxation, and after its onset retention (S).

        Args:
            core: Conductance then (S). Shape (cells,).
            age: Time since then (s). Shape (cells,) or (samples, cells).
            relaxing: Standard normal number of each cell (1). Shape (cells,).
            temperature: Temperature all the time (K).
        """
        # a second in the warm counts as several at the reference
        lived = age * self.temperature.ion_acceleration(temperature)
        shift = self.relaxation.shift(core, lived, relaxing)
        if lived.numel() == 0 or float(lived.max()) <= self.retention.onset:
            return shift
        lost = self.retention.lost(core + shift, lived, self.switching.low)
        return shift - lost

    def apparent(
        self,
        conductance: Float[Tensor, "*cells"],
        voltage: float | Float[Tensor, "*volts"],
    ) -> Float[Tensor, "*cells"]:
        """Current over voltage at given voltages (S)."""
        return conductance * (1 + self.cubic(conductance) * voltage**2)

    def zero_bias(
        self, apparent: Float[Tensor, "*cells"], voltage: float
    ) -> Float[Tensor, "*cells"]:
        """Conductance at zero bias of cells read at a voltage (S): the inverse of `apparent`.

        Args:
            apparent: Current over voltage (S). Shape (...).
            voltage: The voltage (V).
        """
        # apparent = G (1 + bend) − G² bend / linear_above below `linear_above`: of the two roots
        # that one which stays finite for a vanishing bend
        bend = self.curvature * voltage**2
        discriminant = (1 + bend) ** 2 - 4 * bend / self.linear_above * apparent
        root = discriminant.clamp(min=0).sqrt()
        solution = 2 * apparent / (1 + bend + root)
        return torch.where(apparent < self.linear_above, solution, apparent)
