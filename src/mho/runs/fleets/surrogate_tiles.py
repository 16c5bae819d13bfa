"""Tiles whose cells are drawn from a surrogate: what an image becomes on one chip, at every look.

Targets are moved around stuck cells as programming moves them, only that lines are taken for trees
in the search (`surrogate_lines`). The same trees then say what lines leave of what cells conduct
at zero bias: a cell at its target is bent, and conducts less there than reads see. What a drawn
cell is off that counts by what the lines leave of its own conductance; what it does to the
currents of others is left out, as it is that share of a percent once more.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import BenchInfo
from mho.bench.simulated import driven_together, tile_matrices
from mho.chip import Chip
from mho.deployment.storage import CompiledNetwork
from mho.device import CellModel, apparent, cubic_coefficient
from mho.ledger import Ledger
from mho.mapping import Placement, each_block, effective_of_each
from mho.mapping.targets import mended
from mho.rng import Stream
from mho.runs.fleets.surrogate_lines import (
    ChipNet,
    ChipNets,
    PlannedNet,
    TreeNet,
)
from mho.statistical import Surrogate, slots_of_rows

_NOTHING = 1e-12
"""Conductance in the place of none (S)."""


@dataclass(frozen=True, slots=True, eq=False)
class WiredImage:
    """An image with the wires of its tiles solved: what all chips have in common.

    Args:
        image: The image.
        chip: The tiles, with the wires that they have in truth.
        tolerance: Half-width of the window that cells are programmed to (S).
        conducts: What a cell at its target conducts at zero bias (S).
        loaded: What the wires leave of that (S).
        known: Lines of each block as programming knows them, with cells at their targets; `None`
            if they are ideal.
        true: Lines of the rows of each block that are driven together, with what cells conduct at
            zero bias; `None` if they are ideal.
    """

    image: CompiledNetwork
    chip: Chip
    tolerance: float
    conducts: Float[Tensor, " cells"]
    loaded: Float[Tensor, " cells"]
    known: tuple[PlannedNet, ...] | None
    true: tuple[tuple[tuple[slice, PlannedNet], ...], ...] | None

    def at_rest(
        self, target: Float[Tensor, " cells"]
    ) -> Float[Tensor, " cells"]:
        """What cells at their targets conduct at zero bias (S)."""
        return _at_rest(self.chip.cell, target, self.image.info.read_voltage)


def _at_rest(
    model: CellModel, target: Float[Tensor, " cells"], volts: float
) -> Float[Tensor, " cells"]:
    return target * (1 - cubic_coefficient(model, target) * volts**2)


def wired(image: CompiledNetwork, chip: Chip, tolerance: float) -> WiredImage:
    """Solve the wires of an image.

    Args:
        image: The image.
        chip: The tiles.
        tolerance: Half-width of the window that cells are programmed to (S).

    Raises:
        ValueError: It has blocks that correct what others miss.
    """
    placement = image.placement
    volts = image.info.read_voltage
    conducts = _at_rest(chip.cell, placement.target, volts)
    loaded = torch.zeros_like(placement.target)
    true = []
    for block, place in each_block(placement):
        if hasattr(block, "corrects"):
            raise ValueError(
                "Argument `mapping` must be one whose cells are programmed together where they are"
                " drawn from a surrogate, but second pairs follow what the first ones miss;"
                " `--physics` takes any."
            )
        held = conducts[place]
        _, seen = tile_matrices(chip, block.crossings, held[None])
        loaded[place] = seen[0].to(loaded.dtype)
        true.append(_driven_nets(chip, block.crossings, held, seen[0]))
    return WiredImage(
        image,
        chip,
        tolerance,
        conducts,
        loaded,
        None if image.info.wires.ideal else _known_nets(placement, image.info),
        None if chip.lines.ideal else tuple(true),
    )


def _driven_nets(
    chip: Chip,
    cells: Int64[Tensor, "sides rows cols"],
    held: Float[Tensor, "sides rows cols"],
    seen: Float[Tensor, "sides rows cols"],
) -> tuple[tuple[slice, PlannedNet], ...]:
    """Lines of the rows of a block that are driven together, and which rows they are."""
    size = (chip.rows, chip.cols)
    count = cells.shape[1]
    found = []
    for rows in driven_together(chip, count):
        some = cells[:, rows]
        conducts = held[:, rows]
        solved = seen[:, rows]
        net = TreeNet(some, chip.lines, size)
        planned = PlannedNet.of(net, some, conducts, solved)
        found.append((rows, planned))

    return tuple(found)


def _known_nets(
    placement: Placement, info: BenchInfo
) -> tuple[PlannedNet, ...]:
    """Lines of each block with cells at their targets."""
    size = (info.rows, info.cols)
    solved = effective_of_each(placement, info)
    found = []
    for number, (block, place) in enumerate(each_block(placement)):
        cells = block.crossings
        target = placement.target[place]
        net = TreeNet(cells, info.wires, size)
        planned = PlannedNet.of(net, cells, target, solved[number])
        found.append(planned)

    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnChip:
    """One chip.

    Args:
        placement: Targets and polarities in force.
        cells: What each cell adds to its row and column at each look (S).
        bent: Its effective cubic conductance (S/V²).
        variance: Variance of what is fresh in every product (S²).
        stuck: Cells that do not answer (1).
        converged_fraction: Share of the others that converged (1).
        cost: What programming cost.
    """

    placement: Placement
    cells: Float[Tensor, "looks cells"]
    bent: Float[Tensor, " cells"]
    variance: Float[Tensor, " cells"]
    stuck: int
    converged_fraction: float
    cost: Ledger


def drawn_chip(
    of: WiredImage, table: Surrogate, stuck_fraction: float, stream: Stream
) -> DrawnChip:
    """Draw all cells of an image, and make up for those that do not answer.

    Args:
        of: The image on its tiles.
        table: What programming leaves.
        stuck_fraction: Probability that a cell does not answer (1).
        stream: Names the chip.
    """
    before = of.image.placement
    generator = stream.child("cells").generator()
    count = before.target.numel()
    fixed = torch.rand(count, generator=generator) < stuck_fraction
    held, spent = table.draw_held(int(fixed.sum()), generator)
    first = table.draw(before.target, generator)
    effort = first.effort.clone()
    effort[fixed] = spent

    placement = before
    effective = of.loaded
    conducts = of.conducts
    error = first.error
    variance = first.variance
    converged = first.converged
    cost = _cost(of, table, effort, before.target)
    if bool(fixed.any()):
        at_first = torch.zeros_like(before.target)
        at_first[fixed] = held[:, 0]
        placement = made_up_for(of, fixed, at_first)
        conducts = torch.where(fixed, at_first, of.at_rest(placement.target))
        effective = left_by_lines(of, placement, conducts)
        # whoever has another target is programmed again
        moved = (placement.target != before.target) & ~fixed
        again = moved.nonzero()[:, 0]
        second = table.draw(placement.target[again], generator)
        error = error.index_put((again,), second.error)
        variance = variance.index_put((again,), second.variance)
        converged = converged.index_put((again,), second.converged)
        effort = torch.zeros_like(effort)
        effort[again] = second.effort
        cost += _cost(of, table, effort, placement.target)
    kept = effective / conducts.clamp(min=_NOTHING)
    off = (placement.target - conducts)[:, None] + error
    cells = effective[:, None] + kept[:, None] * off
    cells[fixed] = effective[fixed, None] * _relative(held)
    bent = conducts * cubic_coefficient(of.chip.cell, conducts)
    working = ~fixed
    return DrawnChip(
        placement,
        cells.clamp_(min=0).T.contiguous(),
        bent * kept.square(),
        variance * kept.square(),
        int(fixed.sum()),
        float(converged[working].double().mean()) if working.any() else 1.0,
        cost,
    )


def made_up_for(
    of: WiredImage, fixed: Bool[Tensor, " cells"], held: Float[Tensor, " cells"]
) -> Placement:
    """Columns turned round and targets moved, as programming does after its first pass.

    Args:
        of: The image on its tiles.
        fixed: Cells that do not answer.
        held: What these conduct at zero bias (S).
    """
    before = of.image.placement
    info = of.image.info
    # what makes up for a stuck partner is none of few levels
    if info.levels is not None:
        return before

    solves = None
    if of.known is not None:
        cells = [block.crossings for block in before.blocks]
        solves = ChipNets(of.known, cells)
    read = apparent(of.chip.cell, held, info.read_voltage)
    return mended(before, fixed, read, info, of.tolerance, solves)


def left_by_lines(
    of: WiredImage, after: Placement, conducts: Float[Tensor, " cells"]
) -> Float[Tensor, " cells"]:
    """What the lines of a chip leave of its cells (S)."""
    if of.true is None:
        return conducts
    found = torch.zeros_like(conducts)
    for number, (block, place) in enumerate(each_block(after)):
        for rows, planned in of.true[number]:
            cells = block.crossings[:, rows]
            some = place[:, rows]
            net = ChipNet(planned)
            found[some] = net.settled(conducts[some], cells)

    return found


def _relative(held: Float[Tensor, "cells looks"]) -> Tensor:
    """What cells conduct at each look, relative to the first (1)."""
    return held / held[:, :1].clamp(min=_NOTHING)


def _cost(
    of: WiredImage,
    table: Surrogate,
    effort: Int64[Tensor, "cells efforts"],
    target: Float[Tensor, " cells"],
) -> Ledger:
    """What one pass of programming over these very cells cost."""
    pulses, reads = effort.unbind(1)
    chip = of.chip
    place = of.image.placement.cells
    slots = slots_of_rows(reads, place, chip.rows, chip.cols)

    charges = pulses * target.double()
    charged = float(charges.sum())
    return Ledger(
        pulses=int(pulses.sum()),
        reads=int(reads.sum()),
        seconds=slots * table.slot_seconds,
        pulse_joules=charged * table.pulse_joules,
    )
