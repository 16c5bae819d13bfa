"""Figure of the level experiment, in the manner of Fig. 1g of the paper (key: rao2023)."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from mho.characterise.levels import LevelSet
from mho.report.figures.style import (
    BLACK,
    BLUE,
    ORANGE,
    Array,
    add_legend,
    as_array,
    band,
    new_figure,
    to_uS,
)
from mho.units import mV, uA, uS

_INSET_LEVELS = 8
"""Neighbouring levels that the inset tells apart (1)."""
_REACH = 8.0
"""Tolerances that the axis of errors reaches (1)."""


def levels_figure(
    levels: LevelSet, plain_levels: LevelSet | None, tolerance: float
) -> Figure:
    """Current of every level against voltage, and how far each level is from its target.

    Args:
        levels: The levels of one cell, denoised if `plain_levels` are given.
        plain_levels: The same without denoising.
        tolerance: Half-width of the acceptance window (S).
    """
    figure = new_figure(6.6)
    fan, errors = figure.subplots(2, 1, height_ratios=(3, 1.7))
    _fan(fan, levels)

    width = tolerance / uS
    band(errors, width, label=f"±{width:.3g} µS")
    name = "levels"
    if plain_levels is not None:
        name = "denoised"
        _errors(errors, plain_levels, tolerance, ORANGE, "not denoised")
    _errors(errors, levels, tolerance, BLUE, name)

    errors.axhline(0, color=BLACK, linewidth=0.6)
    errors.set_ylim(-_REACH * width, _REACH * width)
    errors.set_xlabel("Target (µS)")
    errors.set_ylabel("Reading − target (µS)")
    highest = float(to_uS(levels.target).max())
    errors.set_xlim(0, 1.02 * highest)

    add_legend(errors)
    # dots as small as those of the levels could not be told apart by their colours
    for handle in errors.get_legend().legend_handles[1:]:
        handle.set_markersize(7)
    return figure


def _fan(axes: Any, levels: LevelSet) -> None:
    voltage = as_array(levels.voltage)
    current = as_array(levels.current) / uA
    count = current.shape[1]
    _lines(axes, voltage, current, width=0.25)

    axes.set_xlim(0, voltage[-1])
    axes.set_ylim(0, 1.03 * float(current.max()))
    axes.set_xlabel("Voltage (V)")
    axes.set_ylabel("Current (µA)")
    axes.set_title(f"{count:,} levels of one cell", loc="left")

    # neighbours at three quarters of the range
    first = max(count * 3 // 4 - _INSET_LEVELS // 2, 0)
    by_target = np.argsort(as_array(levels.target))
    some = by_target[first : first + _INSET_LEVELS]
    # the last tenth of a step: further out a level's slope hides its neighbours
    end = voltage[-1]
    step = voltage[-1] - voltage[-2]
    start = end - 0.1 * step
    slope = (current[-1] - current[-2]) / step
    at_start = current[-1] - slope * (end - start)
    ends = np.stack((at_start, current[-1]))[:, some]

    inset = axes.inset_axes((0.1, 0.46, 0.36, 0.48))
    _lines(inset, np.array([start, end]) / mV, ends, width=1.4)
    inset.set_xlabel("mV", fontsize=8, labelpad=1)
    inset.set_ylabel("µA", fontsize=8, labelpad=1)
    inset.tick_params(labelsize=8)
    shown = to_uS(levels.target)[some]
    inset.set_title(f"{shown.min():.0f} to {shown.max():.0f} µS", fontsize=8.5)
    inset.set_facecolor("white")
    inset.autoscale()


def _lines(axes: Any, x: Array, y: Array, width: float) -> None:
    """Curves coloured from low to high. Shapes (points,) and (points, curves)."""
    points = np.stack(np.broadcast_arrays(x[:, None], y), -1)
    curves = points.transpose(1, 0, 2)
    lines = LineCollection(
        list(curves),
        linewidths=width,
        cmap="viridis",
        rasterized=True,
    )
    lines.set_array(y[-1])
    axes.add_collection(lines)


def _errors(
    axes: Any, levels: LevelSet, tolerance: float, colour: str, name: str
) -> None:
    error = to_uS(levels.error)
    reach = 0.97 * _REACH * tolerance / uS
    good = int(levels.within(tolerance).sum())
    axes.plot(
        to_uS(levels.target),
        np.clip(error, -reach, reach),
        ".",
        color=colour,
        markersize=2.5,
        markeredgewidth=0,
        rasterized=True,
        label=f"{name}: {good:,} of {error.size:,} within",
    )


def widths_figure(
    conductance: Array, half_width: Array, tolerance: float
) -> Figure:
    """How far looks at a level spread, along the range.

    Args:
        conductance: Targets (µS). Shape (points,).
        half_width: Distance that all looks but the error rate stay within (µS). Shape (points,).
        tolerance: Half-width of the acceptance window (µS).
    """
    figure = new_figure(3.2)
    axes = figure.subplots()
    axes.axhspan(
        0,
        tolerance,
        color="#009E73",
        alpha=0.18,
        linewidth=0,
        label="tolerance",
    )
    axes.plot(
        conductance,
        half_width,
        "o-",
        color=BLUE,
        markersize=4,
        label="half-width",
    )
    axes.set_ylim(0, 1.1 * max(float(half_width.max()), tolerance))
    axes.set_xlabel("Target (µS)")
    axes.set_ylabel("Half-width of a level (µS)")
    add_legend(axes)
    return figure
