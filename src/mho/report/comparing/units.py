"""Units of values by their names, which say them where they are not SI."""

import re

from mho.data import Metric
from mho.report.comparing.leaves import Path

_ENDS = (
    ("_uS", "µS"),
    ("_ohm", "Ω"),
    ("_Hz", "Hz"),
    ("_K", "K"),
    ("seconds", "s"),
    ("joules", "J"),
    ("_s", "s"),
)
_SHARES = (
    "fraction",
    "share",
    "accuracy",
    "kept",
    "held",
    "converged",
    "recovered",
    "weight_error",
    "signal",
    "power",
)
"""Ends of names of shares."""
_OPTIONS = {
    "tolerance": "S",
    "compare_tolerance": "S",
    "wires": "Ω",
    "span": "s",
}
"""Units of options, which are SI."""
_COUNTS = (
    "chips",
    "chips_needed",
    "good_chips",
    "levels_converged",
    "samples",
    "seed",
)
"""Names of counts, whatever they stand under."""


def unit_of(path: Path, metric: Metric) -> str:
    """Unit of a value; `"1"` for a number without, `"%"` for a share.

    Args:
        path: Words that lead to it.
        metric: What the run was judged by.

    >>> from mho.data import ACCURACY
    >>> unit_of(("error_uS", "median"), ACCURACY), unit_of(("chip_accuracy", "best"), ACCURACY)
    ('µS', '%')
    """
    if path[-1] in _COUNTS:
        return "1"
    if path[0] == "options":
        return _OPTIONS.get(path[-1], "1")
    found = (_unit_by_word(word, metric) for word in reversed(path))
    return next(filter(None, found), "1")


def without_unit(word: str, unit: str) -> str:
    """A name without the unit at its end, which stands beside its value.

    Args:
        word: The name.
        unit: Its unit.

    >>> without_unit("low_uS", "µS"), without_unit("within_1uS", "1"), without_unit("ms", "s")
    ('low', 'within_1 µS', 'ms')
    """
    for end, told in _ENDS:
        if told == unit and end.startswith("_") and word.endswith(end):
            return word.removesuffix(end)
    return re.sub(r"(\d)uS\b", r"\1 µS", word.replace("uS_", "uS "))


def _unit_by_word(word: str, metric: Metric) -> str:
    """Unit that a single word tells; empty if it tells none."""
    is_score = word == metric.key or word.endswith(f"_{metric.key}")
    is_of_score = word.startswith(("chip_", "software_")) and metric.key in word
    if is_score or is_of_score:
        return metric.unit
    for end, unit in _ENDS:
        if word.endswith(end):
            return unit
    return "%" if word.endswith(_SHARES) else ""
