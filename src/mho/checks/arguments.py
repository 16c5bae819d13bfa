"""Checks of numbers and words; none of them needs torch."""

import difflib
import math
from collections.abc import Iterable

from mho.units import show

_LISTED = 20
"""Choices that a sentence lists at most; of more it names the nearest (1)."""


def one_line(text: str) -> str:
    r"""A text that prints as one line: what would end it or command a terminal becomes `�`.

    Words from files come into sentences, and must not speak to the reader's terminal.

    >>> one_line("a\nb\x1b[2Jc")
    'a�b�[2Jc'
    """
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def check_positive(value: float | int, name: str, unit: str) -> None:
    """Refuse a number that is not finite and above zero.

    Raises:
        ValueError: In the house sentence.
    """
    if not (math.isfinite(value) and value > 0):
        raise ValueError(
            f"Argument `{name}` must be finite and above {show(0, unit)}, but is"
            f" {show(value, unit)}."
        )


def check_not_negative(value: float | int, name: str, unit: str) -> None:
    """Refuse a number that is not finite or below zero.

    Raises:
        ValueError: In the house sentence.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(
            f"Argument `{name}` must be finite and not negative, but is {show(value, unit)}."
        )


def check_between(
    value: float | int,
    name: str,
    low: float | int,
    high: float | int,
    unit: str,
) -> None:
    """Refuse a number outside `low` … `high`, or NaN.

    Raises:
        ValueError: In the house sentence.
    """
    if not low <= value <= high:
        raise ValueError(
            f"Argument `{name}` must lie within {show(low, unit)} to {show(high, unit)}, but is"
            f" {show(value, unit)}."
        )


def check_choice(value: str, name: str, choices: Iterable[str]) -> None:
    """Refuse a word that is not on the list; name the nearest one that is.

    Raises:
        ValueError: In the house sentence.
    """
    known = sorted(choices)
    if value in known:
        return

    near = difflib.get_close_matches(value, known, n=1, cutoff=0.4)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    raise ValueError(
        f"Argument `{name}` must be one of {_listed(value, known)}, but is `{value}`.{hint}"
    )


def _listed(value: str, known: list[str]) -> str:
    """The choices as words of a sentence; of a long list those nearest to a value."""
    if len(known) <= _LISTED:
        return ", ".join(f"`{word}`" for word in known)
    nearest = difflib.get_close_matches(value, known, n=5, cutoff=0.4)
    shown = nearest or known[:5]
    words = ", ".join(f"`{word}`" for word in shown)
    return f"{words} or {len(known) - len(shown)} others"


class RefusedError(ValueError):
    """Carries the rest of a sentence that begins with the name of the file."""
