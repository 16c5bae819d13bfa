"""The figure of a noise analysis: trace and levels, histogram, spectrum."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mho.characterise.telegraph import (
    TelegraphAnalysis,
    Trace,
    power_spectrum,
    trap_spectra,
    white_level,
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
"""Cycles of the slowest trap that the trace panel shows (1)."""
_SHOWN = (300, 3000)
"""Fewest and most samples that it shows (1)."""
_BARS = 120
_STYLES = ("--", "-.", ":")
_COLOURS = (BLUE, ORANGE, VERMILLION)


def noise_figure(trace: Trace, analysis: TelegraphAnalysis) -> Figure:
    """A piece of the trace with the fit, the histogram of all of it, and the spectrum.

    Args:
        trace: What was measured.
        analysis: What was found in it.
    """
    figure = new_figure(6.0)
    grid = figure.add_gridspec(
        2, 2, width_ratios=(3.4, 1), height_ratios=(1.1, 1)
    )
    left = figure.add_subplot(grid[0, 0])
    _trace(left, trace, analysis)
    _histogram(figure.add_subplot(grid[0, 1], sharey=left), trace, analysis)
    _spectrum(figure.add_subplot(grid[1, :]), trace, analysis)
    return figure


def _trace(axes: Any, trace: Trace, analysis: TelegraphAnalysis) -> None:
    count = _count(analysis)
    time = np.arange(count) * analysis.interval
    measured = to_uS(trace.conductance[:count])
    fitted = to_uS(analysis.fitted[:count])
    axes.plot(
        time,
        measured,
        color=SKY,
        linewidth=0.7,
        label="measured",
    )
    axes.plot(
        time,
        fitted,
        color=BLACK,
        linewidth=0.9,
        label="fitted",
    )

    note = ""
    if count < analysis.samples:
        shown = show(count * analysis.interval, "s", 3)
        whole = show(analysis.duration, "s", 3)
        note = f"{shown} of {whole}"
    add_legend(axes, note)

    axes.set_xlabel("Time (s)")
    axes.set_ylabel("Conductance (µS)")


def _count(analysis: TelegraphAnalysis) -> int:
    """Samples that show a few cycles of the slowest trap (1)."""
    if not analysis.traps:
        return analysis.samples
    cycles = [
        trap.capture_time.value + trap.emission_time.value
        for trap in analysis.traps
    ]
    samples = _CYCLES * max(cycles) / analysis.interval
    wanted = int(np.clip(samples, *_SHOWN))
    return min(wanted, analysis.samples)


def _histogram(axes: Any, trace: Trace, analysis: TelegraphAnalysis) -> None:
    axes.hist(
        to_uS(trace.conductance),
        bins=_BARS,
        orientation="horizontal",
        color=SKY,
    )
    for level in analysis.levels:
        axes.axhline(
            level / uS,
            color=BLACK,
            linewidth=0.8,
            linestyle="--",
        )
    axes.set_xlabel("Samples (count)")
    axes.tick_params(labelleft=False)
    axes.set_title("levels dashed", loc="right", fontsize=8.5)


def _spectrum(axes: Any, trace: Trace, analysis: TelegraphAnalysis) -> None:
    frequency, measured = power_spectrum(trace)
    parts = trap_spectra(analysis, frequency)
    white = white_level(analysis)
    hertz = as_array(frequency)
    density = as_array(measured) / uS**2
    axes.loglog(
        hertz,
        density,
        color=SKY,
        linewidth=1,
        label="measured",
    )
    for number, part in enumerate(parts):
        axes.loglog(
            hertz,
            as_array(part) / uS**2,
            _STYLES[number],
            color=_COLOURS[number],
            label=f"trap {number + 1}",
        )

    name = "traps and white noise" if analysis.traps else "white noise"
    total = (as_array(parts.sum(0)) + white) / uS**2
    axes.loglog(
        hertz,
        total,
        color=BLACK,
        linewidth=1,
        label=name,
    )
    # what lies far below the white noise is chance
    lowest = float(measured.min()) / uS**2
    low = min(lowest, white / uS**2 or np.inf)
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
