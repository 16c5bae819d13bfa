"""Amplifiers around an array: one pole, finite gain, an offset, an output that ends somewhere."""

import math
from dataclasses import dataclass

from mho.checks import (
    Configuration,
    check_not_negative,
    check_positive,
)
from mho.units import V


@dataclass(frozen=True, slots=True)
class Amplifier(Configuration):
    """An operational amplifier with one pole; its output is a voltage source.

    A load does not move the output: what lies between output and word line is the `driver` of the
    wires. Nor does it slew.

    Args:
        gain: Open-loop gain at rest (1).
        gain_bandwidth: Frequency at which the open-loop gain is 1 (Hz).
        offset: Standard deviation of the input offset from amplifier to amplifier (V).
        swing: Largest output of either sign (V).
        input_capacitance: Between its input, with the lines that end there, and ground (F).
        power: Power that one amplifier takes (W).

    Raises:
        ValueError: A number that is not finite, or not positive.
    """

    gain: float = 1e5
    gain_bandwidth: float = 10e6
    offset: float = 0.0
    swing: float = 1.0 * V
    input_capacitance: float = 0.0
    power: float = 100e-6

    def __post_init__(self) -> None:
        check_positive(self.gain, "gain", "1")
        check_positive(self.gain_bandwidth, "gain_bandwidth", "Hz")
        check_not_negative(self.offset, "offset", "V")
        check_positive(self.swing, "swing", "V")
        check_not_negative(self.input_capacitance, "input_capacitance", "F")
        check_not_negative(self.power, "power", "W")

    @property
    def pole(self) -> float:
        """Angular frequency of its pole (1/s)."""
        return 2 * math.pi * self.gain_bandwidth / self.gain
