"""From measured data to a preset: laws held against files, numbers with intervals.

`engine` fits any law that says how likely its data are. Beside it one room for each kind of law.
"""

from mho.fitting.engine import (
    FittedLaw,
    FittedParameter,
    FreeParameter,
    LawFit,
    complex_step,
    fit_law,
)

__all__ = [
    "FittedLaw",
    "FittedParameter",
    "FreeParameter",
    "LawFit",
    "complex_step",
    "fit_law",
]
