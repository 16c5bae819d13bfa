"""Figure of what a metric says against the share of stuck cells."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from mho.data import ACCURACY, Metric
from mho.report.figures.style import BLUE, GREEN, VERMILLION, new_figure
from mho.runs import REMEDIES, YieldPoint

_LABELS = {
    "none": "as programmed",
    "partners": "partners and polarities",
    "mapped": "surveyed, mapped around",
}


def yield_figure(
    points: Sequence[YieldPoint], software: float, metric: Metric = ACCURACY
) -> Figure:
    """Mean score of each remedy, with the worst and the best chip.

    Args:
        points: Chips.
        software: What the metric says of the network itself (its unit).
        metric: What chips are judged by.
    """
    figure = new_figure(3.4)
    panel = figure.subplots()
    for remedy, colour, mark in zip(
        REMEDIES, (VERMILLION, BLUE, GREEN), "^so", strict=True
    ):
        # scores of all chips by their share of stuck cells (%)
        chips: dict[float, list[float]] = {}
        for point in points:
            if point.remedy == remedy:
                stuck = 100 * point.stuck_fraction
                chips.setdefault(stuck, []).append(metric.factor * point.score)
        if not chips:
            continue
        shares = sorted(chips)
        mean = [sum(chips[share]) / len(chips[share]) for share in shares]
        lowest = [min(chips[share]) for share in shares]
        highest = [max(chips[share]) for share in shares]
        panel.errorbar(
            shares,
            mean,
            [np.subtract(mean, lowest), np.subtract(highest, mean)],
            fmt=f"{mark}-",
            color=colour,
            capsize=3,
            label=_LABELS[remedy],
        )
    panel.axhline(
        metric.factor * software,
        color="#888888",
        linewidth=1,
        linestyle=":",
        label="software",
    )
    panel.set_xlabel("Stuck cells (%)")
    panel.set_ylabel(metric.axis)
    panel.legend(loc="best")
    return figure
