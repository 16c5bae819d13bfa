"""Writing numbers on several pairs of cells, one pair after the other."""

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from mho.checks import check_finite, check_within
from mho.rng import Stream
from mho.solve.numbers.cell_errors import CellErrors
from mho.solve.numbers.cell_plan import CellPlan


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Numbers that pairs of cells hold.

    Args:
        held: What all pairs of each number hold together (1).
        missing: What was measured to be missing in the end (1).
        variance: Variance of the read noise of each number (1); `None` if there is none.
        conducting: What the pairs of each number conduct, all counted alike and without what
            they conduct while they wait, in parts of the largest difference (1).
        pairs: What each pair holds (1), where that is kept. First axis: pairs of a number.
        noises: Variance of each pair (1), where that is kept.
        stuck: Cells that did not answer (1).
    """

    held: Float64[Tensor, "*numbers"]
    missing: Float64[Tensor, "*numbers"]
    variance: Tensor | None
    conducting: Tensor
    pairs: Tensor | None
    noises: Tensor | None
    stuck: int


def write_numbers(
    wanted: Float64[Tensor, "*columns rows"],
    errors: CellErrors,
    plan: CellPlan,
    stream: Stream,
    *,
    keep_pairs: bool = False,
) -> Numbers:
    """Write numbers on several pairs each.

    Args:
        wanted: Numbers within −1 and 1; those of the last axis share a column.
        errors: What writing leaves.
        plan: What the pairs of a number count.
        stream: Names the cells.
        keep_pairs: Keep what each pair holds, for products that are digitised pair by pair.

    Raises:
        ValueError: A number is not finite, or beyond −1 and 1.

    >>> from mho.solve import BoundedErrors, plan_cells
    >>> law = BoundedErrors(window=1 / 128)
    >>> written = write_numbers(
    ...     torch.tensor([0.1, -0.7], dtype=torch.float64), law, plan_cells(law, 4), Stream(0)
    ... )
    >>> bool((written.held - torch.tensor([0.1, -0.7])).abs().max() < 1e-7)
    True
    """
    check_finite(wanted, "wanted", "Leave such numbers out.")
    check_within(wanted, "wanted", -1, 1, unit="1", hint="Scale the numbers.")
    rest = wanted.clone()
    held = torch.zeros_like(wanted)
    conducting = torch.zeros(wanted.shape)
    variance: Tensor | None = None
    pairs = []
    noises = []
    stuck = 0
    for number, scale in enumerate(plan.scales):
        target = rest / scale
        if not plan.corrects:
            # the remainder is within half a step, which is what the next digit counts
            step = 2 * plan.next_reach / plan.scales[-1]
            target.div_(step).round_().mul_(step)
        target.clamp_(-1, 1)
        written = errors.write(target, stream.child("pair", number))
        held.add_(written.held, alpha=scale)
        # what a digit misses of itself is nobody's affair in bit slicing
        taken = written.seen if plan.corrects else target
        rest.sub_(taken, alpha=scale)
        conducting += written.held.abs()
        stuck += written.stuck
        if written.variance is not None:
            noise = written.variance * scale**2
            variance = noise if variance is None else variance + noise
        if keep_pairs:
            pairs.append(written.held)
            noises.append(written.variance)
    return Numbers(
        held=held,
        missing=rest,
        variance=variance,
        conducting=conducting,
        pairs=torch.stack(pairs) if pairs else None,
        noises=_stacked(noises),
        stuck=stuck,
    )


def _stacked(noises: list[Tensor | None]) -> Tensor | None:
    """Variances of all pairs; `None` where there are none."""
    found = [noise for noise in noises if noise is not None]
    return torch.stack(found) if found else None
