"""Units as people write them in the headers of their files, and what they make of a number."""

import re
from dataclasses import dataclass

_PREFIXES = {
    "T": 1e12,
    "G": 1e9,
    "M": 1e6,
    "k": 1e3,
    "K": 1e3,
    "": 1.0,
    "m": 1e-3,
    "u": 1e-6,
    "µ": 1e-6,
    "μ": 1e-6,
    "n": 1e-9,
    "p": 1e-12,
    "f": 1e-15,
}
_WORDS = {
    "tera": 1e12,
    "giga": 1e9,
    "mega": 1e6,
    "kilo": 1e3,
    "": 1.0,
    "milli": 1e-3,
    "micro": 1e-6,
    "nano": 1e-9,
    "pico": 1e-12,
    "femto": 1e-15,
}
_SYMBOLS = {
    "S": "S",
    "Ω": "Ohm",
    "\u2126": "Ohm",
    "ohm": "Ohm",
    "Ohm": "Ohm",
    "ohms": "Ohm",
    "Ohms": "Ohm",
    "OHM": "Ohm",
    "V": "V",
    "A": "A",
    "s": "s",
    "sec": "s",
    "K": "K",
}
_NAMES = {
    "siemens": "S",
    "ohm": "Ohm",
    "ohms": "Ohm",
    "volt": "V",
    "volts": "V",
    "ampere": "A",
    "amperes": "A",
    "amp": "A",
    "amps": "A",
    "second": "s",
    "seconds": "s",
    "kelvin": "K",
}
_WHOLE = {
    "min": ("s", 60.0, 0.0),
    "minutes": ("s", 60.0, 0.0),
    "minute": ("s", 60.0, 0.0),
    "h": ("s", 3600.0, 0.0),
    "hr": ("s", 3600.0, 0.0),
    "hrs": ("s", 3600.0, 0.0),
    "hour": ("s", 3600.0, 0.0),
    "hours": ("s", 3600.0, 0.0),
    "d": ("s", 86400.0, 0.0),
    "day": ("s", 86400.0, 0.0),
    "days": ("s", 86400.0, 0.0),
    "C": ("K", 1.0, 273.15),
    "°C": ("K", 1.0, 273.15),
    "ºC": ("K", 1.0, 273.15),
    "℃": ("K", 1.0, 273.15),
    "degC": ("K", 1.0, 273.15),
    "celsius": ("K", 1.0, 273.15),
    "Celsius": ("K", 1.0, 273.15),
    "1": ("1", 1.0, 0.0),
    "a.u.": ("1", 1.0, 0.0),
    "%": ("1", 0.01, 0.0),
    "mho": ("S", 1.0, 0.0),
    "G0": ("S", 77.480917e-6, 0.0),
}
"""Units that take no prefix: symbol of the quantity, factor, and what is added."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a unit makes of a number: `number * factor + offset`, in SI.

    Args:
        symbol: SI unit: `S`, `Ohm`, `V`, `A`, `s`, `K` or `1`.
        factor: Factor (SI).
        offset: What is added after (SI).
    """

    symbol: str
    factor: float
    offset: float = 0.0


def unit_of(text: str) -> Unit | None:
    """The unit that a text names, or `None` for a text that names none.

    >>> unit_of("uS"), unit_of("kΩ"), unit_of("seconds")
    (Unit(symbol='S', factor=1e-06, offset=0.0), Unit(symbol='Ohm', factor=1000.0, offset=0.0),\
 Unit(symbol='s', factor=1.0, offset=0.0))
    >>> unit_of("apples")
    """
    text = text.strip()
    if text in _WHOLE:
        symbol, factor, offset = _WHOLE[text]
        return Unit(symbol, factor, offset)
    for ending, symbol in _SYMBOLS.items():
        prefix = text.removesuffix(ending)
        if text.endswith(ending) and prefix in _PREFIXES:
            return Unit(symbol, _PREFIXES[prefix])
    lower = text.lower()
    for ending, symbol in _NAMES.items():
        prefix = lower.removesuffix(ending)
        if lower.endswith(ending) and prefix in _WORDS:
            return Unit(symbol, _WORDS[prefix])
    return None


_BRACKETS = re.compile(r"^(.*?)\s*[(\[{<]\s*([^()\[\]{}<>]*?)\s*[)\]}>]\s*$")
_SEPARATED = re.compile(r"^(.+?)\s*[_/,;:]\s*([^_/,;:()\[\]]+)$")
_SPACED = re.compile(r"^(.+?)\s+(\S+)$")


def split_name(title: str) -> tuple[str, str]:
    """Name and unit of a column, from its title in a header.

    >>> split_name("G (µS)"), split_name("conductance_uS"), split_name("I/A"), split_name("cell")
    (('G', 'µS'), ('conductance', 'uS'), ('I', 'A'), ('cell', ''))
    """
    title = title.strip()
    found = _BRACKETS.match(title)
    if found is not None:
        return (found[1] or found[2], found[2]) if found[1] else (found[2], "")
    for pattern in (_SEPARATED, _SPACED):
        found = pattern.match(title)
        # `ramp_1` is the first ramp, not one without a unit
        if found is not None and found[2] != "1" and unit_of(found[2]):
            return found[1], found[2]
    return title, ""
