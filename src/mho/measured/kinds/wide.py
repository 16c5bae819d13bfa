"""Pulse responses with a ramp a column."""

import re

import numpy as np

from mho.measured.kinds.common import (
    Array,
    Given,
    Numbers,
    read_voltage,
    saturated,
    told_lines,
)
from mho.measured.kinds.directions import by_trend, in_name
from mho.measured.numbers_in_si import conductance_of
from mho.measured.roles import Roles
from mho.measured.sheets import Column, plain, unit_of
from mho.measured.values import PulseResponses


def wide(roles: Roles, given: Given) -> PulseResponses:
    """A ramp a column, a line a pulse; shorter ramps end in empty cells."""
    sheet = roles.sheet
    columns = ramp_columns(roles)
    if not columns or sheet.rows < 2:
        raise ValueError(
            f"File `{sheet.source}` must hold pulse responses: conductance before and after, or"
            " after each pulse, with ramps in columns or by number, but does not; name columns"
            " with `--columns before=…,after=…` or `--columns conductance=…,pulse=…`."
        )
    ramps, remarks = _ramps(roles, given, columns)
    if not ramps:
        raise ValueError(
            f"File `{sheet.source}` must have two readings in a column at least, but has none."
        )
    ramp, before, after = _pulses(ramps)
    named = np.array(
        [in_name(column.name) for column in columns], dtype=np.int64
    )
    direction, told = by_trend(roles, given, ramp, before, after, named[ramp])
    count = len(ramp)
    unknown = np.full(count, np.nan)
    amplitude = (
        unknown if given.amplitude is None else direction * abs(given.amplitude)
    )
    return PulseResponses(
        ramp,
        np.zeros(count, dtype=np.int64),
        amplitude.astype(np.float64),
        unknown if given.gate is None else np.full(count, given.gate),
        unknown if given.width is None else np.full(count, given.width),
        direction,
        before,
        after,
        sheet.source,
        (
            *sheet.remarks,
            *roles.remarks,
            *_units_differ(columns),
            *remarks,
            *told,
        ),
    )


def _ramps(
    roles: Roles, given: Given, columns: list[Column]
) -> tuple[dict[int, Array], list[str]]:
    """Readings of each ramp (S) by the number of its column, and what was odd."""
    sheet = roles.sheet
    voltage = read_voltage(roles, given)
    ramps: dict[int, Array] = {}
    remarks = []
    missing: list[int] = []
    for number, column in enumerate(columns):
        values = conductance_of(
            column, "conductance", sheet, voltage, roles.remarks
        )
        known = np.flatnonzero(np.isfinite(values))
        if known.size < 2:
            remarks.append(
                f"column `{column.name}`: fewer than two readings, left out"
            )
            continue
        inside = np.flatnonzero(~np.isfinite(values[: known[-1]]))
        missing += [int(row) for row in inside]
        remarks += saturated(sheet, values, f"`{column.name}`", "S")
        ramps[number] = values
    if missing:
        what = "a reading is missing; the pulses around it were left out"
        remarks.append(told_lines(sheet, np.unique(missing), what))
    return ramps, remarks


def _pulses(ramps: dict[int, Array]) -> tuple[Numbers, Array, Array]:
    """Ramp, conductance before and after (S) of every pulse between two readings."""
    numbers = []
    before = []
    after = []
    for number, values in ramps.items():
        at = np.flatnonzero(np.isfinite(values[1:] - values[:-1])) + 1
        numbers.append(np.full(len(at), number))
        before.append(values[at - 1])
        after.append(values[at])
    return (
        np.concatenate(numbers).astype(np.int64),
        np.concatenate(before),
        np.concatenate(after),
    )


def ramp_columns(roles: Roles) -> list[Column]:
    """Columns that may be ramps: all that hold conductances and mean nothing else."""
    others = [
        column
        for role, column in roles.names.items()
        if role not in ("conductance", "current")
    ]
    return [
        column
        for column in roles.sheet.columns
        if not column.words
        and not any(column.values is other.values for other in others)
        and (not column.unit or _is_reading(column.unit))
        and np.isfinite(column.values).any()
    ]


def _is_reading(text: str) -> bool:
    """Whether a unit is one of conductances, resistances or currents, or of none of them."""
    unit = unit_of(text)
    return unit is None or unit.symbol in ("S", "Ohm", "A", "1")


def _units_differ(columns: list[Column]) -> list[str]:
    units = sorted({column.unit for column in columns if column.unit})
    if len(units) < 2:
        return []
    return [
        f"columns have the units {', '.join(units)}; each was read by its own"
    ]


def looks_wide(roles: Roles) -> bool:
    """Whether a sheet keeps a ramp a column: names that differ in numbers alone."""
    columns = ramp_columns(roles)
    if len(columns) < 2 or not roles.sheet.named:
        return False
    stems = {re.sub(r"\d+", "", plain(column.name)) for column in columns}
    numbered = all(re.search(r"\d", column.name) for column in columns)
    return len(stems) == 1 and numbered
