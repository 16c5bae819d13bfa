"""What to do about stuck cells: turn columns round, let partners give way, subtract what is left.

How much each kind of block can do is the block's own affair.
"""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.blocks import Block, Placement, ReferenceBlock, each_block


def repair(
    placement: Placement,
    stuck: Bool[Tensor, " cells"],
    held: Float[Tensor, " cells"],
    info: BenchInfo,
) -> Placement:
    """Turn columns round and move targets so that weights with a stuck cell lose least.

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
    for block, place in each_block(placement):
        repaired = block.repaired(
            target[place],
            stuck[place],
            held[place],
            info,
        )
        target[place] = repaired.target
        # in columns that were turned round, cells that added subtract now
        if repaired.turned.any():
            sign_before = sign[place]
            turned = repaired.turned.expand(place.shape)
            sign[place] = torch.where(turned, -sign_before, sign_before)
        blocks.append(repaired.block)
    return replace(
        placement,
        blocks=tuple(blocks),
        target=target,
        sign=sign,
    )


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
    blocks: list[Block] = []
    for block, place in each_block(mended):
        if not isinstance(block, ReferenceBlock):
            # the partners of stuck cells have made up for them: nothing is left to subtract
            blocks.append(block)
            continue
        fixed = stuck[place]
        # the targets before the repair are those whose weights are right
        meant = before.target[place]
        in_force = mended.target[place]
        stuck_at = held[place]
        in_place = torch.where(fixed, stuck_at, in_force)
        noted = block.noting_excess(meant, in_place, fixed, info)
        blocks.append(noted)
    return replace(mended, blocks=tuple(blocks))
