"""How full the tiles of a placement are, and what sharing them costs in time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mho.bench import BenchInfo
from mho.mapping import Block, Placement, blocks_of_layers
from mho.network import Network, Node
from mho.samples import OneSample, alone
from mho.units import show_duration


@dataclass(frozen=True, slots=True)
class TileUse:
    """What a placement takes of a chip.

    Args:
        tiles: Tiles with weights on them (1).
        parts: Parts of layers, each a rectangle of cells (1).
        cells: Cells that hold weights (1).
        fill: Share of the cells of these tiles that hold weights (1).
        largest_turn: Most parts of one operation that share a tile and are driven in turn (1).
        products_in_turn: Vectors that are multiplied one after the other for a sample, with tiles
            that work in parallel (1).
        products_in_turn_unpacked: The same if every part had a tile of its own (1).
        diagonal_tiles: Tiles that the parts that take turns would need as block diagonals, no two
            on one line, so that all are driven at once (1).
    """

    tiles: int
    parts: int
    cells: int
    fill: float
    largest_turn: int
    products_in_turn: int
    products_in_turn_unpacked: int
    diagonal_tiles: int

    def plain(self) -> dict[str, Any]:
        """Plain values, for a result."""
        return asdict(self)

    def rows(self, vector_time: float | None = None) -> list[tuple[str, str]]:
        """What a table says: name and value.

        Args:
            vector_time: Time of one vector (s); unknown if `None`.
        """
        return use_rows(self.plain(), vector_time)


def use_rows(
    use: Mapping[str, Any], vector_time: float | None = None
) -> list[tuple[str, str]]:
    """What a table says of plain values of a `TileUse`: name and value.

    Args:
        use: The values.
        vector_time: Time of one vector (s); unknown if `None`.
    """
    parts = use["parts"]
    tiles = use["tiles"]
    plural = "" if tiles == 1 else "s"
    told = f"{tiles} tile{plural} for {parts} parts, {use['fill']:.2%} of their cells"
    if tiles == parts:
        told = f"{tiles} tile{plural}, one for each part, {use['fill']:.2%} of their cells"
    if use["largest_turn"] == 1:
        return [("packing", told)]
    together = _how_long(use["products_in_turn"], vector_time)
    alone_ = _how_long(use["products_in_turn_unpacked"], vector_time)
    return [
        ("packing", told),
        (
            "  parts that take turns",
            f"up to {use['largest_turn']}: {together} a sample, with tiles of their own {alone_}",
        ),
        (
            "  as block diagonals",
            f"{use['diagonal_tiles']} tiles for them alone, {alone_} a sample",
        ),
    ]


def _how_long(products: int, vector_time: float | None) -> str:
    if vector_time is None:
        return f"{products:,} vectors"
    return show_duration(products * vector_time)


def tile_use(
    network: Network,
    placement: Placement,
    info: BenchInfo,
    sample: OneSample,
) -> TileUse:
    """How full the tiles are, and how many products follow one another.

    Operations follow one another, the tiles of one work in parallel; its parts on one tile take
    turns, as lines that drive or sum one would drive or sum others.

    Args:
        network: The network.
        placement: Where it lies.
        info: The bench: rows and columns of a tile.
        sample: One sample (1), of which only the shapes matter; without an axis of samples.
    """
    of_layers = blocks_of_layers(placement)
    turns: list[int] = []
    diagonals: dict[tuple[int, ...], int] = {}
    vectors: list[int] = []

    def watch(node: Node, arguments: Mapping[str, object], _: object) -> None:
        call = network.calls.get(node.name)
        if call is None:
            return
        layers = [network.layers[number] for number in call.layers]
        weights = sum(layer.weight.numel() for layer in layers)
        analog, _digital = call.multiply_adds(arguments, network.layers)
        blocks = [
            placement.blocks[number]
            for layer in call.layers
            for number in of_layers[layer]
        ]
        on_tiles = Counter(block.tile for block in blocks)
        turns.append(max(on_tiles.values()))
        vectors.append(analog // weights)
        if turns[-1] > 1:
            diagonals[call.layers] = _diagonal_tiles(blocks, info)

    network.run(alone(sample), watch=watch)
    tiles = len({block.tile for block in placement.blocks})
    cells = placement.cells.numel()
    in_turn = [turn * count for turn, count in zip(turns, vectors, strict=True)]
    return TileUse(
        tiles=tiles,
        parts=len(placement.blocks),
        cells=cells,
        fill=cells / (tiles * info.rows * info.cols),
        largest_turn=max(turns, default=1),
        products_in_turn=sum(in_turn),
        products_in_turn_unpacked=sum(vectors),
        diagonal_tiles=sum(diagonals.values()),
    )


def _diagonal_tiles(blocks: Sequence[Block], info: BenchInfo) -> int:
    """Tiles on which blocks share no line (1), one after the other along the diagonal."""
    tiles = 1
    row = 0
    col = 0
    for block in blocks:
        sides, rows, cols = block.crossings.shape
        row += rows
        col += sides * cols
        if row > info.rows or col > info.cols:
            tiles += 1
            row = rows
            col = sides * cols
    return tiles
