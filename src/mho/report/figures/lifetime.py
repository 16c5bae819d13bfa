"""The figure of a life: what the metric says and drift over time, with and without refreshing."""

import math
from typing import Any

from matplotlib.figure import Figure

from mho.data import ACCURACY, metric_of
from mho.report.figures.style import (
    BLACK,
    BLUE,
    VERMILLION,
    add_legend,
    new_figure,
)
from mho.units import show_duration

_COLOURS = {"left alone": (VERMILLION, "s"), "refreshed": (BLUE, "o")}
_LABELS = 8
"""Ages that are named along the axis at most (1)."""


def lifetime_figure(result: dict[str, Any]) -> Figure:
    """What the metric says over time, above; drift below: its median, middle half and 98 %.

    Args:
        result: What `mho.runs.grow_old` returned.
    """
    metric = metric_of(result)
    figure = new_figure(5.2)
    upper, lower = figure.subplots(2, 1, sharex=True)
    for name, ages in result["lives"].items():
        colour, mark = _COLOURS[name]
        times = [_place(age["time_s"], ages) for age in ages]
        scores = [metric.factor * age[metric.key] for age in ages]
        upper.plot(times, scores, f"{mark}-", color=colour, label=name)
        _drift(lower, times, ages, name)

    upper.axhline(
        metric.factor * result[f"software_{metric.key}"],
        color=BLACK,
        linestyle="--",
        linewidth=1,
        label="in software",
    )
    if metric == ACCURACY:
        every = [
            100 * age["accuracy"]
            for ages in result["lives"].values()
            for age in ages
        ]
        upper.set_ylim(min(every) - 2, min(max(every) + 2, 101))
    upper.set_ylabel(metric.axis)

    kelvin = result["temperature_K"]
    note = ""
    if kelvin is not None:
        note = f"at {kelvin:g} K, {kelvin - 273.15:g} °C"
    add_legend(upper, note)

    lower.axhline(0, color=BLACK, linewidth=0.8)
    lower.set_ylabel("Reading minus target (µS)")
    add_legend(lower, "median, middle half, middle 98 % of cells")
    any_life = next(iter(result["lives"].values()))
    _name_ages(lower, any_life)
    return figure


def _drift(
    axes: Any, times: list[float], ages: list[dict[str, Any]], name: str
) -> None:
    """Median of the drift of cells, with shades for their middle half and 98 %."""
    colour, mark = _COLOURS[name]
    percentiles = [age["drift_percentiles_uS"] for age in ages]
    median = [of_age["50"] for of_age in percentiles]
    axes.plot(times, median, f"{mark}-", color=colour, label=name)

    for low, high, strength in (("1", "99", 0.15), ("25", "75", 0.3)):
        axes.fill_between(
            times,
            [of_age[low] for of_age in percentiles],
            [of_age[high] for of_age in percentiles],
            color=colour,
            alpha=strength,
            linewidth=0,
        )


def _place(time: float, ages: list[dict[str, Any]]) -> float:
    """Where an age is drawn: the beginning has no place on a logarithmic axis, so it gets one."""
    return time if time > 0 else ages[1]["time_s"] / 4


def _name_ages(axes: Any, ages: list[dict[str, Any]]) -> None:
    axes.set_xscale("log")
    every = math.ceil(len(ages) / _LABELS)
    places = []
    names = []
    for age in ages[::every]:
        time = age["time_s"]
        places.append(_place(time, ages))
        names.append(show_duration(time, 3) if time else "start")

    axes.set_xticks(places)
    axes.set_xticklabels(names)
    axes.minorticks_off()
    axes.set_xlabel("Age")
