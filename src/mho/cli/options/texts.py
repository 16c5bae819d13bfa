"""What the words of options may be: the digits 0 to 9, no empty names, nothing absurd."""

import re
from collections.abc import Sequence
from typing import Any

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_LONGEST = 64
"""Characters of a number (1)."""


class OptionError(Exception):
    """An option was refused; the text is the whole sentence.

    It is no `ValueError`, as the parser of the command line would wrap that in words of its own.
    """


def whole(_: type, tokens: Sequence[Any]) -> int:
    """A whole number such as `7` or `1e4`, in the digits 0 to 9.

    Raises:
        OptionError: It is another text.
    """
    text = tokens[0].value
    value = _value(text)
    if value is None or not value.is_integer():
        raise OptionError(
            f"Argument `{_name(tokens)}` must be a whole number in the digits 0 to 9, but is"
            f" `{text}`."
        )
    # digits alone are exact however many they are
    return int(text) if text.lstrip("+-").isdigit() else int(value)


def number(_: type, tokens: Sequence[Any]) -> float:
    """A number such as `0.05` or `1e-3`, in the digits 0 to 9.

    Raises:
        OptionError: It is another text.
    """
    text = tokens[0].value
    value = _value(text)
    if value is None:
        raise OptionError(
            f"Argument `{_name(tokens)}` must be a number in the digits 0 to 9, but is `{text}`."
        )
    return value


def plain_digits(_: type, tokens: Sequence[Any]) -> str:
    """A text whose digits are 0 to 9: those of other scripts would be read as numbers, too.

    Raises:
        OptionError: It has others.
    """
    text: str = tokens[0].value
    if any(letter.isdecimal() and not letter.isascii() for letter in text):
        raise OptionError(
            f"Argument `{_name(tokens)}` must be written with the digits 0 to 9, but is `{text}`."
        )
    return text


def place(_: type, tokens: Sequence[Any]) -> str:
    """The name of a file or folder.

    Raises:
        OptionError: It is empty.
    """
    text: str = tokens[0].value
    if not text.strip() or "\0" in text:
        raise OptionError(
            f"Argument `{_name(tokens)}` must name a file or folder, but is empty; leave it out"
            " for the usual name."
        )
    return text


def _value(text: str) -> float | None:
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    return None if value in (float("inf"), float("-inf")) else value


def _name(tokens: Sequence[Any]) -> str:
    """Name of the option, as sentences say it."""
    keyword = tokens[0].keyword or "value"
    return str(keyword).lstrip("-").replace("-", "_")
