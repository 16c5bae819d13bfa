"""Figures of counts: the confusion matrix, and what cells took."""

import math
from typing import Any

import numpy as np
from jaxtyping import Int
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from mho.report.figures.style import (
    COUNT_OF_CELLS,
    as_array,
    finite,
    histogram,
    new_figure,
    say_empty,
)
from mho.runs import RunData

_MOST_NUMBERS = 20
"""Classes up to which the confusion matrix writes its counts (1)."""


def effort_histograms(data: RunData) -> Figure:
    """How much work the cells took: pulses, denoising pulses, reads (count).

    Args:
        data: Run to show.
    """
    figure = new_figure(2.8)
    panels = figure.subplots(1, 3, sharey=True)
    for axes, values, name in zip(
        panels,
        (data.pulses, data.denoise_pulses, data.reads),
        ("Programming pulses", "Denoising pulses", "Reads"),
        strict=True,
    ):
        _histogram(axes, values)
        axes.set_xlabel(f"{name}\nper cell (count)")
    panels[0].set_ylabel(COUNT_OF_CELLS)
    return figure


def _histogram(axes: Any, values: Tensor) -> None:
    known = finite(as_array(values))
    if not known.size:
        say_empty(axes, "no cells")
        return

    low = int(known.min())
    high = int(known.max())
    # Bars of a whole number of counts, or some would hold more values than their neighbours.
    step = max(1, math.ceil((high - low + 1) / 40))
    firsts = np.arange(low, high + step + 1, step, dtype=np.float64)
    histogram(axes, known, firsts - 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))


def confusion_matrix(confusion: Int[Tensor, "classes answers"]) -> Figure:
    """Test samples by true class and by class answered (count).

    Args:
        confusion: Test samples by true class (rows) and class answered (cols) (1).
    """
    counts = as_array(confusion)
    classes = max(counts.shape, default=0)
    figure = new_figure(float(np.clip(1.3 + 0.42 * classes, 2.4, 5.6)))
    axes = figure.subplots()
    axes.grid(visible=False)
    axes.set_xlabel("Class answered (counted from 0)")
    axes.set_ylabel("True class (counted from 0)")
    if not counts.size:
        say_empty(axes, "no samples")
        return figure
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    shown = axes.imshow(
        share,
        cmap="Blues",
        vmin=0,
        vmax=1,
    )
    figure.colorbar(shown, ax=axes).set_label("Share of the true class (1)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(
            MaxNLocator(min(classes, 10) + 1, integer=True, min_n_ticks=1)
        )
    if classes <= _MOST_NUMBERS:
        for (row, col), count in np.ndenumerate(counts):
            colour = "white" if share[row, col] > 0.5 else "black"
            size = 8 if classes <= 12 else 6
            axes.text(
                col,
                row,
                f"{count:.0f}",
                ha="center",
                va="center",
                color=colour,
                fontsize=size,
            )
    return figure
