"""How many levels a cell holds, and how many can be told apart.

Levels are written in closed loop and read by sweeps; what limits their number is measured, too.
"""

from mho.characterise.levels.distinguishable import (
    Distinguishable,
    Observation,
    distinguishable,
    largest_count,
)
from mho.characterise.levels.experiment import LevelExperiment, LevelTally
from mho.characterise.levels.write_levels import (
    LevelSet,
    bench_of_copies,
    level_targets,
    random_levels,
    write_in_turn,
)

__all__ = [
    "Distinguishable",
    "LevelExperiment",
    "LevelSet",
    "LevelTally",
    "Observation",
    "bench_of_copies",
    "distinguishable",
    "largest_count",
    "level_targets",
    "random_levels",
    "write_in_turn",
]
