"""Where a network goes wrong: the error after each analog layer, over its depth."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from mho.report.figures.style import (
    BLUE,
    VERMILLION,
    add_legend,
    new_figure,
    say_empty,
)

_NAMED = 24
"""Layers that are named along the axis at most (1)."""
_LONGEST = 28
"""Letters of a name that are shown (1)."""
_LEAST = 1e-4
"""Error below which a layer is drawn at the rim (%)."""


def layer_error_figure(layers: Sequence[Mapping[str, Any]]) -> Figure:
    """Error of each layer by itself and accumulated, on a logarithmic axis (%).

    Args:
        layers: What `LayerError.described` gave, in network order.
    """
    figure = new_figure(4.0)
    axes = figure.subplots()
    if not layers:
        say_empty(axes)
        return figure
    places = list(range(1, len(layers) + 1))
    for key, colour, mark, label in (
        ("accumulated", VERMILLION, "s-", "accumulated"),
        ("alone", BLUE, "o-", "with exact inputs"),
    ):
        errors = [_percent(one[key]) for one in layers]
        axes.plot(places, errors, mark, color=colour, label=label, markersize=5)
    axes.set_yscale("log")
    _plain_numbers(axes)
    axes.set_ylabel("Error of the products (%)")
    _name_layers(axes, layers, places)
    add_legend(axes)
    return figure


def _percent(error: float | None) -> float:
    """Where an error is drawn (%); one that is no number, nowhere."""
    return math.nan if error is None else max(_LEAST, 100 * error)


def _plain_numbers(axes: Any) -> None:
    """At least a decade, and per cent as people write them."""
    low, high = axes.get_ylim()
    middle = math.sqrt(low * high)
    axes.set_ylim(min(low, middle / 3.2), max(high, middle * 3.2))
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _name_layers(
    axes: Any, layers: Sequence[Mapping[str, Any]], places: Sequence[int]
) -> None:
    """Names along the axis; of a deep network every so many."""
    every = math.ceil(len(layers) / _NAMED)
    names = [_short(str(one["name"])) for one in layers]
    axes.set_xticks(places[::every], names[::every], rotation=45, ha="right")
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel("Analog layer (in order)")
    axes.set_xlim(0.5, len(layers) + 0.5)


def _short(name: str) -> str:
    """A name that fits under the axis: of a long one the end, which tells layers apart."""
    printable = "".join(x if x.isprintable() else "?" for x in name)
    # a dollar would begin a formula
    plain = printable.replace("$", r"\$")
    return plain if len(plain) <= _LONGEST else "…" + plain[1 - _LONGEST :]
