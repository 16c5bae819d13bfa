"""Presets: one file for each published chip, every number with unit, source and confidence.

A kind of cell of one's own gets a preset as well, by its object or by the word
`my_cells.py:Kind`; whatever is not its own is then a choice that says so. `mycell.toml` is a
preset in a file, numbers alone, that people write and `mho fit` makes.
"""

from functools import lru_cache

from mho.checks import check_choice
from mho.device.array_numbers import (
    ArrayNumbers,
    Electronics,
    Transistor,
)
from mho.device.origin import Correlations, Origin
from mho.device.published.changed import number_in, word_with
from mho.device.published.own import OwnPreset, own_preset
from mho.device.published.own_file import (
    is_data,
    is_own,
    known_preset,
    label,
    named_preset,
)
from mho.device.published.preset_file import (
    preset_of_text,
    preset_text,
    read_preset_file,
    write_preset_file,
)
from mho.device.published.shipped import PRESETS
from mho.device.values import Confidence, Preset, Value
from mho.files import identity

FORMERLY = {"wan2022_polynomials": "wan2022"}
"""Presets whose numbers went under another name in the first release, and that name."""


def preset(name: str) -> Preset:
    """The preset of this name.

    Args:
        name: One that is shipped; or `my_cells.py:Kind`, a Python file of the user's, which is
            run, and a kind of cell in it; or `steps.csv`, a file of measured steps; or
            `mycell.toml`, a file of a preset. Any of them may have other numbers,
            `rao2023+telegraph.births=3`.

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


def recorded_preset(name: str, numbers: str = "") -> Preset:
    """The preset of a name that stands in a file: no code is run that its reader has not named.

    Args:
        name: The name.
        numbers: What `numbers_of` said of it then; the name's own file is not looked at if there
            are any.

    Raises:
        ValueError: There is none, or a kind that was not named on this computer before; or its
            numbers make no sense.
    """
    if numbers:
        return _kept(numbers, name)
    if is_own(name):
        return known_preset(name)
    return preset(name)


@lru_cache(8)
def _kept(numbers: str, name: str) -> Preset:
    """The preset of numbers that were kept, which are parsed once."""
    return preset_of_text(numbers, name)


def numbers_of(name: str) -> str:
    """What a file has to keep so that a chip of this name is made anew where its file is not.

    Args:
        name: A name of a preset, of whatever kind.

    Returns:
        Text of a preset file; empty for what comes with mho, for a kind in Python, and for what
        cannot be read.
    """
    if not is_data(name):
        return ""
    try:
        return preset_text(preset(name))
    except ValueError:
        return ""  # whoever makes the chip says why


def code_of(name: str, numbers: str = "") -> tuple[str, ...]:
    """What a result depends on beside a preset's name: a checksum of a kind of the user's own.

    Args:
        name: The name.
        numbers: As of `recorded_preset`.
    """
    if not is_own(name):
        return ()
    found = recorded_preset(name, numbers) if numbers else preset(name)
    return (identity(found),)


__all__ = [
    "FORMERLY",
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
    "number_in",
    "numbers_of",
    "own_preset",
    "preset",
    "preset_text",
    "read_preset_file",
    "recorded_preset",
    "word_with",
    "write_preset_file",
]
