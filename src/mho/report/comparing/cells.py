"""Cells of runs of `mho levels`, to look at one by one on a page: a map for each run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mho.report.comparing.finished_run import FinishedRun
from mho.report.comparing.tables import numbers_of, rows_of
from mho.report.explorable import MOST_CELLS, Packer

CELLS = "cells.csv"
_PLACE = ("row", "col")
_QUANTITIES = {
    "within": "levels within the tolerance",
    "within_1uS": "levels within 1 µS",
    "converged": "levels converged",
    "stuck": "levels found stuck",
    "pulses": "programming pulses",
    "denoise_pulses": "denoising pulses",
    "reads": "reads",
    "seconds": "seconds on the chip",
}
_FRACTIONS = ("seconds",)
"""Quantities that are no counts."""


def cells_shown(
    runs: Sequence[FinishedRun], packer: Packer
) -> dict[str, Any] | None:
    """Maps of what cells hold and cost, as scripts draw them.

    Args:
        runs: Runs of one command.
        packer: Takes the arrays.

    Returns:
        Plain values; nothing if no run has a table of its cells.
    """
    if runs[0].command != "levels":
        return None
    left = MOST_CELLS
    layers = []
    for run in runs:
        layer = _layer(run, packer, left)
        if layer is not None:
            left -= layer["rows"] * layer["cols"]
            layers.append(layer)
    if not layers:
        return None
    quantities = [
        {"name": name, "label": label} for name, label in _QUANTITIES.items()
    ]
    return {"layers": layers, "quantities": quantities}


def _layer(
    run: FinishedRun, packer: Packer, most: int
) -> dict[str, Any] | None:
    """A run's cells at their places on the tile; places between them stay open."""
    columns = numbers_of(rows_of(run, CELLS), (*_PLACE, *_QUANTITIES))
    if not columns or not columns["row"]:
        return None
    row, col = (np.array(columns[name], dtype=np.int64) for name in _PLACE)
    rows = int(np.ptp(row)) + 1
    cols = int(np.ptp(col)) + 1
    if rows * cols > most:
        return None
    arrays = {}
    for name in _QUANTITIES:
        placed = np.full((rows, cols), np.nan)
        placed[row - row.min(), col - col.min()] = columns[name]
        is_whole = name not in _FRACTIONS
        arrays[name] = (
            packer.counts(placed) if is_whole else packer.relative(placed)
        )
    return {
        "name": run.name,
        "row": int(row.min()),
        "col": int(col.min()),
        "rows": rows,
        "cols": cols,
        "arrays": arrays,
    }
