"""What to do about stuck cells: turn a column's polarity round, let partners take the difference.

A cell stuck at the bottom of the range serves well as the low half of a pair and not at all as
the high one, and the other way round at the top. Which half of a pair carries the weight is free,
but for whole columns only, as the columns of a pair are subtracted after summing.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.placement import Block, Placement, each_block
from mho.mapping.targets.effective import effective_difference
from mho.mapping.tiles import Ends


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The pairs of one block as they lie on the chip, whatever their polarity.

    Args:
        left: Position in `Placement.cells` of cells in left columns. Shape (rows, outputs).
        right: The same of the right columns. Shape (rows, outputs).
        wanted: Conductance difference left − right (S). Shape (rows, outputs).
    """

    left: Int64[Tensor, "rows outputs"]
    right: Int64[Tensor, "rows outputs"]
    wanted: Float[Tensor, "rows outputs"]


def repair(
    placement: Placement,
    stuck: Bool[Tensor, " cells"],
    held: Float[Tensor, " cells"],
    info: BenchInfo,
) -> Placement:
    """Turn columns round and move targets so that pairs with a stuck cell lose least weight.

    Cells without a partner can make up for nothing but a stuck cell of their reference, whose row
    follows it.

    Args:
        placement: Cells and targets.
        stuck: Cells that do not answer. Shape (cells,).
        held: Conductance of the stuck ones; others do not matter (S). Shape (cells,).
        info: The bench: how far partners can go.

    Returns:
        A placement in which the targets of stuck cells are as before, or their partner's if the
        column was turned round.
    """
    target = placement.target.clone()
    sign = placement.sign.clone()
    blocks: list[Block] = []
    start = 0
    for block in placement.blocks:
        if block.minus is None:
            _follow_reference(target, block, start, stuck, held, info)
            blocks.append(block)
            start += block.crossings.numel()
            continue
        pairs = _pairs(block, start, target)
        start += 2 * block.plus.numel()
        kept = _reach(pairs, 1.0, stuck, held, info)
        turned = _reach(pairs, -1.0, stuck, held, info)
        swap = _loss(pairs, -1.0, turned) < _loss(pairs, 1.0, kept)
        for mine, other in ((pairs.left, pairs.right), (pairs.right, pairs.left)):
            target[mine] = torch.where(
                swap, placement.target[other], placement.target[mine]
            )
            sign[mine] = torch.where(swap, -sign[mine], sign[mine])
        _move_partners(target, pairs, torch.where(swap, -1.0, 1.0), stuck, held, info)
        plus = torch.where(swap, block.minus, block.plus)
        minus = torch.where(swap, block.plus, block.minus)
        blocks.append(replace(block, plus=plus, minus=minus))
    return replace(placement, blocks=tuple(blocks), target=target, sign=sign)


def _follow_reference(
    target: Float[Tensor, " cells"],
    block: Block,
    start: int,
    stuck: Bool[Tensor, " cells"],
    held: Float[Tensor, " cells"],
    info: BenchInfo,
) -> None:
    """Move the targets of rows whose reference is stuck to where it is, in place."""
    place = torch.arange(start, start + block.crossings.numel()).view(
        block.crossings.shape[1:]
    )
    reference = place[:, -1:]
    off = torch.where(stuck[reference], held[reference] - target[reference], 0.0)
    moved = (target[place[:, :-1]] + off).clamp(
        info.conductance_low, info.conductance_high
    )
    target[place[:, :-1]] = torch.where(off != 0, moved, target[place[:, :-1]])


def _pairs(block: Block, start: int, target: Float[Tensor, " cells"]) -> Pairs:
    size = block.plus.numel()
    left = torch.arange(start, start + size).view(block.plus.shape)
    right = left + size
    return Pairs(left, right, target[left] - target[right])


def _reach(
    pairs: Pairs,
    polarity: float,
    stuck: Bool[Tensor, " cells"],
    held: Float[Tensor, " cells"],
    info: BenchInfo,
) -> Float[Tensor, "rows outputs"]:
    """Difference left − right that each pair can hold at a polarity (S)."""
    ends = Ends(
        held[pairs.left], held[pairs.right], stuck[pairs.left], stuck[pairs.right]
    )
    return ends.reach(polarity * pairs.wanted, info)


def _loss(
    pairs: Pairs, polarity: float, reached: Float[Tensor, "rows outputs"]
) -> Float[Tensor, " outputs"]:
    """Squared conductance that a column loses (S²)."""
    return (reached - polarity * pairs.wanted).square().sum(0)


def _move_partners(
    target: Float[Tensor, " cells"],
    pairs: Pairs,
    polarity: Float[Tensor, " outputs"],
    stuck: Bool[Tensor, " cells"],
    held: Float[Tensor, " cells"],
    info: BenchInfo,
) -> None:
    """Give the partners of stuck cells the targets that make up the difference, in place."""
    wanted = polarity * pairs.wanted
    for fixed, other, offset in (
        (pairs.left, pairs.right, -wanted),
        (pairs.right, pairs.left, wanted),
    ):
        move = stuck[fixed] & ~stuck[other]
        goal = (held[fixed] + offset).clamp(info.conductance_low, info.conductance_high)
        target[other] = torch.where(move, goal, target[other])


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
