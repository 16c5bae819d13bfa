"""Equations solved on chips, in a folder: what `mho solve` does, for who wants it from Python.

The statistics of cells, the chip's counters and the course of the solution are kept, so that an
interrupted run goes on and ends with the same bits.
"""

from mho.runs.equations.described import cost_rows, solution_rows
from mho.runs.equations.job import RANGES, SolveJob, about_rhs, rhs_of
from mho.runs.equations.run import SOLUTION, solve_equations

__all__ = [
    "RANGES",
    "SOLUTION",
    "SolveJob",
    "about_rhs",
    "cost_rows",
    "rhs_of",
    "solution_rows",
    "solve_equations",
]
