"""Ramps of identical pulses: which law follows them, and with which numbers.

`fit_ramps` tells cycle noise, read noise and the differences between cells apart with a filter,
and chooses between soft bounds and steps of any shape by Schwarz's criterion.
"""

from mho.fitting.ramps.choose import (
    RampFit,
    fit_ramps,
    fit_restricted,
    likeliest,
)
from mho.fitting.ramps.curves import ramp_curves
from mho.fitting.ramps.data import Ramps, ramps_of
from mho.fitting.ramps.laws import NodeLaw, SoftBoundLaw
from mho.fitting.ramps.parts import Parts
from mho.fitting.ramps.simulate import simulated_ramps

__all__ = [
    "NodeLaw",
    "Parts",
    "RampFit",
    "Ramps",
    "SoftBoundLaw",
    "fit_ramps",
    "fit_restricted",
    "likeliest",
    "ramp_curves",
    "ramps_of",
    "simulated_ramps",
]
