"""The effective matrix of a tile with wires, by joining blocks of cells: 60 n³ operations.

Cells become blocks, blocks larger blocks, until one block is the tile; a block is a dense matrix
between the ends of its lines (`port_seams`). See docs/explanation/wires.md.
"""

import math
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.autograd.function import once_differentiable

from mho.checks import check_within
from mho.wires.line_resistances import LineResistances, lines_of
from mho.wires.port_merge.block_tree import Shape, Tape, tree
from mho.wires.port_merge.few_threads import threads_for
from mho.wires.port_merge.gradient import conductance_gradient
from mho.wires.port_merge.leaf_blocks import LEAF, leaf_grid, sort_cells
from mho.wires.port_merge.workspace import Memory

if TYPE_CHECKING:
    from mho.wires.model import WireModel

SHORT = 1e12
"""Largest conductance of a cell (S)."""

AT_ONCE = {"cpu": 2**17}
"""Cells computed at once (1), by type of device: more would not fit its caches."""

AT_ONCE_ELSEWHERE = 2**22
"""Cells computed at once on any other device (1): fewer would not fill it."""


def effective_matrix(
    wires: "WireModel", conductance: Shaped[Tensor, "..."]
) -> Float[Tensor, "*tiles rows cols"]:
    """Matrix W with current = voltage @ W (S), every resistance included, exactly.

    Can be differentiated, once, with respect to conductance. Many tiles are computed a few at a
    time, so memory does not grow with their number.

    Args:
        wires: Resistances of the lines.
        conductance: Conductance of each cell (S), 0 for an open cell. Shape (..., rows, cols),
            float32 or float64.

    Raises:
        TypeError: Conductances of another dtype.
        ValueError: Fewer than two axes; a conductance that is NaN, negative or above 1 TS; a
            sequence of resistances with another number of lines than the tile.
    """
    with threads_for(math.prod(conductance.shape[-2:])):
        return _effective(wires, conductance)


def _effective(
    wires: "WireModel", conductance: Shaped[Tensor, "..."]
) -> Float[Tensor, "*tiles rows cols"]:
    check_conductance(conductance)
    lines = lines_of(wires, conductance)
    if not conductance.numel():
        return conductance.clone()
    access = wires.access if math.isfinite(wires.access) else 0.0
    cell = conductance / (1 + conductance * access) if access else conductance
    if lines.reached is not None:
        cell = torch.where(lines.reached, cell, 0)
    found = _by_parts(cell.reshape(-1, *cell.shape[-2:]), lines).view(
        conductance.shape
    )

    return (
        found
        if lines.connected is None
        else torch.where(lines.connected, found, 0)
    )


def port_matrix(
    wires: "WireModel", conductance: Float[Tensor, "rows cols"]
) -> Float[Tensor, "ports ports"]:
    """Admittance between all terminals of a tile (S): currents into it = matrix @ voltages.

    Terminals are the sources of the word lines, then the ends of the bit lines, which need not be
    at ground: what a tile does in the feedback of an amplifier. Symmetric.

    Args:
        wires: Resistances of the lines, connected at one end each.
        conductance: Conductance of each cell (S), 0 for an open cell. Shape (rows, cols),
            float32 or float64.

    Raises:
        TypeError: Conductances of another dtype.
        ValueError: As `effective_matrix`; lines that are connected at both ends.
    """
    check_conductance(conductance)
    lines = lines_of(wires, conductance)
    if lines.both_drivers or lines.both_senses:
        raise ValueError(
            "Argument `wires` must have lines with one terminal each, but some have two; use"
            ' `sides="one"` and `sense_sides="one"`.'
        )
    rows, cols = conductance.shape
    access = wires.access if math.isfinite(wires.access) else 0.0
    cell = conductance / (1 + conductance * access)
    if lines.reached is not None:
        cell = torch.where(lines.reached, cell, 0)
    cell = cell.detach()[None]
    # The far ends of the bit lines are kept, as then the whole matrix is; they carry no current.
    shape = Shape(rows, cols, open_top=False, open_right=True)
    with threads_for(rows * cols):
        memory = Memory(cell, LEAF**2 * math.prod(leaf_grid(rows, cols)))
        cells = sort_cells(cell, lines.before, lines.below)
        whole = tree(cells, shape, memory, None)
    near = rows + cols
    return whole[0, :near, :near].clone()


