"""Units as people write them in the headers of their files, and what they make of a number."""

import re
from dataclasses import dataclass

from mho.measured.role_names import QUANTITIES, ROLE_OF

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
    "mho": "S",
    "mhos": "S",
    "Ω": "Ohm",
    "\u2126": "Ohm",
    "ohm": "Ohm",
    "Ohm": "Ohm",
    "ohms": "Ohm",
    "Ohms": "Ohm",
    "OHM": "Ohm",
    "OHMS": "Ohm",
    "V": "V",
    "A": "A",
    "s": "s",
    "sec": "s",
    "secs": "s",
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
    "h": ("s", 3600.0, 0.0),
    "d": ("s", 86400.0, 0.0),
    "C": ("K", 1.0, 273.15),
    "°C": ("K", 1.0, 273.15),
    "ºC": ("K", 1.0, 273.15),
    "℃": ("K", 1.0, 273.15),
    "1": ("1", 1.0, 0.0),
    "a.u.": ("1", 1.0, 0.0),
    "%": ("1", 0.01, 0.0),
    "G0": ("S", 77.480917e-6, 0.0),
}
"""Units that take no prefix: symbol of the quantity, factor, and what is added."""
_ANY_CASE = {
    "sec": ("s", 1.0, 0.0),
    "secs": ("s", 1.0, 0.0),
    "min": ("s", 60.0, 0.0),
    "mins": ("s", 60.0, 0.0),
    "minute": ("s", 60.0, 0.0),
    "minutes": ("s", 60.0, 0.0),
    "hr": ("s", 3600.0, 0.0),
    "hrs": ("s", 3600.0, 0.0),
    "hour": ("s", 3600.0, 0.0),
    "hours": ("s", 3600.0, 0.0),
    "day": ("s", 86400.0, 0.0),
    "days": ("s", 86400.0, 0.0),
    "week": ("s", 604800.0, 0.0),
    "weeks": ("s", 604800.0, 0.0),
    "degc": ("K", 1.0, 273.15),
    "celsius": ("K", 1.0, 273.15),
}
"""The same for words, which stand in large and small letters."""
_INDICES = frozenset(("a", "c", "d", "h", "k", "s", "v", "min"))
"""Units that are as often the index of a name, in small letters: `V_d`, `I_C`, `G_min`."""


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
    text = "".join(text.split())
    whole = _WHOLE.get(text) or _ANY_CASE.get(text.lower())
    if whole is not None:
        return Unit(*whole)
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
_PLAIN = re.compile(r"[^a-z0-9]+")
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
        # `ramp_1` is the first ramp, not one without a unit; `G/G0` is normalised
        if found is None or found[2] in ("1", "G0"):
            continue
        unit = unit_of(found[2])
        if unit is not None:
            return _divided(title, found[1], found[2], unit)
    return title, ""


def _divided(title: str, name: str, text: str, unit: Unit) -> tuple[str, str]:
    """Name and unit where no bracket says which is which: `temp_C` has a unit, `V_C` an index."""
    role = role_named(name)
    if role is not None and unit.symbol in QUANTITIES[role]:
        return name, text
    whole = role_named(title)
    if whole is not None:
        return title, text if unit.symbol in QUANTITIES[whole] else ""
    if role is not None and text.lower() in _INDICES:
        return title, ""
    return name, text


def plain(name: str) -> str:
    """A name without case and signs, as roles are looked up."""
    return _PLAIN.sub("", name.lower().replace("δ", "d").replace("Δ", "d"))


def role_named(name: str) -> str | None:
    """What a name alone means; `None` if it tells nothing.

    >>> role_named("Pulse width"), role_named("note")
    ('width', None)
    """
    return ROLE_OF.get(plain(name))
