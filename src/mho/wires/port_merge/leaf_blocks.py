"""Leaves: blocks of 4×4 cells, made elementwise from cells, for all leaves at once.

Matrices of so few ports are too small for matrix products, so here ports come first and leaves
last: every operation runs over all leaves.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from mho.wires.port_merge.ports import (
    Ports,
    Run,
    Seam,
    one_above_other,
    side_by_side,
)
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
    """Matrices of single cells; ports are left, bottom, top and right, each of one line."""
    left, bottom, top, right = range(4)
    # The cell in series with its two pieces of wire.
    path = cells.word + cells.bit
    g = cells.conductance / (1 + cells.conductance * path)
    drive = torch.stack(drives(cells))
    # Whatever drives the cell, its current reaches every port in the same proportion.
    current = g * drive
    room = work.take(4, 4, *g.shape)
    s = torch.mul(current[:, None], drive, out=room)
    # The wires go straight on, and what a current input meets first is its wire.
    for one, other in ((left, right), (bottom, top)):
        s[one, other] -= 1
        s[other, one] -= 1
    s[top, top] -= cells.bit
    s[right, right] -= cells.word
    return s


def _merge(
    near: Tensor,
    far: Tensor,
    seam: Seam,
    memory: Memory,
    tape: list[Tensor] | None,
) -> Tensor:
    """Matrices of the blocks that two blocks make, as in `join_blocks.merge`.

    Only the ports at the seam disappear. What the new block's ports cause there is worked out
    first: currents into the near block's side of the seam, voltages at the far block's. Fed
    back through both blocks, it adds to what their remaining ports did before.
    """
    memory.work.clear()
    width = seam.width
    ports = sum(seam.ports)
    blocks = near.shape[2:]
    # The blocks by themselves, as the seam sees them; the z of a block is -Z.
    z = near[seam.near, seam.near]
    y = far[seam.far, seam.far]
    # What is left at the seam of a voltage offered to it, once both sides have answered.
    loop = _inverse(_one_minus(times(z, y)))
    # How each new port reaches the seam, and what arrives there; a gradient needs it later.
    at_seam = memory.work.take(width, ports, *blocks)
    keep = memory.work.take if tape is None else near.new_empty
    inputs = keep(2 * width, ports, *blocks)
    currents = inputs[:width]
    voltages = inputs[width:]
    _inputs_of_near(
        near, seam, (y, loop), at_seam, currents, voltages, tape is not None
    )
    _inputs_of_far(far, seam, (z, loop), at_seam, currents, voltages)
    if tape is not None:
        tape.append(inputs)
    joined = memory.next_level().take(ports, ports, *blocks)
    _add(near, seam.kept_near, at_seam, currents, joined)
    _add(far, seam.kept_far, at_seam, voltages, joined)
    # The two blocks act on each other through the seam alone.
    for one in seam.kept_near:
        for two in seam.kept_far:
            part = joined[one.after, two.after]
            times(
                at_seam[:, one.after].transpose(0, 1),
                currents[:, two.after],
                part,
            )
            joined[two.after, one.after] = part.transpose(0, 1)
    return joined


def _inputs_of_near(
    near: Tensor,
    seam: Seam,
    solved: tuple[Tensor, Tensor],
    at_seam: Tensor,
    currents: Tensor,
    voltages: Tensor,
    taped: bool,
) -> None:
    """What the near block's remaining ports cause at the seam: currents, with a tape voltages."""
    y, loop = solved
    current_of = times(y, loop)
    voltage_of = -loop
    for run in seam.kept_near:
        at_seam[:, run.after] = near[seam.near, run.before]
        times(current_of, at_seam[:, run.after], currents[:, run.after])
        if taped:
            times(voltage_of, at_seam[:, run.after], voltages[:, run.after])


def _inputs_of_far(
    far: Tensor,
    seam: Seam,
    solved: tuple[Tensor, Tensor],
    at_seam: Tensor,
    currents: Tensor,
    voltages: Tensor,
) -> None:
    """What the far block's remaining ports cause at the seam: currents and voltages."""
    z, loop = solved
    voltage_of = times(loop, z)
    current_of = -loop.transpose(0, 1)
    for run in seam.kept_far:
        at_seam[:, run.after] = far[seam.far, run.before]
        times(current_of, at_seam[:, run.after], currents[:, run.after])
        times(voltage_of, at_seam[:, run.after], voltages[:, run.after])


def _add(
    old: Tensor,
    runs: tuple[Run, ...],
    at_seam: Tensor,
    inputs: Tensor,
    joined: Tensor,
) -> None:
    """Put the matrix of remaining ports, and what the seam adds to it, in its new place."""
    for place, one in enumerate(runs):
        left = at_seam[:, one.after].transpose(0, 1)
        # The matrix is symmetric: the other half is a copy.
        for two in runs[place:]:
            right = inputs[:, two.after]
            before = old[one.before, two.before]
            part = joined[one.after, two.after]
            torch.addcmul(before, left[:, 0:1], right[0:1], out=part)
            for k in range(1, len(right)):
                part.addcmul_(left[:, k : k + 1], right[k : k + 1])
            if one is not two:
                joined[two.after, one.after] = part.transpose(0, 1)


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
    """Inverses of small matrices, in closed form up to two rows."""
    if len(m) == 1:
        return 1 / m
    if len(m) == 2:
        first = torch.stack([m[1, 1], -m[0, 1]])
        second = torch.stack([-m[1, 0], m[0, 0]])
        adjugate: Tensor = torch.stack([first, second])
        determinant = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
        return adjugate / determinant
    # torch wants the matrices' own axes last.
    stacked = m.flatten(2).permute(2, 0, 1)
    inverse: Tensor = torch.linalg.inv_ex(stacked).inverse
    return inverse.permute(1, 2, 0).contiguous().view(m.shape)
