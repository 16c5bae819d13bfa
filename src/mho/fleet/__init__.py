"""Many chips: work that is cut in parts, done by any executor, kept in files that add up.

What a chip is nobody here knows: a part is some numbers of chips, and work gives a row of figures
for each. Parts are files named by what they are of and what they hold, so that folders are merged
by copying; figures add up to tallies whatever the order, and tallies say how sure they are.
"""

from mho.fleet.bounds import (
    Bound,
    at_least,
    chips_needed,
    chips_to_say,
    mean_interval,
    quantile_interval,
    share_interval,
)
from mho.fleet.engine import Part, PartFailedError, work_off
from mho.fleet.executors import EXECUTORS, Opened, here, opened_executor
from mho.fleet.parts import DAMAGED, PartStore, Row, missing_parts
from mho.fleet.sketch import QuantileSketch
from mho.fleet.tally import Tally
from mho.fleet.two_samples import (
    DIFFERENT,
    TwoSamples,
    compare,
    rank_power,
    shape_power,
)
from mho.fleet.units import Crew, Unit, collected

__all__ = [
    "DAMAGED",
    "DIFFERENT",
    "EXECUTORS",
    "Bound",
    "Crew",
    "Opened",
    "Part",
    "PartFailedError",
    "PartStore",
    "QuantileSketch",
    "Row",
    "Tally",
    "TwoSamples",
    "Unit",
    "at_least",
    "chips_needed",
    "chips_to_say",
    "collected",
    "compare",
    "here",
    "mean_interval",
    "missing_parts",
    "opened_executor",
    "quantile_interval",
    "rank_power",
    "shape_power",
    "share_interval",
    "work_off",
]
