"""Figure of what wires leave of the current: where it is lost, for which size, what helps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mho.characterise.wire_loss import WireLoss
from mho.characterise.wire_savings import Option, SizeCurves
from mho.chip.wires import WireModel
from mho.report.style import BLUE, GREEN, ORANGE, PURPLE, VERMILLION, explain, make, plain
from mho.units import uS

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
_GREY = "#666666"
_LINE = 0.235
"""Height of a line of the list (inch)."""
_FRACTIONS = {2: "half", 4: "a quarter"}


def cost(option: Option, base: Option) -> str:
    """What an alternative costs, in words.

    Args:
        option: The alternative.
        base: What it is compared with.
    """
    layout, first = option.layout, base.layout
    rows, cols = layout.tile
    words = []
    if layout.tiles > first.tiles:
        words.append(f"{layout.tiles:,} tiles of {rows}×{cols}")
    times = {
        "drivers": layout.drivers / first.drivers,
        "amplifiers": layout.amplifiers / first.amplifiers,
        "cycles": layout.turns / first.turns,
    }
    by_factor: dict[float, list[str]] = {}
    for name, factor in times.items():
        if factor != 1:
            by_factor.setdefault(factor, []).append(name)
    words += [f"{factor:.3g}× {' and '.join(names)}" for factor, names in by_factor.items()]
    part = (layout.high - layout.low) / (first.high - first.low or 1.0)
    if part < 1:
        words.append(f"{part:.0%} of the levels")
    if layout.wires.word_line != first.wires.word_line:
        words.append("2× as wide lines")
    return ", ".join(words)


def wires_figure(
    loss: WireLoss,
    options: Sequence[Option],
    plans: Sequence[tuple[str, Option]],
    wanted: float,
    curves: SizeCurves,
) -> Figure:
    """Map of the share of each cell, share against size of the array, and alternatives.

    Args:
        loss: What the wires leave.
        options: Alternatives, the array itself first.
        plans: Combinations that keep the wanted share.
        wanted: That share (1).
        curves: Share against size.
    """
    lines = len(options) + len(plans) + 1
    figure = make(3.9 + _LINE * lines)
    parts: Any = figure.subfigures(2, 1, height_ratios=(3.2, 0.7 + _LINE * lines))
    top, bottom = parts
    left, right = top.subplots(1, 2, width_ratios=(1.25, 1))
    _map(top, left, loss, options[0].layout.wires)
    _sizes(right, curves)
    _list(bottom.subplots(), options, plans, wanted)
    return figure


def _map(figure: Any, axes: Any, loss: WireLoss, wires: WireModel) -> None:
    share = plain(loss.share)
    rows, cols = share.shape
    image = axes.imshow(
        share, cmap="viridis", vmin=0, vmax=1, aspect="auto", interpolation="nearest",
        extent=(-0.5, cols - 0.5, rows - 0.5, -0.5),
    )  # fmt: skip
    if min(rows, cols) > 1 and np.ptp(share) > 0.01:
        steps = [s for s in np.linspace(0.1, 0.9, 9) if share.min() < s < share.max()]
        lines = axes.contour(share, levels=steps, colors="white", linewidths=0.7)
        axes.clabel(lines, fmt=lambda s: f"{s:.0%}", fontsize=8)
    axes.grid(visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    both_rows, both_cols = wires.sides == "both", wires.sense_sides == "both"
    axes.set_xlabel(f"Column ({'driven from both ends' if both_rows else 'driven from the left'})")
    axes.set_ylabel(f"Row ({'sensed at both ends' if both_cols else 'sensed at the bottom'})")
    axes.set_title("where current is lost", loc="left")
    bar = figure.colorbar(image, ax=axes, label="Share of a cell's current that arrives")
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _sizes(axes: Any, curves: SizeCurves) -> None:
    place = np.arange(len(curves.sizes))
    for high, kept, colour in zip(curves.high, plain(curves.kept), _COLOURS, strict=False):
        label = f"up to {high / uS:.4g} µS"
        axes.plot(place, kept, "o-", color=colour, markersize=4, label=label)
    axes.set_xticks(place, [f"{r}×{c}" for r, c in curves.sizes], rotation=30, ha="right")
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("Size of the array")
    axes.set_ylabel("Current kept")
    axes.set_title("the same wires, smaller or less conductive", loc="left")
    axes.legend(loc="lower left", fontsize=8.5)


def _list(
    axes: Any, options: Sequence[Option], plans: Sequence[tuple[str, Option]], wanted: float
) -> None:
    base, names, place = options[0], [], 0
    rows = [(option.what, option) for option in options]
    heading = f"fewest tiles that keep {100 * wanted:.4g} %:" if plans else ""
    for what, option in [*rows, (heading, None), *plans]:
        names.append(what)
        if option is not None:
            axes.plot([option.worst, option.kept], [place, place], color="#bbbbbb", zorder=1)
            axes.plot(option.worst, place, "|", color=VERMILLION, markersize=8, markeredgewidth=2)
            axes.plot(option.kept, place, "o", color=BLUE, markersize=6)
            axes.text(1.02, place, cost(option, base), fontsize=8.5, va="center", color=_GREY)
        place += 1
    axes.axvline(base.kept, color="#888888", linewidth=1, linestyle=":")
    axes.set_yticks(range(place), names)
    axes.set_ylim(place - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("Current kept, random conductances")
    axes.tick_params(axis="y", length=0)
    handles = [
        axes.plot([], [], "o", color=BLUE, label="mean over columns")[0],
        axes.plot([], [], "|", color=VERMILLION, markersize=8, markeredgewidth=2,
                  label="worst column")[0],
    ]  # fmt: skip
    explain(axes, "what one change would save, and its cost", handles)
