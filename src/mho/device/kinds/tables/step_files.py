"""Files of measured steps, a row a pulse: read and checked, before anything is made of them."""

import csv
import zipfile
from pathlib import Path

import numpy as np

from mho.checks import check_choice, one_line
from mho.device.kinds.tables.step_table import Row, Steps

_LARGEST = 2**30
"""Bytes of a file, unpacked, at most."""
_ALIKE = 0.01
"""Relative difference up to which widths count as one (1)."""
_UNITS = {"S": 1.0, "uS": 1e-6, "nS": 1e-9}
_TITLES = ("before_uS", "after_uS", "amplitude_V", "width_s", "cell")
_REQUIRED = ("before", "after", "amplitude")


def has_titles(path: Path) -> bool:
    """Whether a file has the columns that a table of steps needs, by their names alone."""
    try:
        columns, _ = (
            _from_npz(path) if path.suffix == ".npz" else _from_csv(path)
        )
    except (ValueError, OSError, zipfile.BadZipFile):
        return False
    names = {title.rpartition("_")[0] for title in columns}
    return {*_REQUIRED} <= names


def read_steps(path: Path) -> Steps:
    """The rows of a file.

    Raises:
        ValueError: It cannot be read, lacks a column, or has a row that makes no sense.
    """
    try:
        columns, notes = (
            _from_npz(path) if path.suffix == ".npz" else _from_csv(path)
        )
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        what = getattr(error, "strerror", None) or "it is of another kind"
        raise ValueError(
            f"File `{path}` must be a table of steps, but cannot be read ({what})."
        ) from error
    named = {_name(title, path): title for title in columns}
    for name, title in zip(_REQUIRED, _TITLES, strict=False):
        if name not in named:
            has = ", ".join(f"`{one_line(title)}`" for title in columns)
            raise ValueError(
                f"File `{path}` must have a column `{title}`, but has {has or 'none'}."
            )
    count = len(columns[named["before"]])
    given = {
        name: columns[title] * _UNITS.get(title.rpartition("_")[2], 1.0)
        for name, title in named.items()
    }
    steps = Steps(
        given["before"],
        given["after"],
        given["amplitude"],
        given.get("width", np.full(count, np.nan)),
        given.get("cell", np.zeros(count)).astype(np.int64),
        notes.get("read_noise_uS", 0.0) * 1e-6,
    )
    _check(steps, path)

    return steps


def _name(title: str, path: Path) -> str:
    """A column's name without its unit.

    Raises:
        ValueError: It is none that a table of steps has.
    """
    units = {"before": _UNITS, "after": _UNITS, "amplitude": "V", "width": "s"}
    name, _, unit = title.rpartition("_")
    if title == "cell" or (name in units and unit in units[name]):
        return name or title
    try:
        check_choice(one_line(title), "column", _TITLES)
    except ValueError as error:
        raise ValueError(f"In `{path}`: {error}") from None
    return title


def _from_csv(path: Path) -> tuple[dict[str, Row], dict[str, float]]:
    """Columns by their titles, and numbers in comments."""
    notes: dict[str, float] = {}
    rows: list[tuple[int, str]] = []
    text = path.read_text(encoding="utf-8-sig")
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            name, _, value = line.lstrip("# \t").partition(":")
            notes |= _noted(name.strip(), value)
        elif line.strip():
            rows.append((number, line))
    cells = list(csv.reader(line for _, line in rows))
    titles = [title.strip() for title in cells[0]] if cells else []
    table = np.empty((max(len(cells) - 1, 0), len(titles)))
    for place, words in enumerate(cells[1:]):
        try:
            table[place] = [float(word) for word in words]
        except ValueError:
            line_number = rows[place + 1][0]
            raise ValueError(
                f"File `{path}` must have {len(titles)} numbers in every row, but line"
                f" {line_number} is `{one_line(rows[place + 1][1])[:60]}`."
            ) from None
    return dict(zip(titles, table.T, strict=True)), notes


def _noted(name: str, value: str) -> dict[str, float]:
    try:
        return {name: float(value)}
    except ValueError:
        return {}


def _from_npz(path: Path) -> tuple[dict[str, Row], dict[str, float]]:
    """Columns by the names of arrays, and what is a single number."""
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _LARGEST:
        raise ValueError(
            f"File `{path}` must hold 1 GiB at most, but holds {size / 2**30:.1f} GiB."
        )
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name].astype(float) for name in arrays.files}
    except ValueError as error:
        raise ValueError(
            f"File `{path}` must hold arrays of numbers, but does not."
        ) from error
    columns = {name: array for name, array in found.items() if array.ndim == 1}
    if len({array.size for array in columns.values()}) > 1:
        raise ValueError(
            f"File `{path}` must hold arrays of one length, but theirs differ."
        )
    notes = {n: float(a) for n, a in found.items() if a.ndim == 0}
    return columns, notes


def _check(steps: Steps, path: Path) -> None:
    """Refuse rows that make no sense, by their number."""
    where = f"File `{path}` must"
    for name in _REQUIRED:
        values = getattr(steps, name)
        bad = ~np.isfinite(values)
        if name != "amplitude":
            bad |= values < 0
        if bad.any():
            row = int(bad.argmax())
            raise ValueError(
                f"{where} have finite conductances that are not negative, and finite amplitudes,"
                f" but `{name}` of row {row + 1} is {values[row]:g}."
            )
    for sign, what, cannot in ((1, "SET", "raise"), (-1, "RESET", "lower")):
        if not (np.sign(steps.amplitude) == sign).any():
            raise ValueError(
                f"{where} have pulses of both polarities, but has no {what} pulses; a loop could"
                f" not {cannot} a cell."
            )
    if not 0 <= steps.read_noise < 1:
        raise ValueError(
            f"{where} have a `read_noise_uS` that is not negative."
        )
    widths = steps.width[np.isfinite(steps.width)]
    if widths.size and not np.ptp(widths) <= _ALIKE * widths.max():
        raise ValueError(
            f"{where} have pulses of one width, but has {widths.min():g} to {widths.max():g} s;"
            " write one file for each width."
        )
