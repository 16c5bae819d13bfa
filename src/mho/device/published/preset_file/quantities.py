"""A number with its unit, from the words of a preset file to SI and back, to the last bit."""

import math

from mho.checks import RefusedError, one_line
from mho.units import eV, parse

LARGEST = 1e30
"""Largest number of a preset (SI)."""
_SHOWN = 60
"""Letters of a value that a sentence shows at most (1)."""
_ASCII = {
    "Ω": ("Ohm", "ohm", "Ω"),
    "1/V²": ("/V²", "1/V^2", "/V^2", "1/V2", "V^-2"),
    "1/K": ("/K", "K^-1"),
    "1/s": ("/s", "s^-1", "Hz"),
}
"""Other ways to write a unit; the second Ω is the letter of some keyboards."""
_SCALES = {
    "S": ("S mS uS nS pS", (1.0, 1e-3, 1e-6, 1e-9, 1e-12)),
    "V": ("V mV", (1.0, 1e-3)),
    "s": ("s ms us ns", (1.0, 1e-3, 1e-6, 1e-9)),
    "Ω": ("Ohm kOhm MOhm", (1.0, 1e3, 1e6)),
    "J": ("eV J mJ uJ nJ pJ fJ", (eV, 1.0, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15)),
    "F": ("F uF nF pF fF", (1.0, 1e-6, 1e-9, 1e-12, 1e-15)),
    "S/V": ("S/V mS/V uS/V", (1.0, 1e-3, 1e-6)),
}
"""Units that a number is written in, and what they are (SI)."""
_DIGITS = 12
"""Digits of a number with a prefix; what needs more is written in SI (1)."""


def quantity(said: object, unit: str) -> float:
    """What a file says of a number (SI).

    Args:
        said: A text such as `"1.2 uS"`; a plain number, or a text in %, if it has no unit.
        unit: The unit wanted; `"1"` for none.

    Raises:
        RefusedError: It is no such number, has another unit or none, or is NaN or too large; with
            the rest of a sentence.
    """
    if isinstance(said, str):
        value = _of_text(said, unit)
    elif isinstance(said, bool) or not isinstance(said, int | float):
        raise RefusedError(f"must be a number, but is {shown(said)}")
    elif unit != "1":
        raise RefusedError(
            f"must be a text with its unit such as {_example(unit)}, but is {shown(said)} alone"
        )
    else:
        value = _finite(said)
    if not abs(value) <= LARGEST:
        raise RefusedError(
            f"must be finite and below 10³⁰, but is {shown(said)}"
        )
    return value


def _finite(said: int | float) -> float:
    """A plain number; a whole one may be larger than any float."""
    try:
        return float(said)
    except OverflowError:
        return math.inf


def _of_text(said: str, unit: str) -> float:
    text = " ".join(said.split())[:_SHOWN]
    if unit == "1":
        return _share(text)
    for other in _ASCII.get(unit, ()):
        if text.endswith(other) and not text.endswith(unit):
            text = text[: -len(other)] + unit
            break
    if unit == "J" and text.endswith("eV"):
        return _parsed(text, "eV", unit) * eV
    return _parsed(text, unit, unit)


def _parsed(text: str, symbol: str, unit: str) -> float:
    # "1.2 1/V²" has a space, as its unit begins with a digit
    merged = symbol[0].isdigit() and not text.endswith(f" {symbol}")
    try:
        return parse("" if merged else text, symbol)
    except ValueError:
        raise RefusedError(
            f"must be a number with a unit of {unit} such as {_example(unit)}, but is"
            f" {shown(text)}"
        ) from None


def _share(text: str) -> float:
    """A number without unit that is written as a text: `"8 %"`, `"0.08"`."""
    percent = text.endswith("%")
    number = text.removesuffix("%").strip()
    try:
        value = (
            float(number) if not set(number) - set("+-.0123456789eE") else None
        )
    except ValueError:
        value = None
    if value is None:
        raise RefusedError(
            f"must be a number without unit such as 0.08 or `8 %`, but is {shown(text)}"
        )
    return value / 100 if percent else value


def _example(unit: str) -> str:
    words = _SCALES.get(unit, (f"{unit}", ()))[0].split()
    return f"`1.2 {words[min(2, len(words) - 1)]}`"


def shown(said: object) -> str:
    """A value of a file as a sentence may have it: one line, and short."""
    text = (
        one_line(str(said)) if isinstance(said, str) else one_line(repr(said))
    )
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"`{cut}`"


def written(value: float, unit: str) -> str:
    """A number as a file has it, so that `quantity` reads the same bits.

    Args:
        value: The number (SI).
        unit: Its unit.

    >>> written(1.2e-6, "S"), written(0.08, "1"), written(300.0, "K")
    ('"1.2 uS"', '0.08', '"300 K"')
    """
    if unit == "1":
        whole = value == int(value) and abs(value) < 1e15
        return str(int(value)) if whole else repr(value)
    words, scales = _SCALES.get(unit, (unit, (1.0,)))
    symbols = words.split()
    for symbol, scale in _by_fit(value, symbols, scales):
        text = f"{value / scale:.{_DIGITS}g}"
        if "e" not in text and float(text) * scale == value:
            return f'"{text} {symbol}"'
    return f'"{value!r} {_plain(unit)}"'


def _plain(unit: str) -> str:
    return "Ohm" if unit == "Ω" else unit


def _by_fit(
    value: float, symbols: list[str], scales: tuple[float, ...]
) -> list[tuple[str, float]]:
    """Ways to write a number, the one that reads best first: 1 to 1000 of its unit."""
    pairs = list(zip(symbols, scales, strict=True))

    def awkward(pair: tuple[str, float]) -> float:
        size = abs(value / pair[1])
        return abs(math.log10(size) - 1.2) if size else abs(pair[1] - 1.0)

    return sorted(pairs, key=awkward)
