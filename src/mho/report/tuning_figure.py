"""The figure of a tuning: accuracy after every step."""

from typing import Any

from matplotlib.figure import Figure

from mho.report.style import BLACK, BLUE, explain, make


def tuning_figure(result: dict[str, Any]) -> Figure:
    """Accuracy on test images after every step, with that of the network in software.

    Args:
        result: What `mho.deployment.tuning_run.tune` returned.
    """
    figure = make(3.0)
    axes = figure.add_subplot()
    names = [step["step"] for step in result["steps"]]
    found = [100 * step["accuracy"] for step in result["steps"]]
    bars = axes.bar(names, found, width=0.5, color=BLUE, label="on the chip")
    axes.bar_label(bars, fmt="%.1f")
    axes.axhline(
        100 * result["software_accuracy"], color=BLACK, linestyle="--", label="in software"
    )
    axes.set_ylim(0, 112)
    axes.set_ylabel("Accuracy (%)")
    explain(axes, f"{result['stuck_cells']} of {result['cells']:,} cells stuck")
    return figure
