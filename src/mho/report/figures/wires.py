"""Figure of what wires leave of the current: where it is lost, for which size, what helps."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mho.characterise.wires import SizeCurves, WireLoss, WirePlan
from mho.report.figures.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILLION,
    add_legend,
    as_array,
    new_figure,
)
from mho.units import uS
from mho.wires import WireModel

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
_GREY = "#666666"
_TICK: dict[str, Any] = {
    "marker": "|",
    "markersize": 8,
    "markeredgewidth": 2,
    "linestyle": "none",
}
_LINE = 0.235
"""Height of a line of the list (inch)."""
_BLOCKS = 64
_COARSE = 12
"""Blocks of cells along rows, and columns, of the map and of its contours (1)."""
_STEPS = (
    0.02,
    0.05,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    0.95,
    0.98,
    0.99,
)
"""Shares at which contours are drawn (1)."""


def plan_cost(option: WirePlan, base: WirePlan) -> str:
    """What an alternative costs, in words.

    The periphery is drivers and amplifiers; bits are those of the levels that the range holds.

    Args:
        option: The alternative.
        base: What it is compared with.
    """
    layout = option.layout
    first = base.layout

    words = []
    if layout.tiles > first.tiles:
        words.append(f"{layout.tiles:,} tiles")
    drivers = layout.drivers / first.drivers
    amplifiers = layout.amplifiers / first.amplifiers
    factors = {"drivers": drivers, "amplifiers": amplifiers}
    if drivers == amplifiers:
        factors = {"periphery": drivers}
    # what is the same for both is one word
    factors["cycles"] = layout.cycles / first.cycles
    for name, factor in factors.items():
        if factor != 1:
            words.append(f"{factor:.4g}× {name}")

    range_ratio = (layout.high - layout.low) / (first.high - first.low or 1.0)
    if range_ratio < 1:
        bits = -math.log2(range_ratio)
        unit = "bit" if round(bits, 6) == 1 else "bits"
        words.append(f"−{bits:.2g} {unit}")
    if layout.wires.word_line != first.wires.word_line:
        words.append("lines twice as wide")
    return ", ".join(words)


def plan_name(what: str, plan: WirePlan) -> str:
    """A combination with its tiles.

    Args:
        what: The combination.
        plan: What it came to.
    """
    rows, cols = plan.layout.tile
    return f"{what}: {rows}×{cols}"


def wires_figure(
    loss: WireLoss,
    options: Sequence[WirePlan],
    plans: Sequence[tuple[str, WirePlan | None]],
    wanted: float,
    curves: SizeCurves,
) -> Figure:
    """Map of the share of each cell, share against size of the array, and alternatives.

    Args:
        loss: What the wires leave.
        options: Alternatives, the array itself first.
        plans: Combinations that keep the wanted share; those out of reach are left out.
        wanted: That share (1).
        curves: Share against size.
    """
    reached = []
    for what, plan in plans:
        if plan is not None:
            reached.append((plan_name(what, plan), plan))
    lines = len(options) + len(reached) + 1
    figure = new_figure(3.9 + _LINE * lines)
    heights = (3.2, 0.7 + _LINE * lines)
    parts: Any = figure.subfigures(2, 1, height_ratios=heights)
    top, bottom = parts
    left, right = top.subplots(1, 2, width_ratios=(1.25, 1))
    _map(top, left, loss, options[0].layout.wires)
    _sizes(right, curves)
    _list(bottom, options, reached, wanted)
    return figure


def _map(figure: Any, axes: Any, loss: WireLoss, wires: WireModel) -> None:
    rows, cols = loss.programmed.shape
    image = axes.imshow(
        as_array(loss.blocks(_BLOCKS)),
        cmap="viridis",
        norm=PowerNorm(0.5, 0, 1),
        aspect="auto",
        interpolation="nearest",
        extent=(-0.5, cols - 0.5, rows - 0.5, -0.5),
    )
    _contours(axes, loss)
    axes.grid(visible=False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    driven = "both ends" if wires.sides == "both" else "the left"
    sensed = "both ends" if wires.sense_sides == "both" else "the bottom"
    axes.set_xlabel(f"Column (rows driven from {driven})")
    axes.set_ylabel(f"Row (columns sensed at {sensed})")
    axes.set_title("where current is lost", loc="left")
    bar = figure.colorbar(
        image,
        ax=axes,
        label="Effective / programmed conductance",
        ticks=(0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0),
    )
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _contours(axes: Any, loss: WireLoss) -> None:
    """Lines of equal share, of blocks so large that they differ little by chance."""
    rows, cols = loss.programmed.shape
    if min(rows, cols) < _COARSE:
        return
    share = as_array(loss.blocks(_COARSE))
    steps = [step for step in _STEPS if share.min() < step < share.max()]
    if not steps:
        return
    # middles of the blocks, counted in cells
    block = np.arange(_COARSE) + 0.5
    along = block * cols / _COARSE - 0.5
    down = block * rows / _COARSE - 0.5
    lines = axes.contour(
        along,
        down,
        share,
        levels=steps,
        colors="white",
        linewidths=0.8,
    )
    axes.clabel(lines, fmt=lambda step: f"{step:.0%}", fontsize=8)


def _sizes(axes: Any, curves: SizeCurves) -> None:
    place = np.arange(len(curves.sizes))
    shares = as_array(curves.kept)
    for high, kept, colour in zip(curves.high, shares, _COLOURS, strict=False):
        label = f"up to {high / uS:.4g} µS"
        axes.plot(
            place,
            kept,
            "o-",
            color=colour,
            markersize=4,
            label=label,
        )
    names = [f"{rows}×{cols}" for rows, cols in curves.sizes]
    axes.set_xticks(place, names, rotation=30, ha="right")
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("Size of the array")
    axes.set_ylabel("Current kept")
    axes.set_title("smaller arrays, lower ranges", loc="left")
    axes.legend(loc="lower left", fontsize=8.5)


def _list(
    figure: Any,
    options: Sequence[WirePlan],
    plans: Sequence[tuple[str, WirePlan]],
    wanted: float,
) -> None:
    axes, words = figure.subplots(1, 2, sharey=True, width_ratios=(1.2, 1))
    base = options[0]
    rows: list[tuple[str, WirePlan | None]] = []
    for option in options:
        rows.append((option.what, option))
    if plans:
        heading = f"to keep {100 * wanted:.4g} %:"
        rows += [(heading, None), *plans]

    for place, (_, plan) in enumerate(rows):
        if plan is None:
            continue
        _line(axes, place, plan)
        price = plan_cost(plan, base)
        words.text(
            0,
            place,
            price,
            fontsize=8,
            va="center",
            color=_GREY,
        )

    axes.axvline(
        base.kept,
        color="#888888",
        linewidth=1,
        linestyle=":",
    )
    names = [name for name, _ in rows]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("Current kept, random conductances")
    axes.tick_params(axis="y", length=0)

    words.set_axis_off()
    words.set_title("cost", loc="left")
    mean = axes.plot([], [], "o", color=BLUE, label="mean")[0]
    worst = axes.plot([], [], color=VERMILLION, label="worst column", **_TICK)[
        0
    ]
    add_legend(axes, "", (mean, worst))


def _line(axes: Any, place: int, option: WirePlan) -> None:
    axes.plot(
        [option.worst, option.kept], [place, place], color="#bbbbbb", zorder=1
    )
    axes.plot(option.worst, place, color=VERMILLION, clip_on=False, **_TICK)
    axes.plot(
        option.kept,
        place,
        "o",
        color=BLUE,
        markersize=6,
        clip_on=False,
        zorder=3,
    )
