"""Figures in rows and columns, and counts: conductance maps, confusion matrix, effort."""

import math
from typing import Any

import numpy as np
from jaxtyping import Int
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from mho.programming import Outcome
from mho.report.figures.style import (
    COUNT_OF_CELLS,
    Array,
    as_array,
    finite,
    histogram,
    new_figure,
    say_empty,
    to_uS,
)
from mho.report.wording import CLIP
from mho.runs import LayerMap, RunData
from mho.units import uS

_USUAL = 0.995
"""Fraction of the targets that the colours of conductance tell apart (1)."""
_MOST_NUMBERS = 20
"""Classes up to which the confusion matrix writes its counts (1)."""


def conductance_maps(data: RunData, layer: LayerMap) -> Figure:
    """Target, read-back and error of one layer, cell by cell (µS).

    Args:
        data: Run that the layer is part of: all its layers share their colour scales.
        layer: Layer to show.
    """
    rows, cols = layer.target.shape
    height = 1.5 + 1.9 * rows / max(cols, 1)
    figure = new_figure(float(np.clip(height, 3.0, 4.6)))
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    left, middle, right = panels

    target = to_uS(layer.target)
    readback = to_uS(layer.readback)
    low, high = _range(data)
    clip = CLIP * data.tolerance / uS or 1.0
    _map(left, target, "target", "viridis", low, high)
    _map(middle, readback, "read-back", "viridis", low, high)
    _map(right, readback - target, "error", "PuOr", -clip, clip)

    left.set_ylabel("Row (counted from 0)")
    middle.set_xlabel("Column (counted from 0)")
    _mark(figure, right, layer)
    return figure


def _map(
    axes: Any, values: Array, title: str, colours: str, low: float, high: float
) -> None:
    axes.grid(visible=False)
    axes.set_title(title)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    if not values.size:
        say_empty(axes)
        return
    shown = axes.imshow(
        np.ma.masked_invalid(values),
        cmap=colours,
        vmin=low,
        vmax=high,
        aspect="auto",
        interpolation="nearest",
    )
    bar = axes.figure.colorbar(
        shown, ax=axes, location="bottom", extend="both", aspect=14
    )
    bar.set_label("Error (µS)" if title == "error" else "Conductance (µS)")


def _mark(figure: Figure, axes: Any, layer: LayerMap) -> None:
    """Put marks on the cells that did not reach their targets, and say what they mean."""
    marks = (
        (Outcome.STUCK, {"marker": "x", "color": "black"}, "found stuck"),
        (
            Outcome.OUT_OF_CYCLES,
            {"marker": "o", "facecolors": "none", "edgecolors": "black"},
            "out of cycles",
        ),
    )
    shared = {"s": 18, "linewidths": 0.9, "clip_on": False}
    handles = []
    for outcome, look, name in marks:
        row, col = np.nonzero(as_array(layer.outcome == outcome))
        if row.size:
            label = f"{name} ({row.size:,})"
            handles.append(
                axes.scatter(col, row, label=label, **look, **shared)
            )
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower right",
            ncols=2,
        )


def _range(data: RunData) -> tuple[float, float]:
    """Lowest and highest usual target of the whole run (µS).

    A cell that makes up for a stuck partner may have a target many times the others', and a
    scale up to that would show all others in one colour.
    """
    targets = [finite(to_uS(layer.target)) for layer in data.layers]
    known = np.concatenate([np.zeros(0), *targets])
    if not known.size:
        return 0.0, 1.0
    low, high = (float(end) for end in np.quantile(known, (0.0, _USUAL)))
    if low < high:
        return low, high
    # all alike: a scale from zero shows that they are not nothing
    return 0.0, max(1.0, high)


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
