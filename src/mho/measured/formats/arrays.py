"""Named arrays of a binary file as a sheet: columns of one length, or one grid."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mho.checks import one_line
from mho.measured.roles import role_of
from mho.measured.sheets import MOST_CELLS, Column, Sheet, split_name

Values = npt.NDArray[np.float64]

_FEWEST = 2
"""Numbers that make a column at least (1)."""


def sheet_of(
    path: Path,
    arrays: Mapping[str, Values],
    units: Mapping[str, str] | None = None,
    remarks: tuple[str, ...] = (),
) -> Sheet:
    """The sheet that named arrays make: vectors of one length, else the largest grid.

    Args:
        path: The file, for sentences.
        arrays: Arrays of real numbers by name.
        units: Units that the file names, by name.
        remarks: What was odd so far.

    Raises:
        ValueError: There is nothing that makes a table.
    """
    vectors = {
        name: values.reshape(-1)
        for name, values in arrays.items()
        if values.size >= _FEWEST and values.size == max(values.shape)
    }
    grids = {
        name: values.reshape(values.shape[0], -1)
        for name, values in arrays.items()
        if values.ndim >= 2 and name not in vectors and values.size
    }
    chosen = _group(vectors, units or {})
    best = max(grids, key=lambda name: grids[name].size, default="")
    if best and (len(chosen) < 2 or not _has_roles(chosen, units or {})):
        return _grid(path, best, grids[best], arrays, units or {}, remarks)
    if not chosen:
        raise ValueError(
            f"File `{path}` must hold an array of real numbers at least, but holds none."
        )
    lost = [name for name in arrays if name not in chosen]
    return Sheet(
        path.name,
        tuple(
            _column(name, values, units or {})
            for name, values in chosen.items()
        ),
        np.arange(1, len(next(iter(chosen.values()))) + 1),
        True,
        (*remarks, *_told(lost)),
    )


def _group(
    vectors: dict[str, Values], units: Mapping[str, str]
) -> dict[str, Values]:
    """Vectors of the length that most columns with a meaning have."""
    lengths: dict[int, dict[str, Values]] = {}
    for name, values in vectors.items():
        lengths.setdefault(len(values), {})[name] = values

    def worth(length: int) -> tuple[int, int, int]:
        group = lengths[length]
        known = sum(
            role_of(_column(name, group[name], units)) is not None
            for name in group
        )
        return known, len(group), length

    return lengths[max(lengths, key=worth)] if lengths else {}


def _has_roles(group: dict[str, Values], units: Mapping[str, str]) -> bool:
    columns = [_column(name, values, units) for name, values in group.items()]
    return sum(role_of(column) is not None for column in columns) >= _FEWEST


def _column(name: str, values: Values, units: Mapping[str, str]) -> Column:
    """A column, named by the last part of a name with points and slashes."""
    last = name.replace("/", ".").rpartition(".")[2]
    short, unit = split_name(one_line(last))
    return Column(short, units.get(name, unit), np.ascontiguousarray(values))


def _grid(
    path: Path,
    name: str,
    values: Values,
    arrays: Mapping[str, Values],
    units: Mapping[str, str],
    remarks: tuple[str, ...],
) -> Sheet:
    """One grid of numbers: columns that only have numbers, with the unit of the whole."""
    check_cells(path, values.size)
    whole = _column(name, values[:, 0], units)
    columns = tuple(
        Column(
            str(number + 1), whole.unit, np.ascontiguousarray(values[:, number])
        )
        for number in range(values.shape[1])
    )
    lost = [other for other in arrays if other != name]
    return Sheet(
        path.name,
        columns,
        np.arange(1, len(values) + 1),
        False,
        (
            *remarks,
            f"the grid is the array `{one_line(name)[:40]}`",
            *_told(lost),
        ),
    )


def _told(lost: list[str]) -> tuple[str, ...]:
    if not lost:
        return ()
    named = ", ".join(f"`{one_line(name)[:40]}`" for name in lost[:6])
    more = f" and {len(lost) - 6} more" if len(lost) > 6 else ""
    return (
        f"arrays that do not belong to the table were left out: {named}{more}",
    )


def check_cells(path: Path, count: int) -> None:
    """Refuse more numbers than are read.

    Args:
        path: The file, for the sentence.
        count: How many it says it has (1).

    Raises:
        ValueError: They are too many.
    """
    if count > MOST_CELLS:
        raise ValueError(
            f"File `{path}` must hold {MOST_CELLS:,} numbers at most, but holds {count:,}; cut it"
            " into parts."
        )


def as_real(values: npt.NDArray[np.generic]) -> Values | None:
    """An array of any numbers as real ones; `None` if it holds none, or complex ones."""
    if values.dtype.kind not in "fiub":
        return None
    result: Values = values.astype(np.float64)
    result[np.abs(result) > 9e36] = np.nan
    return result
