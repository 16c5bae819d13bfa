"""Figure of what wires do to the weights of a network."""

from typing import Any

from matplotlib.figure import Figure

from mho.report.figures.style import (
    BLACK,
    BLUE,
    VERMILLION,
    add_legend,
    as_array,
    new_figure,
)
from mho.runs import WireAccount

_KINDS = (
    ("as_mapped", "as mapped", VERMILLION),
    ("compensated", "compensated", BLUE),
)


def wire_weights(account: WireAccount) -> Figure:
    """Effective against wanted weights, and their difference below, over the largest (1).

    Args:
        account: What the wires did.
    """
    figure = new_figure(5.6)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.6))
    wanted = as_array(account.wanted)

    for kind, label, colour in _KINDS:
        if kind not in account.found:
            continue
        effective = as_array(account.found[kind])
        _dots(top, wanted, effective, colour, label)
        _dots(bottom, wanted, effective - wanted, colour, None)

    top.plot(
        [-1, 1],
        [-1, 1],
        color=BLACK,
        linewidth=0.6,
        label="effective = wanted",
    )
    add_legend(top)
    bottom.axhline(0, color=BLACK, linewidth=0.8)
    top.set_ylabel("Effective weight (of the largest)")
    bottom.set_ylabel("Effective − wanted")
    bottom.set_xlabel("Wanted weight (of the largest)")
    return figure


def _dots(axes: Any, x: Any, y: Any, colour: str, label: str | None) -> None:
    axes.plot(
        x,
        y,
        ".",
        color=colour,
        markersize=2.5,
        alpha=0.5,
        label=label,
        rasterized=True,
    )
