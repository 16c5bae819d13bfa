"""Two blocks become one: merge of their matrices, many at a time.

With Z and Y the matrices of the joined ports (Z of the near block, driven by currents; Y of the
far one, driven by voltages), Λ = (1 + Z Y)⁻¹ says how much of a voltage offered to the seam is
left there. Z and Y have no negative eigenvalues, so Λ always exists; no resistance is divided by.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from mho.wires.port_merge.ports import Run, Seam
from mho.wires.port_merge.workspace import Workspace


def merge(
    near: Float[Tensor, "tiles rows cols a a"],
    far: Float[Tensor, "tiles rows cols b b"],
    seam: Seam,
    out: Float[Tensor, "tiles rows cols c c"],
    work: Workspace,
    *,
    taped: bool,
) -> Float[Tensor, "blocks joined c"] | None:
    """Write the matrices of the blocks that pairs of blocks make to `out`.

    Args:
        near: Matrices of the near blocks.
        far: Matrices of the far blocks.
        seam: How they are joined.
        out: Where the matrices go.
        work: Memory for intermediate results.
        taped: Whether to return what the gradient needs.

    Returns:
        Inputs of the joined ports, of the near block (A) and then of the far one (V), for unit
        inputs of the new block; `None` if not `taped`.
    """
    work.clear()
    # How the remaining ports reach the seam, and the blocks by themselves as it sees them.
    from_near = _kept(near[..., seam.near, :], seam.kept_near, work)
    from_far = _kept(far[..., seam.far, :], seam.kept_far, work)
    z = _alone(near[..., seam.near, seam.near], work)
    y = _alone(far[..., seam.far, seam.far], work)
    loop = _loop(z, y, work)
    # Inputs of the joined ports: currents that near and far ports cause, voltages of far ones.
    current = work.product(work.product(y, loop), from_near)
    across = work.product(loop.mT, from_far).neg_()
    voltage = work.product(work.product(loop, z), from_far)
    _add(near, work.product(from_near.mT, current), seam.kept_near, out)
    _add(far, work.product(from_far.mT, voltage), seam.kept_far, out)
    _add_between(work.product(from_near.mT, across), seam, out)
    if not taped:
        return None
    tape = near.new_empty(from_near.shape[0], 2 * seam.width, out.shape[-1])
    currents = tape[:, : seam.width]
    voltages = tape[:, seam.width :]
    offered = work.product(loop, from_near).neg_()
    for place, run in _places(seam.kept_near):
        currents[..., run.after] = current[..., place]
        voltages[..., run.after] = offered[..., place]
    for place, run in _places(seam.kept_far):
        currents[..., run.after] = across[..., place]
        voltages[..., run.after] = voltage[..., place]
    return tape


def _add_between(matrix: Tensor, seam: Seam, out: Tensor) -> None:
    """Put what near and far ports cause in each other, through the seam alone, in its place."""
    between = _blocks(matrix, out)
    for i, one in _places(seam.kept_near):
        for j, two in _places(seam.kept_far):
            part = between[..., i, j]
            out[..., one.after, two.after] = part
            out[..., two.after, one.after] = part.mT


def transfer(
    near: Float[Tensor, "tiles a a"],
    far: Float[Tensor, "tiles b b"],
    seam: Seam,
    *,
    vertical: bool,
) -> Float[Tensor, "tiles rows cols"]:
    """Part (L, B) of the matrix of the last block, of which nothing else is needed.

    Args:
        near: Matrix of the near block; its other ends are open.
        far: Matrix of the far block; its other ends are open.
        seam: How they are joined.
        vertical: Whether `far` lies above `near`, not to its right.
    """
    near_ports = near.shape[-1]
    upright_rows = near_ports - seam.ports.bottom - seam.width
    rows = upright_rows if vertical else seam.ports.left
    left = slice(0, rows)
    bottom = slice(rows, seam.near.start)
    # `through`: ends whose lines go on into the far block; `side`: ends of the near block alone.
    if vertical:
        through = bottom
        side = left
        beyond = slice(0, seam.far.start)
    else:
        through = left
        side = bottom
        beyond = slice(seam.far.stop, None)
    # What voltages at `through` leave at the seam, once the far block draws its currents.
    at_seam = near[:, seam.near]
    drawn = far[:, seam.far, seam.far]
    loop = torch.bmm(at_seam[..., seam.near], drawn).neg_()
    loop.diagonal(dim1=1, dim2=2).add_(1)
    passed = torch.linalg.solve_ex(loop, at_seam[..., through]).result
    # It sends currents back into the near block's own ends, and on to those of the far block.
    back = torch.bmm(drawn, at_seam[..., side]).mT
    here = near[:, side, through] + torch.bmm(back, passed)
    there = torch.bmm(far[:, seam.far, beyond].mT, passed).neg_()
    if vertical:
        return torch.cat([there, here], 1)
    return torch.cat([here, there], 1).mT


def _loop(z: Tensor, y: Tensor, work: Workspace) -> Tensor:
    """(1 − z y)⁻¹; the z of a block is −Z."""
    loop = work.product(z, y).neg_()
    loop.diagonal(dim1=1, dim2=2).add_(1)
    inverse: Tensor = torch.linalg.inv_ex(loop).inverse
    return inverse


def _kept(rows: Tensor, runs: tuple[Run, ...], work: Workspace) -> Tensor:
    """Columns of the remaining ports side by side, one matrix after the other."""
    width = sum(run.number for run in runs)
    kept = work.take(*rows.shape[:-1], width)
    parts = [rows[..., run.before] for run in runs]
    return torch.cat(parts, -1, out=kept).flatten(0, 2)


def _alone(matrix: Tensor, work: Workspace) -> Tensor:
    """The same matrices, one after the other."""
    return work.take(*matrix.shape).copy_(matrix).flatten(0, 2)


def _blocks(matrix: Tensor, like: Tensor) -> Tensor:
    return matrix.view(*like.shape[:3], *matrix.shape[1:])


def _add(old: Tensor, more: Tensor, runs: tuple[Run, ...], out: Tensor) -> None:
    """Put the matrix of remaining ports, and what the seam adds to it, in its new place."""
    more = _blocks(more, old)
    for i, one in _places(runs):
        for j, two in _places(runs):
            part = old[..., one.before, two.before]
            torch.add(part, more[..., i, j], out=out[..., one.after, two.after])


def _places(runs: tuple[Run, ...]) -> list[tuple[slice, Run]]:
    """Runs, each with its place when they stand side by side."""
    places = []
    start = 0
    for run in runs:
        places.append((slice(start, start + run.number), run))
        start += run.number
    return places
