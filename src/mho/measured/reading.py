"""A file of measurements, of whatever format and kind, as a value."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mho.checks import check_choice, one_line
from mho.files import readable_file
from mho.measured.formats import (
    is_step_table,
    read_sheet,
    read_step_table,
)
from mho.measured.kinds import KINDS, Given, kind_of
from mho.measured.numbers_in_si import NORMALISED
from mho.measured.roles import Roles
from mho.measured.sheets import unit_of
from mho.measured.trace import Trace
from mho.measured.values import (
    ArrayMap,
    Endurance,
    LevelTable,
    NormalisedResponses,
    PulseResponses,
    StepTable,
    Sweeps,
    Waits,
)

Measurement = (
    ArrayMap
    | Endurance
    | LevelTable
    | NormalisedResponses
    | PulseResponses
    | StepTable
    | Sweeps
    | Trace
    | Waits
)
"""Anything that was measured."""

_STEPS = "steps"
"""Kind of tables of steps, which have a format of their own."""
_OTHER_WORDS = {
    "ramps": "pulses",
    "ramp": "pulses",
    "pulse": "pulses",
    "relaxation": "waits",
    "retention": "waits",
    "wait": "waits",
    "sweep": "sweeps",
    "iv": "sweeps",
    "traces": "trace",
    "noise": "trace",
    "maps": "map",
}
"""Other words for kinds."""


def kind_named(word: str, argument: str = "kind") -> str:
    """The kind that a word names: its name, or another usual word for it.

    Args:
        word: Such as `pulses`, `ramps`, `retention`.
        argument: Name of the argument, for the sentence.

    Raises:
        ValueError: It names none; the sentence has the nearest.
    """
    kind = _OTHER_WORDS.get(word.lower(), word.lower())
    check_choice(kind, argument, (*KINDS, _STEPS))
    return kind


def read_measured(
    path: str | Path,
    *,
    kind: str | None = None,
    columns: Mapping[str, str] | None = None,
    voltage: float | None = None,
    direction: int | None = None,
    amplitude: float | None = None,
    gate: float | None = None,
    width: float | None = None,
    temperature: float | None = None,
    level: int | None = None,
    unit: str | None = None,
) -> Measurement:
    """Read what a lab has measured.

    The kind is told by the columns, whose names and units are understood in the spellings that are
    usual. What is odd in the file is kept as `remarks` of the value, each with its line.

    Args:
        path: The file.
        kind: Kind of measurement: `trace`, `pulses`, `waits`, `endurance`, `sweeps`, `map`,
            `levels`, `responses`, `steps`; told by the columns if `None`.
        columns: Names or numbers of columns by role, with a unit in brackets where the file has
            none: `{"conductance": "G[uS]"}`.
        voltage: Voltage at which currents were read (V).
        direction: +1 if all pulses SET, −1 if all RESET (1).
        amplitude: Voltage of all pulses (V).
        gate: Voltage of the word line at all pulses (V).
        width: Duration of all pulses (s).
        temperature: Temperature of all waits (K).
        level: Level that all cells were written to (1).
        unit: Unit of all conductances of a file that names none, `"1"` for a normalised scale.

    Raises:
        ValueError: The file cannot be understood, or says another unit; the sentence names the
            line.
        OSError: It cannot be read.
    """
    path = Path(path)
    if unit is not None:
        _check_unit(unit)
    kind = None if kind is None else kind_named(kind)
    readable_file(str(path), "file")
    given = Given(
        voltage, direction, amplitude, gate, width, temperature, level
    )
    if kind == _STEPS or (kind is None and is_step_table(path)):
        return read_step_table(
            path, unit or _unit(columns), amplitude, direction
        )
    sheet, told = read_sheet(path, kind)
    roles = Roles(replace(sheet, unit=unit or ""), columns)
    return KINDS[kind or told or kind_of(roles)](roles, given)


def _check_unit(unit: str) -> None:
    """Refuse a unit that is none of conductances."""
    known = unit_of(unit)
    in_siemens = known is not None and known.symbol == "S"
    if not in_siemens and unit != NORMALISED:
        raise ValueError(
            f"Argument `unit` must be one of S, or `1`, but is `{one_line(unit)}`."
        )


def _unit(columns: Mapping[str, str] | None) -> str | None:
    """Unit that the user gives for conductances, as `G[uS]`."""
    text = (columns or {}).get("conductance", "")
    return text.partition("[")[2].rstrip("] ") or None
