"""What labs have measured: files of many formats become values in SI, or one sentence.

`read_measured` tells the kind of a file by its columns: traces, pulse responses, waits, endurance,
sweeps, maps. Files are data: nothing in them is executed. What is odd in a file is kept with the
value, as `remarks`, each with the line.
"""

from mho.measured.kinds import KINDS
from mho.measured.reading import Measurement, kind_named, read_measured
from mho.measured.trace import (
    SAMPLES_MAX,
    SAMPLES_MIN,
    Trace,
    read_trace,
)
from mho.measured.values import (
    UNKNOWN,
    ArrayMap,
    Endurance,
    LevelTable,
    NormalisedResponses,
    PulseResponses,
    StepTable,
    Sweeps,
    Waits,
)

__all__ = [
    "KINDS",
    "SAMPLES_MAX",
    "SAMPLES_MIN",
    "UNKNOWN",
    "ArrayMap",
    "Endurance",
    "LevelTable",
    "Measurement",
    "NormalisedResponses",
    "PulseResponses",
    "StepTable",
    "Sweeps",
    "Trace",
    "Waits",
    "kind_named",
    "read_measured",
    "read_trace",
]
