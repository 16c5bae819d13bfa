"""Maps of an array, tables of levels, normalised responses."""

import numpy as np

from mho.measured.kinds.common import (
    Array,
    Given,
    read_voltage,
    saturated,
    told_lines,
    whole,
)
from mho.measured.numbers_in_si import conductance_of
from mho.measured.roles import Roles
from mho.measured.sheets import Column
from mho.measured.values import ArrayMap, LevelTable, NormalisedResponses

_FEWEST_OHMS = 100.0
"""Numbers without a unit, from which on they are resistances (Ω)."""
_LARGEST_SIDE = 16_384
"""Rows or columns of a map at most (1)."""


def array_map(roles: Roles, given: Given) -> ArrayMap:
    """Conductances of an array: a grid, or a line a cell.

    Args:
        roles: What the columns of a sheet mean.
        given: What the user says.

    Raises:
        ValueError: Columns are missing, or numbers cannot be right.
    """
    sheet = roles.sheet
    if "row" in roles and "column" in roles:
        return _placed(roles, given)
    if "cell" in roles and ("conductance" in roles or "current" in roles):
        return _listed(roles, given)
    columns = [column for column in sheet.columns if not column.words]
    voltage = read_voltage(roles, given)
    remarks = roles.remarks
    if not sheet.named:
        columns = columns[1:] if _is_index(columns) else columns
        columns, told = _with_ohms(columns)
        remarks += told
    if not columns:
        raise ValueError(
            f"File `{sheet.source}` must hold numbers in a grid, but holds none."
        )
    values = [
        conductance_of(column, "conductance", sheet, voltage, remarks)
        for column in columns
    ]
    grid = np.stack(values, 1)
    lost = np.flatnonzero(~np.isfinite(grid).all(1))
    if lost.size:
        remarks.append(told_lines(sheet, lost, "cells without a number"))
    remarks += saturated(sheet, grid.max(1), "rows' largest conductance", "S")
    return ArrayMap(grid, sheet.source, (*sheet.remarks, *remarks))


def _with_ohms(columns: list[Column]) -> tuple[list[Column], list[str]]:
    """Columns without names or units, which hold ohms if their numbers are large."""
    numbers = np.concatenate([column.values for column in columns])
    known = numbers[np.isfinite(numbers)]
    told = any(column.unit for column in columns)
    if told or known.size == 0 or np.median(known) < _FEWEST_OHMS:
        return columns, []
    as_ohms = [Column(column.name, "Ohm", column.values) for column in columns]
    return as_ohms, [
        f"numbers without a unit, most above {_FEWEST_OHMS:g}, were taken for ohms"
    ]


def _is_index(columns: list[Column]) -> bool:
    """Whether the first column counts lines, as tables with an index do."""
    first = columns[0].values
    return (
        len(columns) > 2
        and len(first) > 2
        and bool((np.diff(first) == 1).all())
    )


def _listed(roles: Roles, given: Given) -> ArrayMap:
    """A line a cell whose place is not told: one row, in the order of their numbers."""
    sheet = roles.sheet
    role = "conductance" if "conductance" in roles else "current"
    values = roles.conductance(role, read_voltage(roles, given))
    number = whole(roles, "cell")
    cells, place = np.unique(number, return_inverse=True)
    row = np.full(len(cells), np.nan)
    row[place.reshape(-1)] = values
    remarks = [
        *roles.remarks,
        "cells have no row and column; they stand in one row",
    ]
    if len(cells) < sheet.rows:
        remarks.append("cells come more than once; the last reading counts")
    return ArrayMap(row[None], sheet.source, (*sheet.remarks, *remarks))


def _placed(roles: Roles, given: Given) -> ArrayMap:
    sheet = roles.sheet
    reads = next(
        (role for role in ("conductance", "current") if role in roles), ""
    )
    if not reads:
        raise ValueError(
            f"File `{sheet.source}` must hold a conductance for each cell of the map, but does"
            " not; name it with `--columns conductance=…`."
        )
    values = roles.conductance(reads, read_voltage(roles, given))
    row = whole(roles, "row")
    column = whole(roles, "column")
    for name, numbers in (("row", row), ("column", column)):
        wrong = np.flatnonzero((numbers < 0) | (numbers >= _LARGEST_SIDE))
        if wrong.size:
            raise ValueError(
                f"File `{sheet.source}` {sheet.line(int(wrong[0]))} must have a {name} from 0 to"
                f" {_LARGEST_SIDE - 1}, but has {numbers[wrong[0]]}."
            )
    first_row = int(row.min(initial=_LARGEST_SIDE))
    first_column = int(column.min(initial=_LARGEST_SIDE))
    row = row - min(first_row, 1)
    column = column - min(first_column, 1)
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    remarks = list(roles.remarks)
    grid = np.full(shape, np.nan)
    place = row * shape[1] + column
    _, first, counts = np.unique(place, return_index=True, return_counts=True)
    if (counts > 1).any():
        again = np.sort(np.setdiff1d(np.arange(sheet.rows), first))
        remarks.append(
            told_lines(
                sheet, again, "a cell that came before; the last reading counts"
            )
        )
    grid[row, column] = values
    missing = int(np.isnan(grid).sum())
    if missing:
        remarks.append(f"{missing:,} of {grid.size:,} cells have no reading")
    return ArrayMap(grid, sheet.source, (*sheet.remarks, *remarks))


def level_table(roles: Roles, given: Given) -> LevelTable:
    """Mean and spread of each level.

    Args:
        roles: What the columns of a sheet mean.
        given: What the user says.

    Raises:
        ValueError: Columns are missing, or numbers cannot be right.
    """
    sheet = roles.sheet
    role = "mean" if "mean" in roles else "conductance"
    if role not in roles:
        raise ValueError(
            f"File `{sheet.source}` must hold a table of levels: means, and deviations if known,"
            " but does not; name them with `--columns mean=…,deviation=…`."
        )
    mean = roles.conductance(role, read_voltage(roles, given))
    return LevelTable(
        mean,
        roles.si("deviation"),
        sheet.source,
        (*sheet.remarks, *roles.remarks),
    )


def responses(roles: Roles, given: Given) -> NormalisedResponses:
    """Pairs of responses to up and down pulses, whatever their scale.

    Args:
        roles: What the columns of a sheet mean.
        given: What the user says.

    Raises:
        ValueError: Columns are missing, or numbers cannot be right.
    """
    del given
    sheet = roles.sheet
    columns = [column for column in sheet.columns if not column.words]
    if "up" in roles and "down" in roles:
        ups, downs = [roles.column("up")], [roles.column("down")]
    else:
        if len(columns) < 2:
            raise ValueError(
                f"File `{sheet.source}` must hold responses to up and down pulses in columns of"
                " their own, but has one column."
            )
        ups = [column for column in columns if _rise(column.values) >= 0]
        downs = [column for column in columns if _rise(column.values) < 0]
    if not ups or not downs:
        raise ValueError(
            f"File `{sheet.source}` must hold a response that rises and one that falls, but"
            f" {'none falls' if ups else 'none rises'}; see `--as pulses`."
        )
    return NormalisedResponses(
        np.stack([column.values for column in ups], 1),
        np.stack([column.values for column in downs], 1),
        sheet.source,
        (*sheet.remarks, *roles.remarks),
    )


def _rise(values: Array) -> float:
    """How far the last tenth of a column lies above the first."""
    known = values[np.isfinite(values)]
    part = max(1, len(known) // 10)
    if len(known) == 0:
        return 0.0
    return float(known[-part:].mean() - known[:part].mean())
