"""Pulses of many amplitudes and widths: threshold, voltage of an e-fold, window, spreads.

`switching_part` fits the law of switching to single pulses and to trains; the noise of cycles and
the cells' own numbers are integrated over.
"""

from mho.fitting.switching.data import SwitchingPulses, pulses_of, varies
from mho.fitting.switching.law import SwitchingLaw, lent_by
from mho.fitting.switching.part import switching_part

__all__ = [
    "SwitchingLaw",
    "SwitchingPulses",
    "lent_by",
    "pulses_of",
    "switching_part",
    "varies",
]
