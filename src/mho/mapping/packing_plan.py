"""Whether parts of layers share tiles, and how many tiles that takes: decided before placing."""

from collections.abc import Sequence
from dataclasses import dataclass

from mho.mapping.place import tiles_needed
from mho.mapping.weights import DifferentialPairs, LineUse

FEW_TILES = 16
"""Tiles up to which every part of a layer keeps one of its own (1)."""

HARDLY_FILLED = 1 / 8
"""Share of the cells of their own tiles below which parts of layers share tiles (1)."""


@dataclass(frozen=True, slots=True)
class PackingPlan:
    """How a network's layers go on tiles.

    Args:
        packed: Whether parts of layers share tiles.
        tiles: Tiles that it takes (1).
        own_tiles: Tiles that it would take with one for each part (1).
        cells: Cells that hold weights (1).
        tile_cells: Cells of a tile (1).
    """

    packed: bool
    tiles: int
    own_tiles: int
    cells: int
    tile_cells: int

    @property
    def fill(self) -> float:
        """Share of the cells of its tiles that hold weights (1)."""
        return self.cells / (self.tiles * self.tile_cells)


def packing_plan(
    shapes: Sequence[tuple[int, int]],
    rows: int = 256,
    cols: int = 256,
    *,
    mapping: LineUse = DifferentialPairs,
    packed: bool | None = None,
    spares: int = 0,
) -> PackingPlan:
    """Decide whether parts of layers share tiles.

    Tiles work in parallel and lines are shortest next to driver and sense, so parts have tiles of
    their own as long as these are few, or well filled. A layer of hundreds of groups of channels
    would leave nearly all of hundreds of tiles empty: its parts share tiles and take turns.

    Args:
        shapes: Outputs and inputs of each layer (1).
        rows: Rows of a tile (1).
        cols: Columns of a tile (1).
        mapping: Weights to conductances: a mapping, or a kind of them.
        packed: What is wanted; if `None`, parts share tiles if they would take more than
            `FEW_TILES` of their own and hold less than `HARDLY_FILLED` of their cells.
        spares: Spare rows, and lines of columns, of each part of a layer (1).

    >>> packing_plan([(10, 300), (128, 256)]).packed
    False
    >>> plan = packing_plan([(1, 25)] * 256)
    >>> plan.packed, plan.own_tiles, plan.tiles
    (True, 256, 1)
    """

    def needed(*, shared: bool) -> int:
        return tiles_needed(
            shapes, rows, cols, mapping=mapping, packed=shared, spares=spares
        )

    sides = 2 if mapping.paired else 1
    cells = sum(
        inputs * sides * mapping.lines(outputs) for outputs, inputs in shapes
    )
    own_tiles = needed(shared=False)
    if packed is None:
        fill = cells / (own_tiles * rows * cols) if own_tiles else 1.0
        packed = own_tiles > FEW_TILES and fill < HARDLY_FILLED
    tiles = needed(shared=True) if packed else own_tiles
    return PackingPlan(packed, tiles, own_tiles, cells, rows * cols)
