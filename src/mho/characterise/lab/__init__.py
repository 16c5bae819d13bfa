"""What measured files say at once: ramps, waits, endurance, sweeps, maps, tables, in numbers.

`summary_of` gives the numbers that one wants to know first of a measurement, by its kind; nothing
is fitted here. Traces are another matter: see `mho.characterise.history`.
"""

from mho.characterise.lab.summary import Summary, summary_of

__all__ = ["Summary", "summary_of"]
