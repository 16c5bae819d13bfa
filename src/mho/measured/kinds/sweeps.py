"""Sweeps: current against voltage."""

import numpy as np

from mho.measured.kinds.common import (
    Array,
    Given,
    Mask,
    Numbers,
    cells_of,
    saturated,
    told_lines,
    whole,
)
from mho.measured.roles import Roles
from mho.measured.values import Sweeps

_FEWEST = 4
"""Points of a sweep at least (1)."""


def sweeps(roles: Roles, given: Given) -> Sweeps:
    """Current against voltage.

    Args:
        roles: What the columns of a sheet mean.
        given: What the user says.

    Raises:
        ValueError: Columns are missing, or numbers cannot be right.
    """
    del given
    sheet = roles.sheet
    volts = next(
        (role for role in ("voltage", "amplitude") if role in roles), ""
    )
    if not (volts and ("current" in roles or "conductance" in roles)):
        raise ValueError(
            f"File `{sheet.source}` must hold sweeps: voltage and current, but does not; name"
            " them with `--columns voltage=…,current=…`."
        )
    voltage = roles.si(volts)
    if "current" in roles:
        current = roles.si("current")
    else:
        current = roles.conductance("conductance") * voltage
    remarks = list(roles.remarks)
    current, told = _signed(voltage, current)
    remarks += told
    cell = cells_of(roles)
    sweep = _sweep_numbers(roles, cell, voltage)
    keep = np.isfinite(voltage) & np.isfinite(current)
    lost = np.flatnonzero(~keep)
    if lost.size:
        remarks.append(
            told_lines(
                sheet, lost, "a number is missing; the point was left out"
            )
        )
    if not keep.any():
        raise ValueError(
            f"File `{sheet.source}` must hold a point of a sweep, but holds none."
        )
    remarks += _compliance(roles, current)
    return Sweeps(
        np.unique(sweep[keep], return_inverse=True)[1].astype(np.int64),
        cell[keep],
        voltage[keep],
        current[keep],
        sheet.source,
        (*sheet.remarks, *remarks),
    )


def _signed(voltage: Array, current: Array) -> tuple[Array, list[str]]:
    """Currents of the voltage's sign, where a file keeps magnitudes."""
    negative = (voltage < 0) & np.isfinite(current)
    if (
        negative.sum() > 2
        and (current[negative] >= 0).all()
        and (current[negative] > 0).any()
    ):
        return np.where(voltage < 0, -current, current), [
            "currents are magnitudes, and were given the sign of the voltage"
        ]
    return current, []


def _compliance(roles: Roles, current: Array) -> list[str]:
    return saturated(
        roles.sheet, np.abs(current), "current (by magnitude)", "A"
    )


def _sweep_numbers(roles: Roles, cell: Numbers, voltage: Array) -> Numbers:
    """Number of the sweep of each point (1): its own column, else a new one at each start."""
    for role in ("ramp", "cycle"):
        if role in roles:
            number = whole(roles, role)
            return (
                np.unique(
                    np.stack((cell, number), 1), axis=0, return_inverse=True
                )[1]
                .reshape(-1)
                .astype(np.int64)
            )
    new = np.zeros(len(cell), dtype=bool)
    new[1:] = cell[1:] != cell[:-1]
    new |= _starts(voltage)
    return np.cumsum(new).astype(np.int64)


def _starts(voltage: Array) -> Mask:
    """Where a sweep starts anew: the voltage comes back to where the first one began.

    A sweep goes out from its first voltage and back; the next begins at the same voltage, once
    both extremes of the whole have been visited.
    """
    result = np.zeros(len(voltage), dtype=bool)
    known = voltage[np.isfinite(voltage)]
    if known.size < _FEWEST:
        return result
    near = 1e-6 * float(np.ptp(known)) + 1e-12
    at_begin = np.abs(voltage - known[0]) <= near
    at_low = voltage <= known.min() + near
    at_high = voltage >= known.max() - near
    seen_low = seen_high = False
    for row in np.flatnonzero(at_begin | at_low | at_high).tolist():
        seen_low |= bool(at_low[row])
        seen_high |= bool(at_high[row])
        inside = 0 < row < len(voltage) - 1
        if not (at_begin[row] and seen_low and seen_high and inside):
            continue
        # an end and a start at the same voltage are two points; otherwise one is both
        if at_begin[row + 1]:
            result[row + 1] = True
        elif not result[row]:
            result[row] = not at_begin[row - 1]
        seen_low = bool(at_low[row])
        seen_high = bool(at_high[row])
    return result
