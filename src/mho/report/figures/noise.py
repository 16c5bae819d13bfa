"""The figure of a trace: its history, a closer look, histogram, lag plot, spectrum."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mho.characterise.history import Stretch, TraceHistory
from mho.characterise.telegraph import (
    Trace,
    power_spectrum,
    trap_spectra,
)
from mho.report.figures.style import (
    BLACK,
    BLUE,
    ORANGE,
    SKY,
    VERMILLION,
    add_legend,
    as_array,
    new_figure,
    to_uS,
)
from mho.units import show, uS

_CYCLES = 12
"""Cycles of the fastest trap that the closer look shows (1)."""
_SHOWN = (300, 3000)
"""Fewest and most samples that it shows (1)."""
_BARS = 120
_COLUMNS = 2000
"""Columns of the whole trace, each from its least to its largest sample (1)."""
_LAG_BINS = 80
_STYLES = ("--", "-.", ":")
_COLOURS = (BLUE, ORANGE, VERMILLION)


def noise_figure(trace: Trace, history: TraceHistory) -> Figure:
    """The whole trace with jumps and stretches, a closer look with the fit, and its statistics.

    Args:
        trace: What was measured.
        history: What was found in it.
    """
    figure = new_figure(8.0)
    grid = figure.add_gridspec(3, 2, width_ratios=(3.4, 1))
    whole = figure.add_subplot(grid[0, 0])
    _whole(whole, trace, history)
    _histogram(figure.add_subplot(grid[0, 1], sharey=whole), trace)
    _closer(figure.add_subplot(grid[1, 0]), trace, history)
    _lag(figure.add_subplot(grid[1, 1]), trace)
    _spectrum(figure.add_subplot(grid[2, :]), trace, history)
    return figure


def _whole(axes: Any, trace: Trace, history: TraceHistory) -> None:
    """All samples, as bands where there are more than columns."""
    measured = to_uS(trace.conductance)
    width = max(1, len(measured) // _COLUMNS)
    columns = len(measured) // width
    bands = measured[: columns * width].reshape(columns, width)
    time = (np.arange(columns) + 0.5) * width * trace.interval
    axes.fill_between(
        time,
        bands.min(1),
        bands.max(1),
        color=SKY,
        linewidth=0.5,
        edgecolor=SKY,
        label="measured",
    )
    fitted = to_uS(history.fitted)[: columns * width]
    axes.plot(
        time,
        fitted.reshape(columns, width).mean(1),
        color=BLACK,
        linewidth=0.8,
        label="without noise",
    )
    for stretch in history.stretches[1:]:
        axes.axvline(stretch.begin, color=BLACK, linewidth=0.5, linestyle=":")
    for number, jump in enumerate(history.jumps):
        axes.axvline(
            jump.time,
            ymax=0.05,
            color=VERMILLION,
            linewidth=1.2,
            label="" if number else "jump",
        )
    note = "stretches dotted" if len(history.stretches) > 1 else ""
    add_legend(axes, note)
    axes.set_xlabel("Time (s)")
    axes.set_ylabel("Conductance (µS)")


def _closer(axes: Any, trace: Trace, history: TraceHistory) -> None:
    """A few cycles of the fastest trap of the stretch with the most jumps of traps."""
    stretch = max(history.stretches, key=_liveliness)
    first = round(stretch.begin / trace.interval)
    last = round(stretch.end / trace.interval)
    count = min(_count(stretch, trace.interval), last - first)
    first += (last - first - count) // 2
    time = (first + np.arange(count)) * trace.interval
    shown_samples = slice(first, first + count)
    axes.plot(
        time,
        to_uS(trace.conductance[shown_samples]),
        color=SKY,
        linewidth=0.7,
        label="measured",
    )
    axes.plot(
        time,
        to_uS(history.fitted[shown_samples]),
        color=BLACK,
        linewidth=0.9,
        label="fitted",
    )
    shown = show(count * trace.interval, "s", 3)
    add_legend(axes, f"{shown} of {show(history.duration, 's', 3)}")
    axes.set_xlabel("Time (s)")
    axes.set_ylabel("Conductance (µS)")


def _liveliness(stretch: Stretch) -> tuple[float, float]:
    jumps = sum((trap.transitions for trap in stretch.traps), 0.0)
    return jumps, stretch.end - stretch.begin


def _count(stretch: Stretch, interval: float) -> int:
    """Samples that show a few cycles of the fastest trap (1)."""
    if not stretch.traps:
        return _SHOWN[1]
    cycles = [
        trap.capture_time.value + trap.emission_time.value
        for trap in stretch.traps
    ]
    return int(np.clip(_CYCLES * min(cycles) / interval, *_SHOWN))


def _histogram(axes: Any, trace: Trace) -> None:
    axes.hist(
        to_uS(trace.conductance),
        bins=_BARS,
        orientation="horizontal",
        color=SKY,
    )
    axes.set_xlabel("Samples (count)")
    axes.tick_params(labelleft=False)


def _lag(axes: Any, trace: Trace) -> None:
    """Each sample against the next: levels lie on the diagonal, jumps beside it."""
    measured = to_uS(trace.conductance)
    counts, x, y = np.histogram2d(measured[:-1], measured[1:], _LAG_BINS)
    axes.pcolormesh(x, y, np.log1p(counts).T, cmap="Blues", rasterized=True)
    axes.set_xlabel("Sample (µS)")
    axes.set_ylabel("Next sample (µS)")


def _spectrum(axes: Any, trace: Trace, history: TraceHistory) -> None:
    frequency, measured = power_spectrum(trace)
    hertz = as_array(frequency)
    axes.loglog(
        hertz,
        as_array(measured) / uS**2,
        color=SKY,
        linewidth=1,
        label="measured",
    )
    steady = history.steady
    total = history.spectrum.density(hertz) / uS**2
    if steady is not None:
        parts = as_array(trap_spectra(steady, frequency)) / uS**2
        for number, part in enumerate(parts):
            axes.loglog(
                hertz,
                part,
                _STYLES[number],
                color=_COLOURS[number],
                label=f"trap {number + 1}",
            )
        total = total + parts.sum(0)
    axes.loglog(
        hertz,
        total,
        color=BLACK,
        linewidth=1,
        label="fitted" if steady is not None else "noise without traps",
    )
    # what lies far below the white noise is chance
    low = float(total.min())
    if low > 0:
        axes.set_ylim(bottom=0.3 * low)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=5,
        borderaxespad=0.2,
    )
    axes.set_xlabel("Frequency (Hz)")
    axes.set_ylabel("Spectral density (µS²/Hz)")
