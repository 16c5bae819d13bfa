"""Logs of a tester: a line an operation, `address, READ, …` or `address, SET, …`, no header.

A pulse goes with the readings of its cell before and after it, if it is the only one between them.
"""

import re
from pathlib import Path

import numpy as np

from mho.checks import one_line
from mho.measured.sheets import MOST_CELLS, Column, Sheet, number_of

_DIRECTIONS = {"SET": 1, "FORM": 1, "RESET": -1}
_WORDS = frozenset((*_DIRECTIONS, "READ"))
_LOOKED_AT = 200
"""Lines by which such a file is told (1)."""
_MOST_OTHERS = 0.2
"""Lines among them that may be of another kind (1)."""
_CELLS = 6
"""Numbers and words of a line (1)."""
_BETWEEN = re.compile(r"[,;\t]")
_READ_S = 3
"""Place of the conductance in a line of a reading."""


def is_operations(lines: list[str]) -> bool:
    """Whether lines are those of such a log.

    Args:
        lines: Lines of the file.
    """
    told = [_split(line) for line in lines[:_LOOKED_AT] if _says(line)]
    known = sum(len(cells) == _CELLS and cells[1] in _WORDS for cells in told)
    return known > 0 and known >= (1 - _MOST_OTHERS) * len(told)


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in _BETWEEN.split(line)]


def _says(line: str) -> bool:
    """Whether a line holds more than a remark."""
    return bool(line.strip()) and not line.lstrip().startswith(("#", "%"))


class _Reader:
    """Follows every cell through its log.

    Args:
        path: The file, for sentences.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.held: dict[float, float] = {}
        self.waiting: dict[float, list[list[float]]] = {}
        self.pulses: list[tuple[float, ...]] = []
        self.reads: list[tuple[float, ...]] = []
        self.several = 0

    def take(self, number: int, cells: list[str]) -> None:
        """Take in one operation.

        Args:
            number: Number of its line (1).
            cells: What it says.
        """
        values = [number_of(cell) for cell in (cells[0], *cells[2:])]
        if None in values:
            raise ValueError(
                f"File `{self.path}` line {number} must hold an operation and its numbers, but"
                f" holds `{one_line(','.join(cells))[:40]}`."
            )
        told = [float("nan") if value is None else value for value in values]
        address = told[0]
        at = float(number)
        if cells[1] != "READ":
            pulse = [float(_DIRECTIONS[cells[1]]), *told[1:4]]
            self.waiting.setdefault(address, []).append(pulse)
            return
        read = told[_READ_S - 1]
        pending = self.waiting.pop(address, [])
        if len(pending) == 1 and address in self.held:
            way, gate, bit, source = pending[0]
            amplitude = bit if way > 0 else -source
            row = (
                address,
                self.held[address],
                read,
                amplitude,
                gate,
                way,
                at,
            )
            self.pulses.append(row)
        self.several += len(pending) > 1
        self.held[address] = read
        self.reads.append((address, read, at))


def operations_sheet(
    path: Path, lines: list[str], remarks: list[str]
) -> tuple[Sheet, str]:
    """The pulses of a log, or its readings if it has no pulses, and which of them it is.

    Args:
        path: The file, for sentences.
        lines: Its lines.
        remarks: What was odd so far.

    Raises:
        ValueError: It holds no reading, or something that is no number.
    """
    reader = _Reader(path)
    others = []
    for number, line in enumerate(lines, 1):
        cells = _split(line)
        if len(cells) == _CELLS and cells[1] in _WORDS:
            reader.take(number, cells)
        elif _says(line):
            others.append(number)
    if others:
        remarks = [
            *remarks,
            f"line {others[0]}: no operation, left out; {len(others)} such lines in all",
        ]
    if reader.several:
        remarks = [
            *remarks,
            f"{reader.several:,} readings come after several pulses at once; those were left out",
        ]
    if reader.pulses:
        names = (
            ("cell", ""),
            ("before", "S"),
            ("after", "S"),
            ("amplitude", "V"),
            ("gate", "V"),
            ("direction", ""),
        )
        told = "widths are counts of the tester's clock, and were left out"
        return _sheet(path, names, reader.pulses, [*remarks, told]), "pulses"
    held = (("cell", ""), ("conductance", "S"))
    return _sheet(path, held, reader.reads, remarks), "map"


def _sheet(
    path: Path,
    names: tuple[tuple[str, str], ...],
    rows: list[tuple[float, ...]],
    remarks: list[str],
) -> Sheet:
    """A sheet of rows that end with the number of their line, cell after cell."""
    if not rows:
        raise ValueError(f"File `{path}` must hold a reading, but holds none.")
    if len(rows) * len(names) > MOST_CELLS:
        raise ValueError(
            f"File `{path}` must hold {MOST_CELLS:,} numbers at most, but holds more; cut it into"
            " parts."
        )
    values = np.array(rows)
    values = values[np.argsort(values[:, 0], kind="stable")]
    columns = tuple(
        Column(name, unit, np.ascontiguousarray(values[:, place]))
        for place, (name, unit) in enumerate(names)
    )
    return Sheet(
        path.name, columns, values[:, -1].astype(np.int64), True, tuple(remarks)
    )
