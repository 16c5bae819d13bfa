"""Presets: one file for each published chip, every number with unit, source and confidence.

A kind of cell of one's own gets a preset as well, by its object or by the word
`my_cells.py:Kind`; whatever is not its own is then a choice that says so.
"""

from mho.checks import check_choice
from mho.device.array_numbers import (
    ArrayNumbers,
    Electronics,
    Transistor,
)
from mho.device.kinds import PRESETS as _OF_FURTHER_KINDS
from mho.device.published.kim2021_passive import KIM2021_PASSIVE
from mho.device.published.own import OwnPreset, own_preset
from mho.device.published.own_file import (
    is_own,
    known_preset,
    label,
    named_preset,
)
from mho.device.published.rao2023 import RAO2023
from mho.device.published.umass_ta_hfo2 import UMASS_TA_HFO2
from mho.device.published.wan2022 import WAN2022
from mho.device.values import Confidence, Preset, Value
from mho.files import identity

_OF_FILAMENTS = (RAO2023, UMASS_TA_HFO2, WAN2022, KIM2021_PASSIVE)

PRESETS: dict[str, Preset] = {
    one.name: one for one in (*_OF_FILAMENTS, *_OF_FURTHER_KINDS)
}
"""Every published chip, by its name."""


def preset(name: str) -> Preset:
    """The preset of this name.

    Args:
        name: A name of `PRESETS`; or `my_cells.py:Kind`, a Python file of the user's, which is
            run, and a kind of cell in it; or `steps.csv`, a file of measured steps.

    Raises:
        ValueError: There is none; the nearest name is suggested.
    """
    check_preset(name, "preset")
    return named_preset(name) if is_own(name) else PRESETS[name]


def check_preset(name: str, argument: str) -> None:
    """Refuse a word that names neither a preset nor a kind of cell in a file of the user's.

    Args:
        name: The word.
        argument: What it is called, for errors.

    Raises:
        ValueError: In the house sentence.
    """
    if is_own(name):
        named_preset(name)
    else:
        check_choice(name, argument, PRESETS)


def recorded_preset(name: str) -> Preset:
    """The preset of a name that stands in a file: no code is run that its reader has not named.

    Raises:
        ValueError: There is none, or a kind that was not named on this computer before.
    """
    if is_own(name):
        return known_preset(name)
    return preset(name)


def code_of(name: str) -> tuple[str, ...]:
    """What a result depends on beside a preset's name: a checksum of a kind of the user's own."""
    return (identity(preset(name)),) if is_own(name) else ()


__all__ = [
    "PRESETS",
    "ArrayNumbers",
    "Confidence",
    "Electronics",
    "OwnPreset",
    "Preset",
    "Transistor",
    "Value",
    "check_preset",
    "code_of",
    "is_own",
    "label",
    "own_preset",
    "preset",
    "recorded_preset",
]
