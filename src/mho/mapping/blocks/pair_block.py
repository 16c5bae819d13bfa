"""Weights held by pairs of cells: the difference of two neighbours on a row."""

from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import BenchInfo, Multiplying
from mho.mapping.blocks.block import Block, Repaired, Solves
from mho.mapping.blocks.freedom import Freedom
from mho.mapping.blocks.rounding import round_together
from mho.mapping.blocks.search import CLOSE, always, looks
from mho.mapping.tiles import StuckHalves


def halves(
    difference: Float[Tensor, "*blocks rows outputs"],
    low: float | Float[Tensor, "rows outputs"],
) -> Float[Tensor, "*blocks 2 rows outputs"]:
    """Conductances of G⁺ and G⁻ that make a difference, one of them at the low end (S).

    Args:
        difference: Difference of each pair (S).
        low: The low end, for all cells or for each pair (S).
    """
    both_signs = torch.stack((difference, -difference), -3)
    return both_signs.clamp(min=0) + low


def _signs(like: Float[Tensor, "2 rows outputs"]) -> Float[Tensor, "2 1 1"]:
    """+1 for G⁺ and −1 for G⁻: which way each of them moves a difference (1)."""
    return like.new_tensor([1.0, -1.0])[:, None, None]


@dataclass(frozen=True, slots=True, eq=False)
class PairedBlock(Block):
    """Part of a layer in pairs of cells, which lie in neighbouring columns.

    Args:
        plus: Cell of each G⁺. Shape (rows, outputs).
        minus: Cell of each G⁻. Shape (rows, outputs).
    """

    plus: Int64[Tensor, "rows outputs"]
    minus: Int64[Tensor, "rows outputs"]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and outputs (1)."""
        rows, outputs = self.plus.shape
        return rows, outputs

    @property
    def columns(self) -> int:
        """One current for each output, that of a pair of columns (1)."""
        return self.plus.shape[1]

    @property
    def crossings(self) -> Int64[Tensor, "2 rows outputs"]:
        """All its cells, G⁺ before G⁻."""
        return torch.stack((self.plus, self.minus))

    @property
    def subtracting(self) -> Bool[Tensor, "2 rows outputs"]:
        """G⁻."""
        adds = torch.zeros(self.plus.shape, dtype=torch.bool)
        return torch.stack((adds, ~adds))

    def partners(
        self, positions: Int64[Tensor, "2 rows outputs"]
    ) -> Int64[Tensor, "2 rows outputs"]:
        """G⁻ of each G⁺, and G⁺ of each G⁻."""
        return positions.flip(0)

    def ordered(
        self,
        positions: Int64[Tensor, "2 rows outputs"],
        cells: Int64[Tensor, "2 rows outputs"],
    ) -> Int64[Tensor, "2 rows outputs"]:
        """G⁺ before G⁻, also in columns that were turned round."""
        turned = cells[0] != self.plus
        return torch.where(turned, positions.flip(0), positions)

    def difference(
        self, values: Float[Tensor, "*blocks 2 rows outputs"]
    ) -> Float[Tensor, "*blocks rows outputs"]:
        """G⁺ − G⁻."""
        plus, minus = values.unbind(-3)
        return plus - minus

    def conducting(
        self, values: Float[Tensor, "*blocks 2 rows outputs"]
    ) -> Float[Tensor, "*blocks rows outputs"]:
        """G⁺ + G⁻: both halves are attenuated alike, as they are neighbours (S)."""
        return values.sum(-3)

    def per_column(
        self, target: Float[Tensor, "2 rows outputs"]
    ) -> Float[Tensor, "rows outputs"]:
        """G⁺ − G⁻: a pair of columns is subtracted before it is converted (S)."""
        return self.difference(target)

    def read(
        self,
        bench: Multiplying,
        voltage: Float[Tensor, "batch rows"],
        full_scale: float | Float[Tensor, " outputs"],
    ) -> Float[Tensor, "batch outputs"]:
        """Currents of pairs of columns (A)."""
        return bench.multiply(
            voltage, self.plus, self.minus, full_scale=full_scale
        )

    def signed(
        self,
        currents: Float[Tensor, "batch outputs"],
        voltage: Float[Tensor, "batch rows"],  # noqa: ARG002 - nothing is left to subtract
    ) -> Float[Tensor, "batch outputs"]:
        """The currents themselves (A)."""
        return currents

    def freedom(
        self,
        target: Float[Tensor, "*blocks 2 rows outputs"],
        low: float,
        limit: float,
    ) -> Freedom:
        """Differences move between −limit and limit; one half stays at the low end."""

        def conductances(difference: Tensor) -> Tensor:
            return halves(difference, low)

        end = target.new_tensor(limit)
        return Freedom(
            start=self.difference(target),
            conductances=conductances,
            low=-end,
            high=end,
            direction=target.new_ones(()),
            full_scale=limit,
        )

    def settled(
        self,
        held: Float[Tensor, "2 rows outputs"],
        fixed: Bool[Tensor, "2 rows outputs"],
        wanted: Float[Tensor, "rows outputs"],
        info: BenchInfo,
        solves: Solves | None = None,
    ) -> Float[Tensor, "2 rows outputs"]:
        """Of a free pair the larger cell moves, of a pair with a fixed cell the other one.

        The best look counts: a stuck cell may ask for more than its partner can give, and then
        the last one need not be the best.
        """
        plus_is_larger = held[0] >= held[1]
        minus_is_fixed = fixed[1]
        plus_moves = torch.where(fixed.any(0), minus_is_fixed, plus_is_larger)
        chosen = torch.stack((plus_moves, ~plus_moves))
        movable = ~fixed & chosen
        freedom = Freedom(
            start=held,
            conductances=lambda pairs: pairs,
            low=held.new_tensor(info.conductance_low),
            high=held.new_tensor(info.conductance_high),
            direction=movable * _signs(held),
            full_scale=float(wanted.abs().max()),
        )
        # if no look is any better, all stays as it is
        best = held
        least_error = float("inf")
        for look in looks(freedom, always(wanted), self, info, solves):
            # pairs at the end of their range are left out: what they lack cannot be helped
            can_move = (look.proposal != look.numbers).any(0)
            helpable = torch.where(can_move, look.missing, 0.0)
            error = float(helpable.square().sum())
            if error < least_error:
                best = look.held
                least_error = error
            worst = float(helpable.abs().max())
            if worst < CLOSE * freedom.full_scale:
                break
        return best

    def rounded(
        self,
        target: Float[Tensor, "2 rows outputs"],
        step: float,
        low: float,
        high: float,
    ) -> Float[Tensor, "2 rows outputs"]:
        """One half is on the lowest level, the other one whole steps above it (S)."""
        most_steps = round((high - low) / step)
        steps = self.difference(target) / step
        whole_steps = round_together(steps, most_steps)
        return halves(whole_steps, 0.0) * step + low

    def repaired(
        self,
        target: Float[Tensor, "2 rows outputs"],
        stuck: Bool[Tensor, "2 rows outputs"],
        held: Float[Tensor, "2 rows outputs"],
        info: BenchInfo,
    ) -> Repaired:
        """Turn columns round where that loses less; partners of stuck cells give way.

        A cell stuck at the bottom of the range serves well as the low half of a pair and not at
        all as the high one, and the other way round at the top. Which half carries the weight is
        free, but for whole columns only, as the columns of a pair are subtracted after summing.
        """
        wanted = self.difference(target)
        fixed = StuckHalves(held[0], held[1], stuck[0], stuck[1])
        as_placed = fixed.nearest_difference(wanted, info)
        if_turned = fixed.nearest_difference(-wanted, info)
        lost_as_placed = (as_placed - wanted).square().sum(0)
        lost_if_turned = (if_turned + wanted).square().sum(0)
        turned = lost_if_turned < lost_as_placed
        polarity = torch.where(turned, -1.0, 1.0)
        exchanged = torch.where(turned, target.flip(0), target)
        # where one half is stuck, the other one is put at the wanted difference from it
        other_held = held.flip(0)
        at_difference = other_held + _signs(held) * (polarity * wanted)
        giving_way = at_difference.clamp(
            info.conductance_low,
            info.conductance_high,
        )
        only_other_stuck = stuck.flip(0) & ~stuck
        return Repaired(
            block=self.turned(turned),
            target=torch.where(only_other_stuck, giving_way, exchanged),
            turned=turned,
        )

    def turned(self, columns: Bool[Tensor, " outputs"]) -> "PairedBlock":
        """The block with some of its columns turned round: G⁺ becomes G⁻."""
        plus = torch.where(columns, self.minus, self.plus)
        minus = torch.where(columns, self.plus, self.minus)
        return replace(self, plus=plus, minus=minus)


@final
@dataclass(frozen=True, slots=True, eq=False)
class PairBlock(PairedBlock):
    """Pairs that hold weights as far as they can."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class CorrectingBlock(PairedBlock):
    """Further pairs: programmed after those of earlier blocks, to hold what these miss.

    Args:
        corrects: Number of the last of the earlier blocks of the same weights, in the placement as
            a whole: of the first pairs for second ones, of the second pairs for third ones.
    """

    stage: ClassVar[int] = 1

    corrects: int
