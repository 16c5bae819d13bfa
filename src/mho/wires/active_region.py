"""A part of a tile in use, all other cells off: its lines, cut off where that is exact."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.wires.few_cells import is_well_posed, paths_of, seen_of_few
from mho.wires.model import WireModel
from mho.wires.port_merge import check_conductance


@dataclass(frozen=True, slots=True)
class Part:
    """Rows and columns of a tile whose circuit is that of the whole tile.

    Args:
        rows: Rows to be solved for.
        cols: Columns to be solved for.
        wires: Lines of these rows and columns, with what lies between them and the edge.
    """

    rows: slice
    cols: slice
    wires: WireModel


def part_in_use(
    wires: WireModel, shape: tuple[int, int], rows: slice, cols: slice
) -> Part:
    """The smallest part of a tile that has to be solved when only some rows and columns are on.

    No current flows beyond the last cell of a line that ends open, so such ends are cut off.
    Segments between the part and driver or sense stay, as more of `driver` and `sense`. Lines
    connected at both ends stay whole.

    Args:
        wires: Lines of the tile.
        shape: Rows and columns of the tile (1).
        rows: Rows that are on, `start` and `stop` given.
        cols: Columns that are on, `start` and `stop` given.
    """
    if wires.sense_sides == "both":
        rows = slice(0, shape[0])
    if wires.sides == "both":
        cols = slice(0, shape[1])
    word = _some(wires.word_line, rows)
    driver = _some(wires.driver, rows)
    bit = _some(wires.bit_line, cols)
    sense = _some(wires.sense, cols)
    # Segments up to the part are in series with drivers and senses.
    above = cols.start
    below = shape[0] - rows.stop
    lines = replace(
        wires,
        word_line=word,
        bit_line=bit,
        driver=_longer(driver, word, above),
        sense=_longer(sense, bit, below),
    )
    return Part(rows, cols, lines)


def effective_pair(
    wires: WireModel,
    shape: tuple[int, int],
    place: Int64[Tensor, "sides rows cols"],
    pair: Float[Tensor, "*tiles sides rows cols"],
) -> Float[Tensor, "*tiles sides rows cols"]:
    """What the wires leave of cells in one tile, in pairs or alone, all others off (S).

    Args:
        wires: Lines of the tile.
        shape: Rows and columns of the tile (1).
        place: Where the cells lie: row · columns + column (1).
        pair: Conductances (S), G⁺ and G⁻ one after the other or one side alone; of one tile or of
            several alike.
    """
    if wires.ideal:
        return pair
    check_conductance(pair)
    alike = pair.reshape(1, -1, *pair.shape[-3:])
    found = _seen_of_few(wires, shape, place[None], alike)
    if found is not None:
        return found.view(pair.shape)
    return _seen_of_part(wires, shape, place, pair)


def effective_blocks(
    wires: WireModel,
    shape: tuple[int, int],
    places: Int64[Tensor, "blocks sides rows cols"],
    conductance: Float[Tensor, "blocks sides rows cols"],
) -> Float[Tensor, "blocks sides rows cols"]:
    """What the wires leave of blocks of equal shape, each as if all other cells were off (S).

    To the same bits as block by block, in one call as far as that takes less time.

    Args:
        wires: Lines of the tiles.
        shape: Rows and columns of a tile (1).
        places: Where the cells of each block lie on its tile: row · columns + column (1).
        conductance: Their conductances (S).
    """
    if wires.ideal:
        return conductance
    check_conductance(conductance)
    found = _seen_of_few(wires, shape, places, conductance[:, None])
    if found is not None:
        return found[:, 0]
    # larger ones in one call would round differently
    seen = [
        _seen_of_part(wires, shape, place, held)
        for place, held in zip(places, conductance, strict=True)
    ]
    return torch.stack(seen)


def _seen_of_few(
    wires: WireModel,
    shape: tuple[int, int],
    places: Int64[Tensor, "blocks sides rows cols"],
    conductance: Float[Tensor, "blocks times sides rows cols"],
) -> Float[Tensor, "blocks times sides rows cols"] | None:
    """By a dense solve (S); `None` if that is not for these cells."""
    if not conductance.numel():
        return conductance
    paths = paths_of(wires, shape, places)
    if paths is None or not is_well_posed(paths, conductance):
        return None
    with_access = conductance / (1 + conductance * wires.access)
    return seen_of_few(paths, with_access)


def _seen_of_part(
    wires: WireModel,
    shape: tuple[int, int],
    place: Int64[Tensor, "sides rows cols"],
    pair: Float[Tensor, "*tiles sides rows cols"],
) -> Float[Tensor, "*tiles sides rows cols"]:
    """By the effective matrix of the part of the tile that they lie on (S)."""
    row = place // shape[1]
    col = place % shape[1]
    rows = slice(int(row.min()), int(row.max()) + 1)
    cols = slice(int(col.min()), int(col.max()) + 1)
    part = part_in_use(wires, shape, rows, cols)
    # The cells again, on the part of the tile that matters, all others off.
    row = row - part.rows.start
    col = col - part.cols.start
    height = part.rows.stop - part.rows.start
    width = part.cols.stop - part.cols.start
    tile = pair.new_zeros(*pair.shape[:-3], height, width)
    tile[..., row, col] = pair
    seen: Tensor = part.wires.effective_matrix(tile)
    return seen[..., row, col]


def _some(value: object, lines: slice) -> float | tuple[float, ...]:
    assert isinstance(value, float | tuple)
    return value[lines] if isinstance(value, tuple) else value


def _longer(
    terminal: float | tuple[float, ...],
    segment: float | tuple[float, ...],
    count: int,
) -> float | tuple[float, ...]:
    """Terminal resistance with `count` segments in series (Ω)."""
    if count == 0:
        return terminal
    if isinstance(terminal, float) and isinstance(segment, float):
        return terminal + count * segment
    lines = len(terminal if isinstance(terminal, tuple) else segment)  # type: ignore[arg-type]
    ends = terminal if isinstance(terminal, tuple) else (terminal,) * lines
    parts = segment if isinstance(segment, tuple) else (segment,) * lines
    return tuple(
        end + count * part for end, part in zip(ends, parts, strict=True)
    )
