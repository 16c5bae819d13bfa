"""Blocks of cells as matrices between their ports, and how two of them become one.

A block of p×q cells has ports L (p, left), B (q, bottom), T (q, top) and R (p, right), in this
order. L and B are driven by voltages, T and R by currents, and all currents count into the block:

    (i_L, i_B, −u_T, −u_R) = S (u_L, u_B, i_T, i_R),  S symmetric.

The end of a line left open carries no current, so its port is simply left out. No resistance is
ever divided by: 0 Ω is exact.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Ports(NamedTuple):
    """Numbers of ports of a block (1)."""

    left: int
    bottom: int
    top: int
    right: int


class Run(NamedTuple):
    """Neighbouring ports that stay neighbours: place before, place after, number (1)."""

    old: int
    new: int
    count: int


class Seam(NamedTuple):
    """How a near block is joined to a far one, further from the driver or from the sense.

    Args:
        ports: Ports of the block that arises.
        near: Ports of the near block that are joined; they take currents.
        far: Ports of the far block that are joined; they take voltages.
        kept_near: Remaining ports of the near block.
        kept_far: Remaining ports of the far block.
    """

    ports: Ports
    near: slice
    far: slice
    kept_near: tuple[Run, ...]
    kept_far: tuple[Run, ...]


def side_by_side(near: Ports, far: Ports) -> Seam:
    """Seam of a left block and a right one: the right ends of the left block feed the other."""
    rows = near.left
    ports = Ports(rows, near.bottom + far.bottom, near.top + far.top, far.right)
    top = rows + ports.bottom
    kept_near = (Run(0, 0, rows + near.bottom), Run(rows + near.bottom, top, near.top))
    kept_far = (
        Run(rows, rows + near.bottom, far.bottom),
        Run(rows + far.bottom, top + near.top, far.top + far.right),
    )
    joined = sum(near) - rows
    return Seam(ports, slice(joined, joined + rows), slice(0, rows), kept_near, kept_far)


def one_above_other(near: Ports, far: Ports) -> Seam:
    """Seam of a lower block and an upper one: the top ends of the lower block feed the other."""
    cols = near.bottom
    ports = Ports(far.left + near.left, cols, far.top, far.right + near.right)
    right = ports.left + cols + far.top
    kept_near = (
        Run(0, far.left, near.left + cols),
        Run(near.left + 2 * cols, right + far.right, near.right),
    )
    kept_far = (
        Run(0, 0, far.left),
        Run(far.left + cols, ports.left + cols, far.top + far.right),
    )
    joined = near.left + cols
    return Seam(
        ports, slice(joined, joined + cols), slice(far.left, far.left + cols), kept_near, kept_far
    )


def merge(
    near: Float[Tensor, "tiles rows cols a a"],
    far: Float[Tensor, "tiles rows cols b b"],
    seam: Seam,
) -> Float[Tensor, "tiles rows cols c c"]:
    """Matrix of the block that two blocks make."""
    blocks, n = near.shape[:3], seam.near.stop - seam.near.start
    from_near = _columns(near[..., seam.near, :], seam.kept_near)
    from_far = _columns(far[..., seam.far, :], seam.kept_far)
    z = near[..., seam.near, seam.near].reshape(-1, n, n)
    y = far[..., seam.far, seam.far].reshape(-1, n, n)
    loop = torch.bmm(z, y).neg_()
    loop.diagonal(dim1=1, dim2=2).add_(1)
    loop = torch.linalg.inv_ex(loop).inverse
    current = torch.bmm(torch.bmm(y, loop), from_near)
    across = torch.bmm(loop.mT, from_far).neg_()
    voltage = torch.bmm(torch.bmm(loop, z), from_far)
    size = sum(seam.ports)
    s = near.new_empty(*blocks, size, size)
    _add(s, near, torch.bmm(from_near.mT, current), seam.kept_near)
    _add(s, far, torch.bmm(from_far.mT, voltage), seam.kept_far)
    between = torch.bmm(from_near.mT, across).view(*blocks, from_near.shape[2], -1)
    i = 0
    for one in seam.kept_near:
        j = 0
        for two in seam.kept_far:
            part = between[..., i : i + one.count, j : j + two.count]
            s[..., one.new : one.new + one.count, two.new : two.new + two.count] = part
            s[..., two.new : two.new + two.count, one.new : one.new + one.count] = part.mT
            j += two.count
        i += one.count
    return s


def _columns(rows: Tensor, runs: tuple[Run, ...]) -> Tensor:
    """Columns of the kept ports side by side, one matrix per block."""
    kept = torch.cat([rows[..., run.old : run.old + run.count] for run in runs], -1)
    return kept.flatten(0, 2)


def _add(s: Tensor, old: Tensor, more: Tensor, runs: tuple[Run, ...]) -> None:
    """Put the matrix of kept ports, and what the seam adds to it, in its new place."""
    more = more.view(*old.shape[:3], more.shape[1], more.shape[2])
    i = 0
    for one in runs:
        j = 0
        for two in runs:
            torch.add(
                old[..., one.old : one.old + one.count, two.old : two.old + two.count],
                more[..., i : i + one.count, j : j + two.count],
                out=s[..., one.new : one.new + one.count, two.new : two.new + two.count],
            )
            j += two.count
        i += one.count
