"""The effective matrix of a tile with wires, by joining blocks of cells: 60 n³ operations."""

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from mho.chip.port_tree import tree

if TYPE_CHECKING:
    from mho.chip.wires import WireModel

OPEN = 1e9
"""Resistance that stands for an open line (Ω); more would only lose digits."""


def effective_matrix(
    wires: "WireModel", conductance: Float[Tensor, "*tiles rows cols"]
) -> Float[Tensor, "*tiles rows cols"]:
    """Matrix W with current = voltage @ W (S), every resistance included, exactly.

    Args:
        wires: Resistances of the lines.
        conductance: Conductance of each cell (S). Shape (..., rows, cols).
    """
    rows, cols = conductance.shape[-2:]
    cell = conductance / (1 + conductance * wires.access)
    word, driver = (_each(x, rows, cell) for x in (wires.word_line, wires.driver))
    bit, sense = (_each(x, cols, cell) for x in (wires.bit_line, wires.sense))
    before = torch.cat([driver[:, None], word[:, None].expand(rows, cols - 1)], 1)
    below = torch.cat([bit.expand(rows - 1, cols), sense[None]], 0)
    open_ends = (wires.sense_sides == "one", wires.sides == "one")
    s = tree(cell.reshape(-1, rows, cols), before, below, open_ends)
    far = torch.cat(
        [x for x, o in zip((sense, driver), open_ends, strict=True) if not o] or [sense[:0]]
    )
    whole = torch.cat(
        [
            x
            for x, o in zip(
                (sense + (rows - 1) * bit + sense, driver + (cols - 1) * word + driver),
                open_ends,
                strict=True,
            )
            if not o
        ]
        or [sense[:0]]
    )
    return _terminated(s, far, whole, rows, cols, wires.sides == "both").view(conductance.shape)


def _terminated(s, far, whole, rows, cols, right):
    ports = rows + cols
    w = -s[:, :rows, rows:ports]
    if not len(far):
        return w
    system = -s[:, ports:, ports:]
    system.diagonal(dim1=1, dim2=2).add_(far + (whole == 0))
    source = s[:, ports:, :rows].clone()
    if right:
        source[:, -rows:].diagonal(dim1=1, dim2=2).add_(1)
    current = torch.linalg.solve(system, source)
    collect = s[:, ports:, rows:ports].clone()
    if len(far) != (rows if right else 0):
        collect[:, :cols].diagonal(dim1=1, dim2=2).add_(1)
    return w - current.mT @ collect


def _each(value, lines: int, like: Tensor) -> Tensor:
    """One resistance per line (Ω)."""
    return (
        torch.as_tensor(value, dtype=like.dtype, device=like.device).clamp(max=OPEN).expand(lines)
    )
