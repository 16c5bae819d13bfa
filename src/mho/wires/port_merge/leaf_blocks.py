"""Leaves: blocks of 4×4 cells, made elementwise from cells, for all leaves at once.

Matrices of so few ports are too small for matrix products, so here ports come first and leaves
last: every operation runs over all leaves.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from mho.wires.port_merge.ports import Ports, Run, Seam, one_above_other, side_by_side
from mho.wires.port_merge.workspace import Memory, Workspace

LEAF = 4
"""Rows and columns of a leaf (cells)."""

SIDE = 16
"""Rows and columns to whose multiples a tile is filled up (cells)."""

ROUNDS = (
    (False, Ports(1, 1, 1, 1)),
    (True, Ports(1, 2, 2, 1)),
    (False, Ports(2, 2, 2, 2)),
    (True, Ports(2, 4, 4, 2)),
)
"""How cells become a leaf: whether blocks one above the other are joined, and their ports."""


class Cells(NamedTuple):
    """Cells of all leaves: place in the leaf first, then tiles, then leaves.

    Args:
        conductance: Conductance of each cell (S).
        word: Resistance left of each cell (Ω); of one tile.
        bit: Resistance below each cell (Ω); of one tile.
    """

    conductance: Float[Tensor, "p q tiles leaves"]
    word: Float[Tensor, "p q 1 leaves"]
    bit: Float[Tensor, "p q 1 leaves"]


def sort_cells(
    cell: Float[Tensor, "tiles rows cols"],
    word: Float[Tensor, "rows cols"],
    bit: Float[Tensor, "rows cols"],
) -> Cells:
    """Sort cells into leaves; rows of leaves count from the bottom.

    The tile is filled up at the top and at the right, with cells of 0 S between wires of 0 Ω:
    ports there stand for those within, so nothing changes by it.
    """
    return Cells(*(_sorted(x) for x in (cell, word[None], bit[None])))


def _sorted(x: Tensor) -> Tensor:
    tiles, rows, cols = x.shape
    whole = pad(x, (0, -cols % SIDE, -rows % SIDE, 0))
    high, wide = leaf_grid(rows, cols)
    whole = whole.view(tiles, high, LEAF, wide, LEAF).flip(1)
    return whole.permute(2, 4, 0, 1, 3).reshape(LEAF, LEAF, tiles, high * wide)


def unsort(
    x: Float[Tensor, "p q tiles leaves"], rows: int, cols: int
) -> Float[Tensor, "tiles rows cols"]:
    """Cells back in their rows and columns."""
    whole = x.view(*x.shape[:3], *leaf_grid(rows, cols)).permute(2, 3, 0, 4, 1)
    whole = whole.flip(1).flatten(3, 4).flatten(1, 2)
    return whole[:, whole.shape[1] - rows :, :cols]


def leaf_grid(rows: int, cols: int) -> tuple[int, int]:
    """Rows and columns of leaves (1)."""
    return -(-rows // SIDE) * (SIDE // LEAF), -(-cols // SIDE) * (SIDE // LEAF)


def leaves(
    cells: Cells, memory: Memory, tape: list[Tensor] | None
) -> Float[Tensor, "ports ports tiles leaves"]:
    """Matrices of the leaves; with a tape, also what the gradient needs."""
    s = _one_cell(cells, memory.next_level())
    for vertical, ports in ROUNDS:
        near, far, seam = halves(s, vertical, ports)
        s = _merge(near, far, seam, memory, tape)
    return s[:, :, 0, 0]


def halves(
    s: Float[Tensor, "ports ports p q *leaves"], vertical: bool, ports: Ports
) -> tuple[Tensor, Tensor, Seam]:
    """Near and far blocks of a round, and how they are joined."""
    if vertical:
        return s[:, :, 1::2], s[:, :, 0::2], one_above_other(ports, ports)
    return s[:, :, :, 0::2], s[:, :, :, 1::2], side_by_side(ports, ports)


def drives(cells: Cells) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Voltage over a cell of no conductance for unit inputs at its ports (V)."""
    one = torch.ones_like(cells.word)
    return one, -one, -cells.bit, cells.word


