"""Numbers of a column in SI: by its unit, or by what it must be where it names none."""

import re

import numpy as np
import numpy.typing as npt

from mho.checks import one_line
from mho.measured.role_names import QUANTITIES, ROLE_OF
from mho.measured.sheets import Column, Sheet, plain, unit_of

Array = npt.NDArray[np.float64]

_RESISTANCE = re.compile(
    r"r(es|on|off|lrs|hrs|i|f|before|after|initial|init|final|read|meas|min|max|low|high|pre|post"
    r"|start|end|cell|dut)?\d*[ck]?|[hl]rs\d*|.*resistance.*|widerstand.*"
)
"""Names, in small letters without signs, of columns that hold resistances."""
_CURRENTS = frozenset(("ioff", "ion", "ihrs", "ilrs"))
NUMBERED = re.compile(r"i(cell|dut|dev)?\d+")
"""Names of columns that hold the currents of one cell of several, `I1`, `I2`."""
SHARE = re.compile(r"\s*(?:/|_|\bover\b)\s*G_?0$", re.IGNORECASE)
"""End of a name that says numbers are shares of some other conductance."""
_DEGREES = {"tempc": "C", "tc": "C", "tempk": "K", "tk": "K"}
"""Names of temperatures, without case and signs, that say the unit."""
_COLDEST = 200.0
"""Temperature below which one without a unit may be in °C (K)."""


def is_resistance(column: Column) -> bool:
    """Whether a column holds resistances: by its unit, else by its name."""
    unit = unit_of(column.unit) if column.unit else None
    if unit is not None:
        return unit.symbol == "Ohm"
    return _RESISTANCE.fullmatch(plain(column.name)) is not None


def is_current(column: Column) -> bool:
    """Whether a column holds currents: by its unit, else by its name."""
    unit = unit_of(column.unit) if column.unit else None
    if unit is not None:
        return unit.symbol == "A"
    name = plain(column.name)
    if ROLE_OF.get(name) == "current" or name in _CURRENTS:
        return True
    return NUMBERED.fullmatch(name) is not None


def unit_in_name(source: str) -> str:
    """Unit that the name of a file ends with, as `ramps_uS.csv` does; empty if there is none.

    >>> unit_in_name("ramps_set_S.csv.gz"), unit_in_name("waits.csv")
    ('S', '')
    """
    stem = source.split(".")[0]
    last = stem.rpartition("_")[2]
    unit = unit_of(last) if last not in (stem, "G0") else None
    return last if unit is not None and unit.symbol in ("S", "Ohm", "A") else ""


def in_si(
    column: Column, role: str, source: str, units: tuple[str, ...] = ()
) -> Array:
    """Numbers of a column in SI: by its unit, else as they are.

    Args:
        column: The column.
        role: Its role.
        source: Name of the file, for sentences.
        units: Quantities that it may be of (SI); those of the role if there are none.

    Raises:
        ValueError: Its unit is none, or of another quantity, or it is a temperature that may be in
            °C.
    """
    units = units or QUANTITIES[role]
    text = column.unit
    if role == "temperature" and not text:
        text = _DEGREES.get(plain(column.name), "")
        if not text:
            _check_kelvin(column, source)
    unit = unit_of(text) if text else None
    if unit is not None and unit.symbol in units:
        return column.values * unit.factor + unit.offset
    if text not in ("", "1") and units != ("1",):
        wanted = " or ".join(units)
        raise ValueError(
            f"File `{source}` must have a unit of {wanted} for `{one_line(column.name)}`, but has"
            f" `{one_line(text[:30])}`; say it with `--columns"
            f" {role}={one_line(column.name)}[{_EXAMPLES[units[0]]}]` or the like."
        )
    return column.values


_EXAMPLES = {"S": "uS", "Ohm": "kOhm", "A": "uA", "V": "V", "s": "h", "K": "C"}
"""A unit of each quantity, as a sentence proposes it."""


def _check_kelvin(column: Column, source: str) -> None:
    """Refuse a temperature without a unit that is as likely in °C."""
    known = column.values[np.isfinite(column.values)]
    if known.size and known.min() < _COLDEST:
        raise ValueError(
            f"File `{source}` must say whether `{one_line(column.name)}` is in °C or K, but does"
            f" not, and {known.min():g} may be either; add `--columns"
            f" temperature={one_line(column.name)}[C]` or `[K]`."
        )


NORMALISED = "1"
"""Unit of a scale whose ends are not told."""
_MOST_SINGLE = 1.0
"""Conductance that no cell has (S)."""
_MOST_CONDUCTANCE = 0.1
"""Conductance above which a number without unit is not taken for siemens (S)."""
_MOST_OHMIC = 5e-3
"""Conductance above which resistances without a unit are not taken for ohms (S)."""


