"""What all figures share: colours, sizes, and tensors turned into plottable arrays."""

import base64
import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from mho.units import uS

ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
BLACK = "#000000"
"""Okabe and Ito's colours, told apart with any colour vision."""

WIDTH = 7.6
"""Width of every figure (inch)."""
DPI = 150

COUNT_OF_CELLS = "Cells (count)"

_LOOK = {
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.hashsalt": "mho",
}

Array = npt.NDArray[np.float64]


def new_figure(height: float) -> Figure:
    """An empty figure as wide as the page.

    Args:
        height: Its height (inch).
    """
    return Figure(figsize=(WIDTH, height), layout="constrained")


def to_uS(values: Tensor) -> Array:  # noqa: N802
    """A conductance as an array for plotting (µS). Any shape."""
    return as_array(values) / uS


def as_array(values: Tensor) -> Array:
    """A tensor as an array for plotting, in the tensor's own unit. Any shape."""
    array: Array = values.detach().cpu().double().numpy()
    return array


def finite(values: Array) -> Array:
    """The numbers among the values, in one row and in the values' own unit."""
    return values[np.isfinite(values)]


def band(
    axes: Any,
    tolerance: float,
    *,
    vertical: bool = False,
    label: str = "tolerance",
) -> Any:
    """Shade the acceptance window around zero.

    Args:
        axes: Where to draw; the shaded axis is in µS.
        tolerance: Half-width of the window (µS).
        vertical: Shade along the x axis instead of the y axis.
        label: Entry of the legend.

    Returns:
        What was drawn, for a legend.
    """
    shade = axes.axvspan if vertical else axes.axhspan
    return shade(
        -tolerance,
        tolerance,
        color=GREEN,
        alpha=0.18,
        linewidth=0,
        zorder=0.5,
        label=label,
    )


def histogram(axes: Any, values: Array, edges: Array) -> None:
    """Count values on a logarithmic axis that shows a single cell, too.

    Args:
        axes: Where to draw; may share its count axis with others.
        values: What to count. Shape (cells,).
        edges: Edges of the bars, in the unit of the values. Shape (bars + 1,).
    """
    counts, _ = np.histogram(values, edges)
    # one outline for all bars: an artist for each of hundreds takes longer than all the rest
    axes.stairs(counts, edges, fill=True, color=BLUE)
    axes.set_yscale("log")
    axes.set_ylim(0.5, max(2.0 * float(counts.max()), axes.get_ylim()[1]))


def add_legend(
    axes: Any, note: str = "", handles: Sequence[Any] | None = None
) -> None:
    """Put the legend and a remark above a panel, where they hide no data.

    Args:
        axes: The panel.
        note: The remark; written at the right.
        handles: What the legend explains; by default everything that has a label.
    """
    chosen = axes.get_legend_handles_labels()[0] if handles is None else handles
    if chosen:
        axes.legend(
            handles=chosen,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=4,
            borderaxespad=0.2,
            columnspacing=1.4,
        )
    axes.set_title(note, loc="right", fontsize=8.5)


def say_empty(axes: Any, text: str = "nothing to show") -> None:
    """Say in the middle of a panel that it has no data."""
    axes.text(
        0.5,
        0.5,
        text,
        transform=axes.transAxes,
        ha="center",
        va="center",
        color="#666666",
    )


def draw_png(figure: Callable[[], Figure]) -> bytes:
    """Draw a figure and return it as a PNG image.

    Args:
        figure: Makes the figure; called inside our style, since a user's own settings for
            matplotlib must not change a report.
    """
    with mpl.style.context(["default", _LOOK]):
        return rendered(figure())


def rendered(figure: Figure) -> bytes:
    """The pixels of a figure, as a PNG image.

    Args:
        figure: The figure, with everything on it.
    """
    file = io.BytesIO()
    figure.set_dpi(DPI)
    # `Figure.savefig` would draw everything twice, the first time for the layout alone.
    # Without its name in the file, another version of matplotlib may give the same bytes.
    FigureCanvasAgg(figure).print_png(file, metadata={"Software": None})
    return file.getvalue()


def draw_data_url(figure: Callable[[], Figure]) -> str:
    """Draw a figure and return it as a `data:` address of a PNG image.

    Args:
        figure: Makes the figure, as in `draw_png`.
    """
    return "data:image/png;base64," + base64.b64encode(draw_png(figure)).decode(
        "ascii"
    )
