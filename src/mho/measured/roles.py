"""What the columns of a file mean, told from their names, and their numbers in SI."""

import difflib
import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from mho.checks import check_choice, one_line
from mho.measured.numbers_in_si import (
    NUMBERED,
    SHARE,
    conductance_of,
    in_si,
)
from mho.measured.role_names import QUANTITIES
from mho.measured.sheets import (
    Column,
    Sheet,
    Unit,
    plain,
    role_named,
    split_name,
    unit_of,
)

Array = npt.NDArray[np.float64]


def role_of(column: Column) -> str | None:
    """What a column means, by its name and unit; `None` if neither tells.

    >>> import numpy as np
    >>> role_of(Column("Pulse width", "s", np.zeros(1)))
    'width'
    """
    role = role_named(SHARE.sub("", column.name))
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


def _numbered_currents(sheet: Sheet) -> list[int]:
    """Columns `I1`, `I2` and so on, a cell each: two at least, and no voltages beside them."""
    if not sheet.named:
        return []
    if any(role_of(column) == "voltage" for column in sheet.columns):
        return []
    found = [
        number
        for number, column in enumerate(sheet.columns)
        if NUMBERED.fullmatch(plain(column.name)) and not column.words
    ]
    return found if len(found) > 1 else []


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
        cells = _numbered_currents(sheet)
        for number, column in enumerate(sheet.columns):
            if number in taken:
                continue
            role = role_of(column) if sheet.named else None
            if role is None or role in self._found or number in cells:
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
                symbols = QUANTITIES[role]
                if known is None or known.symbol not in symbols:
                    wanted = " or ".join(symbols)
                    given = one_line(unit)
                    raise ValueError(
                        f"Argument `columns` must give `{role}` a unit of {wanted}, but gives"
                        f" `{given}`."
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
        return in_si(self._found[role], role, self.sheet.source)

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
        return conductance_of(
            self._found[role], role, self.sheet, voltage, self.remarks
        )
