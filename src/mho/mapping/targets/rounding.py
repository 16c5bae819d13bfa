"""Targets on a few levels, rounded so that the errors of a column cancel."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from mho.mapping.placement import Block, Placement, each_block
from mho.mapping.weight_mapping import WeightMapping


def to_levels(placement: Placement, mapping: WeightMapping) -> Placement:
    """Move targets to the mapping's levels, evenly spaced from `low` to `high`.

    Blocks that correct others stay: what they shall hold is known when the others are programmed,
    and rounded then.

    Args:
        placement: Cells and targets.
        mapping: Range and number of levels; without a number nothing is moved.
    """
    if mapping.levels is None or mapping.step is None:
        return placement
    target = placement.target.clone()
    top = mapping.low + (mapping.levels - 1) * mapping.step
    for block, place in each_block(placement):
        if block.corrects is None:
            held = placement.target[place].double()
            found = rounded_block(held, block, mapping.step, mapping.low, top)
            target[place] = found.to(target.dtype)
    return replace(placement, target=target, step=mapping.step)


def rounded_block(
    held: Float[Tensor, "sides rows cols"],
    block: Block,
    step: float,
    low: float,
    high: float,
) -> Float[Tensor, "sides rows cols"]:
    """Targets of a block on levels: differences are whole numbers of steps (S).

    Args:
        held: Targets; a reference column lies on a level (S).
        block: Where they lie.
        step: Distance of the levels (S).
        low: The lowest level; of a pair one half is there (S).
        high: The highest level (S).
    """
    count = block.difference(held) / step
    if block.minus is None:
        reference = held[0, :, -1:]
        most = min(float(reference.min()) - low, high - float(reference.max())) / step
        count = round_together(count, round(most))
        return torch.cat((reference + count * step, reference), 1)[None]
    count = round_together(count, round((high - low) / step))
    return torch.stack((count, -count)).clamp(min=0) * step + low


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
