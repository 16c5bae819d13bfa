"""Figures of an image and of a chip: which conductances are wanted, and which are held."""

import math

import numpy as np
from jaxtyping import Float, Int64
from matplotlib.figure import Figure
from torch import Tensor

from mho.report.figures.style import (
    COUNT_OF_CELLS,
    add_legend,
    as_array,
    histogram,
    new_figure,
    to_uS,
)
from mho.units import uS

_BARS = 80
_SHOWN = 6
"""Tiles that a map shows at most (1)."""


def targets_figure(target: Float[Tensor, " cells"], high: float) -> Figure:
    """How many cells shall hold which conductance.

    Args:
        target: Conductance wanted in each cell (S). Shape (cells,).
        high: Highest conductance recommended for multiplying (S); the axis goes there at least.
    """
    figure = new_figure(3.2)
    axes = figure.add_subplot()

    highest = max(high, float(target.max()))
    top = highest / uS
    edges = np.linspace(0, 1.02 * top, _BARS + 1)
    histogram(axes, to_uS(target), edges)

    axes.set_xlabel("Target (µS)")
    axes.set_ylabel(COUNT_OF_CELLS)
    add_legend(axes, f"{target.numel():,} cells")
    return figure


def conductance_figure(
    cells: Int64[Tensor, " cells"],
    held: Float[Tensor, " cells"],
    size: tuple[int, int, int],
) -> Figure:
    """Maps of the first tiles: the conductance last read in every cell used.

    Args:
        cells: Number of each cell. Shape (cells,).
        held: Its conductance (S). Shape (cells,).
        size: Tiles, rows and columns of the chip (1).
    """
    tiles, rows, cols = size
    # cells that are not used stay white
    chip = np.full(tiles * rows * cols, np.nan)
    chip[cells.numpy()] = as_array(held) / uS
    maps = chip.reshape(tiles, rows, cols)[:_SHOWN]

    columns = min(3, len(maps))
    lines = math.ceil(len(maps) / columns)
    figure = new_figure(0.4 + 2.6 * lines)
    panels = figure.subplots(lines, columns, squeeze=False).reshape(-1)

    highest = float(np.nanmax(chip))
    for number, axes in enumerate(panels):
        axes.grid(visible=False)
        if number >= len(maps):
            axes.set_axis_off()
            continue
        image = axes.imshow(
            maps[number],
            vmin=0,
            vmax=highest,
            cmap="viridis",
            aspect="auto",
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("Column")
        axes.set_ylabel("Row")
        axes.set_title(f"tile {number} of {tiles}")

    figure.colorbar(image, ax=list(panels), label="Conductance (µS)")
    return figure
