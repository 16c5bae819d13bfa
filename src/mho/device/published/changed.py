"""Presets with some numbers changed, by a word: `rao2023+telegraph.births=3`.

What is behind each `+` is a number as a preset file names it, with its unit or in SI.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from mho.checks import check_choice
from mho.device.values import Preset
from mho.units import parse

_CHANGE = r"\+([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)=([^+=]+)"
_WORD = re.compile(rf"(.+?)((?:{_CHANGE})+)")


def base_word(word: str) -> str:
    """The word of a preset without the numbers that it changes.

    >>> base_word("rao2023+telegraph.births=3"), base_word("a+b.toml")
    ('rao2023', 'a+b.toml')
    """
    found = _WORD.fullmatch(word)
    return found[1] if found else word


def changes_in(word: str) -> dict[str, str]:
    """Numbers that a word changes, by name, as they are written.

    Raises:
        ValueError: One is named twice.

    >>> changes_in("rao2023+telegraph.births=3+array.read_voltage=0.3V")
    {'telegraph.births': '3', 'array.read_voltage': '0.3V'}
    """
    found = _WORD.fullmatch(word)
    if found is None:
        return {}
    changes: dict[str, str] = {}
    for name, text in re.findall(_CHANGE, found[2]):
        if name in changes:
            raise ValueError(
                f"Argument `chip` must change each number once, but `{word}` changes `{name}`"
                " twice."
            )
        changes[name] = text
    return changes


def word_with(word: str, name: str, value: float) -> str:
    """The word of a preset with one number changed.

    Args:
        word: Of a preset, which may change others already.
        name: The number, such as `telegraph.births`.
        value: What it shall be (SI).

    >>> word_with("rao2023", "telegraph.births", 1e-7)
    'rao2023+telegraph.births=1e-07'
    """
    # a plus within the number would begin another change
    return f"{word}+{name}={repr(float(value)).replace('e+', 'e')}"


def number_in(preset: Preset, name: str, text: str) -> float:
    """A number of a preset as somebody wrote it (SI).

    Args:
        preset: Whose.
        name: Its name.
        text: SI, or with its unit.

    Raises:
        ValueError: No such number, in which case the nearest is suggested; or the text is none.
    """
    check_choice(name, "field", preset.values)
    unit = preset.values[name].unit
    with suppress(ValueError):
        return float(text)
    if unit == "1":
        raise ValueError(
            f"Argument `{name}` must be a number, but is `{text}`."
        )
    try:
        return parse(text, unit)
    except ValueError as error:
        raise ValueError(f"Argument `{name}` {error}") from None


def changed(preset: Preset, changes: Mapping[str, str], word: str) -> Preset:
    """A preset with some numbers changed, under a word of its own.

    Args:
        preset: The preset.
        changes: Numbers as they are written, by name.
        word: Names it.

    Raises:
        ValueError: No such number, or one that the laws refuse.
    """
    numbers = {
        name.replace(".", "__", 1): number_in(preset, name, text)
        for name, text in changes.items()
    }
    return replace(preset.replace(**numbers), name=word)
