"""Presets: one file for each published chip, every number with unit, source and confidence.

A kind of cell of one's own gets a preset as well, by its object or by the word
`my_cells.py:Kind`; whatever is not its own is then a choice that says so. `mycell.toml` is a
preset in a file, numbers alone, that people write and `mho fit` makes.
"""

from mho.checks import check_choice
from mho.device.array_numbers import (
    ArrayNumbers,
    Electronics,
    Transistor,
)
from mho.device.origin import Correlations, Origin
from mho.device.published.own import OwnPreset, own_preset
from mho.device.published.own_file import (
    is_own,
    known_preset,
    label,
    named_preset,
)
from mho.device.published.preset_file import (
    preset_text,
    read_preset_file,
    write_preset_file,
)
from mho.device.published.shipped import PRESETS
from mho.device.values import Confidence, Preset, Value
from mho.files import identity


def preset(name: str) -> Preset:
    """The preset of this name.

    Args:
        name: A name of `PRESETS`; or `my_cells.py:Kind`, a Python file of the user's, which is
            run, and a kind of cell in it; or `steps.csv`, a file of measured steps; or
            `mycell.toml`, a file of a preset.

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
    "Correlations",
    "Electronics",
    "Origin",
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
    "preset_text",
    "read_preset_file",
    "recorded_preset",
    "write_preset_file",
]
