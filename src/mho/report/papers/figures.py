"""Figures of claims, in the manner of the papers'."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from matplotlib.figure import Figure

from mho.papers.experiments import (
    TOLERANCE,
    HoldShown,
    LevelsShown,
    MapShown,
    PulsesShown,
    RelaxationShown,
    SpectrumShown,
    TracesShown,
    WaitingShown,
    WindowsShown,
)
from mho.report.figures import (
    BLACK,
    BLUE,
    COUNT_OF_CELLS,
    GREEN,
    ORANGE,
    SKY,
    VERMILLION,
    add_legend,
    as_array,
    levels_figure,
    new_figure,
    say_empty,
    to_uS,
)
from mho.report.papers.precise_figures import PRECISE
from mho.units import uS

_COLOURS = (SKY, BLUE, VERMILLION)
_BY_TIME = (SKY, BLUE, GREEN, ORANGE, VERMILLION)


def draw_shown(shown: object) -> Figure:
    """The figure of what a measurement shows.

    Args:
        shown: Its `shown`.
    """
    maker = _MAKERS.get(type(shown))
    if maker is None:
        figure = new_figure(1.5)
        say_empty(figure.subplots())
        return figure
    return maker(shown)


def _levels(shown: LevelsShown) -> Figure:
    return levels_figure(shown.denoised, shown.plain, TOLERANCE)


def _traces(shown: TracesShown) -> Figure:
    """Left before, right after denoising, on one scale."""
    figure = new_figure(3.4)
    panels = figure.subplots(1, 2)
    left, right = panels
    time = as_array(shown.time)
    targets = to_uS(shown.target)
    for axes, traces, title in (
        (left, shown.before, "before denoising"),
        (right, shown.after, "after"),
    ):
        for number, colour in enumerate(_COLOURS):
            target = float(targets[number])
            axes.plot(
                time,
                to_uS(traces[:, number]),
                color=colour,
                linewidth=0.7,
                label=f"{target:.0f} µS",
            )
            axes.axhline(
                target,
                color=BLACK,
                linewidth=0.5,
                linestyle=":",
            )
        axes.set_title(title)
        axes.set_xlabel("Time (s)")
    left.set_ylabel("Conductance at 0.2 V (µS)")
    middle = float(targets[1])
    right.set_ylim(middle - 5, middle + 5)
    right.legend(
        loc="upper right",
        ncols=3,
        handlelength=1.2,
        columnspacing=1.0,
    )
    return figure


def _map(shown: MapShown) -> Figure:
    figure = new_figure(8.6)
    top, bottom = figure.subplots(2, 1, height_ratios=(2.4, 1))
    reading = to_uS(shown.reading)
    image = top.imshow(reading, cmap="viridis", interpolation="nearest")
    top.set_xlabel("Bit line")
    top.set_ylabel("Word line")
    top.grid(visible=False)
    figure.colorbar(
        image,
        ax=top,
        label="Conductance (µS)",
        shrink=0.9,
    )
    level = to_uS(shown.level)
    block = shown.block.numpy()
    spacing = (level[1] - level[0]) / 2
    away = reading - level[block]
    known = np.isfinite(away)
    bottom.plot(
        level[block][known],
        away[known],
        ".",
        color=BLUE,
        markersize=2,
        alpha=0.3,
        markeredgewidth=0,
        rasterized=True,
    )
    for side in (-spacing, spacing):
        bottom.axhline(
            side,
            color=VERMILLION,
            linewidth=1,
            label="half-way to the next level" if side > 0 else None,
        )
    reach = max(
        1.3 * spacing, 1.05 * float(np.abs(away[known]).max(initial=0.0))
    )
    bottom.set_ylim(-reach, reach)
    bottom.set_xlabel("Level (µS)")
    bottom.set_ylabel("Reading − level (µS)")
    add_legend(bottom)
    return figure


def _hold(shown: HoldShown) -> Figure:
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2)
    worst = to_uS(shown.worst)
    target = to_uS(shown.target)
    width = shown.tolerance / uS
    reach = 4 * width
    left.axhspan(
        0,
        width,
        color=GREEN,
        alpha=0.18,
        linewidth=0,
    )
    left.plot(
        target,
        np.minimum(worst, reach),
        ".",
        color=BLUE,
        markersize=1.5,
        markeredgewidth=0,
        alpha=0.4,
        rasterized=True,
    )
    left.set_ylim(0, reach * 1.03)
    left.set_xlabel("Target (µS)")
    left.set_ylabel("Largest distance (µS)")
    ordered = np.sort(worst)
    right.plot(ordered, 1 - np.arange(ordered.size) / ordered.size, color=BLUE)
    right.axvline(
        width,
        color=GREEN,
        linewidth=1.2,
        label=f"±{width:.3g} µS",
    )
    right.axhline(
        0.005,
        color=ORANGE,
        linewidth=1.2,
        label="0.5 % of cells",
    )
    right.set_yscale("log")
    right.set_xlim(0, reach)
    right.set_xlabel("Window (µS)")
    right.set_ylabel("Cells that left it (1)")
    right.legend(loc="upper right")
    return figure


def _spectrum(shown: SpectrumShown) -> Figure:
    figure = new_figure(3.4)
    panels = figure.subplots(1, 2)
    for axes, x, y, law, name in (
        (
            panels[0],
            shown.one_frequency,
            shown.one_density,
            shown.one_law,
            "Lorentzian",
        ),
        (panels[1], shown.frequency, shown.density, shown.law, "1/f"),
    ):
        axes.loglog(
            as_array(x),
            as_array(y),
            "o",
            color=BLUE,
            markersize=3.5,
            label="simulated",
        )
        axes.loglog(
            as_array(x),
            as_array(law),
            color=VERMILLION,
            linewidth=1.3,
            label=name,
        )
        axes.set_xlabel("Frequency (Hz)")
        axes.legend(loc="lower left")
    panels[0].set_ylabel("Spectral density (1/Hz)")
    panels[0].set_title("one trap, unit amplitude")
    panels[1].set_title("many traps, unit amplitude each")
    return figure


def _pulses(shown: PulsesShown) -> Figure:
    figure = new_figure(2.8)
    axes = figure.subplots()
    pulses = as_array(shown.pulses)
    simulated = float(pulses.mean())
    # a bar for each number; the few cells beyond would squeeze the others
    most = int(np.quantile(pulses, 0.999))
    edges = [number + 0.5 for number in range(most + 1)]
    axes.hist(pulses, bins=edges, color=BLUE)

    for mean, colour, name in (
        (shown.published, VERMILLION, "published mean"),
        (simulated, BLACK, "simulated mean"),
    ):
        axes.axvline(
            mean,
            color=colour,
            linewidth=1.3,
            label=f"{name}, {mean:.2f}",
        )

    axes.set_xlabel("Pulses (1)")
    axes.set_ylabel(COUNT_OF_CELLS)
    axes.legend(loc="upper right")
    return figure


def _relaxation(shown: RelaxationShown) -> Figure:
    figure = new_figure(3.2)
    axes = figure.subplots()
    target = to_uS(shown.conductance)
    for row, (age, colour) in enumerate((("1 s", BLUE), ("1 day", VERMILLION))):
        published = to_uS(shown.published[row])
        simulated = to_uS(shown.simulated[row])
        axes.plot(target, published, color=colour, label=f"published, {age}")
        axes.plot(
            target, simulated, "o", color=colour, label=f"simulated, {age}"
        )

    axes.set_ylim(bottom=0)
    axes.set_xlabel("Target (µS)")
    axes.set_ylabel("Standard deviation (µS)")
    add_legend(axes)

    return figure


def _waiting(shown: WaitingShown) -> Figure:
    figure = new_figure(3.2)
    axes = figure.subplots()
    middle = as_array(shown.conductance)
    names = ("10 ms", "0.1 s", "1 s", "4 s", "10⁵ s")
    for row, (name, colour) in enumerate(zip(names, _BY_TIME, strict=True)):
        measured = as_array(shown.measured[row])
        simulated = as_array(shown.simulated[row])
        axes.plot(middle, measured, color=colour, label=f"measured, {name}")
        axes.plot(middle, simulated, "o", color=colour)

    axes.plot([], [], "o", color=BLACK, label="simulated")
    axes.set_xlabel("Conductance when written (µS)")
    axes.set_ylabel(shown.name)
    add_legend(axes)
    return figure


def _windows(shown: WindowsShown) -> Figure:
    figure = new_figure(3.0)
    axes = figure.subplots()
    window = 100 * as_array(shown.window)
    pulses = as_array(shown.pulses)
    axes.loglog(window, pulses, "o-", color=BLUE, label="simulated")
    # through the published 10 pulses at 2 %
    inverse = 20 / window
    axes.loglog(window, inverse, color=VERMILLION, label="inverse proportion")
    axes.loglog(
        [2, 0.2],
        [10, 90],
        "s",
        color=BLACK,
        fillstyle="none",
        label="published",
    )
    axes.set_xticks(window, [f"{percent:g}" for percent in window])
    axes.minorticks_off()
    axes.set_xlabel("Half-width of the window (% of the target)")
    axes.set_ylabel("Pulses per cell")
    axes.legend(loc="upper right")
    return figure


_MAKERS = cast(
    "dict[type, Callable[[Any], Figure]]",
    {
        LevelsShown: _levels,
        TracesShown: _traces,
        MapShown: _map,
        HoldShown: _hold,
        SpectrumShown: _spectrum,
        WindowsShown: _windows,
        PulsesShown: _pulses,
        RelaxationShown: _relaxation,
        WaitingShown: _waiting,
        **PRECISE,
    },
)
