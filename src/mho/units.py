"""Unit prefixes for literals, and numbers with units turned into text and back.

Everything inside `mho` is SI. Write a literal as ``150 * uS`` and print it with `show`.
"""

import math
import re

S = V = A = s = J = K = Hz = 1.0
Ohm = 1.0

mS = 1e-3
uS = 1e-6
nS = 1e-9
mV = 1e-3
mA = 1e-3
uA = 1e-6
ms = 1e-3
us = 1e-6
ns = 1e-9
mJ = 1e-3
uJ = 1e-6
nJ = 1e-9
pJ = 1e-12

eV = 1.602176634e-19
"""Electron volt (J)."""

G0 = 77.480917e-6
"""Conductance quantum, 2e²/h (S)."""

_PREFIXES = {
    "T": 1e12,
    "G": 1e9,
    "M": 1e6,
    "k": 1e3,
    "": 1.0,
    "m": 1e-3,
    "u": 1e-6,
    "µ": 1e-6,
    "μ": 1e-6,
    "n": 1e-9,
    "p": 1e-12,
    "f": 1e-15,
}
_SHOWN = (
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
    (1e-9, "n"),
    (1e-12, "p"),
    (1e-15, "f"),
)
_LONG = {
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "week": 604800.0,
    "month": 2629800.0,
    "y": 31557600.0,
}
"""Units of time beyond the second (s); a year has 365.25 days, a month is a twelfth of it."""
_QUANTITY = re.compile(
    r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S*)\s*"
)


def show(value: float | int, unit: str, digits: int = 4) -> str:
    """Write an SI value with the prefix that reads best.

    Args:
        value: Number in SI units.
        unit: Unit symbol such as `"S"`; `""` or `"1"` for a dimensionless number.
        digits: Significant digits (1).

    >>> show(1.5e-4, "S")
    '150 µS'
    >>> show(-1, "1")
    '-1'
    """
    if unit in ("", "1"):
        return f"{value:.{max(digits, 12)}g}"
    if not math.isfinite(value):
        return f"{value} {unit}"
    if value == 0:
        return f"0 {unit}"

    for scale, prefix in _SHOWN:
        # what would round to 1000 takes the next prefix
        if abs(value) >= _rounds_to(scale, digits):
            return f"{value / scale:.{digits}g} {prefix}{unit}"

    return f"{value:.{digits}g} {unit}"


def _rounds_to(scale: float, digits: int) -> float:
    """Smallest number that so many significant digits write as `scale`."""
    half_a_digit: float = 0.5 * 10**-digits
    return scale * (1 - half_a_digit)


def show_duration(seconds: float, digits: int = 4) -> str:
    """Write a duration in the largest unit that makes it one or more.

    Args:
        seconds: The duration (s).
        digits: Significant digits (1).

    >>> show_duration(30 * 86400.0)
    '30 d'
    >>> show_duration(90.0), show_duration(0.02)
    ('1.5 min', '20 ms')
    """
    for name, length in reversed(_LONG.items()):
        # weeks are understood, but days are what people expect to read
        if name == "week":
            continue
        if abs(seconds) >= _rounds_to(length, digits):
            return f"{seconds / length:.{digits}g} {name}"
    return show(seconds, "s", digits)


def parse(text: str, unit: str) -> float:
    """Read a number with its unit, such as `"1uS"` or `"0.2 V"`, into SI.

    Times may also be given in `min`, `h`, `d`, `week`, `month` (a twelfth of a year) and `y`
    (365.25 days).

    Args:
        text: What the user wrote. The unit is required: a bare number is ambiguous.
        unit: Unit symbol wanted, such as `"S"`.

    Raises:
        ValueError: The text is no number, or its unit is missing or another one.

    >>> parse("1uS", "S")
    1e-06
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(
            f"must be a number with its unit such as `1u{unit}`, but is `{text}`."
        )

    number, symbol = match.groups()
    if unit == "s" and symbol in _LONG:
        return float(number) * _LONG[symbol]

    has_unit = symbol.endswith(unit)
    prefix = symbol[: -len(unit)] if has_unit else None
    if prefix not in _PREFIXES:
        longer = ", or `1h`, `1d`, `1month`, `1y`" if unit == "s" else ""
        raise ValueError(
            f"must carry a unit of {unit} such as `1u{unit}` or `1m{unit}`{longer}, but is"
            f" `{text}`."
        )
    return float(number) * _PREFIXES[prefix]
