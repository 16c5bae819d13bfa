"""Weights held by single cells: their difference to the reference column of their row."""

from dataclasses import dataclass, replace
from typing import final

import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor

from mho.bench import BenchInfo, Multiplying
from mho.mapping.blocks.block import Block, Repaired, Solves
from mho.mapping.blocks.freedom import Freedom
from mho.mapping.blocks.rounding import round_together
from mho.mapping.blocks.search import CLOSE, always, effective_difference, looks


def beside(
    cells: Float[Tensor, "*blocks rows outputs"],
    reference: Float[Tensor, "*blocks rows 1"],
) -> Float[Tensor, "*blocks 1 rows cols"]:
    """One side of cells, whose last column is the reference."""
    return torch.cat((cells, reference), -1).unsqueeze(-3)


def _apart(
    values: Shaped[Tensor, "*blocks 1 rows cols"],
) -> tuple[
    Shaped[Tensor, "*blocks rows outputs"], Shaped[Tensor, "*blocks rows 1"]
]:
    """Numbers of the cells, and those of the reference column, which is the last one."""
    side = values.squeeze(-3)
    return side[..., :-1], side[..., -1:]


@final
@dataclass(frozen=True, slots=True, eq=False)
class ReferenceBlock(Block):
    """Part of a layer in single cells and one reference column, which are read one by one.

    Args:
        cells: Cell of each weight. Shape (rows, outputs).
        reference: Cells of the reference column. Shape (rows,).
        excess: What cells are known to hold too much, to be subtracted digitally (S); nothing if
            `None`. Shape (rows, outputs).
    """

    cells: Int64[Tensor, "rows outputs"]
    reference: Int64[Tensor, " rows"]
    excess: Float[Tensor, "rows outputs"] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and outputs (1)."""
        rows, outputs = self.cells.shape
        return rows, outputs

    @property
    def columns(self) -> int:
        """One current for each output, and that of the reference (1)."""
        return self.cells.shape[1] + 1

    @property
    def crossings(self) -> Int64[Tensor, "1 rows cols"]:
        """All its cells; the last column is the reference."""
        return torch.cat((self.cells, self.reference[:, None]), 1)[None]

    @property
    def subtracting(self) -> Bool[Tensor, "1 rows cols"]:
        """The reference."""
        subtracts = torch.zeros(self.crossings.shape, dtype=torch.bool)
        subtracts[..., -1] = True
        return subtracts

    def partners(
        self, positions: Int64[Tensor, "1 rows cols"]
    ) -> Int64[Tensor, "1 rows cols"]:
        """Themselves: nothing makes up for one of these cells."""
        return positions

    def ordered(
        self,
        positions: Int64[Tensor, "1 rows cols"],
        cells: Int64[Tensor, "1 rows cols"],  # noqa: ARG002 - columns are never turned round
    ) -> Int64[Tensor, "1 rows cols"]:
        """The positions as they are."""
        return positions

    def difference(
        self, values: Float[Tensor, "*blocks 1 rows cols"]
    ) -> Float[Tensor, "*blocks rows outputs"]:
        """Cells less the reference of their row."""
        cells, reference = _apart(values)
        return cells - reference

    def conducting(
        self, values: Float[Tensor, "*blocks 1 rows cols"]
    ) -> Float[Tensor, "*blocks rows outputs"]:
        """The cell of each weight (S)."""
        cells, _ = _apart(values)
        return cells

    def per_column(
        self, target: Float[Tensor, "1 rows cols"]
    ) -> Float[Tensor, "rows cols"]:
        """The cells themselves, with what they hold too much (S)."""
        held = target[0].clone()
        if self.excess is not None:
            held[:, :-1] += self.excess
        return held

    def read(
        self,
        bench: Multiplying,
        voltage: Float[Tensor, "batch rows"],
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "batch cols"]:
        """Currents of all columns, that of the reference last (A)."""
        return bench.multiply(voltage, self.crossings[0], full_scale=full_scale)

    def signed(
        self,
        currents: Float[Tensor, "batch cols"],
        voltage: Float[Tensor, "batch rows"],
    ) -> Float[Tensor, "batch outputs"]:
        """Currents less that of the reference, and less those of the excess (A)."""
        less_reference = currents[:, :-1] - currents[:, -1:]
        if self.excess is None:
            return less_reference
        return less_reference - voltage @ self.excess

    def freedom(
        self,
        target: Float[Tensor, "*blocks 1 rows cols"],
        low: float,  # noqa: ARG002 - the reference says where the range lies
        limit: float,
    ) -> Freedom:
        """Cells move by `limit` to both sides of the reference, which stays."""
        start, reference = _apart(target)

        def conductances(cells: Tensor) -> Tensor:
            return beside(cells, reference)

        return Freedom(
            start=start,
            conductances=conductances,
            low=reference - limit,
            high=reference + limit,
            direction=target.new_ones(()),
            full_scale=limit,
        )

    def settled(
        self,
        held: Float[Tensor, "1 rows cols"],
        fixed: Bool[Tensor, "1 rows cols"],
        wanted: Float[Tensor, "rows outputs"],
        info: BenchInfo,
        solves: Solves | None = None,
    ) -> Float[Tensor, "1 rows cols"]:
        """All cells that answer move but those of the reference, until none does any more.

        If they never come to rest the best look counts: errors need not fall from look to look.
        """
        start, reference = _apart(held)

        def conductances(cells: Tensor) -> Tensor:
            return beside(cells, reference)

        cell_fixed, _ = _apart(fixed)
        freedom = Freedom(
            start=start,
            conductances=conductances,
            low=held.new_tensor(info.conductance_low),
            high=held.new_tensor(info.conductance_high),
            direction=(~cell_fixed).to(held.dtype),
            full_scale=float(wanted.abs().max()),
        )
        best = held
        least_error = float("inf")
        for look in looks(freedom, always(wanted), self, info, solves):
            change = look.proposal - look.numbers
            largest_change = float(change.abs().max())
            if largest_change < CLOSE * freedom.full_scale:
                return conductances(look.proposal)
            # what cells at the end of their range lack cannot be helped
            helpable = torch.where(change != 0, look.missing, 0.0)
            error = float(helpable.square().sum())
            if error < least_error:
                best = look.held
                least_error = error
        return best

    def rounded(
        self,
        target: Float[Tensor, "1 rows cols"],
        step: float,
        low: float,
        high: float,
    ) -> Float[Tensor, "1 rows cols"]:
        """Cells are whole steps from the reference, which lies on a level already (S)."""
        _, reference = _apart(target)
        room_below = float(reference.min()) - low
        room_above = high - float(reference.max())
        most_steps = round(min(room_below, room_above) / step)
        steps = self.difference(target) / step
        whole_steps = round_together(steps, most_steps)
        cells = reference + whole_steps * step
        return beside(cells, reference)

    def repaired(
        self,
        target: Float[Tensor, "1 rows cols"],
        stuck: Bool[Tensor, "1 rows cols"],
        held: Float[Tensor, "1 rows cols"],
        info: BenchInfo,
    ) -> Repaired:
        """Rows whose reference is stuck follow it; nothing makes up for other stuck cells."""
        cells, reference = _apart(target)
        _, reference_held = _apart(held)
        _, reference_stuck = _apart(stuck)
        off_target = reference_held - reference
        off = torch.where(reference_stuck, off_target, 0.0)
        followed = (cells + off).clamp(
            info.conductance_low,
            info.conductance_high,
        )
        cells = torch.where(off != 0, followed, cells)
        none_turned = torch.zeros(cells.shape[1], dtype=torch.bool)
        return Repaired(
            block=self,
            target=beside(cells, reference),
            turned=none_turned,
        )

    def noting_excess(
        self,
        meant: Float[Tensor, "1 rows cols"],
        held: Float[Tensor, "1 rows cols"],
        stuck: Bool[Tensor, "1 rows cols"],
        info: BenchInfo,
    ) -> "ReferenceBlock":
        """The block with what its cells hold too much, where that is known: of stuck cells.

        Cells that are stuck themselves count, and rows whose reference is; what programming left
        of all others is not known.

        Args:
            meant: Targets whose effective differences are the wanted ones (S).
            held: What the cells hold: targets in force, and what stuck cells hold (S).
            stuck: Cells that do not answer.
            info: The bench: its wires.
        """
        if not stuck.any():
            return self
        wanted, _ = effective_difference(meant.double(), self, info)
        reached, _ = effective_difference(held.double(), self, info)
        cell_stuck, reference_stuck = _apart(stuck)
        known = cell_stuck | reference_stuck
        excess = torch.where(known, reached - wanted, 0.0)
        return replace(self, excess=excess.to(meant.dtype))
