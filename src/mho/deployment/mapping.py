"""Weights to conductances and back: differential pairs, and any mapping split over tiles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import Bench, BenchInfo
from mho.checks import check_not_negative, configuration
from mho.deployment.assignment import Lines, take
from mho.deployment.faults import FaultMap
from mho.deployment.packing import Piece, Spot, pack, split, tiles_taken
from mho.deployment.tile_lines import corner_first, smallest, working_lines
from mho.deployment.weight_mapping import Stage, WeightMapping
from mho.units import show


@configuration
@dataclass(frozen=True, slots=True)
class DifferentialPairs(WeightMapping):
    """A weight is the difference of two conductances: w = (G⁺ − G⁻) / scale.

    One of the two stays at `low`; the largest weight that shares a scale takes the other to
    `high`.

    Args:
        low: Lowest conductance used (S).
        high: Highest conductance used (S).
        scale: What shares a scale, `"layer"` or `"column"`. With a scale of its own every output
            uses the whole range, and a digital factor restores it.
        clip: Percentile of the weights' magnitudes that takes a cell to `high` (%); larger ones
            are cut off there.
        levels: Levels of a cell from `low` to `high` (1), such as 64 for a driver of six bits;
            any conductance if `None`.

    Raises:
        ValueError: A field is out of range.
    """

    references = ("yao2020",)

    @staticmethod
    def lines(outputs: int) -> int:
        """A pair of columns for each output."""
        return outputs

    @staticmethod
    def most_outputs(lines: int) -> int:
        """As many as there are pairs of columns."""
        return lines

    @property
    def reach(self) -> float:
        """The whole range (S)."""
        return self.high - self.low

    def stages(self, weight: Float[Tensor, "out in_"]) -> tuple[Stage, ...]:
        """One set of pairs.

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        plus, minus = self.targets(weight)
        return (Stage(plus, minus, self.scales(weight)),)

    def targets(
        self, weight: Float[Tensor, "out in_"]
    ) -> tuple[Float[Tensor, "in_ out"], Float[Tensor, "in_ out"]]:
        """Conductances G⁺ and G⁻ (S), transposed: rows are inputs. Shapes (in, out).

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        difference, _ = self.differences(weight)
        return self.low + difference.clamp(min=0), self.low + (-difference).clamp(min=0)

    def weights(
        self,
        plus: Float[Tensor, "in_ out"],
        minus: Float[Tensor, "in_ out"],
        scale: float | Float[Tensor, " out"],
    ) -> Float[Tensor, "out in_"]:
        """Weights that a pair of conductances stands for (1). Shape (out, in)."""
        return ((plus - minus) / scale).T


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
        self, currents: Float[Tensor, "batch cols"], voltage: Float[Tensor, "batch rows"]
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


def tiles_needed(
    shapes: Sequence[tuple[int, int]],
    rows: int = 256,
    cols: int = 256,
    *,
    mapping: type[WeightMapping] = DifferentialPairs,
    packed: bool = False,
    spares: int = 0,
) -> int:
    """Tiles that layers of these (out, in) shapes take.

    Args:
        shapes: Outputs and inputs of each layer (1).
        rows: Rows of a tile (1).
        cols: Columns of a tile (1).
        mapping: Weights to conductances.
        packed: Let layers share tiles; else each has tiles of its own.
        spares: Spare rows, and lines of columns, of each part of a layer (1).

    >>> tiles_needed([(10, 300), (128, 256)])
    3
    >>> tiles_needed([(16, 9), (32, 144), (10, 128)], packed=True)
    1
    """
    lines = cols // 2 if mapping.paired else cols
    pieces = split(shapes, rows, _fitting(mapping, lines))
    capacities = [(rows, lines)] * len(pieces)
    return tiles_taken(
        pack(_footprints(pieces, mapping), capacities, packed=packed, spares=spares)
    )


def place(
    weights: Sequence[Float[Tensor, "_ _"]],
    info: BenchInfo,
    mapping: WeightMapping,
    *,
    packed: bool | None = None,
    spares: int = 0,
    faults: FaultMap | None = None,
) -> Placement:
    """Give every weight its cells.

    Args:
        weights: Weights of each layer (1). Shapes (out, in).
        info: The bench.
        mapping: Weights to conductances.
        packed: Let layers share tiles; only if the bench has too few for one each if `None`.
        spares: Spare rows, and lines of columns, of each part of a layer (1).
        faults: Stuck cells and broken lines to map around.

    Raises:
        ValueError: The bench has too few tiles, or a weight is not finite.
    """
    check_not_negative(spares, "spares", "1")
    shapes = [(weight.shape[0], weight.shape[1]) for weight in weights]
    kind = type(mapping)

    def needed(*, packed: bool) -> int:
        return tiles_needed(
            shapes, info.rows, info.cols, mapping=kind, packed=packed, spares=spares
        )

    if packed is None:
        packed = needed(packed=False) > info.tiles
    if (least := needed(packed=packed)) > info.tiles:
        raise ValueError(
            f"Argument `bench` must have at least {least} tiles of {info.rows}×{info.cols} for"
            f" this network, but has {info.tiles}; make the chip with `tiles={least}`."
        )
    lines = working_lines(info, faults, paired=mapping.paired)
    rows, cols = smallest(lines)
    pieces = split(shapes, rows, _fitting(kind, cols))
    capacities = [(len(rows), len(cols)) for rows, cols in lines]
    spots = pack(_footprints(pieces, kind), capacities, packed=packed, spares=spares)
    stages = [mapping.stages(weight) for weight in weights]
    return _built(pieces, spots, stages, lines, info, faults)


def _fitting(mapping: type[WeightMapping], lines: int) -> int:
    """Outputs that fit on the lines of a tile; at least one."""
    if (most := mapping.most_outputs(lines)) < 1:
        raise ValueError(
            f"Argument `cols` must leave room for one output of `{mapping.__name__}`, but a tile"
            f" has {lines} {'pairs of columns' if mapping.paired else 'columns'} that work."
        )
    return most


def _footprints(pieces: Sequence[Piece], mapping: type[WeightMapping]) -> list[Piece]:
    """Pieces as wide as the lines that they take."""
    return [replace(piece, outputs=mapping.lines(piece.outputs)) for piece in pieces]


def _built(
    pieces: Sequence[Piece],
    spots: Sequence[Spot],
    stages: Sequence[tuple[Stage, ...]],
    lines: Sequence[tuple[list[int], list[int]]],
    info: BenchInfo,
    faults: FaultMap | None,
) -> Placement:
    """All pieces on their lines; second pairs come after all first ones."""
    found: list[list[tuple[Block, Tensor]]] = [[] for _ in stages[0]] if stages else []
    for number, (piece, spot) in enumerate(zip(pieces, spots, strict=True)):
        free = corner_first(piece, spot, lines[spot.tile])
        for order, stage in enumerate(stages[piece.layer]):
            own = stage.part(piece.inputs_used, piece.outputs_used)
            used, free = take(own, free, faults, info)
            block = _block(piece, used, own, info)
            block = replace(block, corrects=number) if order else block
            found[order].append((block, _held(own)))
    pairs = [pair for part in found for pair in part]
    return gather([block for block, _ in pairs], [held for _, held in pairs])


def _held(stage: Stage) -> Float[Tensor, "sides rows cols"]:
    """Targets in the order of `Block.crossings` (S)."""
    if stage.minus is not None:
        return torch.stack((stage.plus, stage.minus))
    reference = torch.full_like(stage.plus[:, :1], stage.reference or 0.0)
    return torch.cat((stage.plus, reference), 1)[None]


def gather(blocks: Sequence[Block], targets: Sequence[Float[Tensor, "_ _ _"]]) -> Placement:
    """One placement of all blocks.

    Args:
        blocks: Parts of all layers.
        targets: Conductances of each block's `crossings` (S). Shapes (sides, rows, cols).
    """
    partner, sign, start = [], [], 0
    for block, target in zip(blocks, targets, strict=True):
        place = torch.arange(start, start + target.numel()).view(target.shape)
        way = torch.ones_like(target)
        if block.minus is None:
            way[..., -1] = -1.0
        else:
            place, way[1] = place.flip(0), -1.0
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


def _block(piece: Piece, lines: Lines, stage: Stage, info: BenchInfo) -> Block:
    """A piece on these lines."""
    row = (lines.tile * info.rows + lines.rows[: piece.inputs, None]) * info.cols
    where = (piece.layer, lines.tile, piece.first_input, piece.first_output)
    if stage.minus is None:
        columns = row + lines.pairs
        return Block(*where, columns[:, :-1], None, stage.scale, columns[:, -1])
    plus = row + 2 * lines.pairs[: piece.outputs]
    return Block(*where, plus, plus + 1, stage.scale)


def check_range(mapping: WeightMapping, info: BenchInfo) -> None:
    """Refuse a range that the bench cannot hold.

    Raises:
        ValueError: In the house sentence.
    """
    if mapping.low < info.conductance_low or mapping.high > info.conductance_high:
        raise ValueError(
            f"Argument `mapping` must stay within {show(info.conductance_low, 'S')} to"
            f" {show(info.conductance_high, 'S')}, but asks for {show(mapping.low, 'S')} to"
            f" {show(mapping.high, 'S')}."
        )
