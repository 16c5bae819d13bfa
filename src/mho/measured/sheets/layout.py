"""How a table of text is laid out: what separates its columns, and where its numbers begin."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from mho.measured.sheets.numbers import is_missing, number_of
from mho.measured.sheets.units import unit_of

_COMMENT = ("#", "%", "//")
_TOLD = re.compile(r"sep=.\s*\"?$")
"""What Excel reads as the separator: said, and told from the table anyway."""
_LOOKED_AT = 1000
"""Lines by which the layout is told at most (1)."""
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
_FEWEST_TITLES = 2
"""Titles that make a header of a table of several columns (1)."""
_SEPARATORS = ("\t", ";", ",", "|", " ")
"""What may stand between columns, the surest first; a space stands for any of them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is laid out.

    Args:
        separator: What stands between columns; a space stands for any number of them.
        comma: Whether numbers have a decimal comma.
        titles: Titles of the columns; none if the file has none.
        units: Units from a line of their own, by column; none if there is no such line.
        first: Index of the first line of numbers.
        width: Number of columns (1).
        left_out: Lines before the table that belong to no header.
    """

    separator: str
    comma: bool
    titles: tuple[str, ...]
    units: tuple[str, ...]
    first: int
    width: int
    left_out: tuple[int, ...] = ()


def is_comment(line: str) -> bool:
    """Whether a line is a remark of its author."""
    start = line.lstrip().lstrip('"')
    return start.startswith(_COMMENT) or _TOLD.match(start) is not None


def split(line: str, separator: str) -> list[str]:
    """Cells of a line, without spaces and quotation marks around them.

    >>> split('1, "2,5" ,x', ",")
    ['1', '2,5', 'x']
    """
    if separator == " ":
        return line.replace('"', "").split()
    if '"' in line:
        try:
            cells = next(
                csv.reader([line], delimiter=separator, skipinitialspace=True)
            )
        except (csv.Error, StopIteration):
            cells = line.split(separator)
    else:
        cells = line.split(separator)
    return [cell.strip().strip('"').strip() for cell in cells]


def layout_of(lines: list[str]) -> Layout | None:
    """The layout of a table of text; `None` if no line holds numbers.

    Args:
        lines: All lines of the file.
    """
    said = (
        (number, line)
        for number, line in enumerate(lines)
        if line.strip() and not is_comment(line)
    )
    told = list(islice(said, _LOOKED_AT))
    separator = _separator([line for _, line in told])
    rows = [(number, split(line, separator)) for number, line in told]
    comma = _has_decimal_comma(rows, separator)
    start = _first_of_numbers(rows, comma)
    if start is None:
        return None
    first, cells = rows[start]
    width = max(len(cells), _usual_width(rows[start:]))
    head = rows[:start] or _head_in_comment(lines[:first], separator)
    titles, units, used = _titles(head, width)
    left_out = tuple(number for number, _ in head if number not in used)
    return Layout(separator, comma, titles, units, first, width, left_out)


def _separator(lines: list[str]) -> str:
    """What stands between the columns of the last of the lines: those before may be a header."""
    sample = lines[len(lines) // 2 :] or lines
    for separator in _SEPARATORS:
        counts = [len(split(line, separator)) for line in sample]
        usual, times = Counter(counts).most_common(1)[0] if counts else (1, 0)
        if usual < 2 or times < 0.6 * len(counts):
            continue
        if separator == "," and _is_decimal(sample):
            continue
        return separator
    return ","


def _is_decimal(lines: list[str]) -> bool:
    """Whether commas stand in numbers that spaces separate: `0,001 1,5e-5`."""
    words = [line.replace('"', "").split() for line in lines]
    if any(len(cells) < 2 for cells in words):
        return False
    cells = [cell for line in words for cell in line]
    decimal = sum(_DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells)
    return decimal > len(cells) // 2


def _has_decimal_comma(
    rows: list[tuple[int, list[str]]], separator: str
) -> bool:
    """Whether numbers are written with a comma; cells between commas must be quoted for that."""
    cells = [cell for _, line in rows for cell in line]
    decimal = sum(_DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells)
    if separator == ",":
        return decimal > len(cells) // 4
    dotted = sum("." in cell and number_of(cell) is not None for cell in cells)
    return decimal > dotted


def _first_of_numbers(
    rows: list[tuple[int, list[str]]], comma: bool
) -> int | None:
    """Index of the first line that holds numbers wherever most later lines do."""
    body = [cells for _, cells in rows[len(rows) // 2 :]]
    pattern = _numeric_columns(body, comma) or _numeric_columns(
        [cells for _, cells in rows], comma
    )
    if not pattern:
        return None
    for index, (_, cells) in enumerate(rows):
        own = [cells[k] for k in pattern if k < len(cells)]
        values = [number_of(cell, comma) for cell in own]
        holds = any(value == value for value in values if value is not None)
        enough = 2 * len(own) > len(pattern)
        if enough and holds and None not in values:
            return index
    return None


def _numeric_columns(rows: list[list[str]], comma: bool) -> list[int]:
    """Columns that hold a number, with its unit or without, in most of the lines."""
    width = max((len(cells) for cells in rows), default=0)
    counts = [0] * width
    said = [0] * width
    for cells in rows:
        for place, cell in enumerate(cells):
            if is_missing(cell):
                continue
            said[place] += 1
            counts[place] += number_of(cell, comma) is not None
    return [k for k in range(width) if counts[k] and 2 * counts[k] > said[k]]


def _usual_width(rows: list[tuple[int, list[str]]]) -> int:
    counts = Counter(len(cells) for _, cells in rows)
    return counts.most_common(1)[0][0]


def _head_in_comment(
    lines: list[str], separator: str
) -> list[tuple[int, list[str]]]:
    """The last remark before the numbers, which may name the columns as `numpy.savetxt` does."""
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number].strip()
        if line and is_comment(line):
            cells = split(line.lstrip('"#%/ \t'), separator)
            return [(number, cells)] if all(cells) else []
    return []


def _titles(
    head: list[tuple[int, list[str]]], width: int
) -> tuple[tuple[str, ...], tuple[str, ...], set[int]]:
    """Titles and units among the lines before the numbers, and which lines they are."""
    fitting = [row for row in head if _fits(row[1], width)]
    if not fitting:
        return (), (), set()
    place = len(fitting) - 1
    units: tuple[str, ...] = ()
    for below in range(1, len(fitting)):
        if _is_of_units(fitting[below][1]):
            units = tuple(cell.strip("()[]{} ") for cell in fitting[below][1])
            place = below - 1
            break
    number, cells = fitting[place]
    used = {number, fitting[place + 1][0]} if units else {number}
    return _padded(cells, width), _padded(units, width) if units else (), used


def _fits(cells: list[str], width: int) -> bool:
    """Whether a line may be a header: a title for each column but one at most."""
    while cells and not cells[-1]:
        cells = cells[:-1]
    fewest = max(width - 1, min(width, _FEWEST_TITLES))
    return fewest <= len(cells) <= width


def _is_of_units(cells: list[str]) -> bool:
    """Whether a line holds units alone, as a second line of a header does."""
    said = [cell.strip("()[]{} ") for cell in cells if cell.strip("()[]{} ")]
    known = [unit_of(cell) is not None for cell in said]
    return bool(said) and sum(known) == len(known)


def _padded(cells: list[str] | tuple[str, ...], width: int) -> tuple[str, ...]:
    return (*cells, *[""] * width)[:width]
