"""Numbers as files write them."""

import math
import re

from mho.measured.sheets.units import Unit, unit_of

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eEdD][-+]?[0-9]+)?")
_WITH_UNIT = re.compile(
    r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*([A-Za-zµμΩ\u2126%°]{1,10})"
)
_MISSING = frozenset(
    (
        "",
        "nan",
        "na",
        "n/a",
        "null",
        "none",
        "-",
        "--",
        "#n/a",
        "inf",
        "-inf",
        "+inf",
    )
)
"""What stands for a number that was not measured, in small letters."""
_OVERFLOW = 9.9e36
"""Instruments write 9.9e37 for an overflow and 9.91e37 for no number at all."""
_LONGEST = 64
"""Letters of a number at most (1)."""


def is_missing(text: str) -> bool:
    """Whether a cell says that nothing was measured."""
    return text.lower() in _MISSING


def number_of(text: str, comma: bool = False) -> float | None:
    """The number that a cell holds; NaN if it is missing, `None` if it holds something else.

    Digits are 0 to 9 alone, and nothing separates thousands.

    Args:
        text: The cell.
        comma: Whether a comma stands for the point.

    >>> number_of("1.5e-4"), number_of("1,5", comma=True), number_of("1,5")
    (0.00015, 1.5, None)
    """
    if is_missing(text):
        return math.nan
    if comma:
        if "." in text:
            return None
        text = text.replace(",", ".")
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    with_e = text.replace("d", "e").replace("D", "e")
    value = float(with_e)
    return value if abs(value) < _OVERFLOW else math.nan


def quantity_of(text: str) -> tuple[float, Unit] | None:
    """A number with its unit in one cell, such as `45.2uS`, in SI; `None` if it is none."""
    found = _WITH_UNIT.fullmatch(text) if len(text) <= _LONGEST else None
    unit = unit_of(found[2]) if found else None
    if found is None or unit is None:
        return None
    return float(found[1]) * unit.factor + unit.offset, unit
