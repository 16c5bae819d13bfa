"""What one set of cells holds of a layer's weights, before it has a place on a tile.

Each kind of stage knows which lines of a tile it takes and which kind of block it becomes there.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.blocks import (
    Block,
    CorrectingBlock,
    PairBlock,
    ReferenceBlock,
    beside,
)
from mho.mapping.tiles import (
    AssignedLines,
    FaultMap,
    Piece,
    lines_beside_reference,
    lines_of_pairs,
)


@dataclass(frozen=True, slots=True, eq=False)
class Stage(ABC):
    """What one set of cells holds of a layer's weights; rows are inputs.

    Args:
        scale: Conductance difference of a weight of one, for each output (S). Shape (out,).
    """

    scale: Float[Tensor, " out"]

    @abstractmethod
    def part(self, inputs: slice, outputs: slice) -> "Stage":
        """What it holds of some inputs and outputs."""

    @abstractmethod
    def targets(self) -> Float[Tensor, "sides rows cols"]:
        """Conductances in the order of `Block.crossings` (S)."""

    @abstractmethod
    def chosen(
        self, lines: AssignedLines, faults: FaultMap | None, info: BenchInfo
    ) -> AssignedLines:
        """The lines that it takes of a tile.

        Args:
            lines: Lines to choose from; the first ones serve where nothing is known to be stuck.
            faults: Stuck cells, if they are known.
            info: The bench: how far partners of stuck cells can go.
        """

    @abstractmethod
    def block(
        self, piece: Piece, number: int, lines: AssignedLines, info: BenchInfo
    ) -> Block:
        """The block that it becomes.

        Args:
            piece: Which part of which layer it holds.
            number: Number of the block of the same piece that is programmed before it; where
                there is none, that of the piece.
            lines: Lines that it takes, from `chosen`.
            info: The bench: rows and columns of a tile.
        """


@dataclass(frozen=True, slots=True, eq=False)
class PairedStage(Stage):
    """Targets of pairs of cells.

    Args:
        plus: Conductance of the cells that add (S). Shape (in, out).
        minus: Conductance of those that subtract, each the other half of a pair (S). Shape (in,
            out).
    """

    plus: Float[Tensor, "in_ out"]
    minus: Float[Tensor, "in_ out"]

    def part(self, inputs: slice, outputs: slice) -> "PairedStage":
        """What the pairs hold of some inputs and outputs."""
        return type(self)(
            self.scale[outputs],
            self.plus[inputs, outputs],
            self.minus[inputs, outputs],
        )

    def targets(self) -> Float[Tensor, "2 rows outputs"]:
        """G⁺ and G⁻ (S)."""
        return torch.stack((self.plus, self.minus))

    def chosen(
        self, lines: AssignedLines, faults: FaultMap | None, info: BenchInfo
    ) -> AssignedLines:
        """A row for each input and a pair of columns for each output."""
        return lines_of_pairs(self.plus - self.minus, lines, faults, info)

    def cells(
        self, lines: AssignedLines, info: BenchInfo
    ) -> tuple[Int64[Tensor, "rows outputs"], Int64[Tensor, "rows outputs"]]:
        """Cells of G⁺ and of G⁻ on these lines: neighbours on a row."""
        inputs, outputs = self.plus.shape
        rows = lines.rows[:inputs]
        pairs = lines.pairs[:outputs]
        plus = row_starts(lines.tile, rows, info) + 2 * pairs
        return plus, plus + 1


@final
@dataclass(frozen=True, slots=True, eq=False)
class PairStage(PairedStage):
    """Targets of pairs that hold weights as far as they can."""

    def block(
        self,
        piece: Piece,
        number: int,  # noqa: ARG002 - it refers to no other block
        lines: AssignedLines,
        info: BenchInfo,
    ) -> PairBlock:
        """Pairs on these lines."""
        plus, minus = self.cells(lines, info)
        return PairBlock(
            layer=piece.layer,
            tile=lines.tile,
            first_input=piece.first_input,
            first_output=piece.first_output,
            scale=self.scale,
            plus=plus,
            minus=minus,
        )


@final
@dataclass(frozen=True, slots=True, eq=False)
class CorrectingStage(PairedStage):
    """Targets of further pairs, if the earlier ones have no error."""

    def block(
        self, piece: Piece, number: int, lines: AssignedLines, info: BenchInfo
    ) -> CorrectingBlock:
        """Pairs on these lines that take up errors of the earlier blocks of their piece."""
        plus, minus = self.cells(lines, info)
        return CorrectingBlock(
            layer=piece.layer,
            tile=lines.tile,
            first_input=piece.first_input,
            first_output=piece.first_output,
            scale=self.scale,
            plus=plus,
            minus=minus,
            corrects=number,
        )


@final
@dataclass(frozen=True, slots=True, eq=False)
class ReferenceStage(Stage):
    """Targets of single cells and of a reference column that all outputs of a part share.

    Args:
        cells: Conductance of the cell of each weight (S). Shape (in, out).
        reference: Conductance of the reference column (S).
    """

    cells: Float[Tensor, "in_ out"]
    reference: float

    def part(self, inputs: slice, outputs: slice) -> "ReferenceStage":
        """What the cells hold of some inputs and outputs."""
        return type(self)(
            self.scale[outputs], self.cells[inputs, outputs], self.reference
        )

    def targets(self) -> Float[Tensor, "1 rows cols"]:
        """Cells, and the reference as the last column (S)."""
        reference = torch.full_like(self.cells[:, :1], self.reference)
        return beside(self.cells, reference)

    def chosen(
        self, lines: AssignedLines, faults: FaultMap | None, info: BenchInfo
    ) -> AssignedLines:
        """A row for each input, a column for each output, and that of the reference last."""
        difference = self.cells - self.reference
        return lines_beside_reference(
            difference, self.reference, lines, faults, info
        )

    def block(
        self,
        piece: Piece,
        number: int,  # noqa: ARG002 - it refers to no other block
        lines: AssignedLines,
        info: BenchInfo,
    ) -> ReferenceBlock:
        """Cells and their reference on these lines."""
        rows = lines.rows[: self.cells.shape[0]]
        columns = row_starts(lines.tile, rows, info) + lines.pairs
        return ReferenceBlock(
            layer=piece.layer,
            tile=lines.tile,
            first_input=piece.first_input,
            first_output=piece.first_output,
            scale=self.scale,
            cells=columns[:, :-1],
            reference=columns[:, -1],
        )


def row_starts(
    tile: int, rows: Int64[Tensor, " rows"], info: BenchInfo
) -> Int64[Tensor, "rows 1"]:
    """Number of the first cell of each row of a tile."""
    return (tile * info.rows + rows[:, None]) * info.cols
