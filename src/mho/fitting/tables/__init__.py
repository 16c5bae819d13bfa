"""From pulses to cells of measured steps: distributions at each conductance, without a law.

`pulses_of` joins what files of ramps and pulses say, `read_noise_of` tells the noise of a reading
from the spread of steps, `table_preset` puts an array of a base around the cells.
"""

from mho.fitting.tables.noise import ReadNoise, read_noise_of
from mho.fitting.tables.preset import table_preset
from mho.fitting.tables.pulses import Pulses, pulses_of

__all__ = [
    "Pulses",
    "ReadNoise",
    "pulses_of",
    "read_noise_of",
    "table_preset",
]
