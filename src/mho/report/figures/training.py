"""The figure of training on the chip: accuracy after every pass, and the pulses it took."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mho.report.figures.style import BLUE, VERMILLION, add_legend, new_figure

_COLOURS = (VERMILLION, BLUE)
_MARKS = "so"


def training_figure(result: dict[str, Any]) -> Figure:
    """Accuracy on test and training samples after every pass, above; below, pulses a cell.

    Args:
        result: What `mho.runs.learn` returned.
    """
    figure = new_figure(5.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))

    runs = result["runs"].items()
    for (name, passes), colour, mark in zip(
        runs, _COLOURS, _MARKS, strict=False
    ):
        number = range(1, len(passes) + 1)
        test = [100 * look["accuracy"] for look in passes]
        training = [100 * look["training_accuracy"] for look in passes]
        pulses = [look["cost"]["pulses"] / result["cells"] for look in passes]
        upper.plot(number, test, f"{mark}-", color=colour, label=name)
        upper.plot(
            number,
            training,
            f"{mark}:",
            color=colour,
            alpha=0.5,
            markersize=4,
        )
        lower.plot(number, pulses, f"{mark}-", color=colour)

    upper.set_ylabel("Accuracy (%)")
    add_legend(upper, "test samples; dotted: training samples, during the pass")

    lower.set_ylabel("Pulses per cell (1)")
    lower.set_ylim(bottom=0)
    lower.set_xlabel("Passes over the training samples")
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
