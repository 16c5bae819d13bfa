"""How many levels a cell holds, and how many can be told apart."""

from mho.characterise.levels.distinguishable import (
    Distinguishable,
    Observation,
    distinguishable,
    largest_count,
)
from mho.characterise.levels.experiment import LevelExperiment, Tally
from mho.characterise.levels.write_levels import (
    LevelSet,
    copies,
    level_targets,
    random_levels,
)

__all__ = [
    "Distinguishable",
    "LevelExperiment",
    "LevelSet",
    "Observation",
    "Tally",
    "copies",
    "distinguishable",
    "largest_count",
    "level_targets",
    "random_levels",
]
