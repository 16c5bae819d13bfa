"""Which kind of measurement a sheet holds."""

import re
from collections.abc import Callable

import numpy as np

from mho.checks import one_line
from mho.measured.kinds.common import Array, Given
from mho.measured.kinds.endurance import endurance
from mho.measured.kinds.pulses import pulses
from mho.measured.kinds.sweeps import sweeps
from mho.measured.kinds.tables import array_map, level_table, responses
from mho.measured.kinds.traces import is_even, trace
from mho.measured.kinds.waits import waits
from mho.measured.kinds.wide import looks_wide
from mho.measured.roles import Roles
from mho.measured.trace import SAMPLES_MIN, Trace
from mho.measured.values import (
    ArrayMap,
    Endurance,
    LevelTable,
    NormalisedResponses,
    PulseResponses,
    Sweeps,
    Waits,
)

Reader = Callable[
    [Roles, Given],
    ArrayMap
    | Endurance
    | LevelTable
    | NormalisedResponses
    | PulseResponses
    | Sweeps
    | Trace
    | Waits,
]

KINDS: dict[str, Reader] = {
    "trace": trace,
    "pulses": pulses,
    "waits": waits,
    "endurance": endurance,
    "sweeps": sweeps,
    "map": array_map,
    "levels": level_table,
    "responses": responses,
}
"""Readers of sheets by kind."""

_SWEPT = 8
"""Voltages that make a sweep of a table of voltages and currents (1)."""


def kind_of(roles: Roles) -> str:
    """The kind of measurement that columns tell.

    Args:
        roles: What the columns of a sheet mean.

    Raises:
        ValueError: They do not tell; the sentence lists them.
    """
    if not roles.sheet.named and not roles.names:
        return _nameless(roles)
    for kind, holds in _SIGNS:
        if holds(roles):
            return kind
    raise _unknown(roles)


def _reads(roles: Roles) -> bool:
    return "conductance" in roles or "current" in roles


def _is_endurance(roles: Roles) -> bool:
    return "low" in roles and "high" in roles


def _is_single(roles: Roles) -> bool:
    """Before and after: a wait if there is a time or a temperature, but no pulse."""
    return "before" in roles and "after" in roles and not _is_bake(roles)


def _is_bake(roles: Roles) -> bool:
    heated = "temperature" in roles or "time" in roles
    pulsed = any(
        role in roles for role in ("amplitude", "width", "gate", "pulse")
    )
    return "before" in roles and "after" in roles and heated and not pulsed


def _is_map(roles: Roles) -> bool:
    others = (
        "time",
        "cycle",
        "pulse",
        "amplitude",
        "voltage",
        "level",
        "temperature",
        "width",
    )
    placed = "row" in roles and "column" in roles
    return (
        placed and _reads(roles) and not any(role in roles for role in others)
    )


def _is_swept(roles: Roles) -> bool:
    """Voltage and current, at many voltages."""
    if not ("voltage" in roles and _reads(roles)):
        return False
    volts = roles.numbers("voltage")
    return (
        len(np.unique(volts[np.isfinite(volts)])) >= _SWEPT
        and "amplitude" not in roles
    )


def _is_pulsed(roles: Roles) -> bool:
    told = ("amplitude", "pulse", "ramp", "width", "direction")
    return (
        _reads(roles)
        and "time" not in roles
        and any(role in roles for role in told)
    )


def _is_state_by_cycle(roles: Roles) -> bool:
    return (
        _reads(roles)
        and "cycle" in roles
        and "direction" in roles
        and "amplitude" not in roles
        and "pulse" not in roles
        and "ramp" not in roles
    )


def _is_waited(roles: Roles) -> bool:
    if not ("time" in roles and _reads(roles)):
        return False
    told = ("written", "level", "temperature", "cell")
    return any(role in roles for role in told) or not _is_traced(roles)


def _is_wide_wait(roles: Roles) -> bool:
    """Time, and a cell a column."""
    return "time" in roles and not _reads(roles) and looks_wide(roles)


def _is_traced(roles: Roles) -> bool:
    """Time and one reading, evenly sampled or long enough to be meant so."""
    if not ("time" in roles and _reads(roles)):
        return False
    several = [
        role for role in ("cell", "row", "ramp", "cycle") if role in roles
    ]
    if any(len(np.unique(roles.numbers(role))) > 1 for role in several):
        return False
    return roles.sheet.rows >= SAMPLES_MIN and is_even(roles.si("time"))


def _is_pulsed_in_time(roles: Roles) -> bool:
    told = ("amplitude", "pulse", "width")
    return _reads(roles) and any(role in roles for role in told)


def _is_table_of_levels(roles: Roles) -> bool:
    return "mean" in roles or ("deviation" in roles and "conductance" in roles)


def _is_pair(roles: Roles) -> bool:
    return "up" in roles and "down" in roles


_SIGNS: tuple[tuple[str, Callable[[Roles], bool]], ...] = (
    ("endurance", _is_endurance),
    ("waits", _is_bake),
    ("pulses", _is_single),
    ("levels", _is_table_of_levels),
    ("responses", _is_pair),
    ("endurance", _is_state_by_cycle),
    ("sweeps", _is_swept),
    ("trace", _is_traced),
    ("pulses", _is_pulsed_in_time),
    ("waits", _is_waited),
    ("waits", _is_wide_wait),
    ("map", _is_map),
    ("pulses", _is_pulsed),
    ("pulses", looks_wide),
)
"""How each kind is told, the surest first."""


def _nameless(roles: Roles) -> str:
    """The kind of a table without a header: by its shape and its numbers alone."""
    sheet = roles.sheet
    columns = sheet.columns
    if any(column.words for column in columns):
        raise _unknown(roles)
    first = columns[0].values
    if len(columns) == 2:
        rising = len(first) > 1 and bool((np.diff(first) > 0).all())
        if rising and len(first) >= SAMPLES_MIN:
            return "trace"
        if _both_signs(first) and _both_signs(columns[1].values):
            return "responses"
    square = len(columns) >= 8 and sheet.rows >= 8
    if square and all((column.values > 0).mean() > 0.5 for column in columns):
        return "map"
    raise _unknown(roles)


def _both_signs(values: Array) -> bool:
    """Whether numbers are of order one and cross zero, as normalised ones do."""
    known = values[np.isfinite(values)]
    if len(known) < 4:
        return False
    least, most = float(known.min()), float(known.max())
    return -1e3 < least < -0.1 and 0.1 < most < 1e3


def _unknown(roles: Roles) -> ValueError:
    listed = ", ".join(
        f"`{one_line(column.title[:24])}`"
        for column in roles.sheet.columns[:10]
    )
    more = len(roles.sheet.columns) - 10
    rest = f" and {more} more" if more > 0 else ""
    kinds = ", ".join(f"`{kind}`" for kind in KINDS)
    example = re.sub(r"\s+", " ", "`--columns time=…,conductance=…[uS]`")
    return ValueError(
        f"File `{roles.sheet.source}` must tell by its columns what was measured, but has {listed}"
        f"{rest}; say the kind with `--as` ({kinds}), and what columns are with {example}."
    )
