"""Traces: one reading sampled evenly in time."""

import numpy as np
import torch

from mho.checks import one_line
from mho.measured.kinds.common import (
    Array,
    Given,
    cells_of,
    read_voltage,
    repeated,
    told_lines,
)
from mho.measured.kinds.wide import ramp_columns
from mho.measured.numbers_in_si import is_current
from mho.measured.roles import Roles
from mho.measured.sheets import Sheet
from mho.measured.trace import SAMPLES_MAX, SAMPLES_MIN, Trace

_RUNS = 100
"""Times that go back at which another run is looked for (1)."""
_ANOTHER = 20
"""Samples of another run that are no lines out of order (1)."""
_UNEVEN = 0.01
"""Largest deviation of a step of time from a whole number of usual steps (1)."""
_MISSING_MOST = 0.05
"""Samples that may be missing (1)."""


def is_even(time: Array) -> bool:
    """Whether times are whole steps apart, most of them one step.

    Args:
        time: Times (s). Shape (samples,).
    """
    known = np.sort(time[np.isfinite(time)])
    if known.size < 3:
        return False
    steps = np.diff(known)
    steps = steps[steps > 0]
    if steps.size < 2:
        return False
    usual = float(np.median(steps))
    return bool((np.abs(steps - usual) <= _UNEVEN * usual).mean() > 0.5)


def trace(roles: Roles, given: Given) -> Trace:
    """A trace, evenly sampled; what is missing lies on a line between its neighbours.

    Args:
        roles: What the columns of a sheet mean.
        given: What the user says.

    Raises:
        ValueError: Columns are missing, or samples are not even.
    """
    sheet = roles.sheet
    time, read = _columns(roles, given)
    remarks = [*sheet.remarks, *roles.remarks]
    keep = np.isfinite(time)
    once, told = repeated(sheet, (time,), (time, read))
    keep &= once
    remarks += told
    _check_one_cell(roles)
    order = np.flatnonzero(keep)
    back = np.flatnonzero(np.diff(time[order]) < 0)
    read_as = order
    if back.size:
        remarks.append(
            told_lines(
                sheet, order[back + 1], "time goes back; samples were sorted"
            )
        )
        order = order[np.argsort(time[order], kind="stable")]
    if not SAMPLES_MIN <= order.size <= SAMPLES_MAX:
        raise ValueError(
            f"File `{sheet.source}` must hold {SAMPLES_MIN:,} to {SAMPLES_MAX:,} samples of a"
            f" trace, but holds {order.size:,}."
        )
    try:
        return _even(roles, time[order], read[order], order, remarks)
    except ValueError:
        # the very reason, if it is that
        _check_one_run(sheet, time, read_as, back)
        raise


def _check_one_run(
    sheet: Sheet, time: Array, rows: np.ndarray, back: np.ndarray
) -> None:
    """Refuse files in which time begins again: sorted, samples of two runs would be mixed.

    Args:
        sheet: The file.
        time: Times of all rows (s).
        rows: Rows that count.
        back: Places among them after which time goes back.
    """
    for place in back[:_RUNS]:
        before, after = time[rows[: place + 1]], time[rows[place + 1 :]]
        within = (before >= after.min()) & (before <= after.max())
        # some lines out of order are not yet another run
        if (
            within.sum() > _ANOTHER
            and within.mean() > 0.5
            and after.size > _ANOTHER
        ):
            line = sheet.line(int(rows[place + 1]))
            raise ValueError(
                f"File `{sheet.source}` must hold one trace, but in {line} time begins again;"
                " write a file for each run."
            )


def _check_one_cell(roles: Roles) -> None:
    """Refuse traces of several cells in one file: their samples would be mixed."""
    sheet = roles.sheet
    cells = np.unique(cells_of(roles))
    if len(cells) > 1:
        raise ValueError(
            f"File `{sheet.source}` must hold a trace of one cell, but holds {len(cells):,} cells;"
            " write a file for each, or say `--as waits`."
        )


def _columns(roles: Roles, given: Given) -> tuple[Array, Array]:
    """Times (s) and conductances (S), by name, or the two columns of a file without names."""
    sheet = roles.sheet
    voltage = read_voltage(roles, given)
    reads = next(
        (role for role in ("conductance", "current") if role in roles), ""
    )
    if "time" in roles and reads:
        return roles.si("time"), roles.conductance(reads, voltage)
    if not sheet.named and len(sheet.columns) == 2 and voltage is not None:
        return sheet.columns[0].values, sheet.columns[1].values / voltage
    several = [one.name for one in ramp_columns(roles)]
    hint = "does not; name them with `--columns time=…,conductance=…`."
    if not sheet.named:
        hint = (
            "its columns have no names; if they are seconds and amperes, add `--voltage`, else"
            " name them with `--columns time=1,conductance=2[uS]`."
        )
    elif "time" in roles and len(several) > 1:
        role = (
            "current" if is_current(ramp_columns(roles)[0]) else "conductance"
        )
        hint = (
            f"has one for each of {len(several)} cells; choose a cell with `--columns"
            f" {role}={one_line(several[0])}`."
        )
    raise ValueError(
        f"File `{sheet.source}` must hold a time and a conductance or current, but {hint}"
    )


def _even(
    roles: Roles, time: Array, read: Array, rows: np.ndarray, remarks: list[str]
) -> Trace:
    sheet = roles.sheet
    steps = np.diff(time)
    usual = float(np.median(steps))
    if usual <= 0:
        raise ValueError(
            f"File `{sheet.source}` must have times that go on, but most of them stand still."
        )
    whole = np.round(steps / usual)
    off = (np.abs(steps / usual - whole) > _UNEVEN * whole) | (whole < 1)
    if off.any():
        row = int(rows[np.flatnonzero(off)[0] + 1])
        raise ValueError(
            f"File `{sheet.source}` {sheet.line(row)} must come one even step of time after the"
            f" line before, within {_UNEVEN:.0%}, or a few whole steps, but does not; resample the"
            " trace evenly, or say `--as waits`."
        )
    place = np.concatenate(([0.0], np.cumsum(whole)))
    count = int(place[-1]) + 1
    known = np.isfinite(read)
    missing = count - int(known.sum())
    if missing > _MISSING_MOST * count or not known[[0, -1]].all():
        raise ValueError(
            f"File `{sheet.source}` must hold all but {_MISSING_MOST:.0%} of its samples, the"
            f" first and the last among them, but {missing:,} of {count:,} are missing; cut"
            " the trace."
        )
    interval = float(time[-1] - time[0]) / (count - 1)
    bridged = np.interp(np.arange(count), place[known], read[known])
    return Trace(
        torch.from_numpy(bridged),
        interval,
        missing,
        sheet.source,
        tuple(remarks),
    )
