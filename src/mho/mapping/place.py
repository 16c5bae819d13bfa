"""Weights to conductances and back: differential pairs, and any mapping split over tiles."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.checks import check_not_negative
from mho.mapping.pairs import DifferentialPairs
from mho.mapping.placement import Block, Placement, gather
from mho.mapping.tiles import (
    AssignedLines,
    FaultMap,
    Piece,
    Spot,
    corner_first,
    pack,
    smallest,
    split,
    take,
    tiles_taken,
    working_lines,
)
from mho.mapping.weight_mapping import Stage, WeightMapping
from mho.units import show


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


def _block(piece: Piece, lines: AssignedLines, stage: Stage, info: BenchInfo) -> Block:
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
