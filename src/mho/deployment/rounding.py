"""Targets on a few levels, rounded so that the errors of a column cancel."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from mho.deployment.compensation import each_block
from mho.deployment.mapping import DifferentialPairs, Placement


def to_levels(placement: Placement, mapping: DifferentialPairs) -> Placement:
    """Move all targets to the mapping's levels, evenly spaced from `low` to `high`.

    Args:
        placement: Cells and targets.
        mapping: Range and number of levels; without a number nothing is moved.
    """
    if mapping.levels is None:
        return placement
    target = placement.target.clone()
    step = (mapping.high - mapping.low) / (mapping.levels - 1)
    for _, place in each_block(placement):
        plus, minus = placement.target[place].double()
        count = round_together((plus - minus) / step, mapping.levels - 1)
        halves = torch.stack((count, -count)).clamp(min=0) * step + mapping.low
        target[place] = halves.to(target.dtype)
    return replace(placement, target=target)


def round_together(
    values: Float[Tensor, "inputs outputs"], most: int
) -> Float[Tensor, "inputs outputs"]:
    """Whole numbers near the values, chosen column by column for small errors of products.

    With inputs whose mean is as large as their spread, as behind a rectifier, errors e make a mean
    square error of (Σe)² + Σe². Beginning with the nearest numbers, the element is rounded the
    other way that lowers this most, until none does.

    Args:
        values: What is rounded (1).
        most: Largest size of a number (1).
    """
    rounded = values.round().clamp(-most, most)
    error = rounded - values
    for _ in range(values.shape[0]):
        other = torch.where(error > 0, -1.0, 1.0).to(error)
        change = 2 * other * (error.sum(0) + error) + 2
        change = torch.where((rounded + other).abs() > most, torch.inf, change)
        best = change.min(0)
        if not (best.values < 0).any():
            break
        move = torch.where(best.values < 0, other.gather(0, best.indices[None])[0], 0.0)
        rounded = rounded.scatter_add(0, best.indices[None], move[None])
        error = rounded - values
    return rounded
