"""What can be pulsed and read.

One interface, `Bench`, for a simulated chip and for instruments; what journals, times or forwards
to another bench stands beside it. A bench knows no network and no protocol.
"""

from mho.bench.interface import Bench, BenchInfo, Nominal, Pulse, Reading
from mho.bench.journal import PULSE, READ, Journal, JournaledBench
from mho.bench.timed import TimedBench

__all__ = [
    "PULSE",
    "READ",
    "Bench",
    "BenchInfo",
    "Journal",
    "JournaledBench",
    "Nominal",
    "Pulse",
    "Reading",
    "TimedBench",
]
