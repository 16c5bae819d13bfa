"""Cells that never switch: counted in maps of arrays and in endurance data."""

from mho.fitting.stuck.counts import StuckCounts, in_endurance, in_maps
from mho.fitting.stuck.part import stuck_part

__all__ = ["StuckCounts", "in_endurance", "in_maps", "stuck_part"]
