"""The figure of a tuning: what the metric says after every step."""

from typing import Any

from matplotlib.figure import Figure

from mho.data import ACCURACY, PERCENT, metric_of
from mho.report.figures.style import BLACK, BLUE, ORANGE, add_legend, new_figure


def tuning_figure(result: dict[str, Any]) -> Figure:
    """What the metric says of test samples after every step, with that of the network in software.

    Args:
        result: What `mho.runs.tune` returned.
    """
    figure = new_figure(3.0)
    axes = figure.add_subplot()

    metric = metric_of(result)
    steps = result["steps"]
    for where, colour, label in (
        ("software", ORANGE, "in software, before programming"),
        ("chip", BLUE, "on the chip"),
    ):
        places = [
            place for place, step in enumerate(steps) if step["where"] == where
        ]
        if not places:
            continue
        scores = [metric.factor * steps[place][metric.key] for place in places]
        bars = axes.bar(
            places,
            scores,
            width=0.5,
            color=colour,
            label=label,
        )
        axes.bar_label(
            bars,
            fmt="%.1f" if metric.unit == PERCENT else "%.3g",
            label_type="center",
            color="white",
        )

    names = [
        f"{number}  {step['step']}" for number, step in enumerate(steps, 1)
    ]
    axes.set_xticks(range(len(names)), names)
    axes.axhline(
        metric.factor * result[f"software_{metric.key}"],
        color=BLACK,
        linestyle="--",
        label="untuned, in software",
    )
    if metric == ACCURACY:
        # room for the legend above bars of 100 %
        axes.set_ylim(0, 112)
    axes.set_ylabel(metric.axis)
    axes.set_xlabel(
        f"{result['stuck_cells']} of {result['cells']:,} cells stuck"
    )
    add_legend(axes)
    return figure
