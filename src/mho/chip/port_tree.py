"""The tree of blocks: leaves of a few cells, joined until one block is the tile.

Blocks of a level have one size, but for those at the far ends of the lines: the top row of blocks
and the right column of blocks take what is left. Rows of blocks count from the bottom, columns from
the left, so the far ones are the last.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from mho.chip.port_blocks import Ports, merge, one_above_other, side_by_side

LEAF = 4
"""Rows and columns of a leaf (cells)."""

Kind = tuple[bool, bool]
"""Whether a block is in the top row of blocks, and whether in the right column."""


class Axis(NamedTuple):
    """Blocks along one axis: `count` of `size` cells, then one of `last` cells."""

    size: int
    count: int
    last: int

    @classmethod
    def of(cls, cells: int) -> "Axis":
        """Leaves along an axis."""
        count = (cells - 1) // LEAF
        return cls(LEAF, count, cells - count * LEAF)

    def joined(self) -> "Axis":
        """The axis after pairs of blocks are joined; an odd one goes to the last block."""
        last = self.last + self.size * (self.count % 2)
        return Axis(2 * self.size, self.count // 2, last)

    def shortened(self) -> "Axis":
        """The axis after the last block has taken its neighbour."""
        return Axis(self.size, self.count - 1, self.last + self.size)


class Step(NamedTuple):
    """One round of joining.

    Args:
        vertical: Whether blocks one above the other are joined.
        pairs: Whether all blocks are joined in pairs, or only the last takes its neighbour.
        count: Blocks along the axis but for the last (1).
    """

    vertical: bool
    pairs: bool
    count: int


def steps(rows: int, cols: int) -> Iterator[Step]:
    """Rounds that make a tile of leaves; blocks stay as square as possible."""
    axes = [Axis.of(rows), Axis.of(cols)]
    while axes[0].count or axes[1].count:
        across = axes[1].count and (axes[1].size <= axes[0].size or not axes[0].count)
        which = 1 if across else 0
        axis = axes[which]
        pairs = axis.count % 2 == 1 or axis.last >= axis.size
        yield Step(which == 0, pairs, axis.count)
        axes[which] = axis.joined() if pairs else axis.shortened()


def tree(
    cell: Float[Tensor, "tiles rows cols"],
    word: Float[Tensor, "rows cols"],
    bit: Float[Tensor, "rows cols"],
    open_ends: tuple[bool, bool],
) -> Float[Tensor, "tiles ports ports"]:
    """Matrix of a tile between its ports.

    Args:
        cell: Conductance of each cell (S).
        word: Resistance left of each cell, on its word line (Ω).
        bit: Resistance below each cell, on its bit line (Ω).
        open_ends: Whether bit lines end open at the top, and word lines at the right.
    """
    level = leaves(cell, word, bit, open_ends)
    for step in steps(*cell.shape[1:]):
        level = join(level, step)
    return level[True, True].matrix[:, 0, 0]


class Group(NamedTuple):
    """All blocks of one kind: their matrices, and their ports."""

    matrix: Float[Tensor, "tiles rows cols ports ports"]
    ports: Ports


Level = dict[Kind, Group]


def join(level: Level, step: Step) -> Level:
    """One round of joining."""
    dim = 1 if step.vertical else 2
    seam = one_above_other if step.vertical else side_by_side

    def both(near: Group, far: Group) -> Group:
        place = seam(near.ports, far.ports)
        return Group(merge(near.matrix, far.matrix, place), place.ports)

    new: Level = {}
    for other in (False, True):
        inner_kind = (False, other) if step.vertical else (other, False)
        last_kind = (True, other) if step.vertical else (other, True)
        if last_kind not in level:
            continue
        inner, last = level[inner_kind], level[last_kind]
        rest = step.count
        if rest % 2 or not step.pairs:
            rest -= 1
            last = both(Group(inner.matrix.narrow(dim, rest, 1), inner.ports), last)
        new[last_kind] = last
        if rest and step.pairs:
            index = [slice(None)] * dim
            near = inner.matrix[(*index, slice(0, rest, 2))]
            far = inner.matrix[(*index, slice(1, rest, 2))]
            new[inner_kind] = both(Group(near, inner.ports), Group(far, inner.ports))
        elif rest:
            new[inner_kind] = Group(inner.matrix.narrow(dim, 0, rest), inner.ports)
    return new


def leaves(cell: Tensor, word: Tensor, bit: Tensor, open_ends: tuple[bool, bool]) -> Level:
    """Blocks of a few cells each."""
    rows, cols = (Axis.of(n) for n in cell.shape[1:])
    level: Level = {}
    for top in (False, True):
        for right in (False, True):
            p, high = (rows.last, 1) if top else (rows.size, rows.count)
            q, wide = (cols.last, 1) if right else (cols.size, cols.count)
            if not high or not wide:
                continue
            across = slice(cell.shape[2] - q, None) if right else slice(0, wide * q)
            down = slice(0, p) if top else slice(rows.last, None)
            parts = [
                x[..., down, across]
                .unflatten(-1, (wide, q))
                .unflatten(-3, (high, p))
                .transpose(-2, -3)
                .flip(-4)
                for x in (cell, word, bit)
            ]
            drop = (top and open_ends[0], right and open_ends[1])
            ports = Ports(p, q, 0 if drop[0] else q, 0 if drop[1] else p)
            level[top, right] = Group(leaf(*parts, ports), ports)
    return level


def leaf(
    cell: Float[Tensor, "tiles rows cols p q"],
    word: Float[Tensor, "rows cols p q"],
    bit: Float[Tensor, "rows cols p q"],
    ports: Ports,
) -> Float[Tensor, "tiles rows cols ports ports"]:
    """Matrices of leaves in closed form: S = S₀ + Kᵀ D (1 + R D)⁻¹ K."""
    p, q = cell.shape[-2:]
    size = sum(ports)
    to_left = word.cumsum(-1)
    to_bottom = bit.flip(-2).cumsum(-2).flip(-2)
    drive = word.new_zeros(*word.shape, size)  # K
    path = word.new_zeros(*word.shape, p, q)  # R
    free = word.new_zeros(*word.shape[:2], size, size)  # S0
    i, j = torch.arange(p, device=word.device), torch.arange(q, device=word.device)
    left, bottom, top, right = 0, p, p + q, p + q + ports.top
    for r in range(p):
        drive[..., r, :, left + r] = 1
        path[..., r, :, r, :] += to_left[..., r, :][..., torch.minimum(j[:, None], j)]
        if ports.right:
            drive[..., r, :, right + r] = to_left[..., r, :]
            free[..., left + r, right + r] = -1
            free[..., right + r, left + r] = -1
            free[..., right + r, right + r] = -to_left[..., r, -1]
    for c in range(q):
        drive[..., :, c, bottom + c] = -1
        path[..., :, c, :, c] += to_bottom[..., :, c][..., torch.maximum(i[:, None], i)]
        if ports.top:
            drive[..., :, c, top + c] = -to_bottom[..., :, c]
            free[..., bottom + c, top + c] = -1
            free[..., top + c, bottom + c] = -1
            free[..., top + c, top + c] = -to_bottom[..., 0, c]
    drive, path = drive.flatten(2, 3), path.flatten(4, 5).flatten(2, 3)
    g = cell.flatten(-2)[..., None, :]
    loop = path * g
    loop.diagonal(dim1=-2, dim2=-1).add_(1)
    drop = torch.linalg.inv_ex(loop).inverse @ drive
    return free + drive.mT @ (drop * g.mT)
