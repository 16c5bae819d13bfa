"""Currents of many cells at any voltage, by the curvature that is a law of their kind."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mho.compiled import numbers_record
from mho.device.cells import compiled_for
from mho.device.model import CellModel

_REFERENCE = 300.0
"""Temperature at which numbers are asked for; curvature does not depend on it (K)."""
_ROUNDS = 24
"""Rounds of a fixed point (1)."""


def cubic_coefficient(
    model: CellModel, conductance: Float[Tensor, "*cells"]
) -> Float[Tensor, "*cells"]:
    """Cubic coefficient c(G) of I = GV(1 + c(G)V²) (1/V²).

    Args:
        model: The kind of cell.
        conductance: Conductance at zero bias (S). Any shape.
    """
    flat = conductance.detach().to(torch.float32).contiguous().view(-1).numpy()
    found = np.empty_like(flat)
    numbers = numbers_record(model.numbers(_REFERENCE))
    compiled_for(model)["bends"](numbers, flat, found)
    return torch.from_numpy(found).view(conductance.shape).to(conductance)


def apparent(
    model: CellModel,
    conductance: Float[Tensor, "*cells"],
    voltage: float | Float[Tensor, "*volts"],
) -> Float[Tensor, "*cells"]:
    """Current over voltage at given voltages (S).

    Args:
        model: The kind of cell.
        conductance: Conductance at zero bias (S). Any shape.
        voltage: Voltage over the cells (V).
    """
    return conductance * (
        1 + cubic_coefficient(model, conductance) * voltage**2
    )


def zero_bias(
    model: CellModel, seen: Float[Tensor, "*cells"], voltage: float
) -> Float[Tensor, "*cells"]:
    """Conductance at zero bias of cells read at a voltage (S): the inverse of `apparent`.

    Args:
        model: The kind of cell.
        seen: Current over voltage (S). Any shape.
        voltage: The voltage (V).
    """
    # c(G)V² is small, so that each round gains two digits at least
    found = seen.clone()
    for _ in range(_ROUNDS):
        found = seen / (1 + cubic_coefficient(model, found) * voltage**2)
    return found
