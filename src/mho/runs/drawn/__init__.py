"""Deployments whose cells are drawn from a table of programmed ones, in the place of pulses."""

from mho.runs.drawn.deployment import draw_chips
from mho.runs.drawn.judge import JudgedNetwork, batch_for, judge
from mho.runs.drawn.way import LARGE, cells_of, way_chosen

__all__ = [
    "LARGE",
    "JudgedNetwork",
    "batch_for",
    "cells_of",
    "draw_chips",
    "judge",
    "way_chosen",
]
