"""The curvature of many cells' current, by the scalar law of their kind."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mho.compiled import numbers_record
from mho.device.cells import compiled_for
from mho.device.model import CellModel

_REFERENCE = 300.0
"""Temperature at which numbers are asked for; curvature does not depend on it (K)."""


def bends(
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
