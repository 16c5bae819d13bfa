"""Tiles whose cells are drawn from a surrogate: what an image becomes on one chip, at every look.

Wires are solved once for the image, with what its cells conduct at zero bias: a cell at its target
is bent, and conducts less there than reads see. What a drawn cell is off that counts by what the
wires leave of its own conductance; what it does to the currents of others is left out, as it is
that share of a percent once more. What programming reckons with, targets alone, is solved beside.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench.simulated import tile_matrices
from mho.chip import ArrayMatrices, Chip, Multiplier
from mho.deployment.storage import CompiledNetwork
from mho.device import CellModel, cubic_coefficient
from mho.ledger import Ledger
from mho.mapping import Placement, each_block
from mho.mapping.targets import repair, with_excess
from mho.rng import Stream
from mho.runs.fleets.surrogate_lines import (
    LoadedLines,
    loaded_lines,
    settled_partners,
)
from mho.statistical import Surrogate, slots_of_rows

_NOTHING = 1e-12
"""Conductance in the place of none (S)."""
_UNSEEN = 0.02
"""Steps of a converter below which curvature or noise of a whole column is not computed (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class WiredImage:
    """An image with the wires of its tiles solved: what all chips have in common.

    Args:
        image: The image.
        chip: The tiles, with the wires that they have in truth.
        effective: What the wires leave of each cell, were it straight and at its target (S).
        kept: The same, relative to the target (1).
        conducts: What a cell at its target conducts at zero bias (S).
        loaded: What the wires leave of that (S).
        lines: The lines as these targets load them; `None` if they are ideal.
        model: The kind of cell.
    """

    image: CompiledNetwork
    chip: Chip
    effective: Float[Tensor, " cells"]
    kept: Float[Tensor, " cells"]
    conducts: Float[Tensor, " cells"]
    loaded: Float[Tensor, " cells"]
    lines: LoadedLines | None
    model: CellModel


def wired(image: CompiledNetwork, chip: Chip) -> WiredImage:
    """Solve the wires of an image.

    Args:
        image: The image.
        chip: The tiles.

    Raises:
        ValueError: It has blocks that correct what others miss.
    """
    placement = image.placement
    volts = image.info.read_voltage
    bent = cubic_coefficient(chip.cell, placement.target) * volts**2
    conducts = placement.target * (1 - bent)
    effective = torch.zeros_like(placement.target)
    loaded = torch.zeros_like(placement.target)
    for block, place in each_block(placement):
        if hasattr(block, "corrects"):
            raise ValueError(
                "Argument `mapping` must be one whose cells are programmed together where they are"
                " drawn from a surrogate, but second pairs follow what the first ones miss;"
                " `--physics` takes any."
            )
        for held, found in (
            (placement.target, effective),
            (conducts, loaded),
        ):
            _, seen = tile_matrices(chip, block.crossings, held[place][None])
            found[place] = seen[0].to(found.dtype)
    kept = torch.where(
        placement.target > 0, effective / placement.target, torch.ones(())
    )
    lines = None
    if not chip.lines.ideal:
        lines = loaded_lines(placement, chip.lines, image.info)
    return WiredImage(
        image, chip, effective, kept, conducts, loaded, lines, chip.cell
    )


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
    if bool(fixed.any()):
        at_first = torch.zeros_like(before.target)
        at_first[fixed] = held[:, 0]
        placement, reckoned, again = _mended(of, fixed, at_first)
        conducts = torch.where(fixed, at_first, placement.target)
        effective, conducts = _loaded(of, placement, reckoned, conducts)
        # whoever has another target is programmed again
        second = table.draw(placement.target[again], generator)
        error = error.index_put((again,), second.error)
        variance = variance.index_put((again,), second.variance)
        converged = converged.index_put((again,), second.converged)
        effort[again] += second.effort
    kept = effective / conducts.clamp(min=_NOTHING)
    off = (placement.target - conducts)[:, None] + error
    cells = effective[:, None] + kept[:, None] * off
    cells[fixed] = effective[fixed, None] * _relative(held)
    bent = conducts * cubic_coefficient(of.model, conducts)
    working = ~fixed
    return DrawnChip(
        placement,
        cells.clamp_(min=0).T.contiguous(),
        bent * kept.square(),
        variance * kept.square(),
        int(fixed.sum()),
        float(converged[working].double().mean()) if working.any() else 1.0,
        _cost(of, table, effort, placement.target),
    )


def _loaded(
    of: WiredImage,
    after: Placement,
    reckoned: Float[Tensor, " cells"],
    conducts: Float[Tensor, " cells"],
) -> tuple[Float[Tensor, " cells"], Float[Tensor, " cells"]]:
    """What the wires leave of cells (S), and what they conduct (S).

    Those that do not answer, and their partners, have what was reckoned for them; all others
    conduct less at zero bias than their targets say.
    """
    partner = of.image.placement.partner
    turned = after.sign != of.image.placement.sign
    planned = torch.where(turned, of.effective[partner], of.effective)
    touched = reckoned != planned
    loaded = torch.where(turned, of.loaded[partner], of.loaded)
    at_rest = torch.where(turned, of.conducts[partner], of.conducts)
    return (
        torch.where(touched, reckoned, loaded),
        torch.where(touched, conducts, at_rest),
    )


def _relative(held: Float[Tensor, "cells looks"]) -> Tensor:
    """What cells conduct at each look, relative to the first (1)."""
    return held / held[:, :1].clamp(min=_NOTHING)


def _mended(
    of: WiredImage, fixed: Bool[Tensor, " cells"], held: Float[Tensor, " cells"]
) -> tuple[Placement, Float[Tensor, " cells"], Int64[Tensor, " again"]]:
    """Columns turned round and partners moved, as programming does after its first pass.

    Targets of cells that share lines with these are moved as well then, until the wires give the
    old differences again: these count, so that they are taken as given.

    Returns:
        Targets in force, what the wires leave of every cell (S), and cells programmed again.
    """
    before = of.image.placement
    info = of.image.info
    stuck = fixed.nonzero()[:, 0]
    after = before
    if info.levels is None:
        after = repair(before, fixed, held, info)
        after = with_excess(before, after, held, fixed, info)
    partner = before.partner
    turned = after.sign != before.sign
    effective = torch.where(turned, of.effective[partner], of.effective)
    exchanged = torch.where(turned, before.target[partner], before.target)
    target = after.target.clone()
    if of.lines is None:
        effective = torch.where(after.target != exchanged, target, effective)
        effective[stuck] = held[stuck]
    else:
        signed = before.sign * of.effective
        ports, conducts, seen = settled_partners(
            of.lines,
            before.target,
            of.kept,
            signed + signed[partner],
            stuck,
            held[stuck],
            after,
            info,
        )
        if info.levels is None:
            partners = ports[len(stuck) :]
            target[partners] = conducts[len(stuck) :].to(target.dtype)
            effective[ports] = seen.to(effective.dtype)
        effective[stuck] = seen[: len(stuck)].to(effective.dtype)
    changed = (target != before.target) & ~fixed
    return replace(after, target=target), effective, changed.nonzero()[:, 0]


def _cost(
    of: WiredImage,
    table: Surrogate,
    effort: Int64[Tensor, "cells efforts"],
    target: Float[Tensor, " cells"],
) -> Ledger:
    """What programming these very cells cost."""
    pulses, reads = effort.unbind(1)
    place = of.image.placement.cells
    slots = slots_of_rows(reads, place, of.chip.rows, of.chip.cols)
    charged = float((pulses * target.double()).sum())
    return Ledger(
        pulses=int(pulses.sum()),
        reads=int(reads.sum()),
        seconds=slots * table.slot_seconds,
        pulse_joules=charged * table.pulse_joules,
    )


class DrawnTiles:
    """What multiplies by the cells of a drawn chip at several looks at once.

    Vectors of one look come after those of another, the same number of each.

    Args:
        of: The image on its tiles.
        drawn: The chip.
        looks: Numbers of the looks.
        stream: Noise; there is none if `None`.
    """

    def __init__(
        self,
        of: WiredImage,
        drawn: DrawnChip,
        looks: Sequence[int],
        stream: Stream | None,
    ) -> None:
        self.info = of.image.info
        self._around = of.chip.around
        self._drawn = drawn
        self._looks = torch.tensor(looks)
        self._where = _places(of)
        self._stream = stream
        self._calls = 0
        self._generator = None
        if stream is not None:
            self._generator = stream.child("noise").generator()

    def multiply(
        self,
        voltage: Float[Tensor, "vectors rows"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"] | None = None,
        *,
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "vectors cols"]:
        """Digitised currents, or differences of paired ones (A)."""
        matrices = self._matrices(plus, minus)
        self._calls += 1
        if self._around.plain and not self._around.rows_at_once:
            return self._rounded(voltage, matrices, full_scale)
        return self._one_by_one(voltage, matrices, full_scale)

    def _matrices(
        self, plus: Int64[Tensor, "rows cols"], minus: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Signal of every look (S), curvature (S/V²), variance of noise (S²)."""
        drawn = self._drawn
        cells = drawn.cells[self._looks]
        adds = self._where[plus]
        signal = cells[:, adds]
        bent = drawn.bent[adds]
        variance = drawn.variance[adds]
        if minus is not None:
            takes = self._where[minus]
            signal = signal - cells[:, takes]
            bent = bent - drawn.bent[takes]
            variance = variance + drawn.variance[takes]
        return signal, bent, variance

    def _rounded(
        self,
        voltage: Float[Tensor, "vectors rows"],
        matrices: tuple[Tensor, Tensor, Tensor],
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "vectors cols"]:
        """Currents by converters that only round, in codes of theirs."""
        signal, bent, variance = matrices
        step = self._around.dac.lsb
        most = float(2**self._around.dac.bits - 1)
        top = float(2**self._around.adc.bits - 1)
        lsb = full_scale / top
        unit = step / lsb
        looks, rows, cols = signal.shape
        codes = (voltage / step).round_().clamp_(-most, most)
        current = torch.bmm(codes.view(looks, -1, rows), signal * unit)
        current = current.view(-1, cols)
        bent = bent * (unit * step**2)
        if float(bent.abs().sum(0).max()) * most**3 > _UNSEEN:
            current += codes**3 @ bent
        variance = variance * unit**2
        largest = math.sqrt(float(variance.sum(0).max())) * most
        if self._generator is not None and largest > _UNSEEN:
            spread = (codes.square() @ variance).sqrt_()
            normal = torch.randn(current.shape, generator=self._generator)
            current.addcmul_(spread, normal)
        return current.round_().clamp_(-top, top).mul_(lsb)

    def _one_by_one(
        self,
        voltage: Float[Tensor, "vectors rows"],
        matrices: tuple[Tensor, Tensor, Tensor],
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "vectors cols"]:
        """Currents by converters that do more, look after look."""
        signal, bent, variance = matrices
        currents = []
        parts = voltage.chunk(signal.shape[0])
        stream = self._stream or Stream(0)
        for look, vectors in zip(range(len(parts)), parts, strict=True):
            one = ArrayMatrices(signal[look, None], variance[None], bent[None])
            multiply = Multiplier(one, self._around, full_scale)
            call = stream.child("converters", self._calls, look)
            currents.append(multiply(vectors, multiply.draws(call)))
        return torch.cat(currents)


def _places(of: WiredImage) -> Int64[Tensor, " cells"]:
    """Where each cell of the tiles stands in the placement."""
    places = torch.zeros(of.chip.cells, dtype=torch.int64)
    cells = of.image.placement.cells
    places[cells] = torch.arange(cells.numel())
    return places
