"""What the columns of a file mean, told from their names, and their numbers in SI."""

import difflib
import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from mho.checks import check_choice, one_line
from mho.measured.role_names import QUANTITIES, ROLE_OF
from mho.measured.sheets import Column, Sheet, Unit, split_name, unit_of

Array = npt.NDArray[np.float64]

_RESISTANCE = re.compile(
    r"r(es|on|off|lrs|hrs|i|f|before|after|initial|init|final|read|meas|min|max|low|high|pre|post"
    r"|start|end|cell|dut)?\d*[ck]?|[hl]rs\d*|.*resistance.*|widerstand.*"
)
"""Names, in small letters without signs, of columns that hold resistances."""
_CURRENTS = frozenset(("ioff", "ion", "ihrs", "ilrs"))
_PLAIN = re.compile(r"[^a-z0-9]+")


def plain(name: str) -> str:
    """A name without case and signs, as roles are looked up."""
    return _PLAIN.sub("", name.lower().replace("δ", "d").replace("Δ", "d"))


def role_of(column: Column) -> str | None:
    """What a column means, by its name and unit; `None` if neither tells.

    >>> import numpy as np
    >>> role_of(Column("Pulse width", "s", np.zeros(1)))
    'width'
    """
    role = ROLE_OF.get(plain(column.name))
    if column.words and role in ("level", "cycle"):
        role = "direction"
    unit = unit_of(column.unit) if column.unit else None
    if unit is None:
        return role
    if role is not None and unit.symbol in QUANTITIES[role]:
        return role
    return _by_unit(column, role, unit)


def _by_unit(column: Column, role: str | None, unit: Unit) -> str | None:
    """A role for a column whose name alone means something else, or nothing."""
    if role in ("amplitude", "voltage") or unit.symbol == "V":
        return "voltage" if unit.symbol == "V" and role != "amplitude" else None
    if plain(column.name) == "t" and unit.symbol == "K":
        return "temperature"
    simple = {
        "s": "time",
        "S": "conductance",
        "Ohm": "conductance",
        "A": "current",
        "K": "temperature",
    }
    if role is None and plain(column.name) in (
        "",
        *map(str.lower, simple),
        *map(str, range(1)),
    ):
        return simple.get(unit.symbol)
    return None


class Roles:
    """The columns of a sheet by what they mean, in SI when they are asked for.

    Args:
        sheet: The columns.
        chosen: Columns that the user names, by role, with a unit in brackets if wanted: `G[uS]`.

    Raises:
        ValueError: There is no such role or column, or the unit is of another quantity.
    """

    def __init__(
        self, sheet: Sheet, chosen: Mapping[str, str] | None = None
    ) -> None:
        self.sheet = sheet
        self.remarks: list[str] = []
        self._found: dict[str, Column] = {}
        self._extra: list[Column] = []
        taken = self._choose(chosen or {})
        for number, column in enumerate(sheet.columns):
            if number in taken:
                continue
            role = role_of(column) if sheet.named else None
            if role is None or role in self._found:
                self._extra.append(column)
            else:
                self._found[role] = column

    def _choose(self, chosen: Mapping[str, str]) -> set[int]:
        """Columns that the user names; their numbers."""
        taken = set()
        for role, text in chosen.items():
            check_choice(role, "columns", QUANTITIES)
            number, unit = self._place(text)
            column = self.sheet.columns[number]
            if unit:
                known = unit_of(unit)
                if known is None or known.symbol not in QUANTITIES[role]:
                    wanted = " or ".join(QUANTITIES[role])
                    raise ValueError(
                        f"Argument `columns` must give `{role}` a unit of {wanted}, but gives"
                        f" `{one_line(unit)}`."
                    )
                column = Column(column.name, unit, column.values, column.words)
            self._found[role] = column
            taken.add(number)
        return taken

    def _place(self, text: str) -> tuple[int, str]:
        """Number and unit of a column that is named by its title, its name or its number."""
        names = [column.name for column in self.sheet.columns]
        titles = [column.title for column in self.sheet.columns]
        bracket = re.fullmatch(r"(.*?)\s*\[([^\[\]]*)\]\s*", text)
        wanted, unit = (
            (bracket[1], bracket[2]) if bracket else (text.strip(), "")
        )
        if text in titles:
            return titles.index(text), ""
        for form in (wanted, split_name(wanted)[0]):
            for choices in (names, [name.lower() for name in names]):
                if form in choices:
                    return choices.index(form), unit
                if form.lower() in choices:
                    return choices.index(form.lower()), unit
        if (
            wanted.isascii()
            and wanted.isdigit()
            and 1 <= int(wanted[:6]) <= len(names)
        ):
            return int(wanted) - 1, unit
        near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.4)
        hint = f" Did you mean `{one_line(near[0])}`?" if near else ""
        listed = ", ".join(f"`{one_line(name)}`" for name in names[:12])
        raise ValueError(
            f"Argument `columns` must name columns of `{self.sheet.source}` ({listed}), but names"
            f" `{one_line(wanted)}`.{hint}"
        )

    def __contains__(self, role: str) -> bool:
        return role in self._found

    @property
    def extra(self) -> tuple[Column, ...]:
        """Columns that no role was found for."""
        return tuple(self._extra)

    @property
    def names(self) -> dict[str, Column]:
        """All columns that a role was found for."""
        return dict(self._found)

    def column(self, role: str) -> Column:
        """The column of a role as the file has it."""
        return self._found[role]

    def words(self, role: str) -> tuple[str, ...]:
        """Words of a column, by row; empty if it holds numbers, or is not there."""
        return self._found[role].words if role in self._found else ()

    def numbers(self, role: str) -> Array:
        """Plain numbers of a column; NaN throughout if it is not there."""
        if role not in self._found:
            return np.full(self.sheet.rows, np.nan)
        self._check_numbers(role)
        return self._found[role].values

    def si(self, role: str) -> Array:
        """A column in SI, resistances as they are; NaN throughout if it is not there."""
        if role not in self._found:
            return np.full(self.sheet.rows, self.sheet.hints.get(role, np.nan))
        self._check_numbers(role)
        return in_si(self._found[role], role)

    def _check_numbers(self, role: str) -> None:
        """Refuse words where numbers must be."""
        column = self._found[role]
        for row, word in enumerate(column.words):
            if word:
                raise ValueError(
                    f"File `{self.sheet.source}` {self.sheet.line(row)} must hold a number for"
                    f" `{column.name}`, but holds `{one_line(word[:30])}`."
                )

    def conductance(self, role: str, voltage: Array | None = None) -> Array:
        """A column as conductances (S), from conductances, resistances or currents.

        Args:
            role: Its role.
            voltage: Voltage at which currents were read (V), by row.

        Raises:
            ValueError: It must be read with a unit or a voltage that nobody gives.
        """
        self._check_numbers(role)
        return conductance_of(self._found[role], role, self.sheet, voltage)


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
    return ROLE_OF.get(name) == "current" or name in _CURRENTS


