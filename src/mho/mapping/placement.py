"""Where the weights of a network lie: blocks of cells on tiles, and what each cell shall hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench import Bench


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Part of a layer on one tile, in pairs of cells or against a reference column.

    Plus and minus of a pair lie in neighbouring columns. With a reference there is one cell for
    each weight, and columns are read one by one.

    Args:
        layer: Number of the layer.
        tile: Number of the tile.
        first_input: First input of the layer on this tile.
        first_output: First output of the layer on this tile.
        plus: Cell of each G⁺. Shape (rows, outputs).
        minus: Cell of each G⁻; `None` with a reference. Shape (rows, outputs).
        scale: Effective conductance difference of a weight of one, for each output (S). Shape
            (outputs,).
        reference: Cells of the reference column, if there is one. Shape (rows,).
        corrects: Number of the earlier block of the same weights whose errors this one takes up.
        excess: What cells without a partner are known to hold too much, to be subtracted
            digitally (S); nothing if `None`. Shape (rows, outputs).
    """

    layer: int
    tile: int
    first_input: int
    first_output: int
    plus: Int64[Tensor, "rows outputs"]
    minus: Int64[Tensor, "rows outputs"] | None
    scale: Float[Tensor, " outputs"]
    reference: Int64[Tensor, " rows"] | None = None
    corrects: int | None = None
    excess: Float[Tensor, "rows outputs"] | None = None

    @property
    def inputs(self) -> slice:
        """Inputs of the layer that drive this block's rows."""
        return slice(self.first_input, self.first_input + self.plus.shape[0])

    @property
    def outputs(self) -> slice:
        """Outputs of the layer that this block adds to."""
        return slice(self.first_output, self.first_output + self.plus.shape[1])

    @property
    def columns(self) -> int:
        """Currents that it gives (1): one for each output, and that of the reference."""
        return self.plus.shape[1] + (self.minus is None)

    @property
    def crossings(self) -> Int64[Tensor, "sides rows cols"]:
        """All its cells: plus and minus, or one side whose last column is the reference."""
        if self.minus is not None:
            return torch.stack((self.plus, self.minus))
        assert self.reference is not None
        return torch.cat((self.plus, self.reference[:, None]), 1)[None]

    def difference(
        self, values: Float[Tensor, "sides rows cols"]
    ) -> Float[Tensor, "rows outputs"]:
        """What stands for the weights, of numbers that belong to `crossings`."""
        if self.minus is None:
            return values[0, :, :-1] - values[0, :, -1:]
        return values[0] - values[1]

    def read(
        self,
        bench: Bench,
        voltage: Float[Tensor, "batch rows"],
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "batch cols"]:
        """Currents as the converters give them (A): of pairs, or of columns one by one.

        Args:
            bench: The bench.
            voltage: Row voltages (V). Shape (batch, rows).
            full_scale: Largest current to resolve (A), one or one for each column.
        """
        if self.minus is None:
            return bench.multiply(voltage, self.crossings[0], full_scale=full_scale)
        return bench.multiply(voltage, self.plus, self.minus, full_scale=full_scale)

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
        if self.minus is not None:
            return currents
        found = currents[:, :-1] - currents[:, -1:]
        return found if self.excess is None else found - voltage @ self.excess


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where a network lies on the tiles, and what every cell shall hold.

    Args:
        blocks: Parts of all layers.
        cells: All cells used, each once: those of `Block.crossings`, block by block. Shape
            (cells,).
        target: Conductance wanted in each of them (S); of blocks that correct others, what is
            wanted if the others have no error. Shape (cells,).
        partner: Position in `cells` of the other half of each pair, its own for cells that have
            none. Shape (cells,).
        sign: +1 for G⁺ cells, −1 for G⁻ cells and references. Shape (cells,).
        step: Distance of the levels on which targets lie (S); any conductance if `None`.
    """

    blocks: tuple[Block, ...]
    cells: Int64[Tensor, " cells"]
    target: Float[Tensor, " cells"]
    partner: Int64[Tensor, " cells"]
    sign: Float[Tensor, " cells"]
    step: float | None = None


def each_block(
    placement: Placement,
) -> list[tuple[Block, Int64[Tensor, "sides rows cols"]]]:
    """Blocks, and where the cells of their `crossings` stand in `Placement.cells`."""
    found = []
    start = 0
    for block in placement.blocks:
        cells = block.crossings
        place = torch.arange(start, start + cells.numel()).view(cells.shape)
        if block.minus is not None:
            place = torch.where(
                placement.cells[place[0]] != block.plus, place.flip(0), place
            )
        found.append((block, place))
        start += cells.numel()
    return found


def gather(
    blocks: Sequence[Block], targets: Sequence[Float[Tensor, "_ _ _"]]
) -> Placement:
    """One placement of all blocks.

    Args:
        blocks: Parts of all layers.
        targets: Conductances of each block's `crossings` (S). Shapes (sides, rows, cols).
    """
    partner = []
    sign = []
    start = 0
    for block, target in zip(blocks, targets, strict=True):
        place = torch.arange(start, start + target.numel()).view(target.shape)
        way = torch.ones_like(target)
        if block.minus is None:
            way[..., -1] = -1.0
        else:
            place = place.flip(0)
            way[1] = -1.0
        partner.append(place.flatten())
        sign.append(way.flatten())
        start += target.numel()
    return Placement(
        tuple(blocks),
        torch.cat([block.crossings.flatten() for block in blocks]),
        torch.cat([target.flatten() for target in targets]),
        torch.cat(partner),
        torch.cat(sign),
    )
