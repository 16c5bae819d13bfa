"""What can be pulsed and read.

One interface, `Bench`, for a simulated chip and for instruments; what journals, times or forwards
to another bench stands beside it. What only some benches can do, such as keeping their state, is
asked for by `restorable`, `heatable`, `transposing` and `truth_of`. A bench knows no network and
no protocol.
"""

from mho.bench.abilities import (
    Foreseeing,
    Heatable,
    Multiplying,
    Restorable,
    Transparent,
    TransposedMultiplying,
    Truth,
    WindowMultiplying,
    foresee,
    heatable,
    restorable,
    transposing,
    truth_of,
)
from mho.bench.forwarding import ForwardingBench
from mho.bench.interface import (
    METHODS,
    Bench,
    BenchInfo,
    Nominal,
    Pulse,
    Reading,
)
from mho.bench.journal import PULSE, READ, Journal, JournaledBench
from mho.bench.timed import TimedBench

__all__ = [
    "METHODS",
    "PULSE",
    "READ",
    "Bench",
    "BenchInfo",
    "Foreseeing",
    "ForwardingBench",
    "Heatable",
    "Journal",
    "JournaledBench",
    "Multiplying",
    "Nominal",
    "Pulse",
    "Reading",
    "Restorable",
    "TimedBench",
    "Transparent",
    "TransposedMultiplying",
    "Truth",
    "WindowMultiplying",
    "foresee",
    "heatable",
    "restorable",
    "transposing",
    "truth_of",
]
