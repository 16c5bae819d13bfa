"""One tile: the currents of a crossbar. Rows are driven, columns are summed: i = v @ G."""

import torch
from jaxtyping import Float
from torch import Tensor

from mho.chip.wires import WireModel


def currents(
    voltage: Float[Tensor, "batch rows"],
    conductance: Float[Tensor, "rows cols"],
    cubic: Float[Tensor, "rows cols"],
    wires: WireModel,
) -> Float[Tensor, "batch cols"]:
    """Column currents of cells with I = GV(1 + cV²) at virtual ground (A).

    Args:
        voltage: Row voltages of each input vector (V). Shape (batch, rows).
        conductance: Conductance at zero bias (S). Shape (rows, cols).
        cubic: Cubic coefficient c of each cell (1/V²). Shape (rows, cols).
        wires: The lines.
    """
    linear = voltage @ wires.effective_matrix(conductance)
    bent = conductance * cubic
    return linear + voltage**3 @ bent if bent.any() else linear


def noise_current(
    voltage: Float[Tensor, "batch rows"],
    variance: Float[Tensor, "rows cols"],
    normal: Float[Tensor, "batch cols"],
) -> Float[Tensor, "batch cols"]:
    """Current noise of independent cells (A): the sum has variance v² @ σ², exactly."""
    return torch.sqrt(voltage.square() @ variance) * normal
