"""Data against fit for pulses: the step over the amplitude, either way."""

import numpy as np

from mho.fitting.engine import Curve, Row
from mho.fitting.switching.law import NAMES, SwitchingLaw

_SHOWN = 4000
"""Pulses that a figure shows at most (1)."""
_PLACES = 60
_SURE = 1.959964
_WAYS = ((1, "SET", NAMES[0]), (-1, "RESET", NAMES[1]))


def switching_curves(law: SwitchingLaw, best: Row) -> tuple[Curve, ...]:
    """Steps as they would be of the usual width and in the middle of the range.

    Args:
        law: The law.
        best: Its numbers, SI.
    """
    found = []
    pulses = law.pulses
    named = law.numbers(best)
    slope = named["switching.slope"]
    for way, word, name in _WAYS:
        own = np.flatnonzero(pulses.sign == way)
        if own.size == 0:
            continue
        volts = pulses.volts[own]
        # what window and width make of a pulse is taken out of it
        common = law.common(best)[own] / np.exp(volts / slope)
        seen = pulses.off[own] / common * law.lent.step
        places = np.linspace(float(volts.min()), float(volts.max()), _PLACES)
        middle = law.lent.step * np.exp((places - named[name]) / slope)
        by_voltage = named["switching.voltage_spread"] * named[name] / slope
        spread = np.sqrt(
            by_voltage**2
            + named["switching.gain_spread"] ** 2
            + named["switching.cycle_spread"] ** 2
        )
        moves = places >= named["switching.threshold"] * named[name]
        middle = np.where(moves, middle, 0.0)
        clear = np.abs(seen) < 20 * max(float(middle.max()), 1e-12)
        thin = np.flatnonzero(clear)[:: max(1, own.size // _SHOWN)]
        found.append(
            Curve(
                f"{word}: step in the middle of the range, band of 95 % of the fitted cells",
                "Amplitude (V)",
                "Step (µS)",
                volts[thin],
                seen[thin] * 1e6,
                places,
                middle * 1e6,
                middle * np.exp(-_SURE * spread) * 1e6,
                middle * np.exp(_SURE * spread) * 1e6,
            )
        )
    return tuple(found)
