"""Targets once it is known which cells are stuck: as few moved as making up for these takes."""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.blocks import Placement, Solves
from mho.mapping.targets.stuck_cells import repair, with_excess
from mho.mapping.targets.wire_compensation import adapt


def mended(
    placement: Placement,
    stuck: Bool[Tensor, " cells"],
    held: Float[Tensor, " cells"],
    info: BenchInfo,
    tolerance: float,
    solves: Solves | None = None,
) -> Placement:
    """A placement that makes up for stuck cells, with as few cells moved as that takes.

    Args:
        placement: Cells and targets as programmed.
        stuck: Cells that do not answer. Shape (cells,).
        held: Conductance of the stuck ones; others do not matter (S). Shape (cells,).
        info: The bench.
        tolerance: Half-width of the acceptance window (S).
        solves: Solves the wires; the whole net of each tile if `None`.
    """
    repaired = repair(placement, stuck, held, info)
    adapted = adapt(placement, repaired, held, stuck, info, solves)
    # a target that moves by less than programming would notice is not worth its pulses
    moved = (adapted.target - placement.target).abs() > tolerance / 2
    target = torch.where(moved | stuck, adapted.target, placement.target)
    worthwhile = replace(adapted, target=target)
    return with_excess(placement, worthwhile, held, stuck, info)
