"""Making up for wires: targets whose currents, wires included, are those the weights want.

A cell far from driver and sense gives less current than its conductance promises, and how much
less depends on all other cells. Its target is raised until the effective matrix of the tile is
proportional, output by output, to the one wanted. Where the range does not suffice an output is
scaled down as a whole; a digital factor restores it.
"""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.placement import Block, Placement, each_block
from mho.mapping.targets.effective import CLOSE, ROUNDS, effective, effective_difference
from mho.mapping.weight_mapping import WeightMapping


def compensate(
    placement: Placement, info: BenchInfo, mapping: WeightMapping
) -> Placement:
    """Raise targets to make up for the wires a bench says it has.

    Args:
        placement: Cells and the targets of ideal wires.
        info: The bench.
        mapping: Conductance range of the cells.

    Returns:
        A placement whose effective matrices are the wanted ones; outputs for which the range is
        too small are weaker, and `Block.scale` says by how much.
    """
    if info.wires.ideal:
        return placement
    target = placement.target.clone()
    blocks = []
    for block, place in each_block(placement):
        held = placement.target[place].double()
        if block.minus is None:
            held, share = solve_columns(held, block, info, mapping)
        else:
            difference, share = _solve(block.difference(held), block, info, mapping)
            held = _halves(difference, mapping)
        target[place] = held.to(target.dtype)
        blocks.append(replace(block, scale=(block.scale * share).to(block.scale.dtype)))
    return replace(placement, target=target, blocks=tuple(blocks))


def adapt(
    before: Placement,
    mended: Placement,
    held: Float[Tensor, " cells"],
    stuck: Bool[Tensor, " cells"],
    info: BenchInfo,
) -> Placement:
    """Move targets around stuck cells until the wires, with these in place, give the old weights.

    A stuck cell and the partner that makes up for it may carry ten times the current that was
    planned; all cells that share their lines feel it.

    Args:
        before: Targets whose effective matrices are the wanted ones.
        mended: The same after `repair`: polarities, and targets of the partners.
        held: Conductance of the stuck cells; others do not matter (S). Shape (cells,).
        stuck: Cells that do not answer. Shape (cells,).
        info: The bench.
    """
    if info.wires.ideal:
        return mended
    target = mended.target.clone()
    for (old, where), (block, place) in zip(
        each_block(before), each_block(mended), strict=True
    ):
        fixed = stuck[place]
        if fixed.any():
            wanted, _ = effective_difference(before.target[where].double(), old, info)
            now = torch.where(fixed, held[place], target[place]).double()
            settle = settle_columns if block.minus is None else _settle
            target[place] = settle(now, fixed, wanted, block, info).to(target.dtype)
    return replace(mended, target=torch.where(stuck, mended.target, target))


def _settle(
    pair: Float[Tensor, "2 rows outputs"],
    fixed: Bool[Tensor, "2 rows outputs"],
    wanted: Float[Tensor, "rows outputs"],
    block: Block,
    info: BenchInfo,
) -> Float[Tensor, "2 rows outputs"]:
    """Conductances (S), some of them fixed, whose effective differences are those wanted (S).

    Of a free pair the larger cell moves, of a pair with a fixed cell the other one.
    """
    best = pair
    least = float("inf")
    plus_moves = torch.where(fixed.any(0), fixed[1], pair[0] >= pair[1])
    movable = ~fixed & torch.stack((plus_moves, ~plus_moves))
    towards = torch.tensor([1.0, -1.0], dtype=pair.dtype)[:, None, None]
    for _ in range(ROUNDS):
        seen, total = effective_difference(pair, block, info)
        missing = wanted - seen
        step = movable * towards * (missing * pair.sum(0) / total)
        moved = (pair + step).clamp(info.conductance_low, info.conductance_high)
        moved = torch.where(movable, moved, pair)
        # pairs at the end of their range are left out: what they lack cannot be helped
        rest = torch.where((moved != pair).any(0), missing, 0.0)
        if float(rest.square().sum()) < least:
            best = pair
            least = float(rest.square().sum())
        if float(rest.abs().max()) < CLOSE * float(wanted.abs().max()):
            break
        pair = moved
    return best


def _solve(
    wanted: Float[Tensor, "rows outputs"],
    block: Block,
    info: BenchInfo,
    mapping: WeightMapping,
) -> tuple[Float[Tensor, "rows outputs"], Float[Tensor, " outputs"]]:
    """Differences to program (S), and the share of the signal they keep (1).

    Newton's method with the attenuation of each pair in the place of the full Jacobian.
    """
    reach = mapping.high - mapping.low
    difference = wanted.clone()
    share = torch.ones_like(wanted[0])
    for _ in range(ROUNDS):
        halves = _halves(difference, mapping)
        seen, total = effective_difference(halves, block, info)
        full = difference.abs() >= reach
        held = torch.where(full, seen / (share * wanted), 1.0).amin(0).clamp(0.01, 1.0)
        share = share * held
        missing = share * wanted - seen
        if float(missing.abs().max()) < CLOSE * reach:
            break
        difference = (difference + missing * halves.sum(0) / total).clamp(-reach, reach)
    return difference, share


def _halves(
    difference: Float[Tensor, "rows outputs"], mapping: WeightMapping
) -> Float[Tensor, "2 rows outputs"]:
    """Conductances of G⁺ and G⁻ (S), one of them at the low end."""
    return torch.stack((difference, -difference)).clamp(min=0) + mapping.low


def solve_columns(
    wanted: Float[Tensor, "1 rows cols"],
    block: Block,
    info: BenchInfo,
    mapping: WeightMapping,
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
    low = middle - reach
    high = middle + reach
    difference = block.difference(wanted)
    held = wanted
    share = torch.ones_like(difference[0])
    for _ in range(ROUNDS):
        seen = effective(held, block, info)
        found = block.difference(seen)
        value = held[0, :, :-1]
        end = torch.where(difference > 0, value >= high, value <= low) & (
            difference != 0
        )
        kept = (
            torch.where(end, found / (share * difference), 1.0).amin(0).clamp(0.01, 1.0)
        )
        share = share * kept
        missing = share * difference - found
        if float(missing.abs().max()) < CLOSE * reach:
            break
        moved = value + missing * value / seen[0, :, :-1]
        held = torch.cat((torch.maximum(torch.minimum(moved, high), low), middle), 1)[
            None
        ]
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
