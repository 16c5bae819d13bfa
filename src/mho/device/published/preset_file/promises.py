"""Whether laws and array allow the numbers of a preset file."""

import re

from mho.device.published.preset_file.places import Source
from mho.device.published.preset_file.schema import COUNTS
from mho.device.values import Preset
from mho.units import show

_SIDE = 65_536
"""Lines of a tile at most (1)."""
_BITS = 32
_POSITIVE = (
    "read_voltage",
    "level_high",
    "map_high",
    "amplitude_max",
    "sample_time_off_chip",
    "sample_time_on_chip",
    "vector_time",
)
"""Numbers of an array that must be above zero; no other may be below."""
_MOST_CONDUCTANCE = 1.0
"""Conductance that no cell has (S)."""
_RANGES = (("level_low", "level_high"), ("map_low", "map_high"))
_SUBJECT = re.compile(r"Argument `([^`]+)` ")


def check_numbers(source: Source, preset: Preset) -> None:
    """Refuse a number that its law, or the array, does not allow.

    Args:
        source: The file, for sentences.
        preset: All its numbers.

    Raises:
        ValueError: With file, table, key and line.
    """
    for full, value in preset.values.items():
        if full in COUNTS and value.value != int(value.value):
            table, _, key = full.partition(".")
            source.refuse(
                table, key, f"must be a whole number, but is {value.value:g}"
            )
    for group in preset.parts:
        try:
            preset.part(group)
        except (ValueError, OverflowError, ZeroDivisionError) as error:
            _refuse_law(source, group, error)
    try:
        preset.cell()
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        _refuse_law(source, "cell", error)
    _check_array(source, preset)


def _refuse_law(source: Source, group: str, error: Exception) -> None:
    """Say what a law says, and where the number stands."""
    said = str(error)
    found = _SUBJECT.match(said)
    if found is None:
        rest = (
            f"must have numbers that its law allows, but has none such: {said}"
        )
        source.refuse(group, "", rest)
    source.refuse(group, found[1], said[found.end() :])


def _check_array(source: Source, preset: Preset) -> None:
    """Refuse numbers that no array has."""
    numbers = preset.group("array")
    for key, value in numbers.items():
        unit = preset.values[f"array.{key}"].unit
        least = 1 if f"array.{key}" in COUNTS else 0
        if value < least or (key in _POSITIVE and value == 0):
            above = "above" if key in _POSITIVE else "at least"
            source.refuse(
                "array",
                key,
                f"must be {above} {show(least, unit)}, but is {show(value, unit)}",
            )
    for key in ("rows", "cols"):
        _check_most(source, key, numbers[key], _SIDE)
    for key in numbers:
        if "bits" in key:
            _check_most(source, key, numbers[key], _BITS)
    _check_ranges(source, numbers)


def _check_ranges(source: Source, numbers: dict[str, float]) -> None:
    """Refuse conductances that no cell has, and ranges without an inside."""
    for low, high in _RANGES:
        shown_high = show(numbers[high], "S")
        if numbers[high] > _MOST_CONDUCTANCE:
            rest = f"must be 1 S at most, but is {shown_high}"
            source.refuse("array", high, rest)
        if not numbers[low] < numbers[high]:
            source.refuse(
                "array",
                low,
                f"must be below `{high}`, {shown_high}, but is"
                f" {show(numbers[low], 'S')}",
            )


def _check_most(source: Source, key: str, value: float, most: int) -> None:
    if value > most:
        source.refuse("array", key, f"must be {most} at most, but is {value:g}")
