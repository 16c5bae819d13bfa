"""Tables of steps as XBTorch keeps them: two axes and a distribution, in three files of text."""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mho.measured.sheets import read_table, unit_of
from mho.measured.values import StepTable

Values = npt.NDArray[np.float64]

_PARTS = ("_axis_level_G", "_axis_level_dG", "_cdf")
_FEWEST = 2
"""Numbers of an axis at least (1)."""
_RANKS = 99
"""Probabilities at which steps are kept (1)."""
_MOST_CONDUCTANCE = 0.1
"""Conductance above which a number without unit is not taken for siemens (S)."""
_VOLTS = re.compile(
    r"(?<![A-Za-z\d.])(?:vg)?(\d+(?:\.\d+)?)V(?![a-z])|vg(\d+(?:\.\d+)?)"
)


def is_step_table(path: Path) -> bool:
    """Whether a name is that of one of the three files.

    Args:
        path: The file.
    """
    stem = _stem(path)
    return any(stem.endswith(part) for part in _PARTS)


def _stem(path: Path) -> str:
    return (
        path.name.removesuffix(".gz").removesuffix(".txt").removesuffix(".csv")
    )


def read_step_table(
    path: Path, unit: str | None, amplitude: float | None, direction: int | None
) -> StepTable:
    """The steps of a pulse by conductance, from any one of the three files.

    Args:
        path: One of the three files; the others lie beside it.
        unit: Unit of the axes, which have none; siemens if `None`.
        amplitude: Voltage of the pulse (V); by the name of the file if `None`.
        direction: +1 for SET, −1 for RESET (1); by the name of the file if `None`.

    Raises:
        ValueError: One of the files is missing or damaged, or they do not fit together.
        OSError: One cannot be read.
    """
    stem = next(
        _stem(path).removesuffix(part)
        for part in _PARTS
        if _stem(path).endswith(part)
    )
    levels = _axis(_beside(path, stem, "_axis_level_G"))
    steps = _axis(_beside(path, stem, "_axis_level_dG"))
    place = _beside(path, stem, "_cdf")
    sheet = read_table(place)
    table = np.stack([column.values for column in sheet.columns], 1)
    if table.shape == (len(steps), len(levels)) and len(steps) != len(levels):
        table = table.T
    if table.shape != (len(levels), len(steps)):
        raise ValueError(
            f"File `{place}` must have a line for each of {len(levels)} conductances and a column"
            f" for each of {len(steps)} steps, but is {table.shape[0]} × {table.shape[1]}."
        )
    _check_distribution(place, table)
    factor = _factor(place, unit, levels)
    probability = (np.arange(_RANKS) + 1) / (_RANKS + 1)
    # an axis may say the same conductance twice: its first line counts
    order = np.unique(levels, return_index=True)[1]
    quantiles = np.stack(
        [_quantiles(row, steps, probability) for row in table[order]]
    )
    way = direction or _direction(stem)
    return StepTable(
        levels[order] * factor,
        probability,
        quantiles * factor,
        way,
        _amplitude(stem, way, amplitude),
        path.name,
        sheet.remarks,
    )


def _beside(path: Path, stem: str, part: str) -> Path:
    """The file of a part: of the same name, else that of all tables of the same direction."""
    for name in _names(stem):
        for suffix in (".txt", ".csv", ".txt.gz", ".csv.gz"):
            place = path.with_name(f"{name}{part}{suffix}")
            if place.exists():
                return place
    raise ValueError(
        f"File `{path}` must lie beside `{stem}{part}.txt`, but that is not there; a table of"
        " steps is three files: two axes and a distribution."
    )


def _names(stem: str) -> list[str]:
    """The name itself, then what it begins with: an axis may be shared."""
    found = re.match(r"(.*?_)?(set|reset)", stem)
    return [stem, found[0]] if found else [stem]


def _axis(path: Path) -> Values:
    sheet = read_table(path)
    if len(sheet.columns) != 1 and sheet.rows != 1:
        raise ValueError(
            f"File `{path}` must hold one axis, a number a line, but has {len(sheet.columns)}"
            " columns."
        )
    values: Values = np.concatenate([column.values for column in sheet.columns])
    rising = np.isfinite(values).all() and (np.diff(values) >= 0).all()
    if not rising or len(np.unique(values)) < _FEWEST:
        raise ValueError(
            f"File `{path}` must hold an axis of {_FEWEST} rising numbers at least, but does not."
        )
    return values


def _check_distribution(path: Path, table: Values) -> None:
    if (
        not np.isfinite(table).all()
        or table.min() < -1e-9
        or table.max() > 1 + 1e-6
    ):
        raise ValueError(
            f"File `{path}` must hold probabilities from 0 to 1, but holds others."
        )
    falls = np.flatnonzero((np.diff(table, axis=1) < -1e-6).any(1))
    if falls.size:
        raise ValueError(
            f"File `{path}` line {int(falls[0]) + 1} must rise from step to step as a"
            " distribution does, but falls."
        )


def _quantiles(row: Values, steps: Values, probability: Values) -> Values:
    """Steps at probabilities, between the steps of the axis."""
    rising = np.maximum.accumulate(row)
    # the last of equal probabilities below, the first above: `interp` needs them once
    keep = np.concatenate(([True], np.diff(rising) > 0))
    if keep.sum() < 2:
        return np.full(len(probability), steps[int(np.argmax(rising >= 0.5))])
    result: Values = np.interp(probability, rising[keep], steps[keep])
    return result


def _factor(path: Path, unit: str | None, levels: Values) -> float:
    if unit:
        known = unit_of(unit)
        if known is None or known.symbol not in ("S", "1"):
            raise ValueError(
                f"Argument `columns` must give `conductance` a unit of S, but gives `{unit[:20]}`."
            )
        return known.factor
    if np.abs(levels).max() > _MOST_CONDUCTANCE:
        raise ValueError(
            f"File `{path}` must come with the unit of its axes, but names none, and"
            f" {np.abs(levels).max():g} S is none of a cell; add `--columns conductance=G[uS]` or"
            " `G[1]`."
        )
    return 1.0


def _direction(stem: str) -> int:
    return -1 if "reset" in stem.lower() else 1


def _amplitude(stem: str, direction: int, given: float | None) -> float:
    """Signed voltage of the pulse (V): what the user says, else what the name does."""
    if given is not None:
        return abs(given) * direction
    found = _VOLTS.search(
        stem.replace("reset", "reset ").replace("set", "set ").replace("_", " ")
    )
    if found is None:
        return float("nan")
    volts = float(found[1] or found[2])
    return direction * volts