def unit_in_name(source: str) -> str:
    """Unit that the name of a file ends with, as `ramps_uS.csv` does; empty if there is none.

    >>> unit_in_name("ramps_set_S.csv.gz"), unit_in_name("waits.csv")
    ('S', '')
    """
    stem = source.split(".")[0]
    last = stem.rpartition("_")[2]
    unit = unit_of(last) if last != stem else None
    return last if unit is not None and unit.symbol in ("S", "Ohm", "A") else ""


def in_si(column: Column, role: str) -> Array:
    """Numbers of a column in SI: by its unit, else as they are."""
    unit = unit_of(column.unit) if column.unit else None
    if unit is None or unit.symbol not in QUANTITIES[role]:
        return column.values
    return column.values * unit.factor + unit.offset


NORMALISED = "1"
"""Unit of a scale whose ends are not told."""
_MOST_SINGLE = 1.0
"""Conductance that no cell has (S)."""
_MOST_CONDUCTANCE = 0.1
"""Conductance above which a number without unit is not taken for siemens (S)."""


def _with_unit(column: Column, sheet: Sheet) -> Column:
    """A column with the unit of its conductances: its own, its file's, else what the user says.

    Raises:
        ValueError: The user says another one than the file.
    """
    unit = column.unit or unit_in_name(sheet.source)
    if sheet.unit:
        known = unit_of(unit) if unit else None
        word = plain(column.name)
        if known is not None and known != unit_of(sheet.unit):
            told = f"in {one_line(unit)}"
        elif known is None and (is_current(column) or "resistance" in word):
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
    column: Column, role: str, sheet: Sheet, voltage: Array | None = None
) -> Array:
    """A column as conductances (S), from conductances, resistances or currents.

    Args:
        column: The column.
        role: Its role.
        sheet: Where it comes from, for sentences.
        voltage: Voltage at which currents were read (V), by row.

    Raises:
        ValueError: It names no unit and cannot be in SI, is of another unit than the user says, or
            is a current and no voltage is known.
    """
    column = _with_unit(column, sheet)
    values = in_si(column, role)
    if is_current(column):
        if voltage is None or not (np.abs(voltage) > 0).any():
            raise ValueError(
                f"File `{sheet.source}` must come with the voltage at which its currents in"
                f" `{column.name}` were read, but names none; add `--voltage`."
            )
        with np.errstate(all="ignore"):
            result: Array = np.where(voltage == 0, np.nan, values / voltage)
        return np.where(np.isfinite(result), result, np.nan)
    if is_resistance(column):
        with np.errstate(all="ignore"):
            result = 1.0 / values
        result = np.where(np.isfinite(result), result, np.nan)
    else:
        result = values
    told = unit_of(column.unit) if column.unit else None
    typical = np.nanmedian(np.abs(result)) if np.isfinite(result).any() else 0.0
    if told is None and typical > _MOST_CONDUCTANCE:
        raise ValueError(
            f"File `{sheet.source}` must say the unit of `{column.name}`, but does not, and"
            f" {column.values[np.isfinite(column.values)][0]:g} is no conductance in siemens; add"
            f" `--columns {role}={column.name}[uS]` or the like, in a preset file"
            " `unit`."
        )
    if told is not None and told.symbol == NORMALISED:
        return result
    far = np.flatnonzero(np.abs(result) > _MOST_SINGLE)
    if far.size:
        raise ValueError(
            f"File `{sheet.source}` {sheet.line(int(far[0]))} must have a conductance of a cell in"
            f" `{column.name}`, but has {result[far[0]]:.4g} S where most have {typical:.3g} S;"
            " are units mixed?"
        )
    return result