def _one_cell(cells: Cells, work: Workspace) -> Tensor:
    g = cells.conductance / (1 + cells.conductance * (cells.word + cells.bit))
    drive = torch.stack(drives(cells))
    s = torch.mul((g * drive)[:, None], drive, out=work.take(4, 4, *g.shape))
    for i, j in ((0, 3), (3, 0), (1, 2), (2, 1)):
        s[i, j] -= 1
    s[2, 2] -= cells.bit
    s[3, 3] -= cells.word
    return s


def _merge(
    near: Tensor, far: Tensor, seam: Seam, memory: Memory, tape: list[Tensor] | None
) -> Tensor:
    """Matrices of the blocks that two blocks make, as in `port_blocks.merge`."""
    memory.work.clear()
    n = seam.width
    size = sum(seam.ports)
    blocks = near.shape[2:]
    z = near[seam.near, seam.near]
    y = far[seam.far, seam.far]
    loop = _inverse(_one_minus(times(z, y)))
    outer = memory.work.take(n, size, *blocks)
    inputs = (memory.work.take if tape is None else near.new_empty)(
        2 * n, size, *blocks
    )
    current = times(y, loop)
    offered = -loop
    voltage = times(loop, z)
    across = -loop.transpose(0, 1)
    for run in seam.kept_near:
        outer[:, run.after] = near[seam.near, run.before]
        times(current, outer[:, run.after], inputs[:n, run.after])
        if tape is not None:
            times(offered, outer[:, run.after], inputs[n:, run.after])
    for run in seam.kept_far:
        outer[:, run.after] = far[seam.far, run.before]
        times(across, outer[:, run.after], inputs[:n, run.after])
        times(voltage, outer[:, run.after], inputs[n:, run.after])
    if tape is not None:
        tape.append(inputs)
    s = memory.next_level().take(size, size, *blocks)
    _add(near, seam.kept_near, outer, inputs[:n], s)
    _add(far, seam.kept_far, outer, inputs[n:], s)
    for one in seam.kept_near:
        for two in seam.kept_far:
            part = s[one.after, two.after]
            times(outer[:, one.after].transpose(0, 1), inputs[:n, two.after], part)
            s[two.after, one.after] = part.transpose(0, 1)
    return s


def _add(
    old: Tensor, runs: tuple[Run, ...], outer: Tensor, inputs: Tensor, s: Tensor
) -> None:
    """Put the matrix of remaining ports, and what the seam adds to it, in its new place."""
    for place, one in enumerate(runs):
        left = outer[:, one.after].transpose(0, 1)
        for two in runs[place:]:
            part = s[one.after, two.after]
            right = inputs[:, two.after]
            torch.addcmul(
                old[one.before, two.before], left[:, 0:1], right[0:1], out=part
            )
            for k in range(1, len(right)):
                part.addcmul_(left[:, k : k + 1], right[k : k + 1])
            if one is not two:
                s[two.after, one.after] = part.transpose(0, 1)


def times(a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
    """Matrix product over the first two axes, for all leaves."""
    out = torch.mul(a[:, 0:1], b[0:1], out=out)
    for k in range(1, len(b)):
        out.addcmul_(a[:, k : k + 1], b[k : k + 1])
    return out


def _one_minus(matrix: Tensor) -> Tensor:
    matrix.neg_()
    for k in range(len(matrix)):
        matrix[k, k] += 1
    return matrix


def _inverse(m: Tensor) -> Tensor:
    if len(m) == 1:
        return 1 / m
    if len(m) == 2:
        adjugate: Tensor = torch.stack(
            [torch.stack([m[1, 1], -m[0, 1]]), torch.stack([-m[1, 0], m[0, 0]])]
        )
        return adjugate / (m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0])
    inverse: Tensor = torch.linalg.inv_ex(m.flatten(2).permute(2, 0, 1)).inverse
    return inverse.permute(1, 2, 0).contiguous().view(m.shape)
