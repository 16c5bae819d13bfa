"""Targets that make up for wires, rounding, stuck cells and what first pairs miss."""

from mho.mapping.targets.mended import mended
from mho.mapping.targets.rounding import to_levels
from mho.mapping.targets.second_pairs import second_pair_targets
from mho.mapping.targets.stuck_cells import repair, with_excess
from mho.mapping.targets.wire_compensation import adapt, compensate

__all__ = [
    "adapt",
    "compensate",
    "mended",
    "repair",
    "second_pair_targets",
    "to_levels",
    "with_excess",
]
