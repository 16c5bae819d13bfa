"""The traps behind a trace of telegraph noise.

A factorial hidden Markov model: how many traps, how large, how fast, with intervals.
"""

from mho.characterise.telegraph.analyse import analyse_noise, fit_traps
from mho.characterise.telegraph.initial_guess import converter_step
from mho.characterise.telegraph.result import (
    Estimate,
    FoundTrap,
    NoiseOptions,
    TelegraphAnalysis,
    analysis_from_json,
)
from mho.characterise.telegraph.spectrum import (
    power_spectrum,
    trap_spectra,
    white_level,
)
from mho.characterise.telegraph.trap_model import Array, Model
from mho.measured import Trace, read_trace

__all__ = [
    "Array",
    "Estimate",
    "FoundTrap",
    "Model",
    "NoiseOptions",
    "TelegraphAnalysis",
    "Trace",
    "analyse_noise",
    "analysis_from_json",
    "converter_step",
    "fit_traps",
    "power_spectrum",
    "read_trace",
    "trap_spectra",
    "white_level",
]
