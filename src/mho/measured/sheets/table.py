"""A table of text as a sheet of columns."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mho.checks import one_line
from mho.measured.sheets.layout import Layout, is_comment, layout_of, split
from mho.measured.sheets.numbers import number_of, quantity_of
from mho.measured.sheets.sheet import Column, Sheet
from mho.measured.sheets.text import read_lines
from mho.measured.sheets.units import split_name, unit_of

Array = npt.NDArray[np.float64]

MOST_CELLS = 5_000_000
"""Cells of a table that are read at most (1): memory and time are planned for them."""
_CHUNK = 20_000
"""Lines that are read at a time (1)."""
_BEGINS = frozenset("0123456789.+-")
_SHOWN = 30
"""Letters of a cell that a sentence shows (1)."""


def read_table(path: Path) -> Sheet:
    """Read a table of text: CSV, TSV and what resembles them.

    Separators, decimal commas, comments, headers and units are told from the file itself.

    Args:
        path: The file, packed by gzip or not.

    Raises:
        ValueError: It holds no table of numbers; the sentence names the line.
        OSError: It cannot be read.
    """
    lines, remarks = read_lines(path)
    return table_of(path, lines, remarks)


def table_of(
    path: Path, lines: list[str], remarks: list[str], first: int = 1
) -> Sheet:
    """The table that lines of a file hold.

    Args:
        path: The file, for sentences.
        lines: The lines.
        remarks: What was odd so far; more is added.
        first: Number of the first of the lines in the file (1).

    Raises:
        ValueError: There is no table of numbers; the sentence names the line.
    """
    layout = layout_of(lines)
    if layout is None:
        raise ValueError(
            f"File `{path}` must hold a table of numbers, but no line of it does; see `--columns`."
        )
    return _Reader(path, layout, lines, remarks, first).sheet()


class _Reader:
    """Reads the lines of one table.

    Args:
        path: The file, for sentences.
        layout: How the table is laid out.
        lines: All lines.
        remarks: What was odd so far.
        first: Number of the first of the lines in the file (1).
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        lines: list[str],
        remarks: list[str],
        first: int,
    ) -> None:
        self.path = path
        self.layout = layout
        self.lines = lines
        self.remarks = list(remarks)
        self.first = first
        self.words: dict[int, dict[int, str]] = {}
        self.units: dict[int, dict[int, str]] = {}
        self.short: list[int] = []

    def sheet(self) -> Sheet:
        """The sheet of all lines."""
        chosen = self._chosen()
        count = len(chosen) * self.layout.width
        if count > MOST_CELLS:
            raise ValueError(
                f"File `{self.path}` must hold {MOST_CELLS:,} cells at most, but holds {count:,};"
                " cut it into parts."
            )
        if self.layout.left_out:
            numbers = [self.first + place for place in self.layout.left_out]
            self.remarks.append(
                f"line {numbers[0]}: {len(numbers)} of the lines before the table are no header,"
                " and were left out"
            )
        parts = []
        for start in range(0, len(chosen), _CHUNK):
            part = chosen[start : start + _CHUNK]
            quick = self._quickly(part)
            parts.append(self._slowly(part, start) if quick is None else quick)
        values = np.concatenate(parts)
        self._check_nameless(values, chosen)
        self._tell_short(chosen)
        columns = self._columns(values, chosen)
        lines = np.array(chosen, dtype=np.int64) + self.first
        return Sheet(
            self.path.name,
            columns,
            lines,
            bool(self.layout.titles),
            tuple(self.remarks),
        )

    def _check_nameless(self, values: Array, chosen: list[int]) -> None:
        """Columns without a title: the fractions of decimal commas, or forgotten ones."""
        titles = self.layout.titles
        if not titles:
            return
        held = np.flatnonzero(np.isfinite(values).any(0)).tolist()
        nameless = [
            column
            for column, title in enumerate(titles)
            if not title and (column in held or column in self.words)
        ]
        last = len(titles) - 1
        if nameless == [last] and self._are_fractions(chosen):
            raise ValueError(
                f"File `{self.path}` line {self.first + chosen[0]} must have {last} columns as its"
                f" header has, but has {last + 1}; if numbers have decimal commas, put `;` between"
                " columns, else name the last one."
            )
        for column in nameless:
            self.remarks.append(
                f"column {column + 1} has no name, and was left out"
            )

    def _are_fractions(self, chosen: list[int]) -> bool:
        """Whether the cells of the last column may be what stood behind decimal commas."""
        if self.layout.separator != ",":
            return False
        last = self.layout.width - 1
        cells = [split(self.lines[place], ",")[last:] for place in chosen]
        said = [cell[0] for cell in cells if cell and cell[0]]
        return all(cell.isdigit() for cell in said)

    def _chosen(self) -> list[int]:
        """Indices of the lines that hold numbers; comments and repeated headers do not."""
        head = [title for title in self.layout.titles if title]
        chosen = []
        repeated = []
        for place in range(self.layout.first, len(self.lines)):
            line = self.lines[place]
            # almost every line begins with a number
            if line[:1] not in _BEGINS and (
                not line.strip() or is_comment(line)
            ):
                continue
            if head and head[0] in line:
                cells = split(line, self.layout.separator)
                if [cell for cell in cells if cell] == head:
                    repeated.append(self.first + place)
                    continue
            chosen.append(place)
        if repeated:
            self.remarks.append(
                f"line {repeated[0]}: the header comes again and was left out;"
                f" {len(repeated)} such line{'s' if len(repeated) > 1 else ''} in all"
            )
        return chosen

    def _quickly(self, part: list[int]) -> Array | None:
        """Lines of plain numbers alone; `None` if there is anything else among them."""
        separator = self.layout.separator
        if self.layout.comma:
            return None
        width = self.layout.width
        rows = [
            self.lines[k].split(separator if separator != " " else None)
            for k in part
        ]
        if any(len(row) != width for row in rows):
            return None
        text = [cell for row in rows for cell in row]
        joined = "".join(text)
        # float() would take more than numbers: digits of other scripts, and `1_000`
        if not joined.isascii() or "_" in joined:
            return None
        try:
            values = np.array([float(cell) for cell in text])
        except ValueError:
            return None
        if (
            not np.isfinite(values).all()
            or np.abs(values).max(initial=0) > 9e36
        ):
            return None
        return values.reshape(len(part), width)

    def _slowly(self, part: list[int], start: int) -> Array:
        """Lines with anything besides plain numbers: cell by cell."""
        width = self.layout.width
        values = np.full((len(part), width), math.nan)
        for row, place in enumerate(part):
            cells = self._cells(place)
            for column, cell in enumerate(cells):
                value = number_of(cell, self.layout.comma)
                if value is None:
                    value = self._odd(cell, column, start + row)
                values[row, column] = value
        return values

    def _cells(self, place: int) -> list[str]:
        """Cells of a line, as many as there are columns at most."""
        cells = split(self.lines[place], self.layout.separator)
        width = self.layout.width
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) > width:
            raise ValueError(
                f"File `{self.path}` line {self.first + place} must have {width} columns, but has"
                f" {len(cells)}; if numbers have decimal commas, put `;` between columns."
            )
        if len(cells) < width:
            self.short.append(place)
        return cells

    def _odd(self, cell: str, column: int, row: int) -> float:
        """A cell that is no number: a number with its unit, or a word."""
        found = None if self.layout.comma else quantity_of(cell)
        if found is not None:
            self.units.setdefault(column, {})[row] = found[1].symbol
            return found[0]
        self.words.setdefault(column, {})[row] = cell
        return math.nan

    def _columns(self, values: Array, chosen: list[int]) -> tuple[Column, ...]:
        """Columns with names and units; words in a column of numbers are refused."""
        found = []
        for column in range(self.layout.width):
            own = values[:, column]
            name, unit = self._name(column)
            words = self.words.get(column, {})
            if words:
                self._check_words(column, own, words, chosen)
                texts = tuple(words.get(row, "") for row in range(len(chosen)))
                found.append(Column(name, unit, own, texts))
                continue
            if column in self.units:
                unit = self._unit_in_cells(column, own, chosen)
            found.append(Column(name, unit, own))
        return tuple(found)

    def _name(self, column: int) -> tuple[str, str]:
        layout = self.layout
        title = layout.titles[column] if layout.titles else ""
        name, unit = (
            split_name(one_line(title)) if title else (str(column + 1), "")
        )
        if layout.units and unit_of(layout.units[column]) is not None:
            unit = layout.units[column]
        return name, unit

    def _check_words(
        self,
        column: int,
        values: Array,
        words: dict[int, str],
        chosen: list[int],
    ) -> None:
        """A column holds words or numbers; a few words among numbers are a slip."""
        numbers = int(np.isfinite(values).sum())
        if numbers == 0 and column not in self.units:
            return
        row, word = next(iter(words.items()))
        place = self.first + chosen[row]
        shown = one_line(word[:_SHOWN])
        hint = (
            " Is it a decimal comma?"
            if "," in word and number_of(word, comma=True) is not None
            else ""
        )
        raise ValueError(
            f"File `{self.path}` line {place} must hold a number in column {column + 1}"
            f" (`{self._name(column)[0]}`), but holds `{shown}`.{hint}"
        )

    def _unit_in_cells(
        self, column: int, values: Array, chosen: list[int]
    ) -> str:
        """The SI unit of numbers that carry their units themselves, all of them."""
        by_row = self.units[column]
        symbols = sorted(set(by_row.values()))
        bare = [
            row
            for row in np.flatnonzero(np.isfinite(values))
            if row not in by_row
        ]
        if len(symbols) > 1 or bare:
            row = int(bare[0]) if bare else next(iter(by_row))
            found = "none" if bare else " and ".join(symbols)
            raise ValueError(
                f"File `{self.path}` must have the same unit all along column {column + 1}, but"
                f" line {self.first + chosen[row]} has {found} where others have {symbols[0]}."
            )
        self.remarks.append(
            f"column `{self._name(column)[0]}`: numbers carry their units, and were brought to"
            f" {symbols[0]}"
        )

        return symbols[0]

    def _tell_short(self, chosen: list[int]) -> None:
        """Lines with fewer cells: the end of a file that was cut, or empty cells left out."""
        if not self.short:
            return
        last = self.short[-1] == chosen[-1] and len(self.short) == 1
        place = self.first + self.short[0]
        what = (
            "the file may be cut off"
            if last
            else f"{len(self.short)} such lines in all"
        )
        self.remarks.append(
            f"line {place}: fewer cells than columns ({what}); the rest counts as missing"
        )
