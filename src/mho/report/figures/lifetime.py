"""The figure of a life: accuracy and drift over time, with and without refreshing."""

from typing import Any

from matplotlib.figure import Figure

from mho.report.figures.style import BLACK, BLUE, VERMILLION, add_legend, new_figure
from mho.units import show_duration

_COLOURS = {"left alone": (VERMILLION, "s"), "refreshed": (BLUE, "o")}
_LABELS = 8
"""Ages that are named along the axis at most (1)."""


def lifetime_figure(result: dict[str, Any]) -> Figure:
    """Accuracy over time, above; below, drift: its median, middle half and middle 98 %.

    Args:
        result: What `mho.deployment.lifetime_run.grow_old` returned.
    """
    figure = new_figure(5.2)
    upper, lower = figure.subplots(2, 1, sharex=True)
    for name, ages in result["lives"].items():
        colour, mark = _COLOURS[name]
        times = [_place(age["time_s"], ages) for age in ages]
        found = [100 * age["accuracy"] for age in ages]
        upper.plot(times, found, f"{mark}-", color=colour, label=name)
        drift = [age["drift_percentiles_uS"] for age in ages]
        lower.plot(
            times, [d["50"] for d in drift], f"{mark}-", color=colour, label=name
        )
        for low, high, strength in (("1", "99", 0.15), ("25", "75", 0.3)):
            lower.fill_between(
                times,
                [d[low] for d in drift],
                [d[high] for d in drift],
                color=colour,
                alpha=strength,
                linewidth=0,
            )
    upper.axhline(
        100 * result["software_accuracy"],
        color=BLACK,
        linestyle="--",
        linewidth=1,
        label="in software",
    )
    every = [age["accuracy"] for ages in result["lives"].values() for age in ages]
    upper.set_ylim(100 * min(every) - 2, min(100 * max(every) + 2, 101))
    upper.set_ylabel("Accuracy (%)")
    kelvin = result["temperature_K"]
    add_legend(
        upper, "" if kelvin is None else f"at {kelvin:g} K, {kelvin - 273.15:g} °C"
    )
    lower.axhline(0, color=BLACK, linewidth=0.8)
    lower.set_ylabel("Reading minus target (µS)")
    add_legend(lower, "median, middle half, middle 98 % of cells")
    _name_ages(lower, next(iter(result["lives"].values())))
    return figure


def _place(time: float, ages: list[dict[str, Any]]) -> float:
    """Where an age is drawn: the beginning has no place on a logarithmic axis, so it gets one."""
    return time if time > 0 else ages[1]["time_s"] / 4


def _name_ages(axes: Any, ages: list[dict[str, Any]]) -> None:
    axes.set_xscale("log")
    every = -(-len(ages) // _LABELS)
    named = ages[::every]
    axes.set_xticks([_place(age["time_s"], ages) for age in named])
    texts = [
        show_duration(age["time_s"], 3) if age["time_s"] else "start" for age in named
    ]
    axes.set_xticklabels(texts)
    axes.minorticks_off()
    axes.set_xlabel("Age")
