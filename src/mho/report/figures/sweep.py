"""Figure of a sweep: levels and cost against one field, or a map over two."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mho.report.figures.style import (
    BLUE,
    GREEN,
    ORANGE,
    VERMILLION,
    Array,
    new_figure,
)
from mho.sweeping import Axis, Subject

Rows = list[tuple[tuple[float, ...], dict[str, float]]]

_PUBLISHED = 2048


def sweep_figure(
    axes: list[Axis], rows: Rows, subject: Subject
) -> Figure | None:
    """Levels, cells that hold and pulses against the field; a map for two; none for more.

    Args:
        axes: What was swept.
        rows: Values of the fields, and what was measured.
        subject: Knows units.
    """
    if len(axes) == 1:
        return _curve(axes[0], rows, subject)
    if len(axes) == 2:
        return _map(axes, rows, subject)
    return None


def _label(axis: Axis, subject: Subject) -> str:
    unit = subject.unit(axis.name)
    return axis.name if unit == "1" else f"{axis.name} ({unit})"


def _curve(axis: Axis, rows: Rows, subject: Subject) -> Figure:
    figure = new_figure(6.0)
    panels: Any = figure.subplots(
        3, 1, sharex=True, height_ratios=(2, 1.2, 1.2)
    )
    levels, shares, pulses = panels
    ordered = sorted(rows, key=lambda row: row[0][0])
    x = np.array([values[0] for values, _ in ordered])
    columns = {}
    for name in ordered[0][1]:
        columns[name] = np.array([measured[name] for _, measured in ordered])

    _levels(levels, x, columns)
    shares.plot(x, columns["converged"], "s--", color=ORANGE, label="converged")
    shares.plot(x, columns["held"], "o-", color=GREEN, label="held")
    shares.set_ylabel("Share of cells (1)")
    # room above, in proportion to what is shown below
    least = min(columns["held"].min(), 0.99)
    shares.set_ylim(top=1 + 0.04 * (1 - least))
    shares.legend(loc="best")

    pulses.plot(x, columns["pulses"], "s--", color=ORANGE, label="programming")
    pulses.plot(
        x, columns["denoise_pulses"], "o-", color=BLUE, label="denoising"
    )
    pulses.set_ylabel("Pulses per cell")
    pulses.set_ylim(bottom=0)
    pulses.legend(loc="best")
    pulses.set_xlabel(_label(axis, subject))

    if axis.logarithmic:
        pulses.set_xscale("log")
    if axis.name in subject.preset.values:
        default = subject.preset[axis.name]
        for panel in panels:
            panel.axvline(
                default,
                color="#888888",
                linewidth=1,
                linestyle=":",
            )
        levels.set_title("dotted: the default", loc="right", fontsize=8.5)
    return figure


def _levels(panel: Any, x: Array, columns: dict[str, Array]) -> None:
    """Levels with their intervals, and the published number."""
    levels = columns["levels"]
    below = levels - columns["levels_low"]
    above = columns["levels_high"] - levels
    spread = np.stack((below, above)).clip(0)
    panel.errorbar(
        x,
        levels,
        spread,
        fmt="o-",
        color=BLUE,
        capsize=3,
    )
    panel.axhline(
        _PUBLISHED,
        color=VERMILLION,
        linewidth=1,
        label="2,048 levels",
    )
    panel.set_ylim(bottom=0)
    panel.set_ylabel("Levels 99 % hold")
    panel.legend(loc="best")


def _map(axes: list[Axis], rows: Rows, subject: Subject) -> Figure:
    down, along = axes
    levels = np.array([measured["levels"] for _, measured in rows])
    table = levels.reshape(len(down.values), len(along.values))
    figure = new_figure(1.6 + 0.45 * len(down.values))
    panel = figure.subplots()
    image = panel.imshow(table, aspect="auto", cmap="viridis")
    # words must be read on dark and on light colours
    is_dark = table < (table.min() + table.max()) / 2
    for (row, col), value in np.ndenumerate(table):
        panel.text(
            col,
            row,
            f"{value:,.0f}",
            ha="center",
            va="center",
            color="white" if is_dark[row, col] else "black",
            fontsize=8.5,
        )

    along_names = [f"{value:.3g}" for value in along.values]
    down_names = [f"{value:.3g}" for value in down.values]
    panel.set_xticks(range(len(along_names)), along_names)
    panel.set_yticks(range(len(down_names)), down_names)
    panel.set_xlabel(_label(along, subject))
    panel.set_ylabel(_label(down, subject))

    panel.grid(visible=False)
    figure.colorbar(image, ax=panel, label="Levels 99 % hold")
    return figure
