"""Figures of fits: curves with what is left over, and how numbers hang together."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mho.fitting import Curve, FittedLaw
from mho.report.figures import BLACK, BLUE, SKY, draw_png, new_figure


def draw_fit(
    curves: Sequence[Curve], laws: Sequence[FittedLaw]
) -> dict[str, bytes]:
    """PNG images by their titles: each curve, and the correlations of each law.

    Args:
        curves: Data against fit.
        laws: Fitted laws.
    """
    pictures = {}
    for curve in curves:
        pictures[curve.title] = draw_png(partial(_curve, curve))
    for law in laws:
        if np.isfinite(law.correlation).any():
            title = f"Correlations: {law.title}"
            pictures[title] = draw_png(partial(_correlations, law))
    return pictures


def _curve(curve: Curve) -> Figure:
    """Data and fit above, what is left below."""
    figure = new_figure(5.2)
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 1))
    above = figure.add_subplot(grid[0])
    above.plot(
        curve.x, curve.y, ".", color=BLUE, markersize=2, label="measured"
    )
    if curve.low.size:
        above.fill_between(
            curve.fit_x,
            curve.low,
            curve.high,
            color=SKY,
            alpha=0.5,
            label="95 % of fitted cells",
        )
    above.plot(curve.fit_x, curve.fit, color=BLACK, label="fit")
    above.set_ylabel(curve.y_label)
    above.legend()
    below = figure.add_subplot(grid[1], sharex=above)
    left = curve.y - np.interp(curve.x, curve.fit_x, curve.fit)
    below.plot(curve.x, left, ".", color=BLUE, markersize=2)
    below.axhline(0, color=BLACK, linewidth=0.8)
    below.set_xlabel(curve.x_label)
    below.set_ylabel("Left over")
    return figure


def _correlations(law: FittedLaw) -> Figure:
    """A matrix of coefficients."""
    names = [one.name.removeprefix("cell.") for one in law.parameters]
    figure = new_figure(max(2.5, 0.26 * len(names) + 1.2))
    axes: Any = figure.add_subplot()
    image = axes.imshow(law.correlation, vmin=-1, vmax=1, cmap="RdBu_r")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.grid(visible=False)
    figure.colorbar(image, label="Correlation (1)")
    return figure
