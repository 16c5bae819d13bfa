"""Kirchhoff's laws on a resistive array, exactly.

From conductances and the resistances around them to one matrix, or to every node's voltage.
"""

from mho.wires.active_region import (
    effective_blocks,
    effective_pair,
    part_in_use,
)
from mho.wires.iv_laws import Cubic, Sinh
from mho.wires.model import SIDES, WireModel
from mho.wires.sneak import sneak_currents

__all__ = [
    "SIDES",
    "Cubic",
    "Sinh",
    "WireModel",
    "effective_blocks",
    "effective_pair",
    "part_in_use",
    "sneak_currents",
]
