"""Rectangles of cells on tiles: which part of which layer lies where."""

from collections.abc import Sequence
from dataclasses import dataclass

from mho.units import show


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a layer that fits on one tile.

    Args:
        layer: Number of the layer.
        first_input: First input of the layer in this part.
        first_output: First output of the layer in this part.
        inputs: Inputs, each a row (1).
        outputs: Outputs, each a pair of columns (1).
    """

    layer: int
    first_input: int
    first_output: int
    inputs: int
    outputs: int

    @property
    def inputs_used(self) -> slice:
        """Its inputs among those of the layer."""
        return slice(self.first_input, self.first_input + self.inputs)

    @property
    def outputs_used(self) -> slice:
        """Its outputs among those of the layer."""
        return slice(self.first_output, self.first_output + self.outputs)


@dataclass(frozen=True, slots=True)
class Spot:
    """Rectangle of a tile, counted from the corner next to driver and sense.

    Args:
        tile: Number of the tile.
        row: Rows between the rectangle and the sense end (1).
        pair: Pairs of columns between the rectangle and the driver end (1).
        rows: Its rows (1).
        pairs: Its pairs of columns (1).
    """

    tile: int
    row: int
    pair: int
    rows: int
    pairs: int


def split(
    shapes: Sequence[tuple[int, int]], rows: int, pairs: int
) -> list[Piece]:
    """Cut layers into parts of at most so many rows and pairs of columns.

    Args:
        shapes: Outputs and inputs of each layer (1).
        rows: Rows of a tile (1).
        pairs: Pairs of columns of a tile (1).
    """
    return [
        Piece(
            layer,
            row,
            pair,
            min(rows, inputs - row),
            min(pairs, outputs - pair),
        )
        for layer, (outputs, inputs) in enumerate(shapes)
        for row in range(0, inputs, rows)
        for pair in range(0, outputs, pairs)
    ]


@dataclass(slots=True)
class _Shelf:
    """Rows of a tile in which rectangles stand side by side, all on the sense end."""

    tile: int
    row: int
    rows: int
    used: int = 0


def pack(
    pieces: Sequence[Piece],
    capacities: Sequence[tuple[int, int]],
    *,
    packed: bool,
    spares: int,
) -> list[Spot]:
    """Give every piece a rectangle of its own; no two share a cell.

    Packing puts the tallest pieces first, each on the first shelf with room, else on a new one
    of the first tile with room (first fit, decreasing height). Rectangles may share rows, or
    columns, with others: of a multiply's cells only those named are on.

    Args:
        pieces: What has to be placed.
        capacities: Rows and pairs of columns of each tile that can be used (1).
        packed: Let pieces share a tile; else each has one of its own.
        spares: Rows, and pairs of columns, by which a rectangle exceeds its piece where the tile
            is large enough (1).

    Returns:
        A rectangle for each piece, in the order of the pieces.

    Raises:
        ValueError: There are too few tiles.
    """
    spot_of: dict[int, Spot] = {}
    shelves: list[_Shelf] = []
    heights = [0] * len(capacities)
    order = list(range(len(pieces)))
    if packed:
        order.sort(key=lambda number: -pieces[number].inputs)
    for number in order:
        piece = pieces[number]
        spot = None
        if packed:
            spot = _first_with_room(shelves, piece, capacities, spares)
        if spot is None:
            shelf = _new_shelf(
                piece,
                capacities,
                heights,
                packed=packed,
                spares=spares,
            )
            shelves.append(shelf)
            spot = _on_shelf(shelf, piece, capacities, spares)
        if spot is not None:
            spot_of[number] = spot
    return [spot_of[number] for number in range(len(pieces))]


def _first_with_room(
    shelves: Sequence[_Shelf],
    piece: Piece,
    capacities: Sequence[tuple[int, int]],
    spares: int,
) -> Spot | None:
    """Take a rectangle of the first shelf that has room for a piece."""
    for shelf in shelves:
        spot = _on_shelf(shelf, piece, capacities, spares)
        if spot is not None:
            return spot
    return None


def tiles_taken(spots: Sequence[Spot]) -> int:
    """Tiles up to the last one used (1)."""
    return max((spot.tile for spot in spots), default=-1) + 1


def _on_shelf(
    shelf: _Shelf,
    piece: Piece,
    capacities: Sequence[tuple[int, int]],
    spares: int,
) -> Spot | None:
    """Take the next rectangle of a shelf, with as many spares as there is room for."""
    _, pairs_of_tile = capacities[shelf.tile]
    free_pairs = pairs_of_tile - shelf.used
    if shelf.rows < piece.inputs or free_pairs < piece.outputs:
        return None
    spot = Spot(
        tile=shelf.tile,
        row=shelf.row,
        pair=shelf.used,
        rows=min(piece.inputs + spares, shelf.rows),
        pairs=min(piece.outputs + spares, free_pairs),
    )
    shelf.used += spot.pairs
    return spot


def _new_shelf(
    piece: Piece,
    capacities: Sequence[tuple[int, int]],
    heights: list[int],
    *,
    packed: bool,
    spares: int,
) -> _Shelf:
    """Room for a piece above all shelves of a tile; takes it off what is left."""
    for tile, (rows, pairs) in enumerate(capacities):
        height = heights[tile]
        taken = height > 0 and not packed
        free_rows = rows - height
        has_room = piece.inputs <= free_rows and piece.outputs <= pairs
        if has_room and not taken:
            shelf_rows = min(piece.inputs + spares, free_rows)
            heights[tile] += shelf_rows
            return _Shelf(tile, height, shelf_rows)
    raise ValueError(
        f"Argument `bench` must have room for all parts of the network, but a part of"
        f" {show(piece.inputs, '1')} × {show(piece.outputs, '1')} pairs finds none on"
        f" {len(capacities)} tiles; make the chip with more `tiles`."
    )
