"""From measured data to a preset: laws held against files, numbers with intervals.

`engine` fits any law that says how likely its data are. Beside it one room for each kind of law.
"""

from mho.fitting.engine import (
    Curve,
    FittedLaw,
    FittedParameter,
    FreeParameter,
    LawFit,
    complex_step,
    fit_law,
)
from mho.fitting.fit_files import Fit, fit_files
from mho.fitting.fit_table import fit_table

__all__ = [
    "Curve",
    "Fit",
    "FittedLaw",
    "FittedParameter",
    "FreeParameter",
    "LawFit",
    "complex_step",
    "fit_files",
    "fit_law",
    "fit_table",
]
