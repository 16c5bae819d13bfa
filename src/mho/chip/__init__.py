"""Tiles of cells with their selectors and the products they compute.

A `Chip` is a preset, a number of tiles, wires and a periphery; nothing here pulses or reads.
"""

from mho.chip.chip import DRIVERS, Chip
from mho.chip.multiplier import ArrayMatrices, Multiplier
from mho.chip.passive_biasing import (
    HalfSelectSteps,
    half_select,
    half_select_margin,
)
from mho.chip.product_noise import (
    NORMAL_TANGENT,
    VectorDraws,
    normal_quantiles,
)
from mho.chip.selector import NoSelector, Selector
from mho.chip.windows import WindowMultiplier, Windows

__all__ = [
    "DRIVERS",
    "NORMAL_TANGENT",
    "ArrayMatrices",
    "Chip",
    "HalfSelectSteps",
    "Multiplier",
    "NoSelector",
    "Selector",
    "VectorDraws",
    "WindowMultiplier",
    "Windows",
    "half_select",
    "half_select_margin",
    "normal_quantiles",
]
