"""Figure of many chips with one network."""

import numpy as np
from matplotlib.figure import Figure

from mho.report.figures.style import (
    BLACK,
    BLUE,
    ORANGE,
    Array,
    add_legend,
    new_figure,
)
from mho.runs import Population

_CLOSE = 0.014
_LANE = 0.1
"""Distance below which dots would overlap, over the span of all, and between their lanes (1)."""


def population_figure(population: Population) -> Figure:
    """One dot for each chip, a row for each way to program them, software as a line.

    Args:
        population: Chips to show.
    """
    batches = population.batches
    figure = new_figure(1.1 + 0.8 * len(batches))
    axes = figure.subplots()
    metric = population.metric
    factor = metric.factor
    values = [factor * np.array(batch.scores) for batch in batches]
    everything = np.concatenate([*values, [factor * population.software]])
    span = float(np.ptp(everything))
    for row, (batch, scores, colour) in enumerate(
        zip(batches, values, (BLUE, ORANGE), strict=False)
    ):
        mark = axes.errorbar(
            factor * batch.mean,
            row + 0.32,
            xerr=factor * batch.deviation,
            fmt="|",
            color=BLACK,
            capsize=3,
            markersize=9,
            elinewidth=1.0,
        )
        axes.plot(
            scores,
            row - side_by_side(scores, _CLOSE * span),
            "o",
            color=colour,
            markersize=5,
            alpha=0.8,
            markeredgewidth=0,
        )
    mark.set_label("mean ± standard deviation")
    axes.axvline(
        factor * population.software,
        color="#666666",
        linestyle=":",
        label="software",
        zorder=0.8,
    )
    axes.set_yticks(
        range(len(batches)),
        [batch.name.replace(", ", "\n") for batch in batches],
    )
    axes.set_ylim(len(batches) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(metric.axis)
    add_legend(axes, "one dot for each chip")
    return figure


def side_by_side(values: Array, close: float) -> Array:
    """Lanes for dots on a line, such that no two in one lane lie close; the rest stays in lane 0.

    Args:
        values: Where the dots lie. Shape (dots,).
        close: Distance at which they do not touch, in the unit of the values.

    Returns:
        Distance of each dot from the line (rows of the figure). Shape (dots,).
    """
    lanes = np.zeros_like(values)
    ends: list[float] = []  # where the last dot of each lane lies

    for dot in np.argsort(values, kind="stable"):
        place = values[dot]
        free = [lane for lane, end in enumerate(ends) if place - end > close]
        if free:
            lane = free[0]
            ends[lane] = place
        else:
            lane = len(ends)
            ends.append(place)
        lanes[dot] = lane
    # Many equal chips are drawn closer together rather than across the next row.
    gaps = max(1, len(ends) - 1)
    even = 0.75 / gaps
    spacing = min(_LANE, even)
    return lanes * spacing - 0.1
