"""Traces: how many channels flicker, how large and fast they are, 1/f noise and white noise.

`trace_part` takes what `mho.trace_history` finds in each trace as one look at a population of
cells, and fits that population.
"""

from mho.fitting.traces.channels import ChannelLaw, Times
from mho.fitting.traces.looks import Look, Seen, looks_of
from mho.fitting.traces.part import trace_part
from mho.fitting.traces.ratios import RatioLaw

__all__ = [
    "ChannelLaw",
    "Look",
    "RatioLaw",
    "Seen",
    "Times",
    "looks_of",
    "trace_part",
]
