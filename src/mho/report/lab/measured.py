"""The figure of a measurement of each kind: what was measured, and how it is spread."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from mho.characterise.lab import Summary
from mho.measured import (
    ArrayMap,
    Endurance,
    LevelTable,
    Measurement,
    NormalisedResponses,
    PulseResponses,
    StepTable,
    Sweeps,
    Waits,
)
from mho.report.figures import (
    BLACK,
    BLUE,
    ORANGE,
    SKY,
    VERMILLION,
    add_legend,
    new_figure,
    say_empty,
)
from mho.units import uS

Array = npt.NDArray[np.float64]

_MOST_LINES = 40
"""Ramps or sweeps that are drawn at most (1)."""
_MOST_DOTS = 20_000
"""Pulses or readings that are drawn at most (1)."""
_BARS = 60


def measured_figure(measured: Measurement, summary: Summary) -> Figure:
    """The figure of a measurement of any kind but traces.

    Args:
        measured: What was measured.
        summary: Its summary.
    """
    figure = new_figure(3.6)
    left, right = figure.subplots(1, 2)
    _DRAWN[type(measured)](left, right, measured, summary)
    return figure


def _pulses(
    left: Any, right: Any, measured: PulseResponses, summary: Summary
) -> None:
    """Ramps with their mean, and steps against conductance."""
    for name, colour in (("set", BLUE), ("reset", VERMILLION)):
        way = summary.get(name)
        if way is None:
            continue
        curve = way["curve"]
        if curve is not None:
            _ramps(left, measured, 1 if name == "set" else -1)
            left.plot(
                curve["pulse"],
                np.array(curve["mean_S"]) / uS,
                color=colour,
                label=f"mean, {name.upper()}",
            )
        mask = measured.direction == (1 if name == "set" else -1)
        thin = _thin(int(mask.sum()))
        right.plot(
            measured.before[mask][thin] / uS,
            (measured.after - measured.before)[mask][thin] / uS,
            ".",
            markersize=2,
            color=colour,
            alpha=0.4,
            label=name.upper(),
        )
    if not left.lines:
        left.plot(
            measured.before / uS,
            measured.after / uS,
            ".",
            markersize=2,
            color=BLUE,
        )
        left.set_xlabel("Before (µS)")
        left.set_ylabel("After (µS)")
    else:
        left.set_xlabel("Pulse")
        left.set_ylabel("Conductance (µS)")
    add_legend(left)
    right.axhline(0, color=BLACK, linewidth=0.6)
    right.set_xlabel("Conductance before (µS)")
    right.set_ylabel("Step (µS)")
    add_legend(right)


def _ramps(axes: Any, measured: PulseResponses, sign: int) -> None:
    """Some of the ramps, thin."""
    numbers = np.unique(measured.ramp[measured.direction == sign])
    for number in numbers[_thin(len(numbers), _MOST_LINES)]:
        own = measured.ramp == number
        values = np.concatenate((measured.before[own][:1], measured.after[own]))
        axes.plot(values / uS, color=SKY, linewidth=0.5)


def _thin(count: int, most: int = _MOST_DOTS) -> slice:
    return slice(None, None, max(1, -(-count // most)))


def _waits(left: Any, right: Any, measured: Waits, summary: Summary) -> None:
    """Mean and spread by time; the distribution at the longest."""
    temperatures = summary["temperatures_K"] or [None]
    colours = (BLUE, ORANGE, VERMILLION, BLACK, SKY)
    for number, kelvin in enumerate(temperatures):
        rows = [
            row for row in summary["by_time"] if row["temperature_K"] == kelvin
        ]
        time = np.array([max(row["time_s"], 1e-3) for row in rows])
        mean = np.array([row["mean_S"] for row in rows]) / uS
        wide = np.array([row["sd_S"] for row in rows]) / uS
        label = "mean ± sd" if kelvin is None else f"{kelvin - 273.15:.0f} °C"
        colour = colours[number % 5]
        left.errorbar(
            time,
            mean,
            wide,
            color=colour,
            capsize=2,
            fmt="o-",
            label=label,
        )
    left.set_xscale("log")
    left.set_xlabel("Time (s)")
    left.set_ylabel("Shift (µS)")
    add_legend(left)
    # at the longest wait, or near it
    longest = measured.time.max()
    late = measured.time >= longest / 2
    moved = measured.conductance - measured.written
    shift = moved[late]
    _bars(right, shift / uS)
    right.set_xlabel("Shift (µS)")


def _bars(axes: Any, values: Array) -> None:
    known = values[np.isfinite(values)]
    if known.size == 0:
        say_empty(axes)
        return
    low, high = np.quantile(known, (0.001, 0.999))
    edges = np.linspace(low, max(high, low + 1e-12), _BARS + 1)
    counts, _ = np.histogram(known, edges)
    axes.stairs(counts, edges, fill=True, color=BLUE)
    axes.set_yscale("symlog")
    axes.set_ylabel("Count")


def _endurance(
    left: Any, right: Any, measured: Endurance, summary: Summary
) -> None:
    """Both states by cycle, and the window."""
    thin = _thin(len(measured.cycle))
    cycle = np.maximum(measured.cycle[thin], 0.5)
    for values, colour, name in (
        (measured.low, BLUE, "low"),
        (measured.high, ORANGE, "high"),
    ):
        left.plot(
            cycle,
            values[thin] / uS,
            ".",
            markersize=3,
            color=colour,
            label=name,
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = measured.high[thin] / measured.low[thin]
    right.plot(cycle, ratio, ".", markersize=3, color=BLUE)
    lost = summary["cycles_to_loss_median"]
    if lost:
        right.axvline(
            lost, color=VERMILLION, linewidth=1, label="half of the window lost"
        )
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("Cycle")
    left.set_ylabel("Conductance (µS)")
    right.set_ylabel("High over low")
    add_legend(left)
    add_legend(right)


def _sweeps(left: Any, right: Any, measured: Sweeps, summary: Summary) -> None:
    """Some sweeps, linear and logarithmic."""
    numbers = np.unique(measured.sweep)
    for number in numbers[_thin(len(numbers), _MOST_LINES)]:
        own = measured.sweep == number
        left.plot(
            measured.voltage[own],
            measured.current[own] / uS,
            color=BLUE,
            linewidth=0.5,
        )
        right.plot(
            measured.voltage[own],
            np.abs(measured.current[own]),
            color=BLUE,
            linewidth=0.5,
        )
    for name, colour in (("set_V", ORANGE), ("reset_V", VERMILLION)):
        if summary[name] is not None:
            right.axvline(
                summary[name]["median"],
                color=colour,
                linewidth=1,
                label=name[:-2].upper(),
            )
    right.set_yscale("log")
    left.set_ylabel("Current (µA)")
    right.set_ylabel("Current (A)")
    for axes in (left, right):
        axes.set_xlabel("Voltage (V)")
    add_legend(right)


def _map(left: Any, right: Any, measured: ArrayMap, summary: Summary) -> None:
    """The map, and its histogram."""
    del summary
    drawn = left.imshow(
        measured.conductance / uS,
        aspect="auto",
        interpolation="nearest",
        cmap="viridis",
    )
    left.grid(visible=False)
    left.figure.colorbar(drawn, ax=left, label="µS")
    left.set_xlabel("Column")
    left.set_ylabel("Row")
    _bars(right, measured.conductance.reshape(-1) / uS)
    right.set_xlabel("Conductance (µS)")


def _levels(
    left: Any, right: Any, measured: LevelTable, summary: Summary
) -> None:
    """Means with deviations, and deviations against means."""
    del summary
    wide = np.nan_to_num(measured.deviation) / uS
    left.errorbar(
        np.arange(len(measured.mean)),
        measured.mean / uS,
        wide,
        fmt="o",
        color=BLUE,
        capsize=2,
    )
    left.set_xlabel("Level")
    left.set_ylabel("Conductance (µS)")
    right.plot(measured.mean / uS, wide, "o", color=BLUE)
    right.set_xlabel("Conductance (µS)")
    right.set_ylabel("Standard deviation (µS)")


def _responses(
    left: Any, right: Any, measured: NormalisedResponses, summary: Summary
) -> None:
    """Both curves, and their steps."""
    del summary
    for values, colour, name in (
        (measured.up, BLUE, "up"),
        (measured.down, VERMILLION, "down"),
    ):
        left.plot(values, color=colour, linewidth=0.5)
        left.plot([], color=colour, label=name)
        steps = np.diff(values, axis=0)
        steps = steps[np.isfinite(steps)]
        right.hist(steps, _BARS, histtype="step", color=colour, label=name)
    left.set_xlabel("Pulse")
    left.set_ylabel("Response")
    right.set_xlabel("Step")
    right.set_ylabel("Count")
    add_legend(left)
    add_legend(right)


def _steps(
    left: Any, right: Any, measured: StepTable, summary: Summary
) -> None:
    """Median and spread by conductance, and the distribution in the middle."""
    del summary
    ranks = [
        int(np.argmin(np.abs(measured.probability - p)))
        for p in (0.05, 0.5, 0.95)
    ]
    low, middle, high = (measured.step[:, rank] / uS for rank in ranks)
    level = measured.conductance / uS
    left.fill_between(level, low, high, color=SKY, label="5 to 95 %")
    left.plot(level, middle, color=BLACK, label="median")
    left.set_xlabel("Conductance (µS)")
    left.set_ylabel("Step (µS)")
    add_legend(left)
    for share, colour in ((0.1, BLUE), (0.5, ORANGE), (0.9, VERMILLION)):
        row = int(share * (len(level) - 1))
        right.plot(
            measured.step[row] / uS,
            measured.probability,
            color=colour,
            label=f"{level[row]:.3g} µS",
        )
    right.set_xlabel("Step (µS)")
    right.set_ylabel("Probability")
    add_legend(right)


_DRAWN: dict[type, Callable[[Any, Any, Any, Summary], None]] = {
    PulseResponses: _pulses,
    Waits: _waits,
    Endurance: _endurance,
    Sweeps: _sweeps,
    ArrayMap: _map,
    LevelTable: _levels,
    NormalisedResponses: _responses,
    StepTable: _steps,
}
