"""Pulse responses: before and after each pulse, long tables of ramps, and a ramp a column."""

import numpy as np

from mho.measured.kinds.common import (
    Array,
    Given,
    Mask,
    Numbers,
    cells_of,
    filled,
    read_voltage,
    saturated,
    told_lines,
    whole,
)
from mho.measured.kinds.directions import by_trend, directions, in_name
from mho.measured.kinds.wide import wide
from mho.measured.roles import Roles
from mho.measured.values import PulseResponses


def pulses(roles: Roles, given: Given) -> PulseResponses:
    """Pulse responses of a sheet, however it keeps them.

    Args:
        roles: What its columns mean.
        given: What the user says.

    Raises:
        ValueError: Columns are missing, or numbers cannot be right.
    """
    if "before" in roles and "after" in roles:
        return _single(roles, given)
    if "conductance" in roles or "current" in roles:
        return _long(roles, given)
    return wide(roles, given)


def _single(roles: Roles, given: Given) -> PulseResponses:
    """A line a pulse, with what was before and after it."""
    voltage = read_voltage(roles, given)
    before = roles.conductance("before", voltage)
    after = roles.conductance("after", voltage)
    amplitude = _amplitude(roles, given)
    cell = cells_of(roles)
    ramp, remarks = _ramps(roles, cell, np.sign(np.nan_to_num(amplitude)))
    keep = np.isfinite(before) & np.isfinite(after)
    return _result(
        roles, given, ramp, cell, amplitude, before, after, keep, remarks
    )


def _long(roles: Roles, given: Given) -> PulseResponses:
    """A line a reading; each pulse lies between a line and the one before."""
    sheet = roles.sheet
    read = _readings(roles, given)
    cell = cells_of(roles)
    amplitude = _amplitude(roles, given)
    sign = np.sign(np.nan_to_num(amplitude))
    if "direction" in roles:
        sign = directions(roles).astype(float)
    ramp, remarks = _ramps(roles, cell, sign)
    order = np.arange(sheet.rows)
    if "pulse" in roles:
        number = roles.numbers("pulse")
        order = np.lexsort((number, ramp, cell))
        if not (order == np.arange(sheet.rows)).all():
            first = np.flatnonzero(order != np.arange(sheet.rows))
            remarks.append(
                told_lines(
                    sheet, first, "pulses are not in order, and were sorted"
                )
            )
    before = np.full(sheet.rows, np.nan)
    same = cell[order][1:] == cell[order][:-1]
    if not _continues(roles):
        same &= ramp[order][1:] == ramp[order][:-1]
    before[order[1:][same]] = read[order[:-1][same]]
    pulse = np.ones(sheet.rows, dtype=bool)
    if "amplitude" in roles:
        pulse = np.nan_to_num(amplitude) != 0
    if "width" in roles:
        pulse &= np.nan_to_num(roles.si("width"), nan=1.0) > 0
    if "direction" in roles:
        pulse &= sign != 0
    keep = pulse & np.isfinite(before) & np.isfinite(read)
    chosen = order[keep[order]]
    mask = np.zeros(sheet.rows, dtype=bool)
    mask[chosen] = True
    return _result(
        roles, given, ramp, cell, amplitude, before, read, mask, remarks, chosen
    )


def _continues(roles: Roles) -> bool:
    """Whether the first pulse of a ramp begins where the last of the one before ended.

    Where amplitudes say which lines are pulses, the line before always is what was before.
    """
    return "amplitude" in roles and "ramp" not in roles


def _readings(roles: Roles, given: Given) -> Array:
    role = "conductance" if "conductance" in roles else "current"
    return roles.conductance(role, read_voltage(roles, given))


def _amplitude(roles: Roles, given: Given) -> Array:
    """Signed amplitudes (V), as far as the file or the user says."""
    role = "amplitude" if "amplitude" in roles else "voltage"
    amplitude = filled(roles, role, given.amplitude)
    if "direction" in roles:
        return np.abs(amplitude) * directions(roles)
    named = given.direction or in_name(roles.sheet.source)
    known = amplitude[np.isfinite(amplitude)]
    if named and known.size and (known >= 0).all():
        return np.abs(amplitude) * named
    return amplitude


def _ramps(
    roles: Roles, cell: Numbers, sign: Array
) -> tuple[Numbers, list[str]]:
    """Number of the ramp of each line (1): its own column, else a new one at each change."""
    rows = roles.sheet.rows
    if rows == 0:
        return np.zeros(0, dtype=np.int64), []
    new = np.zeros(rows, dtype=bool)
    new[1:] |= cell[1:] != cell[:-1]
    for role in ("ramp", "cycle"):
        if role in roles:
            number = whole(roles, role)
            new[1:] |= number[1:] != number[:-1]
    if "pulse" in roles:
        count = roles.numbers("pulse")
        new[1:] |= (
            (count[1:] < count[:-1]) if not roles.words("pulse") else False
        )
    turned = sign != 0
    last = np.where(turned, np.arange(rows), 0)
    last = np.maximum.accumulate(last)
    carried = sign[last]
    new[1:] |= (carried[1:] != carried[:-1]) & turned[1:] & (carried[:-1] != 0)
    return np.cumsum(new).astype(np.int64), []


def _result(
    roles: Roles,
    given: Given,
    ramp: Numbers,
    cell: Numbers,
    amplitude: Array,
    before: Array,
    after: Array,
    keep: Mask,
    remarks: list[str],
    order: Numbers | None = None,
) -> PulseResponses:
    sheet = roles.sheet
    chosen = np.flatnonzero(keep) if order is None else order
    if chosen.size == 0:
        raise ValueError(
            f"File `{sheet.source}` must hold a pulse with readings before and after it, but holds"
            " none."
        )
    if "before" in roles:
        lost = np.flatnonzero(~keep)
        if lost.size:
            remarks = [
                *remarks,
                told_lines(
                    sheet, lost, "a reading is missing; the pulse was left out"
                ),
            ]
        remarks = [*remarks, *saturated(sheet, after, "what was after", "S")]
    else:
        remarks = [*remarks, *saturated(sheet, after, "conductance", "S")]
    signs = np.sign(np.nan_to_num(amplitude)).astype(np.int64)
    told: list[str] = []
    if "direction" in roles:
        signs = directions(roles)
    unknown = signs[chosen] == 0
    if unknown.any():
        direction, told = by_trend(
            roles,
            given,
            ramp[chosen],
            before[chosen],
            after[chosen],
            signs[chosen],
        )
        signs = signs.copy()
        signs[chosen] = np.where(unknown, direction, signs[chosen])
    gate = filled(roles, "gate", given.gate)
    width = filled(roles, "width", given.width)
    numbers = np.unique(ramp[chosen], return_inverse=True)[1].astype(np.int64)
    return PulseResponses(
        numbers,
        cell[chosen],
        amplitude[chosen],
        gate[chosen],
        width[chosen],
        signs[chosen],
        before[chosen],
        after[chosen],
        sheet.source,
        (*sheet.remarks, *roles.remarks, *remarks, *told),
    )
