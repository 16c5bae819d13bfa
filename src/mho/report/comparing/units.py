"""Units of values by their names, which say them where they are not SI."""

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
_COUNTS = ("chips", "chips_needed", "good_chips", "samples", "seed")
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
    for word in reversed(path):
        if word == metric.key or word.endswith(f"_{metric.key}"):
            return metric.unit
        if metric.key in word and word.startswith(("chip_", "software_")):
            return metric.unit
        for end, unit in _ENDS:
            if word.endswith(end):
                return unit
        if word.endswith(_SHARES):
            return "%"
    return "1"
