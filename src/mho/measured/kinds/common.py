"""What readers of all kinds do: numbers of cells, order, duplicates, saturated converters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mho.measured.roles import Roles
from mho.measured.sheets import Sheet
from mho.units import show

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SATURATED = (0.02, 8)
"""Share of readings, and number, that may be exactly the extreme one by chance (1)."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the user says where the file does not.

    Args:
        voltage: Voltage at which currents were read (V).
        direction: +1 for SET, −1 for RESET (1).
        amplitude: Voltage of pulses (V).
        gate: Voltage of the word line at pulses (V).
        width: Duration of pulses (s).
        temperature: Temperature of waits (K).
        level: Level that cells were written to (1).
    """

    voltage: float | None = None
    direction: int | None = None
    amplitude: float | None = None
    gate: float | None = None
    width: float | None = None
    temperature: float | None = None
    level: int | None = None


def read_voltage(roles: Roles, given: Given) -> Array | None:
    """Voltage at which currents were read (V), by row; `None` if nobody says."""
    if "read_voltage" in roles:
        return roles.si("read_voltage")
    if given.voltage is not None:
        return np.full(roles.sheet.rows, given.voltage)
    hint = roles.sheet.hints.get("read_voltage")
    return None if hint is None else np.full(roles.sheet.rows, hint)


def filled(roles: Roles, role: str, value: float | None) -> Array:
    """A column in SI, or what the user says all along; the user's word goes first."""
    if value is not None and role not in roles:
        return np.full(roles.sheet.rows, value)
    return roles.si(role)


def cells_of(roles: Roles) -> Numbers:
    """Number of each line's cell (1): its own column, or row and column of an array; else 0."""
    if "cell" in roles:
        return whole(roles, "cell")
    if "row" in roles and "column" in roles:
        rows = whole(roles, "row")
        columns = whole(roles, "column")
        width = int(columns.max(initial=0)) + 1
        result: Numbers = rows * width + columns
        return result
    return np.zeros(roles.sheet.rows, dtype=np.int64)


def whole(roles: Roles, role: str) -> Numbers:
    """A column of whole numbers or words as numbers (1).

    Raises:
        ValueError: A number is missing or not whole; the sentence names the line.
    """
    words = roles.words(role)
    if words:
        return np.unique(np.array(words), return_inverse=True)[1].astype(
            np.int64
        )
    values = roles.numbers(role)
    wrong = np.flatnonzero(~(np.isfinite(values) & (np.abs(values) < 2**53)))
    if wrong.size == 0:
        wrong = np.flatnonzero(values != np.round(values))
    if wrong.size:
        sheet = roles.sheet
        name = roles.column(role).name
        raise ValueError(
            f"File `{sheet.source}` {sheet.line(int(wrong[0]))} must have a whole number for"
            f" `{name}`, but has {values[wrong[0]]:g}."
        )
    return values.astype(np.int64)


def kept(
    keep: Mask, *arrays: npt.NDArray[np.generic]
) -> list[npt.NDArray[np.generic]]:
    """Some rows of several arrays."""
    return [array[keep] for array in arrays]


def told_lines(sheet: Sheet, rows: npt.NDArray[np.generic], what: str) -> str:
    """A remark on some rows: the first of their lines, and how many there are."""
    count = f"; {len(rows):,} such lines in all" if len(rows) > 1 else ""
    return f"{sheet.line(int(rows[0]))}: {what}{count}"


def saturated(sheet: Sheet, values: Array, what: str, unit: str) -> list[str]:
    """A remark for each end where readings are exactly the extreme one too often.

    Args:
        sheet: Where they come from.
        values: Readings, by row (SI).
        what: What they are.
        unit: Their unit.
    """
    finite = values[np.isfinite(values)]
    if finite.size < 2 * _SATURATED[1]:
        return []
    codes, counts = np.unique(finite, return_counts=True)
    if codes.size < 4:
        return []
    remarks = []
    for end, beside, word in ((-1, -2, "largest"), (0, 1, "smallest")):
        count = int(counts[end])
        enough = count >= max(_SATURATED[1], _SATURATED[0] * finite.size)
        if enough and count > 3 * counts[beside]:
            row = np.flatnonzero(values == codes[end])
            remarks.append(
                f"{sheet.line(int(row[0]))}: {count:,} of {finite.size:,} readings of {what} are"
                f" exactly {show(float(codes[end]), unit)}, the {word}: the converter may be"
                " saturated"
            )
    return remarks


def repeated(
    sheet: Sheet,
    keys: Sequence[Array | Numbers],
    all_of: Sequence[Array | Numbers],
) -> tuple[Mask, list[str]]:
    """Rows to keep where the same reading stands twice, and remarks on what was left out.

    Rows of the same keys and the same values are one reading written twice. Rows of the same keys
    with other values stay, and are told.

    Args:
        sheet: Where they come from.
        keys: What tells readings apart, by row.
        all_of: Everything that was read, by row.
    """
    order = np.lexsort(keys)
    keep = np.ones(sheet.rows, dtype=bool)
    if sheet.rows < 2:
        return keep, []
    same_key = np.ones(sheet.rows - 1, dtype=bool)
    same_all = np.ones(sheet.rows - 1, dtype=bool)
    for key in keys:
        same_key &= key[order][1:] == key[order][:-1]
    for value in all_of:
        left, right = value[order][1:], value[order][:-1]
        same_all &= (left == right) | (
            np.isnan(left.astype(float)) & np.isnan(right.astype(float))
        )
    twice = np.sort(order[1:][same_key & same_all])
    other = np.sort(order[1:][same_key & ~same_all])
    remarks = []
    if twice.size:
        keep[twice] = False
        remarks.append(
            told_lines(sheet, twice, "the same reading again, left out")
        )
    if other.size:
        remarks.append(
            told_lines(
                sheet, other, "a second reading of the same cell and time"
            )
        )
    return keep, remarks
