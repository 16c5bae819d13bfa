"""Figure of a sweep: levels and cost against one field, or a map over two."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mho.report.figures.style import BLUE, GREEN, ORANGE, VERMILLION, new_figure
from mho.sweeping import Axis, Subject

Rows = list[tuple[tuple[float, ...], dict[str, float]]]

_PUBLISHED = 2048


def sweep_figure(axes: list[Axis], rows: Rows, subject: Subject) -> Figure | None:
    """Levels, cells that hold and pulses against the field; a map for two; none for more.

    Args:
        axes: What was swept.
        rows: Values of the fields, and what was measured.
        subject: Knows units.
    """
    if len(axes) == 1:
        return _curve(axes[0], rows, subject)
    return _map(axes, rows, subject) if len(axes) == 2 else None


def _label(axis: Axis, subject: Subject) -> str:
    unit = subject.unit(axis.name)
    return axis.name if unit == "1" else f"{axis.name} ({unit})"


def _curve(axis: Axis, rows: Rows, subject: Subject) -> Figure:
    figure = new_figure(6.0)
    panels: Any = figure.subplots(3, 1, sharex=True, height_ratios=(2, 1.2, 1.2))
    order = sorted(rows, key=lambda row: row[0][0])
    x = np.array([values[0] for values, _ in order])
    get = {name: np.array([row[name] for _, row in order]) for name in order[0][1]}
    spread = np.stack(
        (get["levels"] - get["levels_low"], get["levels_high"] - get["levels"])
    )
    panels[0].errorbar(
        x, get["levels"], spread.clip(0), fmt="o-", color=BLUE, capsize=3
    )
    panels[0].axhline(_PUBLISHED, color=VERMILLION, linewidth=1, label="2,048 levels")
    panels[0].set_ylim(bottom=0)
    panels[0].set_ylabel("Levels 99 % hold")
    panels[0].legend(loc="best")
    panels[1].plot(x, get["converged"], "s--", color=ORANGE, label="converged")
    panels[1].plot(x, get["held"], "o-", color=GREEN, label="held")
    panels[1].set_ylabel("Share of cells (1)")
    panels[1].set_ylim(top=1 + 0.04 * (1 - min(get["held"].min(), 0.99)))
    panels[1].legend(loc="best")
    panels[2].plot(x, get["pulses"], "s--", color=ORANGE, label="programming")
    panels[2].plot(x, get["denoise_pulses"], "o-", color=BLUE, label="denoising")
    panels[2].set_ylabel("Pulses per cell")
    panels[2].set_ylim(bottom=0)
    panels[2].legend(loc="best")
    panels[2].set_xlabel(_label(axis, subject))
    if axis.logarithmic:
        panels[2].set_xscale("log")
    if axis.name in subject.preset.values:
        for panel in panels:
            panel.axvline(
                subject.preset[axis.name], color="#888888", linewidth=1, linestyle=":"
            )
        panels[0].set_title("dotted: the default", loc="right", fontsize=8.5)
    return figure


def _map(axes: list[Axis], rows: Rows, subject: Subject) -> Figure:
    down, along = axes
    levels = np.array([row["levels"] for _, row in rows])
    table = levels.reshape(len(down.values), len(along.values))
    figure = new_figure(1.6 + 0.45 * len(down.values))
    panel = figure.subplots()
    image = panel.imshow(table, aspect="auto", cmap="viridis")
    dark = table < (table.min() + table.max()) / 2
    for (row, col), value in np.ndenumerate(table):
        colour = "white" if dark[row, col] else "black"
        panel.text(
            col,
            row,
            f"{value:,.0f}",
            ha="center",
            va="center",
            color=colour,
            fontsize=8.5,
        )
    panel.set_xticks(range(len(along.values)), [f"{v:.3g}" for v in along.values])
    panel.set_yticks(range(len(down.values)), [f"{v:.3g}" for v in down.values])
    panel.set_xlabel(_label(along, subject))
    panel.set_ylabel(_label(down, subject))
    panel.grid(visible=False)
    figure.colorbar(image, ax=panel, label="Levels 99 % hold")
    return figure