def _with_unit(column: Column, sheet: Sheet) -> Column:
    """A column with the unit of its conductances: its own, its file's, else what the user says.

    Raises:
        ValueError: The user says another one than the file.
    """
    unit = column.unit or unit_in_name(sheet.source)
    if sheet.unit:
        known = unit_of(unit) if unit else None
        said = unit_of(sheet.unit)
        word = plain(column.name)
        names_another = is_current(column) or "resistance" in word
        if known is not None and known != said:
            told = f"in {one_line(unit)}"
        elif known is None and names_another:
            told = "no conductance by its name"
        else:
            told = ""
        if told:
            raise ValueError(
                f"File `{sheet.source}` must have conductances in {sheet.unit} in `{column.name}`,"
                f" as is said of it, but that is {told}; leave `unit` out."
            )
        unit = sheet.unit
    return Column(column.name, unit, column.values, column.words)


def conductance_of(
    column: Column,
    role: str,
    sheet: Sheet,
    voltage: Array | None,
    remarks: list[str],
) -> Array:
    """A column as conductances (S), from conductances, resistances or currents.

    Args:
        column: The column.
        role: Its role.
        sheet: Where it comes from, for sentences.
        voltage: Voltage at which currents were read (V), by row.
        remarks: What was odd so far; more is added.

    Raises:
        ValueError: It names no unit and cannot be in SI, or is a current and no voltage is known.
    """
    column = _with_unit(column, sheet)
    values = in_si(column, role, sheet.source, ("S", "Ohm", "A"))
    if is_current(column):
        if voltage is None or not (np.abs(voltage) > 0).any():
            raise ValueError(
                f"File `{sheet.source}` must come with the voltage at which its currents in"
                f" `{column.name}` were read, but names none; add `--voltage`."
            )
        with np.errstate(all="ignore"):
            result: Array = np.where(voltage == 0, np.nan, values / voltage)
        result = np.where(np.isfinite(result), result, np.nan)
        _tell_negative(column, sheet, result, remarks)
        return result
    if is_resistance(column):
        with np.errstate(all="ignore"):
            result = 1.0 / values
        result = np.where(np.isfinite(result), result, np.nan)
    else:
        result = values
    if not column.unit:
        _check_unitless(column, role, sheet, result, remarks)
    if column.unit == NORMALISED:
        return result
    _check_single(column, sheet, result)
    _tell_negative(column, sheet, result, remarks)
    return result


def _check_unitless(
    column: Column, role: str, sheet: Sheet, result: Array, remarks: list[str]
) -> None:
    """Refuse numbers without a unit that cannot be in SI; tell that resistances are taken so."""
    size = np.abs(result[np.isfinite(result)])
    if size.size == 0:
        return
    if SHARE.search(column.name):
        raise ValueError(
            f"File `{sheet.source}` must hold conductances, but `{column.name}` is normalised; if"
            f" G0 is the quantum, add `--columns {role}={column.name}[G0]`."
        )
    ohmic = is_resistance(column)
    far = np.median(size) > _MOST_CONDUCTANCE
    if far or (ohmic and size.min() > _MOST_OHMIC):
        what = (
            "cell's resistance in ohms" if ohmic else "conductance in siemens"
        )
        unit = "kOhm" if ohmic else "uS"
        raise ValueError(
            f"File `{sheet.source}` must say the unit of `{column.name}`, but does not, and"
            f" {column.values[np.isfinite(column.values)][0]:g} is no {what}; add"
            f" `--columns {role}={column.name}[{unit}]` or the like, in a preset file"
            " `unit`."
        )
    if ohmic:
        _tell(
            remarks,
            f"column `{column.name}`: no unit, numbers were taken as Ω",
        )


def _check_single(column: Column, sheet: Sheet, result: Array) -> None:
    """Refuse conductances that no cell has."""
    far = np.flatnonzero(np.abs(result) > _MOST_SINGLE)
    if far.size:
        typical = np.nanmedian(np.abs(result))
        raise ValueError(
            f"File `{sheet.source}` {sheet.line(int(far[0]))} must have a conductance of a cell in"
            f" `{column.name}`, but has {result[far[0]]:.4g} S where most have {typical:.3g} S;"
            " are units mixed?"
        )


def _tell_negative(
    column: Column, sheet: Sheet, result: Array, remarks: list[str]
) -> None:
    rows = np.flatnonzero(result < 0)
    if rows.size:
        _tell(
            remarks,
            f"{sheet.line(int(rows[0]))}: {rows.size:,} of {result.size:,} conductances in"
            f" `{column.name}` are negative",
        )


def _tell(remarks: list[str], text: str) -> None:
    """Add a remark that is not there yet: a column may be read twice."""
    if text not in remarks:
        remarks.append(text)
