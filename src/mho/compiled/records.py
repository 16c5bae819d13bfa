"""Records of numbers: what kernels are handed, by name, without a Python object in it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Column: TypeAlias = str | tuple[str, int] | np.dtype[Any]
"""Type of a column, for example `"f4"`; type and length of one with several numbers; or the type
of a record within the record."""

Table: TypeAlias = npt.NDArray[Any]
"""An array, of records for most."""

Numbers: TypeAlias = Mapping[str, Any]
"""Numbers, rows of numbers, and records of them, by name."""

Record: TypeAlias = Any
"""A record of numbers as functions see it: `record.name`."""


def record_type(columns: Mapping[str, Column]) -> np.dtype[Any]:
    """A record with these columns, each where a processor reads it at once.

    Args:
        columns: Names and types; see `Column`.
    """
    described: list[Any] = []
    for name, column in columns.items():
        if isinstance(column, tuple):
            kind, length = column
            described.append((name, kind, (length,)))
        else:
            described.append((name, column))
    # aligned to eight, so that every column alone is a tensor too
    packed = np.dtype(described, align=True)
    fields: Mapping[str, Any] = packed.fields or {}
    return np.dtype(
        {
            "names": list(fields),
            "formats": [kind for kind, *_ in fields.values()],
            "offsets": [place for _, place, *_ in fields.values()],
            "itemsize": -(-packed.itemsize // 8) * 8,
            "aligned": True,
        }
    )


def numbers_type(numbers: Numbers, kind: str = "f4") -> np.dtype[Any]:
    """The record that holds these numbers."""
    columns: dict[str, Column] = {}
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            columns[name] = numbers_type(value, kind)
        elif isinstance(value, Sequence | np.ndarray):
            columns[name] = (kind, len(value))
        else:
            columns[name] = kind
    return record_type(columns)


def numbers_record(numbers: Numbers, kind: str = "f4") -> Table:
    """An array of one record that holds these numbers, which kernels read as `numbers[0].name`.

    Args:
        numbers: Numbers, rows of them, and records, by name.
        kind: Their type.
    """
    made = np.zeros(1, numbers_type(numbers, kind))
    _fill(made, numbers)
    return made


def _fill(made: Any, numbers: Numbers) -> None:
    """Write numbers into an array of one record, and into the records within."""
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            _fill(made[name], value)
        else:
            made[name] = value
