"""The tree of blocks: leaves joined until one block is the tile.

Leaves are first joined to blocks of 16×16 cells, all in the same way. From there on the blocks of
a level have one size, but for those at the far ends of the lines: the top row of blocks and the
right column of blocks take what is left. Rows of blocks count from the bottom, columns from the
left, so the far ones are the last.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from mho.wires.port_merge.join_blocks import merge, transfer
from mho.wires.port_merge.leaf_blocks import (
    LEAF,
    SIDE,
    Cells,
    leaf_grid,
    leaves,
)
from mho.wires.port_merge.ports import (
    Ports,
    Seam,
    one_above_other,
    side_by_side,
)
from mho.wires.port_merge.workspace import Memory, Workspace

Kind = tuple[bool, bool]
"""Whether a block is in the top row of blocks, and whether in the right column."""

KINDS: tuple[Kind, ...] = (
    (False, False),
    (False, True),
    (True, False),
    (True, True),
)
WHOLE: Kind = (True, True)


class Shape(NamedTuple):
    """Size of a tile, and which ends of its lines are open.

    Args:
        rows: Word lines (1).
        cols: Bit lines (1).
        open_top: Whether bit lines end open at the top.
        open_right: Whether word lines end open at the right.
    """

    rows: int
    cols: int
    open_top: bool
    open_right: bool


class Step(NamedTuple):
    """One round of joining.

    Args:
        vertical: Whether blocks one above the other are joined.
        pairs: Whether all blocks are joined in pairs (an odd one goes to the last block), or only
            the last block takes its neighbour.
        number: Blocks along the axis but for the last (1).
    """

    vertical: bool
    pairs: bool = True
    number: int = 0


UNIFORM = (Step(vertical=False), Step(vertical=True)) * round(
    math.log2(SIDE / LEAF)
)
"""Rounds that make blocks of `SIDE` of leaves, all alike."""


class Axis(NamedTuple):
    """Blocks along one axis: `number` of `size` cells, then the last one of `last` cells."""

    size: int
    number: int
    last: int

    @classmethod
    def of(cls, cells: int) -> "Axis":
        """Blocks of `SIDE` along an axis."""
        count = (cells - 1) // SIDE
        return cls(SIDE, count, cells - count * SIDE)

    def joined(self, *, pairs: bool) -> "Axis":
        """The axis after a step."""
        if pairs:
            last = self.last + self.size * (self.number % 2)
            return Axis(2 * self.size, self.number // 2, last)
        return Axis(self.size, self.number - 1, self.last + self.size)


def steps(rows: int, cols: int) -> list[Step]:
    """Rounds that make a tile of blocks of `SIDE`.

    Blocks stay as square as possible, and the last one between half and one and a half times as
    long as the others, so that any size costs what its cells cost.
    """
    axes = [Axis.of(rows), Axis.of(cols)]
    found = []
    while axes[0].number or axes[1].number:
        across = axes[1].number and (
            axes[1].size <= axes[0].size or not axes[0].number
        )
        which = 1 if across else 0
        axis = axes[which]
        pairs = axis.number % 2 == 1 or axis.last >= axis.size
        found.append(Step(which == 0, pairs, axis.number))
        axes[which] = axis.joined(pairs=pairs)
    return found


class Group(NamedTuple):
    """All blocks of one kind: their matrices, and their ports."""

    matrix: Float[Tensor, "tiles rows cols ports ports"]
    ports: Ports


Level = dict[Kind, Group]


class Move(NamedTuple):
    """What blocks of one kind are made of in a step; `far` is `None` if they stay as they are."""

    kind: Kind
    near: tuple[Kind, slice]
    far: tuple[Kind, slice] | None


def moves(step: Step, kinds: Iterable[Kind]) -> Iterator[Move]:
    """What blocks of every kind are made of."""
    rest = step.number - (step.number % 2 or not step.pairs)
    for other in (False, True):
        inner = (False, other) if step.vertical else (other, False)
        last = (True, other) if step.vertical else (other, True)
        if last not in kinds:
            continue
        if rest < step.number:
            yield Move(last, (inner, slice(rest, None)), (last, slice(None)))
        else:
            yield Move(last, (last, slice(None)), None)
        if rest and step.pairs:
            yield Move(
                inner, (inner, slice(0, rest, 2)), (inner, slice(1, rest, 2))
            )
        elif rest:
            yield Move(inner, (inner, slice(0, rest)), None)


def pick(
    matrix: Float[Tensor, "tiles rows cols ports ports"],
    step: Step,
    blocks: slice,
) -> Float[Tensor, "tiles some others ports ports"]:
    """Some of the blocks along the axis of a step."""
    return matrix[:, blocks] if step.vertical else matrix[:, :, blocks]


class Joint(NamedTuple):
    """What the gradient needs of a move.

    Args:
        step: Step it belongs to.
        move: The move.
        seam: How blocks were joined; `None` if they stayed as they were.
        inputs: Result of `merge`.
    """

    step: Step
    move: Move
    seam: Seam | None
    inputs: Float[Tensor, "blocks joined ports"] | None


class Tape(NamedTuple):
    """What the gradient needs of a tree.

    Args:
        leaves: Of each round of joining cells to leaves.
        levels: Sizes of the matrices of each kind, before each step.
        joints: Of each move of each step.
    """

    leaves: list[Tensor]
    levels: list[dict[Kind, torch.Size]]
    joints: list[list[Joint]]


def tree(
    cells: Cells, shape: Shape, memory: Memory, tape: Tape | None
) -> Float[Tensor, "tiles left bottom"] | Float[Tensor, "tiles ports ports"]:
    """Matrix of a tile between its ports: if all far ends are open only (L, B), else all of it.

    Args:
        cells: Cells, sorted into leaves.
        shape: Size of the tile.
        memory: Memory for levels and intermediate results.
        tape: Where to put down what the gradient needs, if it is wanted.
    """
    matrices = leaves(cells, memory, None if tape is None else tape.leaves)
    level = {
        WHOLE: Group(
            _blocks_first(matrices, shape, memory.next_level()),
            Ports(*[LEAF] * 4),
        )
    }
    for step in UNIFORM:
        move = Move(
            WHOLE, (WHOLE, slice(0, None, 2)), (WHOLE, slice(1, None, 2))
        )
        level = _join(level, step, [move], memory, tape)
    level = _by_kind(level[WHOLE].matrix, shape)
    last_only = shape.open_top and shape.open_right and tape is None
    todo = steps(shape.rows, shape.cols)
    for place, step in enumerate(todo):
        if last_only and place == len(todo) - 1:
            return _last(level, step)
        level = _join(level, step, moves(step, level), memory, tape)
    s = level[WHOLE].matrix[:, 0, 0]
    ports = level[WHOLE].ports
    if shape.open_top and shape.open_right:
        return s[:, : ports.left, ports.left :].clone()
    return s.clone()


def _blocks_first(
    s: Float[Tensor, "ports ports tiles leaves"], shape: Shape, work: Workspace
) -> Float[Tensor, "tiles rows cols ports ports"]:
    """One matrix after the other instead of one element after the other."""
    size = s.shape[0]
    first = work.take(s.shape[2] * s.shape[3], size * size)
    first.copy_(s.reshape(size * size, -1).T)
    return first.view(-1, *leaf_grid(shape.rows, shape.cols), size, size)


def _by_kind(
    whole: Float[Tensor, "tiles rows cols ports ports"], shape: Shape
) -> Level:
    """Blocks by kind, without ports that are open or filled up."""
    level = {}
    for kind, (down, across, keep, ports) in kinds_of(shape).items():
        matrix = whole[:, down, across]
        if len(keep) < whole.shape[-1]:
            index = torch.tensor(keep, device=whole.device)
            matrix = matrix[..., index[:, None], index]
        level[kind] = Group(matrix, ports)
    return level


def kinds_of(shape: Shape) -> dict[Kind, tuple[slice, slice, list[int], Ports]]:
    """Which blocks of `SIDE` are of a kind, and which of their ports stay."""
    rows = Axis.of(shape.rows)
    cols = Axis.of(shape.cols)
    found = {}
    for top, right in KINDS:
        if (not top and not rows.number) or (not right and not cols.number):
            continue
        p = rows.last if top else SIDE
        q = cols.last if right else SIDE
        ports = Ports(
            p,
            q,
            0 if top and shape.open_top else q,
            0 if right and shape.open_right else p,
        )
        keep = [*range(SIDE - p, SIDE), *range(SIDE, SIDE + q)]
        keep += range(2 * SIDE, 2 * SIDE + ports.top)
        keep += range(4 * SIDE - ports.right, 4 * SIDE)
        down = slice(rows.number, None) if top else slice(0, rows.number)
        across = slice(cols.number, None) if right else slice(0, cols.number)
        found[top, right] = (down, across, keep, ports)
    return found


def _join(
    level: Level,
    step: Step,
    todo: Iterable[Move],
    memory: Memory,
    tape: Tape | None,
) -> Level:
    """One step."""
    result = memory.next_level()
    new: Level = {}
    joints = []
    for move in todo:
        near = level[move.near[0]]
        matrix = pick(near.matrix, step, move.near[1])
        seam = inputs = None
        if move.far is None:
            new[move.kind] = Group(
                result.take(*matrix.shape).copy_(matrix), near.ports
            )
        else:
            far = level[move.far[0]]
            seam = (one_above_other if step.vertical else side_by_side)(
                near.ports, far.ports
            )
            size = sum(seam.ports)
            out = result.take(*matrix.shape[:3], size, size)
            new[move.kind] = Group(out, seam.ports)
            beyond = pick(far.matrix, step, move.far[1])
            inputs = merge(
                matrix, beyond, seam, out, memory.work, taped=tape is not None
            )
        joints.append(Joint(step, move, seam, inputs))
    if tape is not None:
        tape.levels.append(
            {kind: group.matrix.shape for kind, group in level.items()}
        )
        tape.joints.append(joints)
    return new


def _last(level: Level, step: Step) -> Tensor:
    """The last step, if all far ends are open."""
    near = level[(False, True) if step.vertical else (True, False)]
    far = level[WHOLE]
    seam = (one_above_other if step.vertical else side_by_side)(
        near.ports, far.ports
    )
    return transfer(
        near.matrix[:, 0, 0], far.matrix[:, 0, 0], seam, vertical=step.vertical
    )
