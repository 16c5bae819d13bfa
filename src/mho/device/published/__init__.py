"""Presets: one file for each published chip, every number with unit, source and confidence."""

from mho.checks import check_choice
from mho.device.array_numbers import (
    ArrayNumbers,
    Electronics,
    Transistor,
)
from mho.device.kinds import PRESETS as _OF_FURTHER_KINDS
from mho.device.published.kim2021_passive import KIM2021_PASSIVE
from mho.device.published.rao2023 import RAO2023
from mho.device.published.umass_ta_hfo2 import UMASS_TA_HFO2
from mho.device.published.wan2022 import WAN2022
from mho.device.values import Confidence, Preset, Value

_OF_FILAMENTS = (RAO2023, UMASS_TA_HFO2, WAN2022, KIM2021_PASSIVE)

PRESETS: dict[str, Preset] = {
    one.name: one for one in (*_OF_FILAMENTS, *_OF_FURTHER_KINDS)
}


def preset(name: str) -> Preset:
    """The preset of this name.

    Raises:
        ValueError: There is none; the nearest name is suggested.
    """
    check_choice(name, "preset", PRESETS)
    return PRESETS[name]


__all__ = [
    "PRESETS",
    "ArrayNumbers",
    "Confidence",
    "Electronics",
    "Preset",
    "Transistor",
    "Value",
    "preset",
]
