"""What suits cells of each kind: the protocol, counted pulses, and a comparator for two levels.

A bench says what its cells are like; whoever programs without choosing a protocol gets the one
that suits them from here.
"""

from mho.programming.by_kind.comparator import ComparedBench, check_two_levels
from mho.programming.by_kind.identical import IdenticalPulses
from mho.programming.by_kind.suited import suited_protocol

__all__ = [
    "ComparedBench",
    "IdenticalPulses",
    "check_two_levels",
    "suited_protocol",
]
