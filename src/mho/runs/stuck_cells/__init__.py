"""Chips with stuck cells: how good a network is on them, and what remedies save of it."""

from mho.runs.stuck_cells.chip import MOST, REMEDIES, YieldPoint, measure_yield
from mho.runs.stuck_cells.many import StuckChip, YieldJob, measure_yields

__all__ = [
    "MOST",
    "REMEDIES",
    "StuckChip",
    "YieldJob",
    "YieldPoint",
    "measure_yield",
    "measure_yields",
]
