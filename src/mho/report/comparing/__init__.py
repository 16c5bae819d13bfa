"""Finished runs beside each other: what they were asked for, what they reached, what it took."""

from mho.report.comparing.differences import Comparison, Row, compared
from mho.report.comparing.finished_run import FinishedRun, read_run, read_runs
from mho.report.comparing.page import render_comparison

__all__ = [
    "Comparison",
    "FinishedRun",
    "Row",
    "compared",
    "read_run",
    "read_runs",
    "render_comparison",
]
