"""Laws of cells as functions of values, each after its source.

Switching, telegraph noise, 1/f noise, relaxation, retention, endurance, temperature: each is a
frozen set of numbers with units, and knows no cell, no chip and no other law.
"""

from mho.device.laws.endurance import Endurance
from mho.device.laws.fits import Fit, fitted
from mho.device.laws.fitted_relaxation import FittedRelaxation
from mho.device.laws.flicker import Flicker
from mho.device.laws.relaxation import Relaxation
from mho.device.laws.retention import Retention
from mho.device.laws.switching import LEAST_VOLTAGE, Switching
from mho.device.laws.telegraph import TelegraphNoise
from mho.device.laws.temperature import BOLTZMANN, Temperature

__all__ = [
    "BOLTZMANN",
    "LEAST_VOLTAGE",
    "Endurance",
    "Fit",
    "FittedRelaxation",
    "Flicker",
    "Relaxation",
    "Retention",
    "Switching",
    "TelegraphNoise",
    "Temperature",
    "fitted",
]
