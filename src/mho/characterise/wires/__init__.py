"""How much current the wires of an array leave, where it is lost, and what would help."""

from mho.characterise.wires.loss import WireLoss, check_load, wire_loss
from mho.characterise.wires.savings import (
    ArraySetup,
    SizeCurves,
    WirePlan,
    share_by_size,
    wire_plans,
    wire_savings,
)

__all__ = [
    "ArraySetup",
    "SizeCurves",
    "WireLoss",
    "WirePlan",
    "check_load",
    "share_by_size",
    "wire_loss",
    "wire_plans",
    "wire_savings",
]
