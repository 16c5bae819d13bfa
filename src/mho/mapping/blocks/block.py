"""What every part of a layer on one tile can do, whatever its cells subtract from."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import BenchInfo, Multiplying
from mho.mapping.blocks.freedom import Freedom

Solves = Callable[[Tensor, Tensor], Tensor]
"""Gives what the wires leave of conductances (S), of the cells with these numbers, all others off.
Shapes of a block's `crossings`."""


@dataclass(frozen=True, slots=True, eq=False)
class Block(ABC):
    """Part of a layer on one tile.

    Numbers that belong to its cells have the shape (sides, rows, cols) of `crossings`: two sides
    where cells come in pairs, one side where a reference column is the last of the columns.

    Args:
        layer: Number of the layer.
        tile: Number of the tile.
        first_input: First input of the layer on this tile.
        first_output: First output of the layer on this tile.
        scale: Effective conductance difference of a weight of one, for each output (S). Shape
            (outputs,).
    """

    layer: int
    tile: int
    first_input: int
    first_output: int
    scale: Float[Tensor, " outputs"]

    stage: ClassVar[int] = 0
    """0, or 1 of blocks that take up errors of others: when, is told by `stage_numbers`."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Rows and outputs (1)."""

    @property
    def inputs(self) -> slice:
        """Inputs of the layer that drive this block's rows."""
        return slice(self.first_input, self.first_input + self.shape[0])

    @property
    def outputs(self) -> slice:
        """Outputs of the layer that this block adds to."""
        return slice(self.first_output, self.first_output + self.shape[1])

    @property
    @abstractmethod
    def columns(self) -> int:
        """Currents that it gives (1): one for each output, and that of a reference."""

    @property
    @abstractmethod
    def crossings(self) -> Int64[Tensor, "sides rows cols"]:
        """All its cells."""

    @property
    @abstractmethod
    def subtracting(self) -> Bool[Tensor, "sides rows cols"]:
        """Which of the cells of `crossings` are subtracted from others."""

    @abstractmethod
    def partners(
        self, positions: Int64[Tensor, "sides rows cols"]
    ) -> Int64[Tensor, "sides rows cols"]:
        """Position of the other half of each cell's pair; its own for a cell that has none.

        Args:
            positions: Where the cells of `crossings` stand in a list.
        """

    @abstractmethod
    def ordered(
        self,
        positions: Int64[Tensor, "sides rows cols"],
        cells: Int64[Tensor, "sides rows cols"],
    ) -> Int64[Tensor, "sides rows cols"]:
        """Positions brought into the order of `crossings`, which turning columns round changes.

        Args:
            positions: Where its cells stand in a list, in the order in which they were placed.
            cells: The cells that stand there.
        """

    @abstractmethod
    def difference(
        self, values: Float[Tensor, "*blocks sides rows cols"]
    ) -> Float[Tensor, "*blocks rows outputs"]:
        """What stands for the weights, of numbers that belong to the cells."""

    @abstractmethod
    def conducting(
        self, values: Float[Tensor, "*blocks sides rows cols"]
    ) -> Float[Tensor, "*blocks rows outputs"]:
        """What the cells of each weight conduct together, the reference left out (S)."""

    @abstractmethod
    def per_column(
        self, target: Float[Tensor, "sides rows cols"]
    ) -> Float[Tensor, "rows cols"]:
        """Conductance behind each of the block's currents, for every row (S)."""

    @abstractmethod
    def read(
        self,
        bench: Multiplying,
        voltage: Float[Tensor, "batch rows"],
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "batch cols"]:
        """Currents as the converters give them (A): of pairs, or of columns one by one.

        Args:
            bench: The bench.
            voltage: Row voltages (V). Shape (batch, rows).
            full_scale: Largest current to resolve (A), one or one for each column.
        """

    @abstractmethod
    def signed(
        self,
        currents: Float[Tensor, "batch cols"],
        voltage: Float[Tensor, "batch rows"],
    ) -> Float[Tensor, "batch outputs"]:
        """Currents that stand for products (A): the digital side of `read`.

        Args:
            currents: What `read` gave (A).
            voltage: Row voltages (V). Shape (batch, rows).
        """

    @abstractmethod
    def freedom(
        self,
        target: Float[Tensor, "*blocks sides rows cols"],
        low: float,
        limit: float,
    ) -> Freedom:
        """How its targets may move to make up for wires.

        Args:
            target: Conductances of ideal wires (S).
            low: Lowest conductance used (S).
            limit: Largest difference that the cells of a weight may make (S).
        """

    @abstractmethod
    def settled(
        self,
        held: Float[Tensor, "sides rows cols"],
        fixed: Bool[Tensor, "sides rows cols"],
        wanted: Float[Tensor, "rows outputs"],
        info: BenchInfo,
        solves: Solves | None = None,
    ) -> Float[Tensor, "sides rows cols"]:
        """Conductances, some fixed, whose effective differences are the wanted ones (S).

        Args:
            held: Conductances to begin with (S).
            fixed: Cells that do not answer.
            wanted: Effective differences (S).
            info: The bench: its wires, and how far a cell can go.
            solves: Solves the wires; the whole net of the tile if `None`.
        """

    @abstractmethod
    def rounded(
        self,
        target: Float[Tensor, "sides rows cols"],
        step: float,
        low: float,
        high: float,
    ) -> Float[Tensor, "sides rows cols"]:
        """Targets on levels: differences are whole numbers of steps (S).

        Args:
            target: Targets (S).
            step: Distance of the levels (S).
            low: The lowest level (S).
            high: The highest level (S).
        """

    @abstractmethod
    def repaired(
        self,
        target: Float[Tensor, "sides rows cols"],
        stuck: Bool[Tensor, "sides rows cols"],
        held: Float[Tensor, "sides rows cols"],
        info: BenchInfo,
    ) -> "Repaired":
        """Polarities and targets with which stuck cells cost least weight.

        Args:
            target: Targets (S).
            stuck: Cells that do not answer.
            held: Conductance of the stuck ones; others do not matter (S).
            info: The bench: how far a working cell can go.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Repaired:
    """What became of a block whose stuck cells were made up for.

    Args:
        block: The block with the polarities in force.
        target: Targets in the order of the *earlier* block's `crossings` (S). Shape (sides, rows,
            cols).
        turned: Outputs whose columns have changed places. Shape (outputs,).
    """

    block: Block
    target: Float[Tensor, "sides rows cols"]
    turned: Bool[Tensor, " outputs"]
