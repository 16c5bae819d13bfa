"""Cells with a conductive filament: their numbers, and what pulses and time do to one of them."""

from mho.device.filament.parameters import CellParameters

__all__ = ["CellParameters"]
