"""Endurance: low and high conductance by cycle."""

import numpy as np

from mho.measured.kinds.common import (
    Array,
    Given,
    Numbers,
    cells_of,
    read_voltage,
    repeated,
    saturated,
    told_lines,
)
from mho.measured.kinds.directions import directions
from mho.measured.numbers_in_si import conductance_of
from mho.measured.roles import Roles
from mho.measured.sheets import Column
from mho.measured.values import Endurance

_PAIRS = 3
"""Columns without names from which on they are pairs of states (1)."""
_FEWEST_OHMS = 100.0
"""Numbers without a unit, from which on they are resistances (Ω)."""


def endurance(roles: Roles, given: Given) -> Endurance:
    """Low and high conductance by cycle.

    Args:
        roles: What the columns of a sheet mean.
        given: What the user says.

    Raises:
        ValueError: Columns are missing, or numbers cannot be right.
    """
    sheet = roles.sheet
    voltage = read_voltage(roles, given)
    if not ("low" in roles and "high" in roles):
        return _by_state(roles, given)
    low = roles.conductance("low", voltage)
    high = roles.conductance("high", voltage)
    cell = cells_of(roles)
    remarks = list(roles.remarks)
    if "cycle" in roles:
        cycle = roles.si("cycle")
    elif "pulse" in roles:
        cycle = roles.si("pulse")
    else:
        cycle = _counted(cell)
        remarks.append("cycles: counted by line, as no column does")
    typical = np.nanmedian(low) if np.isfinite(low).any() else 0.0
    if np.isfinite(high).any() and np.nanmedian(high) < typical:
        low, high = high, low
        remarks.append(
            "what is called high is lower than what is called low: exchanged"
        )
    keep = np.isfinite(cycle) & (np.isfinite(low) | np.isfinite(high))
    lost = np.flatnonzero(~keep)
    if lost.size:
        remarks.append(
            told_lines(
                sheet, lost, "numbers are missing; the line was left out"
            )
        )
    once, told = repeated(sheet, (cycle, cell), (low, high))
    keep &= once
    remarks += told
    remarks += saturated(sheet, high, "the high conductance", "S")
    remarks += saturated(sheet, low, "the low conductance", "S")
    order = np.lexsort((cycle, cell))
    order = order[keep[order]]
    if order.size == 0:
        raise ValueError(
            f"File `{sheet.source}` must hold a cycle, but holds none."
        )
    return Endurance(
        cell[order],
        cycle[order],
        low[order],
        high[order],
        sheet.source,
        (*sheet.remarks, *remarks),
    )


def _counted(cell: Numbers) -> Array:
    """Number of each line among those of its cell, from 1 (1)."""
    order = np.argsort(cell, kind="stable")
    new = np.ones(len(cell), dtype=bool)
    new[1:] = cell[order][1:] != cell[order][:-1]
    start = np.maximum.accumulate(np.where(new, np.arange(len(cell)), 0))
    result = np.empty(len(cell))
    result[order] = np.arange(len(cell)) - start + 1
    return result


def _by_state(roles: Roles, given: Given) -> Endurance:
    """A line a reading, with a column that says after which operation."""
    sheet = roles.sheet
    reads = next(
        (role for role in ("conductance", "current") if role in roles), ""
    )
    if not sheet.named and not reads and len(sheet.columns) > _PAIRS:
        return _alternating(roles, given)
    if not ("cycle" in roles and "direction" in roles and reads):
        raise ValueError(
            f"File `{sheet.source}` must hold endurance: low and high conductance by cycle, but"
            " does not; name them with `--columns cycle=…,low=…,high=…`."
        )
    read = roles.conductance(reads, read_voltage(roles, given))
    state = directions(roles)
    cycle = roles.si("cycle")
    cell = cells_of(roles)
    keys, place = np.unique(
        np.stack((cell.astype(float), cycle), 1), axis=0, return_inverse=True
    )
    place = place.reshape(-1)
    low = np.full(len(keys), np.nan)
    high = np.full(len(keys), np.nan)
    low[place[state < 0]] = read[state < 0]
    high[place[state > 0]] = read[state > 0]
    return Endurance(
        keys[:, 0].astype(np.int64),
        keys[:, 1].copy(),
        low,
        high,
        sheet.source,
        (*sheet.remarks, *roles.remarks),
    )


def _alternating(roles: Roles, given: Given) -> Endurance:
    """A line a cell without names: its number, then what it holds after each of two states."""
    sheet = roles.sheet
    voltage = read_voltage(roles, given)
    unpaired = len(sheet.columns) % 2
    columns = list(sheet.columns[unpaired:])
    first = sheet.columns[0].values
    are_whole = bool((first == np.round(first)).all())
    own = unpaired == 1 and are_whole
    cell = first.astype(np.int64) if own else np.arange(sheet.rows)
    numbers = np.concatenate([column.values for column in columns])
    typical = np.nanmedian(np.abs(numbers))
    unit = "Ohm" if typical > _FEWEST_OHMS else "S"
    grid = np.stack(
        [
            conductance_of(
                Column(column.name, column.unit or unit, column.values),
                "conductance",
                sheet,
                voltage,
                roles.remarks,
            )
            for column in columns
        ],
        1,
    )
    even, odd = grid[:, ::2], grid[:, 1::2]
    if np.nanmedian(even) > np.nanmedian(odd):
        even, odd = odd, even
    cycles = even.shape[1]
    remarks = (
        *sheet.remarks,
        *roles.remarks,
        f"columns without names: {cycles:,} pairs of low and high, taken for {unit}",
    )
    return Endurance(
        np.repeat(cell, cycles).astype(np.int64),
        np.tile(np.arange(1.0, cycles + 1), sheet.rows),
        even.reshape(-1),
        odd.reshape(-1),
        sheet.source,
        remarks,
    )
