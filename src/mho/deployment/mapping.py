"""Weights to conductances and back: differential pairs, their scales, split over tiles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import BenchInfo
from mho.checks import (
    check_between,
    check_choice,
    check_finite,
    check_not_negative,
    check_positive,
    check_shape,
)
from mho.deployment.assignment import Lines, assign
from mho.deployment.faults import FaultMap
from mho.deployment.packing import Piece, Spot, pack, split, tiles_taken
from mho.units import show

SCALES = ("layer", "column")
"""What shares a scale: all outputs of a layer, or each output has its own."""


@dataclass(frozen=True, slots=True)
class DifferentialPairs:
    """A weight is the difference of two conductances: w = (G⁺ − G⁻) / scale.

    One of the two stays at `low`; the largest weight that shares a scale takes the other to
    `high`.

    Args:
        low: Lowest conductance used (S).
        high: Highest conductance used (S).
        scale: One of `SCALES`. With a scale of its own every output uses the whole range, and
            a digital factor restores it.
        clip: Percentile of the weights' magnitudes that takes a cell to `high` (%); larger ones
            are cut off there.
        levels: Levels of a cell from `low` to `high` (1), such as 64 for a driver of six bits;
            any conductance if `None`.

    Raises:
        ValueError: A field is out of range.
    """

    low: float
    high: float
    scale: str = "layer"
    clip: float = 100.0
    levels: int | None = None

    references = ("yao2020",)

    def __post_init__(self) -> None:
        check_positive(self.low, "low", "S")
        check_between(self.high, "high", self.low, 1.0, "S")
        if self.high == self.low:
            raise ValueError(
                f"Argument `high` must be above `low`, but both are {show(self.low, 'S')}."
            )
        check_choice(self.scale, "scale", SCALES)
        check_between(self.clip, "clip", 50.0, 100.0, "%")
        if self.levels is not None:
            check_between(self.levels, "levels", 2, 65_536, "1")

    def scales(self, weight: Float[Tensor, "out in_"]) -> Float[Tensor, " out"]:
        """Conductance difference of a weight of one, for each output (S). Shape (out,)."""
        groups = weight.abs() if self.scale == "column" else weight.abs().reshape(1, -1)
        largest = groups.amax(1)
        if self.clip < 100:
            # the rank is rounded up, so that of few weights none is cut off
            rank = max(1, math.ceil(groups.shape[1] * self.clip / 100))
            some = groups.kthvalue(rank, 1).values
            largest = torch.where(some > 0, some, largest)
        scale = torch.where(largest > 0, (self.high - self.low) / largest, 1.0)
        return scale.expand(weight.shape[0]).contiguous()

    def targets(
        self, weight: Float[Tensor, "out in_"]
    ) -> tuple[Float[Tensor, "in_ out"], Float[Tensor, "in_ out"]]:
        """Conductances G⁺ and G⁻ (S), transposed: rows are inputs. Shapes (in, out).

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        check_finite(weight, "weight", "Train or repair the network first.")
        reach = self.high - self.low
        difference = (weight.T * self.scales(weight)).clamp(-reach, reach)
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
    """Part of a layer on one tile; plus and minus of an output lie in neighbouring columns.

    Args:
        layer: Number of the layer.
        tile: Number of the tile.
        first_input: First input of the layer on this tile.
        first_output: First output of the layer on this tile.
        plus: Cell of each G⁺. Shape (rows, outputs).
        minus: Cell of each G⁻. Shape (rows, outputs).
        scale: Effective conductance difference of a weight of one, for each output (S). Shape
            (outputs,).
    """

    layer: int
    tile: int
    first_input: int
    first_output: int
    plus: Int64[Tensor, "rows outputs"]
    minus: Int64[Tensor, "rows outputs"]
    scale: Float[Tensor, " outputs"]

    @property
    def inputs(self) -> slice:
        """Inputs of the layer that drive this block's rows."""
        return slice(self.first_input, self.first_input + self.plus.shape[0])

    @property
    def outputs(self) -> slice:
        """Outputs of the layer that this block adds to."""
        return slice(self.first_output, self.first_output + self.plus.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where a network lies on the tiles, and what every cell shall hold.

    Args:
        blocks: Parts of all layers.
        cells: All cells used, each once. Shape (cells,).
        target: Conductance wanted in each of them (S). Shape (cells,).
        partner: Position in `cells` of the other half of each pair. Shape (cells,).
        sign: +1 for G⁺ cells, −1 for G⁻ cells. Shape (cells,).
    """

    blocks: tuple[Block, ...]
    cells: Int64[Tensor, " cells"]
    target: Float[Tensor, " cells"]
    partner: Int64[Tensor, " cells"]
    sign: Float[Tensor, " cells"]


def tiles_needed(
    shapes: Sequence[tuple[int, int]],
    rows: int = 256,
    cols: int = 256,
    *,
    packed: bool = False,
    spares: int = 0,
) -> int:
    """Tiles that layers of these (out, in) shapes take.

    Args:
        shapes: Outputs and inputs of each layer (1).
        rows: Rows of a tile (1).
        cols: Columns of a tile (1).
        packed: Let layers share tiles; else each has tiles of its own.
        spares: Spare rows, and pairs of columns, of each part of a layer (1).

    >>> tiles_needed([(10, 300), (128, 256)])
    3
    >>> tiles_needed([(16, 9), (32, 144), (10, 128)], packed=True)
    1
    """
    pieces = split(shapes, rows, cols // 2)
    capacities = [(rows, cols // 2)] * len(pieces)
    return tiles_taken(pack(pieces, capacities, packed=packed, spares=spares))


def place(
    weights: Sequence[Float[Tensor, "_ _"]],
    info: BenchInfo,
    mapping: DifferentialPairs,
    *,
    packed: bool | None = None,
    spares: int = 0,
    faults: FaultMap | None = None,
) -> Placement:
    """Give every weight its pair of cells.

    Args:
        weights: Weights of each layer (1). Shapes (out, in).
        info: The bench.
        mapping: Weights to conductances.
        packed: Let layers share tiles; only if the bench has too few for one each if `None`.
        spares: Spare rows, and pairs of columns, of each part of a layer (1).
        faults: Stuck cells and broken lines to map around.

    Raises:
        ValueError: The bench has too few tiles, or a weight is not finite.
    """
    check_not_negative(spares, "spares", "1")
    shapes = [(weight.shape[0], weight.shape[1]) for weight in weights]
    if packed is None:
        packed = tiles_needed(shapes, info.rows, info.cols, spares=spares) > info.tiles
    needed = tiles_needed(shapes, info.rows, info.cols, packed=packed, spares=spares)
    if needed > info.tiles:
        raise ValueError(
            f"Argument `bench` must have at least {needed} tiles of {info.rows}×{info.cols} for"
            f" this network, but has {info.tiles}; make the chip with `tiles={needed}`."
        )
    lines = _lines(info, faults)
    pieces = split(shapes, *_smallest(lines))
    capacities = [(len(rows), len(pairs)) for rows, pairs in lines]
    spots = pack(pieces, capacities, packed=packed, spares=spares)
    pairs = [mapping.targets(weight) for weight in weights]
    scales = [mapping.scales(weight) for weight in weights]
    blocks: list[Block] = []
    targets: list[Tensor] = []
    for piece, spot in zip(pieces, spots, strict=True):
        halves = [half[piece.inputs_used, piece.outputs_used] for half in pairs[piece.layer]]
        free = _corner_first(piece, spot, lines[spot.tile])
        if faults is not None:
            free = assign(halves[0] - halves[1], free, faults, info)
        blocks.append(_block(piece, free, scales[piece.layer], info))
        targets += halves
    return gather(blocks, targets)


def gather(blocks: Sequence[Block], targets: Sequence[Float[Tensor, "_ _"]]) -> Placement:
    """One placement of all blocks.

    Args:
        blocks: Parts of all layers.
        targets: Conductances of G⁺ and G⁻ of each block in turn (S). Shapes (rows, outputs).
    """
    cells = [half.reshape(-1) for block in blocks for half in (block.plus, block.minus)]
    sizes = [c.numel() for c in cells]
    starts = torch.tensor([0, *sizes]).cumsum(0).tolist()
    partner = [torch.arange(n) + starts[k ^ 1] for k, n in enumerate(sizes)]
    sign = [torch.full((n,), -1.0 if k % 2 else 1.0) for k, n in enumerate(sizes)]
    return Placement(
        tuple(blocks),
        torch.cat(cells),
        torch.cat([target.reshape(-1) for target in targets]),
        torch.cat(partner),
        torch.cat(sign),
    )


def _lines(info: BenchInfo, faults: FaultMap | None) -> list[tuple[list[int], list[int]]]:
    """Rows, from the sense end, and pairs of columns, from the driver end, that work."""
    if faults is None:
        return [(list(range(info.rows))[::-1], list(range(info.cols // 2)))] * info.tiles
    check_shape(faults.stuck, "faults", (info.tiles, info.rows, info.cols))
    return [(faults.rows(tile), faults.pairs(tile)) for tile in range(info.tiles)]


def _smallest(lines: Sequence[tuple[list[int], list[int]]]) -> tuple[int, int]:
    """Rows and pairs that every tile has, those left out that lost more than half (1)."""
    rows, pairs = (max(len(tile[k]) for tile in lines) for k in range(2))
    usable = [t for t in lines if 2 * len(t[0]) >= rows and 2 * len(t[1]) >= pairs]
    least = [min(len(tile[k]) for tile in usable or lines) for k in range(2)]
    if min(least) == 0:
        raise ValueError(
            "Argument `faults` must leave a row and a pair of columns that work, but all lines are"
            " broken; take another chip."
        )
    return least[0], least[1]


def _corner_first(piece: Piece, spot: Spot, lines: tuple[list[int], list[int]]) -> Lines:
    """Lines of a rectangle: those next to sense and driver first, then the spare ones."""
    rows = lines[0][spot.row : spot.row + spot.rows]
    pairs = lines[1][spot.pair : spot.pair + spot.pairs]
    rows = rows[: piece.inputs][::-1] + rows[piece.inputs :]
    return Lines(spot.tile, torch.tensor(rows), torch.tensor(pairs))


def _block(piece: Piece, lines: Lines, scale: Float[Tensor, " outputs"], info: BenchInfo) -> Block:
    """A piece on the first of these lines."""
    row = lines.rows[: piece.inputs, None]
    plus = (lines.tile * info.rows + row) * info.cols + 2 * lines.pairs[: piece.outputs]
    own = scale[piece.outputs_used]
    return Block(
        piece.layer, lines.tile, piece.first_input, piece.first_output, plus, plus + 1, own
    )


def check_range(mapping: DifferentialPairs, info: BenchInfo) -> None:
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
