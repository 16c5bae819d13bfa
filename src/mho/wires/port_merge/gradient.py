"""Gradient of a tree of blocks: from the root back to the cells, once for any number of vectors.

If the inputs of a block are M e, with e those of the block it becomes part of, then S enters the
larger matrix as Mᵀ S M, to first order. So a gradient S̄ of the larger matrix is one of M S̄ Mᵀ of
the smaller: its remaining ports keep theirs, and the joined ports get what the tape says.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from mho.wires.port_merge.block_tree import (
    UNIFORM,
    WHOLE,
    Joint,
    Kind,
    Shape,
    Tape,
    kinds_of,
    pick,
)
from mho.wires.port_merge.leaf_blocks import (
    ROUNDS,
    SIDE,
    Cells,
    drives,
    halves,
    times,
    unsort,
)
from mho.wires.port_merge.ports import Seam
from mho.wires.port_merge.workspace import Memory, Workspace


def conductance_gradient(
    root: Float[Tensor, "tiles ports ports"],
    cells: Cells,
    shape: Shape,
    tape: Tape,
) -> Float[Tensor, "tiles rows cols"]:
    """Gradient with respect to the conductance of each cell.

    Args:
        root: Gradient with respect to the matrix of the tile between its ports; symmetric.
        cells: Cells, sorted into leaves.
        shape: Size of the tile.
        tape: What the tree put down.
    """
    memory = Memory(root, cells.conductance.numel())
    level = {WHOLE: root[:, None, None].contiguous()}
    steps = list(zip(tape.levels, tape.joints, strict=True))
    for sizes, joints in reversed(steps[len(UNIFORM) :]):
        level = _step_back(level, sizes, joints, memory)
    level = {WHOLE: _all_kinds(level, shape, memory.next_level())}
    for sizes, joints in reversed(steps[: len(UNIFORM)]):
        level = _step_back(level, sizes, joints, memory)
    s = _ports_first(level[WHOLE], memory.next_level())
    for (vertical, ports), inputs in zip(
        reversed(ROUNDS), reversed(tape.leaves), strict=True
    ):
        p = s.shape[2]
        q = s.shape[3]
        # Twice as many blocks, one above the other or side by side.
        grid = (2 * p, q) if vertical else (p, 2 * q)
        size = sum(ports)
        old = memory.next_level().take(size, size, *grid, *s.shape[4:])
        near, far, seam = halves(old, vertical, ports)
        _split_leaves(s, inputs, seam, (near, far))
        s = old
    return unsort(_of_cells(s, cells), shape.rows, shape.cols)


def _step_back(
    level: dict[Kind, Tensor],
    sizes: dict[Kind, torch.Size],
    joints: list[Joint],
    memory: Memory,
) -> dict[Kind, Tensor]:
    """Gradients of the blocks before a step."""
    room = memory.next_level()
    old = {kind: room.take(*size) for kind, size in sizes.items()}
    for step, move, seam, inputs in joints:
        kind, place = move.near
        near = pick(old[kind], step, place)
        if move.far is None or seam is None or inputs is None:
            near.copy_(level[move.kind])
        else:
            kind, place = move.far
            far = pick(old[kind], step, place)
            _split(level[move.kind], inputs, seam, (near, far), memory.work)
    return old


def _split(
    s: Float[Tensor, "tiles rows cols c c"],
    inputs: Float[Tensor, "blocks joined c"],
    seam: Seam,
    parts: tuple[Tensor, Tensor],
    work: Workspace,
) -> None:
    """Gradients of near and far blocks from those of the blocks that they made."""
    work.clear()
    through = work.product(inputs, s.flatten(0, 2))
    n = seam.width
    sides = (
        (seam.near, seam.kept_near, slice(0, n)),
        (seam.far, seam.kept_far, slice(n, 2 * n)),
    )
    for part, (joined, kept, half) in zip(parts, sides, strict=True):
        rows = through[:, half]
        part[..., joined, joined] = work.product(rows, inputs[:, half].mT).view(
            *s.shape[:3], n, n
        )
        rows = rows.view(*s.shape[:3], n, -1)
        for one in kept:
            part[..., joined, one.before] = rows[..., one.after]
            part[..., one.before, joined] = rows[..., one.after].mT
            for two in kept:
                part[..., one.before, two.before] = s[..., one.after, two.after]


def _all_kinds(
    level: dict[Kind, Tensor], shape: Shape, room: Workspace
) -> Float[Tensor, "tiles rows cols ports ports"]:
    """Gradients of all blocks of `SIDE`; ports left out have none."""
    high = -(-shape.rows // SIDE)
    wide = -(-shape.cols // SIDE)
    size = 4 * SIDE
    whole = room.take(len(level[WHOLE]), high, wide, size, size).zero_()
    for kind, (down, across, keep, _) in kinds_of(shape).items():
        if len(keep) == size:
            whole[:, down, across] = level[kind]
        else:
            index = torch.tensor(keep, device=whole.device)
            whole[:, down, across, index[:, None], index] = level[kind]
    return whole


def _ports_first(
    blocks: Float[Tensor, "tiles rows cols ports ports"], room: Workspace
) -> Float[Tensor, "ports ports 1 1 tiles leaves"]:
    """One element after the other instead of one matrix after the other."""
    tiles = len(blocks)
    size = blocks.shape[-1]
    first = room.take(size * size, blocks[..., 0, 0].numel())
    first.copy_(blocks.reshape(-1, size * size).T)
    return first.view(size, size, 1, 1, tiles, -1)


def _split_leaves(
    s: Tensor, inputs: Tensor, seam: Seam, parts: tuple[Tensor, Tensor]
) -> None:
    """The same for blocks within leaves, ports first."""
    through = times(inputs, s)
    n = seam.width
    sides = (
        (seam.near, seam.kept_near, slice(0, n)),
        (seam.far, seam.kept_far, slice(n, 2 * n)),
    )
    for part, (joined, kept, half) in zip(parts, sides, strict=True):
        times(through[half], inputs[half].transpose(0, 1), part[joined, joined])
        for one in kept:
            part[joined, one.before] = through[half, one.after]
            part[one.before, joined] = through[half, one.after].transpose(0, 1)
            for two in kept:
                part[one.before, two.before] = s[one.after, two.after]


def _of_cells(s: Float[Tensor, "4 4 p q tiles leaves"], cells: Cells) -> Tensor:
    """Gradient of conductances; that of γ k kᵀ with γ = G / (1 + G (a + b))."""
    drive = drives(cells)
    total = torch.zeros_like(cells.conductance)
    for i, one in enumerate(drive):
        row = torch.zeros_like(total)
        for j, two in enumerate(drive):
            row.addcmul_(s[i, j], two)
        total.addcmul_(row, one)
    return total / (1 + cells.conductance * (cells.word + cells.bit)) ** 2
