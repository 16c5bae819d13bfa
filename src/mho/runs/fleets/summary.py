"""What the chips of a fleet come to: intervals, quantiles, bounds on all chips, yield."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mho.data import Metric
from mho.fleet import (
    Row,
    Tally,
    at_least,
    chips_needed,
    mean_interval,
    quantile_interval,
    share_interval,
)
from mho.runs.fleets.fleet import FleetResult

FIGURES = {
    "error": "error of the worst output against the digital network, relative",
    "converged_fraction": "share of the working cells that converged",
    "stuck_cells": "cells found stuck",
    "pulses": "pulses",
    "chip_seconds": "programming on the chip (s)",
    "chip_joules": "energy of programming (J)",
}
"""Figures of a chip besides its score, and what each is."""

_COLUMNS = (
    "score",
    "lowest",
    "highest",
    "error",
    "converged_fraction",
    "stuck_cells",
    "pulses",
    "chip_seconds",
    "chip_joules",
)
"""Figures of a chip in a table, in order: those of a part that was kept come in another one."""

QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
SHARES = (0.5, 0.9, 0.99, 0.999)
"""Shares of all chips that bounds are given for (1)."""


@dataclass(frozen=True, slots=True)
class Questioned:
    """What is asked of a fleet's scores.

    Args:
        metric: What chips are judged by.
        threshold: Score from which on a chip is good; no yield if `None` (unit of the metric).
        width: Interval of the mean that is wanted (unit of the metric); not asked if `None`.
    """

    metric: Metric
    threshold: float | None = None
    width: float | None = None


def summarised(found: FleetResult, asked: Questioned) -> dict[str, Any]:
    """Plain values of one fleet, the same however it was made.

    Args:
        found: Its chips.
        asked: What is asked.
    """
    rows = found.rows
    scores = Tally(row["score"] for row in rows)
    summary: dict[str, Any] = {
        "condition": dict(found.task.condition.words),
        "task": found.task.key,
        "cells": found.task.way,
        "chips": len(rows),
        "stopped_early": found.stopped,
        asked.metric.key: _told(scores) | {"reached_by": _bounds(rows, asked)},
    }

    if asked.threshold is not None:
        summary["yield"] = _yield(rows, asked, asked.threshold)
    if asked.width is not None:
        summary["chips_needed"] = {
            "width": asked.width,
            "chips": chips_needed(scores, asked.width),
        }

    for name in FIGURES:
        summary[name] = _told(Tally(float(row[name]) for row in rows))
    return summary


def chips_told(found: FleetResult, first_seed: int) -> list[dict[str, Any]]:
    """A row for each chip, for a table.

    Args:
        found: The chips.
        first_seed: Seed of the first.
    """
    words = dict(found.task.condition.words)
    return [
        words
        | {"chip": number, "seed": first_seed + number}
        | {name: row[name] for name in _COLUMNS}
        for number, row in enumerate(found.rows)
    ]


def _told(tally: Tally) -> dict[str, Any]:
    """Mean, spread and quantiles of one figure, with 95 % intervals."""
    low, high = mean_interval(tally)
    is_closed = tally.count > 1
    return {
        "mean": tally.mean,
        "mean_95": [low, high] if is_closed else None,
        "standard_deviation": tally.deviation,
        "smallest": tally.smallest,
        "largest": tally.largest,
        "quantiles": [
            {
                "share": share,
                "value": tally.sketch.quantile(share),
                "value_95": list(quantile_interval(tally, share)),
            }
            for share in QUANTILES
        ],
    }


def _bounds(rows: Sequence[Row], asked: Questioned) -> list[dict[str, Any]]:
    """What shares of all chips reach, 95 % sure, whichever way is better."""
    sign = 1.0 if asked.metric.higher_is_better else -1.0
    tally = Tally(sign * row["score"] for row in rows)
    told = []
    for share in SHARES:
        bound = at_least(tally, share)
        value = None if bound.value is None else sign * bound.value
        told.append(
            {
                "share": share,
                "value": value,
                "chips_needed": bound.chips_needed,
            }
        )
    return told


def _yield(
    rows: Sequence[Row], asked: Questioned, threshold: float
) -> dict[str, Any]:
    """Share of chips that are good enough."""
    better = asked.metric.better
    good = sum(not better(threshold, row["score"]) for row in rows)
    low, high = share_interval(good, len(rows))
    return {
        "threshold": threshold,
        "good_chips": good,
        "share": good / len(rows),
        "share_95": [low, high],
    }
