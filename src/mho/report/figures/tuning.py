"""The figure of a tuning: accuracy after every step."""

from typing import Any

from matplotlib.figure import Figure

from mho.report.figures.style import BLACK, BLUE, ORANGE, add_legend, new_figure


def tuning_figure(result: dict[str, Any]) -> Figure:
    """Accuracy on test images after every step, with that of the network in software.

    Args:
        result: What `mho.runs.tune` returned.
    """
    figure = new_figure(3.0)
    axes = figure.add_subplot()

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
        accuracy = [100 * steps[place]["accuracy"] for place in places]
        bars = axes.bar(
            places,
            accuracy,
            width=0.5,
            color=colour,
            label=label,
        )
        axes.bar_label(
            bars,
            fmt="%.1f",
            label_type="center",
            color="white",
        )

    names = [
        f"{number}  {step['step']}" for number, step in enumerate(steps, 1)
    ]
    axes.set_xticks(range(len(names)), names)
    axes.axhline(
        100 * result["software_accuracy"],
        color=BLACK,
        linestyle="--",
        label="untuned, in software",
    )
    # room for the legend above bars of 100 %
    axes.set_ylim(0, 112)
    axes.set_ylabel("Accuracy (%)")
    axes.set_xlabel(
        f"{result['stuck_cells']} of {result['cells']:,} cells stuck"
    )
    add_legend(axes)
    return figure
