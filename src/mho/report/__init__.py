"""Figures and pages: what people see of a result, made of files and values alone.

A page opens without a network. Nothing here computes what a run has not.
"""

from mho.report.convergence_figure import convergence_figure
from mho.report.drawing import Drawing
from mho.report.equations_page import render_equations
from mho.report.fleet_figure import fleet_figure
from mho.report.page import write_report

__all__ = [
    "Drawing",
    "convergence_figure",
    "fleet_figure",
    "render_equations",
    "write_report",
]
