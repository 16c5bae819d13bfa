"""What happened in a trace since it was written.

Real traces are not the same all along: they settle, jump, wander, and their telegraph noise comes
and goes. `trace_history` tells these apart, and fits the traps where they are active.
"""

from mho.characterise.history.analyse import trace_history
from mho.characterise.history.result import (
    Jump,
    Settling,
    Stretch,
    TraceHistory,
    history_from_json,
)
from mho.characterise.history.spectrum_fit import NoiseSpectrum, fit_spectrum

__all__ = [
    "Jump",
    "NoiseSpectrum",
    "Settling",
    "Stretch",
    "TraceHistory",
    "fit_spectrum",
    "history_from_json",
    "trace_history",
]
