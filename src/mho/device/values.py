"""A preset: one paper's cell, every number with its unit, its source and how sure we are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from mho.checks import check_between, check_choice, check_number
from mho.device.array_numbers import ArrayNumbers, array_numbers
from mho.device.filament import CellParameters
from mho.device.laws import (
    BarrierRelaxation,
    Endurance,
    FittedRelaxation,
    Flicker,
    QuantileRelaxation,
    Relaxation,
    Retention,
    Switching,
    TelegraphNoise,
    Temperature,
)
from mho.device.model import CellModel
from mho.device.origin import Origin
from mho.files import NOT_IDENTITY


class Confidence(StrEnum):
    """How sure a number is."""

    PUBLISHED = "published"
    """Stated in the source."""
    INFERRED = "inferred"
    """Follows from published statements; the note says how."""
    FITTED = "fitted"
    """Fitted to measurements; the source names them."""
    CHOICE = "choice"
    """Nobody states it: a default that may be swept."""


@dataclass(frozen=True, slots=True)
class Value:
    """One number of a preset.

    Args:
        value: The number, SI.
        unit: Its unit; `"1"` if it has none.
        source: Key in the bibliography; for a choice, the source it leans on.
        confidence: How sure it is.
        note: Why this number.
        interval: Where the number lies in 95 of 100 cases (SI); `None` if nobody knows.
    """

    value: float
    unit: str
    source: str = field(metadata=NOT_IDENTITY)
    confidence: Confidence = field(metadata=NOT_IDENTITY)
    note: str = field(metadata=NOT_IDENTITY)
    interval: tuple[float, float] | None = field(
        default=None, metadata=NOT_IDENTITY
    )


_COUNTS = frozenset(
    (
        "telegraph.slots",
        "array.rows",
        "array.cols",
        "array.dac_bits",
        "array.adc_bits",
    )
)
_LARGEST = 1e30
_LAWS: dict[str, type] = {
    "switching": Switching,
    "telegraph": TelegraphNoise,
    "flicker": Flicker,
    "relaxation": Relaxation,
    "retention": Retention,
    "temperature": Temperature,
    "endurance": Endurance,
}
USUAL = "usual"
"""Name of the law of each group that cells have unless a preset says another."""
FURTHER_LAWS: dict[str, dict[str, type]] = {
    "relaxation": {
        "fitted": FittedRelaxation,
        "quantiles": QuantileRelaxation,
        "barriers": BarrierRelaxation,
    },
}
"""Other laws of a cell with a filament, by group and by their names in preset files."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of cell and the circuit it was shown in.

    Args:
        name: Name on the command line.
        summary: What it is, one line.
        validity: Where the numbers hold and where they do not.
        values: Every number, by group and field: `"switching.step"`, `"cell.formed"`,
            `"array.read_voltage"` and so on.
        laws: Laws of this cell that differ from the usual ones, by group.
        biasing: How cells of an array without selectors were written, `"V/2"` or `"V/3"`; `None`
            for cells with a selector each.
        kind: What its cells are; all its numbers but the array's belong to it.
        origin: The file that its numbers stand in, if it is one of a user's.
    """

    name: str = field(metadata=NOT_IDENTITY)
    summary: str = field(metadata=NOT_IDENTITY)
    validity: str = field(metadata=NOT_IDENTITY)
    values: Mapping[str, Value]
    laws: Mapping[str, type] = field(default_factory=dict)
    biasing: str | None = None
    kind: type[CellModel] = field(default=CellParameters, metadata=NOT_IDENTITY)
    origin: Origin | None = field(default=None, metadata=NOT_IDENTITY)

    references: ClassVar = ("rao2023",)

    def __getitem__(self, name: str) -> float:
        """The number called `name` (SI).

        Raises:
            ValueError: There is no such number; the nearest name is suggested.
        """
        check_choice(name, "name", self.values)
        return self.values[name].value

    def group(self, name: str) -> dict[str, float]:
        """All numbers of one group by field name (SI)."""
        numbers: dict[str, float] = {}
        for full, value in self.values.items():
            group, _, field_name = full.partition(".")
            if group == name:
                numbers[field_name] = value.value
        return numbers

    @property
    def array(self) -> ArrayNumbers:
        """The numbers of the array around the cells."""
        return array_numbers(self.group("array"))

    def cell(self) -> CellModel:
        """The kind of cell with this preset's numbers."""
        parts = {name: self.part(name) for name in self.parts}
        return self.kind(**parts, **self.group("cell"))

    @property
    def parts(self) -> dict[str, type]:
        """Groups of numbers that are a law each, with its class: all but `cell` and `array`."""
        if self.kind is CellParameters:
            return _LAWS | dict(self.laws)
        return _parts(self.kind)

    def part(self, group: str) -> Any:
        """The law of one group with this preset's numbers.

        Args:
            group: One of `parts`.

        Raises:
            ValueError: The law does not allow them.
        """
        law = self.parts[group]
        numbers: dict[str, Any] = dict(self.group(group))
        if law is TelegraphNoise:
            numbers["slots"] = int(numbers["slots"])
        return law(**numbers)

    def replace(self, **changes: float) -> "Preset":
        """The same preset with some numbers changed; names use `__` for the dot.

        >>> from mho.device.published import preset
        >>> preset("rao2023").replace(telegraph__births=3.0)["telegraph.births"]
        3.0
        """
        values = dict(self.values)
        for name, number in changes.items():
            full = name.replace("__", ".")
            check_choice(full, "name", values)
            before = values[full]
            check_number(number, full)
            low = 0.0 if full.startswith("array.") else -_LARGEST
            check_between(number, full, low, _LARGEST, before.unit)
            if full in _COUNTS and number != int(number):
                raise ValueError(
                    f"Argument `{full}` must be a whole number, but is {number:g}."
                )
            values[full] = replace(
                before,
                value=number,
                confidence=Confidence.CHOICE,
                note="changed by hand",
                interval=None,
            )
        changed = replace(self, values=values)
        changed.cell()  # whose laws know what their numbers may be
        return changed

    def field_names(self) -> list[str]:
        """Every number the cell must be given, by group and field."""
        parts = self.parts
        names = []
        for group, law in parts.items():
            names += [f"{group}.{number.name}" for number in fields(law)]
        for number in fields(self.kind):  # type: ignore[arg-type]
            if number.name not in parts:
                names.append(f"cell.{number.name}")
        return names


def _parts(kind: type[CellModel]) -> dict[str, type]:
    """Fields of a kind that have numbers of their own: each is a group, by its name."""
    parts: dict[str, type] = {}
    for one in fields(kind):  # type: ignore[arg-type]
        if isinstance(one.type, type) and is_dataclass(one.type):
            parts[one.name] = one.type
    return parts


def by_full_name(**groups: Mapping[str, Value]) -> dict[str, Value]:
    """Numbers given group by group, by group and field: `"switching.step"`."""
    values: dict[str, Value] = {}
    for group, numbers in groups.items():
        for name, value in numbers.items():
            values[f"{group}.{name}"] = value
    return values


def alike(
    unit: str, source: str, confidence: Confidence, note: str, **numbers: float
) -> dict[str, Value]:
    """Numbers of one unit and one origin, by field name.

    >>> alike("1", "rao2023", Confidence.CHOICE, "", rows=4.0)["rows"].value
    4.0
    """
    return {
        name: Value(number, unit, source, confidence, note)
        for name, number in numbers.items()
    }
