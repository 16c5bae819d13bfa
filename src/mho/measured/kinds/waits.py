"""Waits: what a cell holds some time after it was written, with or without heat."""

import re

import numpy as np

from mho.measured.kinds.common import (
    Array,
    Given,
    Numbers,
    cells_of,
    filled,
    read_voltage,
    repeated,
    saturated,
    told_lines,
    whole,
)
from mho.measured.kinds.wide import ramp_columns
from mho.measured.numbers_in_si import conductance_of
from mho.measured.roles import Roles
from mho.measured.sheets import Column, Sheet
from mho.measured.values import UNKNOWN, Waits


def waits(roles: Roles, given: Given) -> Waits:
    """Readings after waits, in order of cell, temperature and time.

    Args:
        roles: What the columns of a sheet mean.
        given: What the user says.

    Raises:
        ValueError: Columns are missing, or numbers cannot be right.
    """
    if "time" in roles and not _reads(roles) and ramp_columns(roles):
        roles = _long(roles, given)
    sheet = roles.sheet
    before_after = "before" in roles and "after" in roles
    if not before_after and not ("time" in roles and _reads(roles)):
        raise ValueError(
            f"File `{sheet.source}` must hold waits: a time and a conductance, or before and"
            " after, but does not; name them with `--columns time=…,conductance=…`."
        )
    voltage = read_voltage(roles, given)
    role = "after" if before_after else _reads(roles)
    conductance = roles.conductance(role, voltage)
    cell = np.arange(sheet.rows) * int(before_after)
    if _has_cells(roles):
        cell = cells_of(roles)
    level = np.full(sheet.rows, UNKNOWN if given.level is None else given.level)
    if "level" in roles:
        level = whole(roles, "level")
    time = roles.si("time")
    temperature = filled(roles, "temperature", given.temperature)
    known = np.isfinite(conductance)
    if not before_after:
        known &= np.isfinite(time)
    heat = np.nan_to_num(temperature)
    once, told = repeated(sheet, (time, heat, level, cell), (time, conductance))
    remarks = [*roles.remarks, *_missing(sheet, known), *told]
    keep = known & once
    order = np.lexsort((time, heat, level, cell))
    order = order[keep[order]]
    if order.size == 0:
        raise ValueError(
            f"File `{sheet.source}` must hold a reading, but holds none."
        )
    remarks += _unsorted(roles, cell, level, time, temperature, keep)
    remarks += saturated(sheet, conductance, "conductance", "S")
    _check_times(roles, time, keep)
    written = _written(
        roles, voltage, cell, level, temperature, conductance, order
    )
    return Waits(
        cell[order].astype(np.int64),
        level[order].astype(np.int64),
        time[order],
        conductance[order],
        written,
        temperature[order],
        sheet.source,
        (*sheet.remarks, *dict.fromkeys((*roles.remarks, *remarks))),
    )


_HEAT = re.compile(r"(?<![A-Za-z\d])(\d{1,4}(?:\.\d+)?)\s*(°?C|K)(?![A-Za-z])")


def _long(roles: Roles, given: Given) -> Roles:
    """A cell a column, made a line a reading; temperatures may stand in the names."""
    sheet = roles.sheet
    columns = ramp_columns(roles)
    count = len(columns)
    heat = []
    for column in columns:
        found = _HEAT.search(column.name)
        kelvin = 273.15 if found is not None and found[2] != "K" else 0.0
        heat.append(float(found[1]) + kelvin if found is not None else np.nan)
    told: list[str] = []
    voltage = read_voltage(roles, given)
    read = [
        conductance_of(column, "conductance", sheet, voltage, told)
        for column in columns
    ]
    told += [
        f"column `{column.name}`: cell {number}"
        for number, column in enumerate(columns[:6])
    ]
    long = Sheet(
        sheet.source,
        (
            Column("cell", "", np.repeat(np.arange(float(count)), sheet.rows)),
            Column("time", "s", np.tile(roles.si("time"), count)),
            Column("conductance", "S", np.concatenate(read)),
            Column("temperature", "K", np.repeat(heat, sheet.rows)),
        ),
        np.tile(sheet.lines, count),
        True,
        (*sheet.remarks, *told),
        sheet.hints,
    )
    return Roles(long)


def _reads(roles: Roles) -> str:
    """The role that holds what was read; empty if none does."""
    return next(
        (role for role in ("conductance", "current") if role in roles), ""
    )


def _missing(sheet: Sheet, known: np.ndarray) -> list[str]:
    """A remark on lines without a number."""
    lost = np.flatnonzero(~known)
    if lost.size == 0:
        return []
    return [
        told_lines(sheet, lost, "a number is missing; the reading was left out")
    ]


def _has_cells(roles: Roles) -> bool:
    return "cell" in roles or ("row" in roles and "column" in roles)


def _check_times(roles: Roles, time: Array, keep: np.ndarray) -> None:
    negative = np.flatnonzero(keep & (time < 0))
    if negative.size:
        sheet = roles.sheet
        raise ValueError(
            f"File `{sheet.source}` {sheet.line(int(negative[0]))} must have a time of 0 or more"
            f" since writing, but has {time[negative[0]]:g} s."
        )


def _unsorted(
    roles: Roles,
    cell: Numbers,
    level: Numbers,
    time: Array,
    temperature: Array,
    keep: np.ndarray,
) -> list[str]:
    """A remark where time goes back within the readings of one cell."""
    group = np.lexsort(
        (np.arange(len(cell)), np.nan_to_num(temperature), level, cell)
    )
    group = group[keep[group]]
    heat = np.nan_to_num(temperature)
    same = (cell[group][1:] == cell[group][:-1]) & (
        level[group][1:] == level[group][:-1]
    )
    same &= heat[group][1:] == heat[group][:-1]
    back = group[1:][same & (time[group][1:] < time[group][:-1])]
    if back.size == 0:
        return []
    return [
        told_lines(
            roles.sheet, np.sort(back), "time goes back; readings were sorted"
        )
    ]


def _written(
    roles: Roles,
    voltage: Array | None,
    cell: Numbers,
    level: Numbers,
    temperature: Array,
    conductance: Array,
    order: np.ndarray,
) -> Array:
    """Conductance at once after writing (S): its own column, else the cell's first reading."""
    for role in ("written", "before"):
        if role in roles:
            own: Array = roles.conductance(role, voltage)[order]
            return own
    heat = np.nan_to_num(temperature)[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = cell[order][1:] != cell[order][:-1]
    new[1:] |= level[order][1:] != level[order][:-1]
    new[1:] |= heat[1:] != heat[:-1]
    first = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    result: Array = conductance[order][first]
    return result
