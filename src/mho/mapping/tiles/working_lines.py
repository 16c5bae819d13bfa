"""Lines of tiles that can be used, and which of them a rectangle takes first."""

from collections.abc import Sequence

import torch

from mho.bench import BenchInfo
from mho.checks import check_shape
from mho.mapping.tiles.fault_survey import FaultMap
from mho.mapping.tiles.line_assignment import AssignedLines
from mho.mapping.tiles.packing import Piece, Spot


def working_lines(
    info: BenchInfo, faults: FaultMap | None, *, paired: bool
) -> list[tuple[list[int], list[int]]]:
    """Rows of each tile, from the sense end, and columns, from the driver end, that work.

    Args:
        info: The bench.
        faults: Broken lines, if they are known.
        paired: Whether columns are counted in pairs, both of which must work.
    """
    if faults is None:
        count = info.cols // 2 if paired else info.cols
        rows = list(range(info.rows))[::-1]
        cols = list(range(count))
        return [(rows, cols)] * info.tiles
    check_shape(faults.stuck, "faults", (info.tiles, info.rows, info.cols))
    lines_of = faults.pairs if paired else faults.cols
    return [(faults.rows(tile), lines_of(tile)) for tile in range(info.tiles)]


def smallest(lines: Sequence[tuple[list[int], list[int]]]) -> tuple[int, int]:
    """Rows and lines that every tile has, those left out that lost more than half (1).

    Raises:
        ValueError: All rows, or all lines, are broken.
    """
    sizes = [(len(rows), len(cols)) for rows, cols in lines]
    most_rows = max(rows for rows, _ in sizes)
    most_cols = max(cols for _, cols in sizes)
    # a tile that lost more is left alone rather than allowed to make all parts small
    usable = [
        (rows, cols)
        for rows, cols in sizes
        if 2 * rows >= most_rows and 2 * cols >= most_cols
    ]
    # where every tile lost half of something, all of them have to serve
    served_by = usable or sizes
    least_rows = min(rows for rows, _ in served_by)
    least_cols = min(cols for _, cols in served_by)
    if least_rows == 0 or least_cols == 0:
        raise ValueError(
            "Argument `faults` must leave a row and a pair of columns that work, but all lines are"
            " broken; take another chip."
        )
    return least_rows, least_cols


def corner_first(
    piece: Piece, spot: Spot, lines: tuple[list[int], list[int]]
) -> AssignedLines:
    """Lines of a rectangle: those next to sense and driver first, then the spare ones."""
    working_rows, working_cols = lines
    rows = working_rows[spot.row : spot.row + spot.rows]
    cols = working_cols[spot.pair : spot.pair + spot.pairs]
    # counted from the sense end, so the last input lies next to it
    used = rows[: piece.inputs][::-1]
    # spare lines are farther off, where wires take more
    spare = rows[piece.inputs :]
    in_order = used + spare
    return AssignedLines(
        spot.tile,
        torch.tensor(in_order),
        torch.tensor(cols),
    )
