"""Creep since the switching: relaxation, and after its onset retention."""

from jaxtyping import Float
from torch import Tensor

from mho.device.filament import CellParameters
from reference.ageing import lost
from reference.relaxation import shift


def creep(
    kind: CellParameters,
    core: Float[Tensor, " cells"],
    age: Float[Tensor, "*samples cells"],
    relaxing: Float[Tensor, " cells"],
    temperature: float,
) -> Float[Tensor, "*samples cells"]:
    """Change since cells were switched: relaxation, and after its onset retention (S).

    Args:
        kind: Its numbers.
        core: Conductance then (S). Shape (cells,).
        age: Time since then (s). Shape (cells,) or (samples, cells).
        relaxing: Standard normal number of each cell (1). Shape (cells,).
        temperature: Temperature all the time (K).
    """
    # a second in the warm counts as several at the reference
    lived = age * kind.temperature.ion_acceleration(temperature)
    change = shift(kind.relaxation, core, lived, relaxing)
    if lived.numel() == 0 or float(lived.max()) <= kind.retention.onset:
        return change
    gone = lost(kind.retention, core + change, lived, kind.switching.low)
    return change - gone
