"""What is shown of chips while they are programmed, and where their cells stand in maps."""

from mho.runs.watched.chip_watch import ChipWatch
from mho.runs.watched.layer_grid import grid_columns

__all__ = ["ChipWatch", "grid_columns"]
