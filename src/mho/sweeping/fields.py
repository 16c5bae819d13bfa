"""Every number of a preset or a protocol by its dotted name."""

from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from mho.checks import Configuration, check_choice
from mho.device.published import Preset
from mho.programming import Denoise, ProgramProtocol
from mho.units import parse, show

_PROTOCOL = "protocol"
_DENOISE = "protocol.denoise"
_SWITCH = {"off": 0.0, "on": 1.0}

UNITS = {
    "protocol.tolerance": "S",
    "protocol.trim.least": "S",
    "protocol.trim.doubt": "S",
    "protocol.trim.telling": "S",
    "protocol.trim.width": "s",
    "protocol.trim.gate": "V",
    "protocol.denoise.width": "s",
    "protocol.denoise.visible": "S",
    "protocol.denoise.visible_later": "S",
    "protocol.verify.window": "s",
}
"""Units of the protocol's fields; the others are numbers without one."""


@dataclass(frozen=True, slots=True)
class Subject(Configuration):
    """What is swept.

    Args:
        preset: The cells.
        protocol: How they are programmed.
    """

    preset: Preset
    protocol: ProgramProtocol

    def names(self) -> list[str]:
        """Every field that can be swept."""
        full = replace(
            self.protocol, denoise=self.protocol.denoise or Denoise()
        )
        return [*self.preset.values, _DENOISE, *_paths(full, _PROTOCOL)]

    def unit(self, name: str) -> str:
        """Unit of a field; `"1"` if it has none.

        Raises:
            ValueError: There is no such field; the nearest name is suggested.
        """
        check_choice(name, "field", self.names())
        if name in self.preset.values:
            return self.preset.values[name].unit
        return UNITS.get(name, "1")

    def value(self, name: str, text: str) -> float:
        """A value of a field: SI, with its unit, or `on` and `off` for `protocol.denoise`.

        Raises:
            ValueError: It is none.
        """
        unit = self.unit(name)
        if name == _DENOISE:
            check_choice(text, name, _SWITCH)
            return _SWITCH[text]
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

    def shown(self, name: str, value: float) -> str:
        """A value as people read it."""
        if name == _DENOISE:
            return "on" if value else "off"
        unit = self.unit(name)
        if unit == "1":
            return f"{value:.4g}"
        return f"{value:.4g} {unit}" if "/" in unit else show(value, unit)

    def changed(self, name: str, value: float) -> "Subject":
        """The same with one field changed.

        Raises:
            ValueError: No such field, a fraction where a whole number belongs, or a value that
                the law or the protocol refuses.
        """
        check_choice(name, "field", self.names())
        if name in self.preset.values:
            preset = self.preset.replace(**{name: value})
            # whose laws know what their numbers may be
            preset.cell()
            return replace(self, preset=preset)

        if name == _DENOISE:
            method = self.protocol.denoise if value else None
            protocol = replace(self.protocol, denoise=method)
            return replace(self, protocol=protocol)

        path = name.split(".")[1:]
        protocol = _replaced(self.protocol, path, value, name)
        return replace(self, protocol=protocol)


def _paths(part: Any, prefix: str) -> list[str]:
    """Dotted names of the numbers in nested dataclasses."""
    paths = []
    for field in fields(part):
        value = getattr(part, field.name)
        name = f"{prefix}.{field.name}"
        if is_dataclass(value):
            paths += _paths(value, name)
        elif isinstance(value, int | float):
            paths.append(name)
    return paths


def _replaced(part: Any, path: list[str], value: float, name: str) -> Any:
    """A nested dataclass with one number replaced."""
    first, *rest = path
    old = getattr(part, first)
    if rest:
        if old is None:
            raise ValueError(
                f"Argument `{name}` must belong to a protocol that denoises, but this one does"
                " not; leave it out, or denoise."
            )
        return replace(part, **{first: _replaced(old, rest, value, name)})
    if isinstance(old, int):
        if value != int(value):
            raise ValueError(
                f"Argument `{name}` must be a whole number, but is {value:g}."
            )
        return replace(part, **{first: int(value)})
    return replace(part, **{first: value})
