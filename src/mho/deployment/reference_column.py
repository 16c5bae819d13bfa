"""Columns read one by one against a reference: wires made up for, stuck cells made up for.

A cell has no partner. If the reference of a row is stuck, the other cells of the row follow it as
far as their range goes. What a stuck cell then holds too much is subtracted digitally.
"""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mho.bench.interface import BenchInfo
from mho.deployment.effective import CLOSE, ROUNDS, each_block, effective, effective_difference
from mho.deployment.mapping import Block, Placement
from mho.deployment.weight_mapping import WeightMapping


def solve_columns(
    wanted: Float[Tensor, "1 rows cols"], block: Block, info: BenchInfo, mapping: WeightMapping
) -> tuple[Float[Tensor, "1 rows cols"], Float[Tensor, " outputs"]]:
    """Conductances whose effective differences to the reference are in proportion (S).

    The reference stays; the others follow what the wires make of it.

    Args:
        wanted: Conductances of ideal wires (S).
        block: Where they lie.
        info: The bench.
        mapping: Conductance range.

    Returns:
        The conductances, and the share of the signal that each output keeps (1).
    """
    middle = wanted[0, :, -1:]
    reach = mapping.reach
    low, high = middle - reach, middle + reach
    difference, held = block.difference(wanted), wanted
    share = torch.ones_like(difference[0])
    for _ in range(ROUNDS):
        seen = effective(held, block, info)
        found = block.difference(seen)
        value = held[0, :, :-1]
        end = torch.where(difference > 0, value >= high, value <= low) & (difference != 0)
        kept = torch.where(end, found / (share * difference), 1.0).amin(0).clamp(0.01, 1.0)
        share = share * kept
        missing = share * difference - found
        if float(missing.abs().max()) < CLOSE * reach:
            break
        moved = value + missing * value / seen[0, :, :-1]
        held = torch.cat((torch.maximum(torch.minimum(moved, high), low), middle), 1)[None]
    return held, share


def settle_columns(
    held: Float[Tensor, "1 rows cols"],
    fixed: Bool[Tensor, "1 rows cols"],
    wanted: Float[Tensor, "rows outputs"],
    block: Block,
    info: BenchInfo,
) -> Float[Tensor, "1 rows cols"]:
    """Conductances, some of them fixed, whose effective differences are those wanted (S).

    Args:
        held: Conductances to begin with (S).
        fixed: Cells that do not answer; the reference never moves.
        wanted: Effective differences to the reference (S).
        block: Where the cells lie.
        info: The bench: how far a cell can go.
    """
    movable = ~fixed[0, :, :-1]
    for _ in range(ROUNDS):
        seen = effective(held, block, info)
        missing = wanted - block.difference(seen)
        value = held[0, :, :-1]
        moved = value + missing * value / seen[0, :, :-1]
        moved = moved.clamp(info.conductance_low, info.conductance_high)
        moved = torch.where(movable, moved, value)
        change = float((moved - value).abs().max())
        held = torch.cat((moved, held[0, :, -1:]), 1)[None]
        if change < CLOSE * float(wanted.abs().max()):
            break
    return held


def with_excess(
    before: Placement,
    mended: Placement,
    held: Float[Tensor, " cells"],
    stuck: Bool[Tensor, " cells"],
    info: BenchInfo,
) -> Placement:
    """Note what cells without a partner hold too much, where they or their reference are stuck.

    Args:
        before: Targets whose effective differences are the wanted ones.
        mended: Targets in force.
        held: Conductance of the stuck cells; others do not matter (S). Shape (cells,).
        stuck: Cells that do not answer. Shape (cells,).
        info: The bench.
    """
    blocks = list(mended.blocks)
    for number, (block, place) in enumerate(each_block(mended)):
        fixed = stuck[place]
        if block.minus is not None or not fixed.any():
            continue
        wanted, _ = effective_difference(before.target[place].double(), block, info)
        now = torch.where(fixed, held[place], mended.target[place]).double()
        found, _ = effective_difference(now, block, info)
        known = fixed[0, :, :-1] | fixed[0, :, -1:]
        excess = torch.where(known, found - wanted, 0.0).to(mended.target.dtype)
        blocks[number] = replace(block, excess=excess)
    return replace(mended, blocks=tuple(blocks))
