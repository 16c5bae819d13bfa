"""Chips of fleets, to choose among on a page: a row of dots for each fleet of each run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mho.data import Metric, metric_of
from mho.report.comparing.finished_run import FinishedRun
from mho.report.comparing.tables import rows_of
from mho.report.wording import number, scored

_TABLE = "chips.csv"
_MOST_CHIPS = 2000
"""Chips of a fleet that a page shows, from the first on (1)."""
_MOST_FLEETS = 12
_NUMBERS = ("chip", "seed", "score", "error", "stuck_cells")
_FIGURES = (
    *_NUMBERS,
    "lowest",
    "highest",
    "converged_fraction",
    "pulses",
    "chip_seconds",
    "chip_joules",
)
"""Columns that are figures of a chip; all others say of which fleet it is."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A fleet.

    Args:
        name: Which.
        chips: Figures of its chips by their numbers.
    """

    name: str
    chips: Mapping[int, Mapping[str, float]]


def fleets_shown(runs: Sequence[FinishedRun]) -> dict[str, Any] | None:
    """Chips that all fleets of all runs have, as scripts draw them.

    Args:
        runs: Runs of one command.

    Returns:
        Plain values; nothing if these are no fleets, or fleets of unlike metrics or chips.
    """
    if runs[0].command != "fleet":
        return None
    metrics = [metric_of(run.result) for run in runs]
    if len({(one.key, one.unit) for one in metrics}) > 1:
        return None
    fleets = [one for run in runs for one in _fleets(run, len(runs) > 1)]
    if not 0 < len(fleets) <= _MOST_FLEETS:
        return None
    common = set.intersection(*(set(one.chips) for one in fleets))
    chips = sorted(common)[:_MOST_CHIPS]
    seeds = [int(fleets[0].chips[chip]["seed"]) for chip in chips]
    if not chips or any(_seeds(one, chips) != seeds for one in fleets):
        return None
    return _content(fleets, chips, seeds, metrics[0], runs[0])


def _content(
    fleets: Sequence[_Shown],
    chips: Sequence[int],
    seeds: Sequence[int],
    metric: Metric,
    first: FinishedRun,
) -> dict[str, Any]:
    factor = metric.factor
    columns = ["Seed"]
    for one in fleets:
        columns += [f"{one.name}: {metric.name}", "error", "cells stuck"]
    rows = [
        [
            number(seed, "d"),
            *(w for f in fleets for w in _words(f, chip, metric)),
        ]
        for chip, seed in zip(chips, seeds, strict=True)
    ]
    return {
        "metric": metric.name,
        "unit": metric.unit,
        "software": factor * first.result[f"software_{metric.key}"],
        "seeds": list(seeds),
        "ways": [
            {
                "name": one.name,
                "scores": [
                    float(f"{factor * one.chips[chip]['score']:.6g}")
                    for chip in chips
                ],
            }
            for one in fleets
        ],
        "columns": columns,
        "rows": rows,
    }


def _words(fleet: _Shown, chip: int, metric: Metric) -> list[str]:
    figures = fleet.chips[chip]
    return [
        scored(figures["score"], metric),
        number(figures["error"], ".2%"),
        number(figures["stuck_cells"], ",.0f"),
    ]


def _seeds(fleet: _Shown, chips: Sequence[int]) -> list[int]:
    return [int(fleet.chips[chip]["seed"]) for chip in chips]


def _fleets(run: FinishedRun, is_one_of_many: bool) -> list[_Shown]:
    """Fleets of a run, from its table; none if that is no table of ours."""
    found: dict[str, dict[int, dict[str, float]]] = {}
    for row in rows_of(run, _TABLE):
        words = [
            f"{name} {word}"
            for name, word in row.items()
            if name not in _FIGURES
        ]
        try:
            figures = {name: float(row[name]) for name in _NUMBERS}
        except (KeyError, TypeError, ValueError):
            return []
        if not all(map(math.isfinite, figures.values())):
            return []
        chips = found.setdefault(", ".join(words), {})
        chips[int(figures["chip"])] = figures
    front = run.name if is_one_of_many else ""
    return [
        _Shown(", ".join(filter(None, (front, words))) or "all chips", chips)
        for words, chips in found.items()
    ]
