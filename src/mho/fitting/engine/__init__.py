"""The engine under all fits: likelihoods in, numbers with intervals and verdicts out.

A law says what it leaves open (`FreeParameter`) and how likely its data are (`LawFit`); `fit_law`
finds the most likely numbers by their slopes and the intervals by profiles. Nothing here knows of
cells.
"""

from mho.fitting.engine.coordinates import Coordinates
from mho.fitting.engine.curve import Curve
from mho.fitting.engine.derivative import (
    Complex,
    complex_step,
    complex_steps,
)
from mho.fitting.engine.fit import best_of, fit_law
from mho.fitting.engine.interval import (
    RISE,
    BetterFound,
    Optimum,
)
from mho.fitting.engine.law import FittedLaw, LawFit, Row
from mho.fitting.engine.parameters import FittedParameter, FreeParameter
from mho.fitting.engine.rough import led
from mho.fitting.engine.scoring import upward

__all__ = [
    "RISE",
    "BetterFound",
    "Complex",
    "Coordinates",
    "Curve",
    "FittedLaw",
    "FittedParameter",
    "FreeParameter",
    "LawFit",
    "Optimum",
    "Row",
    "best_of",
    "complex_step",
    "complex_steps",
    "fit_law",
    "led",
    "upward",
]
