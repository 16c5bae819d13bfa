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
        lines = info.cols // 2 if paired else info.cols
        return [(list(range(info.rows))[::-1], list(range(lines)))] * info.tiles
    check_shape(faults.stuck, "faults", (info.tiles, info.rows, info.cols))
    lines_of = faults.pairs if paired else faults.cols
    return [(faults.rows(tile), lines_of(tile)) for tile in range(info.tiles)]


def smallest(lines: Sequence[tuple[list[int], list[int]]]) -> tuple[int, int]:
    """Rows and lines that every tile has, those left out that lost more than half (1).

    Raises:
        ValueError: All rows, or all lines, are broken.
    """
    rows, cols = (max(len(tile[k]) for tile in lines) for k in range(2))
    usable = [t for t in lines if 2 * len(t[0]) >= rows and 2 * len(t[1]) >= cols]
    least = [min(len(tile[k]) for tile in usable or lines) for k in range(2)]
    if min(least) == 0:
        raise ValueError(
            "Argument `faults` must leave a row and a pair of columns that work, but all lines are"
            " broken; take another chip."
        )
    return least[0], least[1]


def corner_first(
    piece: Piece, spot: Spot, lines: tuple[list[int], list[int]]
) -> AssignedLines:
    """Lines of a rectangle: those next to sense and driver first, then the spare ones."""
    rows = lines[0][spot.row : spot.row + spot.rows]
    cols = lines[1][spot.pair : spot.pair + spot.pairs]
    rows = rows[: piece.inputs][::-1] + rows[piece.inputs :]
    return AssignedLines(spot.tile, torch.tensor(rows), torch.tensor(cols))
