"""What may stand in a preset file: tables, their keys, kinds of cells, units of numbers."""

import re
from collections.abc import Mapping
from functools import cache

from mho.device.filament import CellParameters
from mho.device.kinds import MeasuredSteps, RampSteps
from mho.device.model import CellModel
from mho.device.published.shipped import PRESETS
from mho.device.values import FURTHER_LAWS, Preset

SCHEMA = 1
"""Version of the schema that this mho writes, and the newest that it reads (1)."""
HEAD = ("name", "summary", "validity", "base")
"""Keys of the table `[preset]`; all of them texts."""
NUMBER = ("value", "source", "confidence", "interval", "note")
"""Keys of a number that says where it comes from."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "cell": ("kind", "table", "as", "amplitude", "width", "unit"),
    "array": ("biasing",),
    **dict.fromkeys(FURTHER_LAWS, ("law",)),
}
"""Keys of a table that are words and no numbers."""
OTHERS = ("preset", "correlations", "steps")
"""Tables without numbers of cells or arrays."""
FILAMENT = "filament"
_GATE = ("gate_slope", "gate_threshold", "gate_max", "on_resistance")
GATE = tuple(f"array.{name}" for name in _GATE)
"""Numbers that only an array with selectors has."""
OPTIONAL = frozenset({"array.driver", *GATE})
LATER: Mapping[str, tuple[float, str]] = {"cell.ramp_spread": (0.0, "1")}
"""Numbers that came later, with what their lack meant, and its unit."""
COUNTS = frozenset(
    {"telegraph.slots", "array.rows", "array.cols"}
    | {
        f"array.{name}"
        for name in (
            "dac_bits",
            "adc_bits",
            "read_bits_off_chip",
            "write_bits_off_chip",
            "read_bits_on_chip",
            "write_bits_on_chip",
        )
    }
)
"""Numbers that must be whole."""


@cache
def kind_names() -> Mapping[str, type[CellModel]]:
    """Kinds of cells by their names in files: `filament`, `soft-bound` and so on."""
    found: dict[str, type[CellModel]] = {FILAMENT: CellParameters}
    kinds = {one.kind for one in PRESETS.values()} | {MeasuredSteps, RampSteps}
    for kind in kinds - {CellParameters}:
        found[kind_name(kind)] = kind
    return dict(sorted(found.items()))


def kind_name(kind: type[CellModel]) -> str:
    """The name of a kind in files.

    >>> kind_name(MeasuredSteps)
    'measured-steps'
    """
    if kind is CellParameters:
        return FILAMENT
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


@cache
def _units() -> Mapping[tuple[type, str], str]:
    """Unit of each number, by its law or kind and its name: as the shipped presets have it."""
    found: dict[tuple[type, str], str] = {}
    for one in PRESETS.values():
        for full, value in one.values.items():
            group, _, name = full.partition(".")
            owner = (
                ArrayUnits
                if group == "array"
                else one.parts.get(group, one.kind)
            )
            found[owner, name] = value.unit
    return found


class ArrayUnits:
    """Stands for the array in the table of units."""


def unit_of(preset: Preset, full: str) -> str:
    """Unit of a number.

    Args:
        preset: A preset of its kind and laws.
        full: Its name, by group and field.
    """
    known = preset.values.get(full)
    if known is not None:
        return known.unit
    group, _, name = full.partition(".")
    owner = (
        ArrayUnits if group == "array" else preset.parts.get(group, preset.kind)
    )
    return _units().get((owner, name)) or _told_unit(owner, name)


def _told_unit(owner: type, name: str) -> str:
    """Unit of a number of a law that no shipped preset has, as its own text says it."""
    # of a field alone: the text ends where the next one begins
    told = re.search(
        rf"^ *{name}: (?:(?!\n *\w+: ).)*?\(([^()]+)\)[.;]",
        owner.__doc__ or "",
        re.MULTILINE | re.DOTALL,
    )
    assert told is not None, (
        f"{owner.__name__} does not tell the unit of {name}"
    )
    return told[1]


@cache
def array_names() -> frozenset[str]:
    """Every number of an array, by group and field."""
    return frozenset(
        full
        for one in PRESETS.values()
        for full in one.values
        if full.startswith("array.")
    )


def law_names(group: str) -> Mapping[str, type]:
    """Other laws of a group than the usual one, by name."""
    return FURTHER_LAWS.get(group, {})
