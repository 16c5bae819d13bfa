"""The figure of a tuning: accuracy after every step."""

from typing import Any

from matplotlib.figure import Figure

from mho.report.figures.style import BLACK, BLUE, ORANGE, add_legend, new_figure


def tuning_figure(result: dict[str, Any]) -> Figure:
    """Accuracy on test images after every step, with that of the network in software.

    Args:
        result: What `mho.deployment.tuning_run.tune` returned.
    """
    figure = new_figure(3.0)
    axes = figure.add_subplot()
    names = [
        f"{number}  {step['step']}" for number, step in enumerate(result["steps"], 1)
    ]
    for where, colour, label in (
        ("software", ORANGE, "in software, before programming"),
        ("chip", BLUE, "on the chip"),
    ):
        some = [k for k, step in enumerate(result["steps"]) if step["where"] == where]
        if some:
            found = [100 * result["steps"][k]["accuracy"] for k in some]
            bars = axes.bar(some, found, width=0.5, color=colour, label=label)
            axes.bar_label(bars, fmt="%.1f", label_type="center", color="white")
    axes.set_xticks(range(len(names)), names)
    axes.axhline(
        100 * result["software_accuracy"],
        color=BLACK,
        linestyle="--",
        label="untuned, in software",
    )
    axes.set_ylim(0, 112)
    axes.set_ylabel("Accuracy (%)")
    axes.set_xlabel(f"{result['stuck_cells']} of {result['cells']:,} cells stuck")
    add_legend(axes)
    return figure
