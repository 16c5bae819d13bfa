"""Targets on a few levels, rounded so that the errors of a column cancel."""

from dataclasses import replace

from mho.mapping.blocks import Placement, each_block
from mho.mapping.weights import WeightMapping


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
    steps_to_top = mapping.levels - 1
    top = mapping.low + steps_to_top * mapping.step
    for block, place in each_block(placement):
        if block.stage > 0:
            continue
        wanted = placement.target[place].double()
        rounded = block.rounded(
            wanted,
            mapping.step,
            mapping.low,
            top,
        )
        target[place] = rounded.to(target.dtype)
    return replace(placement, target=target, step=mapping.step)
