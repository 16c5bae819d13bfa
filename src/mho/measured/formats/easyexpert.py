"""CSV files that Keysight's EasyEXPERT writes: keys, then names, then values, test after test."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mho.checks import one_line
from mho.measured.sheets import (
    MOST_CELLS,
    Column,
    Sheet,
    number_of,
    split_name,
    unit_of,
)

Values = npt.NDArray[np.float64]

_KEYS = (
    "SetupTitle",
    "PrimitiveTest",
    "TestParameter",
    "MetaData",
    "AnalysisSetup",
)
_UNITS = "Analysis.Setup.Vector.List.Datum.Unit"
_LOOKED_AT = 400
"""Lines by which such a file is told (1)."""


def is_easyexpert(lines: list[str]) -> bool:
    """Whether lines are those of such a file: it has a line of names behind a key.

    Args:
        lines: Lines of the file.
    """
    start = [line.lstrip().strip('"') for line in lines[: 4 * _LOOKED_AT]]
    named = any(line.startswith("DataName") for line in start)
    keyed = any(line.startswith(_KEYS) for line in start[:_LOOKED_AT])
    return named and (
        keyed or any(line.startswith("DataValue") for line in start)
    )


class _Reader:
    """Reads such a file line by line.

    Args:
        path: The file, for sentences.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: list[str] = []
        self.first_names: list[str] = []
        self.units: list[str] = []
        self.units_of_test: dict[int, list[str]] = {}
        self.swept: list[str] = []
        self.parameters: dict[str, list[str]] = {}
        self.rows: list[list[float]] = []
        self.lines: list[int] = []
        self.tests: list[int] = []
        self.test = -1
        self.skipped = 0

    def take(self, number: int, line: str) -> None:
        """Take in one line.

        Args:
            number: Its number (1).
            line: Its text.
        """
        cells = [cell.strip().strip('"') for cell in line.split(",")]
        if cells[0] == "DataName":
            self._begin(number, cells[1:])
        elif cells[0] == "DataValue":
            self._values(number, cells[1:])
        elif cells[0] == "TestParameter" and len(cells) > 2:
            self.parameters[cells[1]] = cells[2:]
        elif (
            cells[0] == "AnalysisSetup"
            and len(cells) > 2
            and cells[1] == _UNITS
        ):
            self.units = cells[2:]

    def _begin(self, number: int, names: list[str]) -> None:
        while names and not names[-1]:
            names.pop()
        if not names:
            raise ValueError(
                f"File `{self.path}` line {number} must name columns, but does not."
            )
        self.test += 1
        self.names = names
        if not self.first_names:
            self.first_names = names
        elif names != self.first_names:
            self.skipped += 1

    def _values(self, number: int, cells: list[str]) -> None:
        if not self.names:
            raise ValueError(
                f"File `{self.path}` line {number} must come after a line `DataName`, but does"
                " not."
            )
        if self.names != self.first_names:
            return
        row = []
        for cell in cells[: len(self.names)]:
            value = number_of(cell)
            if value is None:
                raise ValueError(
                    f"File `{self.path}` line {number} must hold numbers, but holds"
                    f" `{one_line(cell[:30])}`."
                )
            row.append(value)
        self.units_of_test.setdefault(self.test, self.units)
        row += [math.nan] * (len(self.names) - len(row))
        self.rows.append(row)
        self.lines.append(number)
        self.tests.append(self.test)
        if len(self.rows) * len(self.names) > MOST_CELLS:
            raise ValueError(
                f"File `{self.path}` must hold {MOST_CELLS:,} numbers at most, but holds more."
            )

    def sheet(self, remarks: list[str]) -> Sheet:
        """The sheet of all tests of the first one's columns, each a sweep of its own."""
        if not self.rows:
            raise ValueError(
                f"File `{self.path}` must hold lines `DataValue`, but holds none."
            )
        values = np.array(self.rows)
        for place in range(len(self.first_names)):
            self._bring_to_first(place, values[:, place])
        columns = [
            self._column(place, name, values[:, place])
            for place, name in enumerate(self.first_names)
        ]
        if self.test > 0:
            columns.append(
                Column("sweep", "", np.array(self.tests, dtype=np.float64))
            )
        if self.skipped:
            remarks = [
                *remarks,
                f"{self.skipped} of {self.test + 1} tests have other columns, and were left out",
            ]
        return Sheet(
            self.path.name,
            tuple(columns),
            np.array(self.lines, dtype=np.int64),
            True,
            tuple(remarks),
        )

    def _unit(self, test: int, place: int) -> str:
        """Unit of a column in one test; empty if the test names none."""
        units = self.units_of_test[test]
        return units[place] if place < len(units) else ""

    def _bring_to_first(self, place: int, values: Values) -> None:
        """Numbers of all tests in the unit of the first, in place."""
        tests = np.array(self.tests)
        wanted = self._unit(self.tests[0], place)
        for test in self.units_of_test:
            found = self._unit(test, place)
            if found == wanted:
                continue
            one, other = unit_of(wanted), unit_of(found)
            if one is None or other is None or one.symbol != other.symbol:
                number = self.lines[self.tests.index(test)]
                raise ValueError(
                    f"File `{self.path}` line {number} must have the units of the first test, but"
                    f" `{one_line(self.first_names[place])}` is in `{one_line(found)}` after"
                    f" `{one_line(wanted)}`; cut the file into parts."
                )
            mine = tests == test
            si = values[mine] * other.factor + other.offset
            values[mine] = (si - one.offset) / one.factor

    def _column(self, place: int, name: str, values: Values) -> Column:
        """A column, named by what the channel that is swept measures, where the file says."""
        unit = self._unit(self.tests[0], place)
        short, own = split_name(one_line(name))
        unit = unit if unit_of(unit) is not None else own
        channel = self._swept_channel()
        for key, role, usual in (
            ("Channel.VName", "voltage", "V"),
            ("Channel.IName", "current", "A"),
        ):
            names = self.parameters.get(key, [])
            if (
                channel is not None
                and channel < len(names)
                and names[channel] == name
            ):
                return Column(role, unit or usual, values)
        return Column(short, unit, values)

    def _swept_channel(self) -> int | None:
        """Number of the channel whose voltage is swept."""
        functions = self.parameters.get("Channel.Func", [])
        return functions.index("VAR1") if "VAR1" in functions else None


def easyexpert_sheet(path: Path, lines: list[str], remarks: list[str]) -> Sheet:
    """The sheet of such a file; tests of the same columns are sweeps of their own.

    Args:
        path: The file, for sentences.
        lines: Its lines.
        remarks: What was odd so far.

    Raises:
        ValueError: It holds no values, or something that is no number.
    """
    reader = _Reader(path)
    for number, line in enumerate(lines, 1):
        if line.strip():
            reader.take(number, line)
    return reader.sheet(remarks)
