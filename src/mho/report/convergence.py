"""The figure of a solution: how the true residual falls with what it costs."""

from typing import Any

from matplotlib.figure import Figure

from mho.report.figures import (
    BLACK,
    BLUE,
    VERMILLION,
    add_legend,
    new_figure,
)

_FINEST = 1e-17
"""Residual that stands for zero on a logarithmic axis (1)."""
_MARKS = 60
"""Steps up to which each one has a mark (1)."""


def convergence_figure(result: dict[str, Any]) -> Figure:
    """The true relative residual over analog products, and over steps.

    Args:
        result: What `mho.runs.equations.solve_equations` returned.
    """
    residuals = [max(value, _FINEST) for value in result["residuals"]]
    marks = "o-" if len(residuals) <= _MARKS else "-"
    figure = new_figure(3.6)
    left, right = figure.subplots(1, 2, sharey=True)
    left.plot(result["products"], residuals, marks, color=BLUE, markersize=3.5)
    left.set_xlabel("Analog products (count)")
    left.set_ylabel("True relative residual (1)")
    right.plot(
        range(len(residuals)), residuals, marks, color=BLUE, markersize=3.5
    )
    right.set_xlabel("Steps of refinement (count)")
    for axes in (left, right):
        axes.set_yscale("log")
        axes.axhline(
            result["tolerance"],
            color=BLACK,
            linestyle="--",
            linewidth=1,
            label="wanted",
        )
    error = result["product_error"]
    whole = (error["lasting"] ** 2 + error["fresh"] ** 2) ** 0.5
    left.axhline(
        whole,
        color=VERMILLION,
        linestyle=":",
        linewidth=1.2,
        label="error of one product",
    )
    add_legend(left)
    add_legend(right, result["outcome"], [])
    return figure