def check_conductance(conductance: Shaped[Tensor, "..."]) -> None:
    """Refuse what is no conductance.

    Args:
        conductance: Conductances (S). Shape (..., rows, cols).

    Raises:
        TypeError: They are of another dtype than float32 or float64.
        ValueError: Fewer than two axes; one that is NaN, negative or above 1 TS.
    """
    if conductance.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            "Argument `conductance` must be of dtype torch.float32 or torch.float64, but is of"
            f" {conductance.dtype}; convert it first, as with `.double()`."
        )
    if conductance.ndim < 2:
        raise ValueError(
            "Argument `conductance` must have shape (..., rows, cols), but has"
            f" {tuple(conductance.shape)}; add the missing axis."
        )
    hint = "Write 0 for an open cell."
    check_within(
        conductance.detach(), "conductance", 0.0, SHORT, unit="S", hint=hint
    )


def _by_parts(
    cell: Float[Tensor, "tiles rows cols"], lines: LineResistances
) -> Tensor:
    """Effective matrices, of a few tiles at a time."""
    tile = LEAF**2 * math.prod(leaf_grid(*cell.shape[1:]))
    some = max(1, AT_ONCE.get(cell.device.type, AT_ONCE_ELSEWHERE) // tile)
    memory = Memory(cell.detach(), min(some, len(cell)) * tile)
    parts = [
        _terminated(part, lines, memory) for part in torch.split(cell, some)
    ]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _terminated(
    cell: Float[Tensor, "tiles rows cols"],
    lines: LineResistances,
    memory: Memory,
) -> Tensor:
    """Effective matrices, with what is at the far ends of the lines.

    Far ends have voltage sources (drivers) or virtual grounds (senses) behind resistances: their
    currents solve a linear system, and add to those of the near ends.
    """
    rows, cols = cell.shape[1:]
    shape = Shape(rows, cols, not lines.both_senses, not lines.both_drivers)
    part = cell if torch.is_grad_enabled() else cell.detach()
    s: Tensor = _Tree.apply(part, lines, shape, memory)  # type: ignore[no-untyped-call]
    if not lines.both_drivers and not lines.both_senses:
        return -s
    near = rows + cols
    top = cols if lines.both_senses else 0
    far, path = (
        torch.cat([x[:top], y[: len(y) if lines.both_drivers else 0]])
        for x, y in (
            (lines.sense, lines.driver),
            (
                2 * lines.sense + (rows - 1) * lines.bit,
                2 * lines.driver + (cols - 1) * lines.word,
            ),
        )
    )
    drive = s.new_zeros(len(far), rows)
    collect = s.new_zeros(len(far), cols)
    drive.diagonal(-top).fill_(1)
    collect[:top].diagonal().fill_(1)
    # A line without any resistance does not need its far end: 1 Ω there takes no current.
    system = torch.diag(far + (path == 0)) - s[:, near:, near:]
    current: Tensor = torch.linalg.solve(system, drive + s[:, near:, :rows])
    return -s[:, :rows, rows:near] - current.mT @ (
        collect + s[:, near:, rows:near]
    )


class _Tree(torch.autograd.Function):
    """`tree` with its gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        cell: Tensor,
        lines: LineResistances,
        shape: Shape,
        memory: Memory,
    ) -> Tensor:
        cells = sort_cells(cell, lines.before, lines.below)
        tape = Tape([], [], []) if ctx.needs_input_grad[0] else None
        ctx.kept = cells, shape, tape
        return tree(cells, shape, memory, tape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor, None, None, None]:
        cells, shape, tape = ctx.kept
        root = above
        if shape.open_top and shape.open_right:
            near = shape.rows + shape.cols
            root = above.new_zeros(len(above), near, near)
            root[:, : shape.rows, shape.rows :] = above
        root = (root + root.mT) / 2
        with threads_for(shape.rows * shape.cols):
            found = conductance_gradient(root, cells, shape, tape)
        return found, None, None, None
