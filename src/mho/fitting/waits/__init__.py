"""Waits: relaxation at one temperature by its quantiles, or drift and loss with their energy.

`wait_part` makes counts of the readings and chooses the law by the temperatures.
"""

from mho.fitting.waits.barriers import ATTEMPTS, BarrierLaw
from mho.fitting.waits.by_barriers import ONSET, barrier_law, likeliest
from mho.fitting.waits.counts import Counts, Wait, counted, waits_of
from mho.fitting.waits.curves import changes
from mho.fitting.waits.fit import wait_part
from mho.fitting.waits.quantiles import QuantileLaw

__all__ = [
    "ATTEMPTS",
    "ONSET",
    "BarrierLaw",
    "Counts",
    "QuantileLaw",
    "Wait",
    "barrier_law",
    "changes",
    "counted",
    "likeliest",
    "wait_part",
    "waits_of",
]
