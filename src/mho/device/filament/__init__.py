"""Cells with a conductive filament: parameters, state and what pulses and time do to them."""

from mho.device.filament.cells import Cells
from mho.device.filament.moments import moments
from mho.device.filament.parameters import CellParameters

__all__ = [
    "CellParameters",
    "Cells",
    "moments",
]
