"""How the chips of fleets are spread, and what shares of all chips reach."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mho.data import Metric
from mho.report.figures import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    add_legend,
    new_figure,
)
from mho.runs.fleets import FleetResult, condition_words

_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, BLACK)
_MOST_NAMED = 12
"""Fleets that a legend can tell apart (1)."""


def fleet_figure(
    result: Mapping[str, Any], metric: Metric, fleets: Sequence[FleetResult]
) -> Figure:
    """Share of chips up to every score, a step line for each fleet.

    Args:
        result: What `mho fleet` found.
        metric: What chips are judged by.
        fleets: The chips.
    """
    figure = new_figure(3.8)
    axes = figure.subplots()
    for number, one in enumerate(fleets):
        scores = np.sort([row["score"] for row in one.rows]) * metric.factor
        share = 100 * np.arange(1, len(scores) + 1) / len(scores)
        axes.step(
            scores,
            share,
            where="post",
            color=_COLOURS[number % len(_COLOURS)],
            label=f"{condition_words(one.task.condition)}, {len(scores):,} chips",
        )
    software = result[f"software_{metric.key}"] * metric.factor
    axes.axvline(
        software, color=BLACK, linestyle="--", linewidth=1, label="software"
    )
    axes.set_xlabel(metric.axis)
    axes.set_ylabel("Chips up to there (%)")
    axes.set_ylim(0, 102)
    if len(fleets) <= _MOST_NAMED:
        add_legend(axes)
    return figure
