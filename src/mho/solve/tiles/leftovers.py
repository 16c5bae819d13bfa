"""Numbers that no cell could hold: they are known, few, and can be made up for digitally."""

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from mho.solve.numbers import CellPlan
from mho.solve.tiles.blocks import Cut

_ROUNDING = 2e-15
"""What is missing by rounding alone (1)."""


def beyond_reach(
    missing: Float64[Tensor, "*numbers"], plan: CellPlan, *, kept: bool
) -> Bool[Tensor, "*numbers"]:
    """Numbers that are farther off than errors reach; none if they are not to be kept.

    Args:
        missing: What was measured to be missing (1).
        plan: What the pairs of a number count.
        kept: Whether to keep them.
    """
    if not kept or not plan.corrects:
        return torch.zeros_like(missing, dtype=torch.bool)
    return missing.abs() > max(plan.next_reach, _ROUNDING)


def leftovers(
    where: Cut,
    missing: Float64[Tensor, "blocks outputs rows"],
    units: Float64[Tensor, " blocks"],
    plan: CellPlan,
    *,
    kept: bool,
) -> scipy.sparse.csr_array:
    """What was measured to be missing of numbers that are farther off than errors reach.

    A stuck cell whose partner cannot make up for it, and errors in the tail of a distribution,
    leave numbers that the pairs that come after cannot cancel. Reading back told what they hold.

    Args:
        where: Where the blocks stand.
        missing: What was measured to be missing, in units of each block (1).
        units: Largest number of each block (1).
        plan: What the pairs of a number count.
        kept: Whether to keep them; otherwise none is.
    """
    shape = where.shape
    far = beyond_reach(missing, plan, kept=kept)
    values = []
    outputs = []
    inputs = []
    height, width = where.size
    of_block = far.flatten(1).sum(1)
    for place, block in enumerate(where.which.tolist()):
        if not int(of_block[block]):
            continue
        output, row = far[block].nonzero(as_tuple=True)
        values.append(missing[block][output, row] * units[block])
        outputs.append(output + int(where.output[place]) * height)
        inputs.append(row + int(where.input[place]) * width)
    if not values:
        return scipy.sparse.csr_array(shape, dtype=np.float64)
    value = torch.cat(values)
    output = torch.cat(outputs)
    row = torch.cat(inputs)
    # cells that fill up blocks at the edges hold no number of the matrix
    inside = (output < shape[0]) & (row < shape[1])
    triples = (
        value[inside].numpy(),
        (output[inside].numpy(), row[inside].numpy()),
    )
    return scipy.sparse.csr_array(triples, shape=shape)
