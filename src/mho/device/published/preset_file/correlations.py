"""The table `[correlations]` of a preset file: numbers that were fitted together."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mho.device.origin import Correlations
from mho.device.published.preset_file.places import Source
from mho.device.published.preset_file.quantities import shown
from mho.device.values import Preset

_TABLE = "correlations"
_KEYS = ("names", "matrix")
_MOST = 100
"""Numbers that may depend on each other (1)."""
_ROUNDED = 1e-6
"""How far below zero an eigenvalue may lie for rounding's sake (1)."""


def correlations_of(
    source: Source, said: Mapping[str, Any] | None, preset: Preset
) -> Correlations | None:
    """What a table says; `None` if it is not there.

    Args:
        source: The file, for sentences.
        said: The table.
        preset: The preset, whose numbers are meant.

    Raises:
        ValueError: A name is none of its numbers or has no interval, or the matrix is none of
            correlations.
    """
    if said is None:
        return None
    for key in said:
        source.check_name(key, _TABLE, _KEYS)
    names = said.get("names")
    if not isinstance(names, list) or not 1 <= len(names) <= _MOST:
        source.refuse(
            _TABLE,
            "names",
            f"must be a list of 1 to {_MOST} names, but is {shown(names)}",
        )
    for name in names:
        if not isinstance(name, str):
            source.refuse(
                _TABLE, "names", f"must be names, but has {shown(name)}"
            )
        source.check_word(name, _TABLE, "names", preset.values)
        if preset.values[name].interval is None:
            source.refuse(
                _TABLE,
                "names",
                f"must be of numbers with an `interval`, but `{name}` has none",
            )
    if len(set(names)) < len(names):
        source.refuse(
            _TABLE, "names", "must have every name once, but has one twice"
        )
    matrix = _matrix(source, said.get("matrix"), len(names))
    return Correlations(tuple(names), matrix)


def _matrix(
    source: Source, said: object, size: int
) -> tuple[tuple[float, ...], ...]:
    """The coefficients.

    Raises:
        ValueError: They are no correlations.
    """
    fits = isinstance(said, list) and len(said) == size
    rows = said if isinstance(said, list) and fits else []
    for row in rows:
        numbers = isinstance(row, list) and all(
            isinstance(one, int | float)
            and not isinstance(one, bool)
            and abs(one) <= 1
            for one in row
        )
        fits = fits and numbers and len(row) == size
    if not fits:
        source.refuse(
            _TABLE,
            "matrix",
            f"must be {size} rows of {size} numbers from -1 to 1, but is {shown(said)}",
        )
    matrix = np.array(rows, dtype=float)
    is_symmetric = np.array_equal(matrix, matrix.T)
    if not (is_symmetric and np.all(matrix.diagonal() == 1)):
        source.refuse(
            _TABLE,
            "matrix",
            "must be symmetric with a diagonal of 1, but is not",
        )
    if np.linalg.eigvalsh(matrix)[0] < -_ROUNDED:
        source.refuse(
            _TABLE,
            "matrix",
            "must be one of correlations, but no numbers have such ones",
        )
    return tuple(tuple(row) for row in matrix.tolist())
