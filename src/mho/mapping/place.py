"""Weights to conductances and back: differential pairs, and any mapping split over tiles."""

from collections.abc import Sequence
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.checks import check_not_negative
from mho.mapping.blocks import Block, Placement, gather
from mho.mapping.tiles import (
    FaultMap,
    Piece,
    Spot,
    corner_first,
    pack,
    smallest,
    split,
    tiles_taken,
    working_lines,
)
from mho.mapping.weights import (
    DifferentialPairs,
    LineUse,
    Stage,
    WeightMapping,
)
from mho.units import show


def tiles_needed(
    shapes: Sequence[tuple[int, int]],
    rows: int = 256,
    cols: int = 256,
    *,
    mapping: LineUse = DifferentialPairs,
    packed: bool = False,
    spares: int = 0,
) -> int:
    """Tiles that layers of these (out, in) shapes take.

    Args:
        shapes: Outputs and inputs of each layer (1).
        rows: Rows of a tile (1).
        cols: Columns of a tile (1).
        mapping: Weights to conductances: a mapping, or a kind of them.
        packed: Let layers share tiles; else each has tiles of its own.
        spares: Spare rows, and lines of columns, of each part of a layer (1).

    >>> tiles_needed([(10, 300), (128, 256)])
    3
    >>> tiles_needed([(16, 9), (32, 144), (10, 128)], packed=True)
    1
    """
    lines = cols // 2 if mapping.paired else cols
    pieces = split(shapes, rows, _outputs_fitting(mapping, lines))
    footprints = _footprints(pieces, mapping)
    # one tile for each piece is always enough
    capacities = [(rows, lines)] * len(pieces)
    spots = pack(footprints, capacities, packed=packed, spares=spares)
    return tiles_taken(spots)


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

    def needed(*, packed: bool) -> int:
        return tiles_needed(
            shapes,
            info.rows,
            info.cols,
            mapping=mapping,
            packed=packed,
            spares=spares,
        )

    if packed is None:
        packed = needed(packed=False) > info.tiles
    least = needed(packed=packed)
    if least > info.tiles:
        raise ValueError(
            f"Argument `bench` must have at least {least} tiles of {info.rows}×{info.cols} for"
            f" this network, but has {info.tiles}; make the chip with `tiles={least}`."
        )
    # parts are cut to a size that every tile has room for, broken lines left out
    lines = working_lines(info, faults, paired=mapping.paired)
    rows, cols = smallest(lines)
    pieces = split(shapes, rows, _outputs_fitting(mapping, cols))
    footprints = _footprints(pieces, mapping)
    capacities = [
        (len(rows_of_tile), len(cols_of_tile))
        for rows_of_tile, cols_of_tile in lines
    ]
    spots = pack(footprints, capacities, packed=packed, spares=spares)
    stages = [mapping.stages(weight) for weight in weights]
    return _on_lines(pieces, spots, stages, lines, info, faults)


def _outputs_fitting(mapping: LineUse, lines: int) -> int:
    """Outputs that fit on the lines of a tile; at least one."""
    most = mapping.most_outputs(lines)
    if most < 1:
        kind_of_lines = "pairs of columns" if mapping.paired else "columns"
        raise ValueError(
            f"Argument `cols` must leave room for one output of `{_name(mapping)}`, but a tile"
            f" has {lines} {kind_of_lines} that work."
        )
    return most


def _name(mapping: LineUse) -> str:
    """What a mapping, or a kind of them, is called."""
    kind = mapping if isinstance(mapping, type) else type(mapping)
    return kind.__name__


def _footprints(pieces: Sequence[Piece], mapping: LineUse) -> list[Piece]:
    """Pieces as wide as the lines that they take."""
    return [
        replace(piece, outputs=mapping.lines(piece.outputs)) for piece in pieces
    ]


def _on_lines(
    pieces: Sequence[Piece],
    spots: Sequence[Spot],
    stages: Sequence[Sequence[Stage]],
    lines: Sequence[tuple[list[int], list[int]]],
    info: BenchInfo,
    faults: FaultMap | None,
) -> Placement:
    """All pieces on lines of their own.

    The stages of a piece share its rectangle of the tile, the first one choosing first. In the
    placement all blocks of the first stage come before all of the second, as they are programmed.

    Args:
        pieces: Parts of layers.
        spots: Rectangle of each piece.
        stages: What the cells of each layer shall hold, in the order of programming.
        lines: Rows and columns of each tile that work.
        info: The bench.
        faults: Stuck cells, if they are known.
    """
    stage_count = len(stages[0]) if stages else 0
    blocks: list[list[Block]] = [[] for _ in range(stage_count)]
    targets: list[list[Tensor]] = [[] for _ in range(stage_count)]
    for number, (piece, spot) in enumerate(zip(pieces, spots, strict=True)):
        free = corner_first(piece, spot, lines[spot.tile])
        for order, layer_stage in enumerate(stages[piece.layer]):
            stage = layer_stage.part(piece.inputs_used, piece.outputs_used)
            taken = stage.chosen(free, faults, info)
            free = free.without_columns(taken)
            earlier = number + max(order - 1, 0) * len(pieces)
            blocks[order].append(stage.block(piece, earlier, taken, info))
            targets[order].append(stage.targets())
    return gather(
        [block for of_stage in blocks for block in of_stage],
        [target for of_stage in targets for target in of_stage],
    )


def check_range(mapping: WeightMapping, info: BenchInfo) -> None:
    """Refuse a range that the bench cannot hold.

    Raises:
        ValueError: In the house sentence.
    """
    if (
        mapping.low < info.conductance_low
        or mapping.high > info.conductance_high
    ):
        raise ValueError(
            f"Argument `mapping` must stay within {show(info.conductance_low, 'S')} to"
            f" {show(info.conductance_high, 'S')}, but asks for {show(mapping.low, 'S')} to"
            f" {show(mapping.high, 'S')}."
        )
