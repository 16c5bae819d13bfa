"""Tables of `mho levels`: what every cell holds, and every level of the first one."""

import csv
import io
from collections.abc import Iterable

from torch import Tensor

from mho.characterise.levels import LevelExperiment, LevelSet, LevelTally
from mho.programming import Outcome
from mho.report.figures import to_uS

CELLS = "cells.csv"
LEVELS = "levels.csv"
_COUNTS = ("pulses", "denoise_pulses", "reads")


def cells_table(
    experiment: LevelExperiment, tally: LevelTally, noisy: LevelTally | None
) -> bytes:
    """A line for each cell: where it is, and what its levels together came to.

    Args:
        experiment: What was written where.
        tally: What came of it, denoised where cells can be.
        noisy: The same without denoising.
    """
    cols = experiment.chip.cols
    numbers = range(experiment.first, experiment.first + experiment.cells)
    columns: dict[str, Iterable[object]] = {
        "row": [number // cols for number in numbers],
        "col": [number % cols for number in numbers],
    }
    for ending, found in (("", tally), ("_no_denoise", noisy)):
        counts = {} if found is None else found.per_cell
        for name, values in counts.items():
            is_time = name == "seconds"
            columns[name + ending] = [
                f"{one:.6g}" if is_time else int(one) for one in values.tolist()
            ]
    return _csv(columns)


def levels_table(levels: LevelSet, noisy: LevelSet | None) -> bytes:
    """A line for each level of the first cell.

    Args:
        levels: Its levels, denoised where cells can be.
        noisy: The same without denoising.
    """
    columns: dict[str, Iterable[object]] = {
        "target_uS": _rounded(levels.target)
    }
    for ending, found in (("", levels), ("_no_denoise", noisy)):
        if found is None:
            continue
        columns["reading_uS" + ending] = _rounded(found.reading)
        columns["outcome" + ending] = [
            Outcome(one).name.lower() for one in found.outcome.tolist()
        ]
        for name in _COUNTS:
            columns[name + ending] = getattr(found, name).tolist()
    return _csv(columns)


def _rounded(conductance: Tensor) -> list[str]:
    """Conductances (µS) as fine as anybody can read them."""
    return [f"{one:.7g}" for one in to_uS(conductance).tolist()]


def _csv(columns: dict[str, Iterable[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()
