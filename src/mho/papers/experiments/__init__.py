"""The measurements behind the claims: what was done on the bench, done on a simulated chip.

Each gives numbers for the verdict and what is shown of them in a figure.
"""

from mho.papers.experiments.array import (
    HoldShown,
    MapShown,
    held_levels,
    level_map,
)
from mho.papers.experiments.levels import (
    TOLERANCE,
    LevelsShown,
    all_levels,
    fewer_levels,
)
from mho.papers.experiments.spectra import SpectrumShown, slope_of_many
from mho.papers.experiments.traces import TracesShown, adjacent_levels
from mho.papers.experiments.waiting import (
    WaitingShown,
    waiting_mean,
    waiting_memory,
    waiting_spread,
    waiting_tails,
)
from mho.papers.experiments.windows import WindowsShown, narrower_window
from mho.papers.experiments.write_verify import (
    PulsesShown,
    RelaxationShown,
    neurram_pulses,
    neurram_relaxation,
)

__all__ = [
    "TOLERANCE",
    "HoldShown",
    "LevelsShown",
    "MapShown",
    "PulsesShown",
    "RelaxationShown",
    "SpectrumShown",
    "TracesShown",
    "WaitingShown",
    "WindowsShown",
    "adjacent_levels",
    "all_levels",
    "fewer_levels",
    "held_levels",
    "level_map",
    "narrower_window",
    "neurram_pulses",
    "neurram_relaxation",
    "slope_of_many",
    "waiting_mean",
    "waiting_memory",
    "waiting_spread",
    "waiting_tails",
]
