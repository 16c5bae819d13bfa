"""Figures of how well the cells hold their targets: scatter, errors."""

import math
from typing import Any

import numpy as np
from jaxtyping import Bool
from matplotlib.figure import Figure

from mho.programming import Outcome
from mho.report.figures.style import (
    BLACK,
    BLUE,
    COUNT_OF_CELLS,
    VERMILLION,
    Array,
    add_legend,
    band,
    finite,
    histogram,
    new_figure,
    say_empty,
    to_uS,
)
from mho.runs import RunData
from mho.units import uS

_FAR = 10.0
"""How many tolerances the error axes reach at most (1)."""
_WIDE = 20.0
"""Largest target in medians up to which linear axes show all of them well (1)."""


def readback_scatter(data: RunData) -> Figure:
    """Read-back against target of every cell, and what is left below (µS).

    Args:
        data: Run to show.
    """
    figure = new_figure(6.4)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.6))
    target, readback, stuck = _cells(data)
    error = readback - target
    tolerance = data.tolerance / uS

    if target.size:
        ends = [target.min(), target.max()]
        _scatter(top, target, readback, stuck)
        _scatter(bottom, target, error, stuck)
        top.plot(
            ends,
            ends,
            color=BLACK,
            linewidth=0.6,
            label="read-back = target",
        )
        add_legend(top)
        _spread(top, target, readback)
    else:
        say_empty(top, "no cells")
    top.set_ylabel("Read-back (µS)")

    bottom.set_ylabel("Read-back − target (µS)")
    bottom.set_xlabel("Target (µS)")
    window = band(bottom, tolerance, label=f"tolerance, ±{tolerance:.3g} µS")
    bottom.axhline(0, color=BLACK, linewidth=0.8)
    # a cell found stuck may lie anywhere: the axis is for the others
    limit = _limit(error[~stuck], tolerance)
    bottom.set_ylim(-limit, limit)

    beyond = int((np.abs(error) > limit).sum())
    note = ""
    if beyond:
        note = (
            f"not shown: {beyond:,} of {target.size:,} beyond ±{limit:.3g} µS"
        )
    add_legend(bottom, note, [window])
    return figure


def error_histogram(data: RunData) -> Figure:
    """How many cells ended how far from their targets (µS).

    Args:
        data: Run to show.
    """
    figure = new_figure(3.4)
    axes = figure.subplots()

    error = finite(to_uS(data.error))
    tolerance = data.tolerance / uS
    limit = _limit(error, tolerance)
    band(
        axes, tolerance, vertical=True, label=f"tolerance, ±{tolerance:.3g} µS"
    )
    if error.size:
        # The outermost bars hold all that lies further out, so that every cell is counted.
        counted = np.clip(error, -limit, limit)
        histogram(axes, counted, _bins(limit, tolerance))
    else:
        say_empty(axes, "no cells")

    beyond = int((np.abs(error) > limit).sum())
    note = f"in the outermost bars: {beyond:,} beyond ±{limit:.3g} µS"
    add_legend(axes, note if beyond else "")

    axes.set_xlim(-limit, limit)
    axes.set_xlabel("Read-back − target (µS)")
    axes.set_ylabel(COUNT_OF_CELLS)
    return figure


def _scatter(
    axes: Any, target: Array, values: Array, stuck: Bool[np.ndarray, " cells"]
) -> None:
    live = ~stuck
    axes.plot(
        target[live],
        values[live],
        ".",
        color=BLUE,
        markersize=3,
        alpha=0.6,
        markeredgewidth=0,
        rasterized=True,
        label="cells",
    )
    if stuck.any():
        axes.plot(
            target[stuck],
            values[stuck],
            "x",
            color=VERMILLION,
            markersize=3.5,
            markeredgewidth=0.9,
            rasterized=True,
            label="cells found stuck",
        )


def _spread(axes: Any, target: Array, readback: Array) -> None:
    """Make the axes logarithmic if a few targets lie far above all others.

    The partner of a cell stuck at a high conductance makes up for it with a high target of its
    own. A read-back that is not positive falls below the axis; the panel of errors counts it.
    """
    positive = readback[readback > 0]
    if not positive.size or target.min() <= 0:
        return
    typical = np.median(target)
    if target.max() <= _WIDE * typical:
        return

    low = positive.min() / 1.4
    high = positive.max() * 1.4
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")


def _cells(data: RunData) -> tuple[Array, Array, Bool[np.ndarray, " cells"]]:
    """Target, read-back (µS) and whether stuck, of every cell of every layer that has both."""
    # a run without layers has no cells, and nothing to concatenate
    target = np.zeros(0)
    readback = np.zeros(0)
    stuck = np.zeros(0, dtype=bool)
    for layer in data.layers:
        is_stuck = (layer.outcome == Outcome.STUCK).flatten().cpu().numpy()
        target = np.append(target, to_uS(layer.target))
        readback = np.append(readback, to_uS(layer.readback))
        stuck = np.append(stuck, is_stuck)
    known = np.isfinite(target) & np.isfinite(readback)
    return target[known], readback[known], stuck[known]


def _bins(limit: float, tolerance: float) -> Array:
    """Edges of the bars (µS), the window's own among them so that no bar is half inside."""
    step = tolerance / 10 or limit / 20
    reach = math.ceil(limit / step - 1e-9)
    return step * np.arange(-reach, reach + 1, dtype=np.float64)


def _limit(error: Array, tolerance: float) -> float:
    """Where the error axis ends (µS): at the largest error, but never far outside the window."""
    largest = float(np.abs(error).max(initial=0.0))
    return (
        float(np.clip(1.05 * largest, 1.5 * tolerance, _FAR * tolerance)) or 1.0
    )
