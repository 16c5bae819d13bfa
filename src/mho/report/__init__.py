"""Figures and pages: what people see of a result, made of files and values alone.

A page opens without a network. Nothing here computes what a run has not. What shows equations or
fleets is imported when it is first used, as it takes SciPy.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

from mho.report.drawing import Drawing
from mho.report.page import render, write_report

if TYPE_CHECKING:
    from mho.report.convergence import convergence_figure
    from mho.report.equations_page import render_equations
    from mho.report.fleets import fleet_figure

_PLACES = {
    "convergence_figure": "convergence",
    "render_equations": "equations_page",
    "fleet_figure": "fleets",
}

__all__ = [
    "Drawing",
    "convergence_figure",
    "fleet_figure",
    "render",
    "render_equations",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """What one of the files here offers, imported on first use."""
    if name not in _PLACES:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    value = getattr(_import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value
