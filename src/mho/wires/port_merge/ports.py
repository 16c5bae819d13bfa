"""Ports of a block of cells, and what becomes of them when two blocks are joined.

A block of p×q cells has ports L (p, left), B (q, bottom), T (q, top) and R (p, right), in this
order. L and B are driven by voltages, T and R by currents, and all currents count into the block:

    (i_L, i_B, −u_T, −u_R) = S (u_L, u_B, i_T, i_R),  S symmetric.

The end of a line left open carries no current, so its port is simply left out.
"""

from typing import NamedTuple


class Ports(NamedTuple):
    """Numbers of ports of a block (1)."""

    left: int
    bottom: int
    top: int
    right: int


class Run(NamedTuple):
    """Neighbouring ports that stay neighbours: first one before and after, and their number."""

    old: int
    new: int
    number: int

    @property
    def before(self) -> slice:
        """Their places in the block joined."""
        return slice(self.old, self.old + self.number)

    @property
    def after(self) -> slice:
        """Their places in the block that arises."""
        return slice(self.new, self.new + self.number)


class Seam(NamedTuple):
    """How a near block is joined to a far one, further from the driver or from the sense.

    Args:
        ports: Ports of the block that arises.
        width: Wires through the seam (1).
        near: Ports of the near block that are joined; they take currents.
        far: Ports of the far block that are joined; they take voltages.
        kept_near: Remaining ports of the near block.
        kept_far: Remaining ports of the far block.
    """

    ports: Ports
    width: int
    near: slice
    far: slice
    kept_near: tuple[Run, ...]
    kept_far: tuple[Run, ...]


def side_by_side(near: Ports, far: Ports) -> Seam:
    """Seam of a left block and a right one: the right ends of the left block feed the other."""
    rows = near.left
    ports = Ports(rows, near.bottom + far.bottom, near.top + far.top, far.right)
    top = rows + ports.bottom
    # Bottom and top ends of the right block come after those of the left one.
    near_end = rows + near.bottom
    near_left_bottom = Run(0, 0, near_end)
    near_top = Run(near_end, top, near.top)
    far_bottom = Run(rows, near_end, far.bottom)
    far_end = rows + far.bottom
    far_top_right = Run(far_end, top + near.top, far.top + far.right)
    joined = sum(near) - rows
    return Seam(
        ports=ports,
        width=rows,
        near=slice(joined, joined + rows),
        far=slice(0, rows),
        kept_near=_some((near_left_bottom, near_top)),
        kept_far=_some((far_bottom, far_top_right)),
    )


def one_above_other(near: Ports, far: Ports) -> Seam:
    """Seam of a lower block and an upper one: the top ends of the lower block feed the other."""
    cols = near.bottom
    ports = Ports(far.left + near.left, cols, far.top, far.right + near.right)
    joined = near.left + cols
    right = ports.left + cols + far.top
    # Left and right ends of the lower block come after those of the upper one.
    near_left_bottom = Run(0, far.left, joined)
    near_right = Run(joined + cols, right + far.right, near.right)
    far_left = Run(0, 0, far.left)
    far_top_right = Run(far.left + cols, ports.left + cols, far.top + far.right)
    return Seam(
        ports=ports,
        width=cols,
        near=slice(joined, joined + cols),
        far=slice(far.left, far.left + cols),
        kept_near=_some((near_left_bottom, near_right)),
        kept_far=_some((far_left, far_top_right)),
    )


def _some(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    return tuple(run for run in runs if run.number)
