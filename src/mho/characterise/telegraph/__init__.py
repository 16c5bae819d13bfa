"""The traps behind a trace of telegraph noise.

A factorial hidden Markov model: how many traps, how large, how fast, with intervals.
"""

from mho.characterise.telegraph.analyse import analyse_noise
from mho.characterise.telegraph.result import (
    Estimate,
    FoundTrap,
    TelegraphAnalysis,
    analysis_from_json,
)
from mho.characterise.telegraph.spectrum import (
    power_spectrum,
    trap_spectra,
    white_level,
)
from mho.characterise.telegraph.trace import Trace, read_trace

__all__ = [
    "Estimate",
    "FoundTrap",
    "TelegraphAnalysis",
    "Trace",
    "analyse_noise",
    "analysis_from_json",
    "power_spectrum",
    "read_trace",
    "trap_spectra",
    "white_level",
]
