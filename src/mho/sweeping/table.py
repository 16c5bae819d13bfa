"""The table of a sweep, and the points that it is made of."""

import csv
import io
import json

from mho.files import RunFolder
from mho.sweeping.grid import Axis
from mho.sweeping.run import COLUMNS

Row = dict[str, float]


RESULT = "points.json"
"""Every point that was measured: what a sweep ends with, and a larger one goes on from."""


class Points:
    """Points that are measured: those of before, and those that are added.

    Args:
        run: Where runs of before kept them one by one. If it goes on from a finished sweep, that
            one's count as well.

    Raises:
        ValueError: The file of a finished sweep is damaged.
    """

    def __init__(self, run: RunFolder) -> None:
        self._rows: dict[str, Row] = _earlier(run) if run.extends else {}
        self._rows |= run.values()

    def get(self, axes: list[Axis], values: tuple[float, ...]) -> Row | None:
        """What was measured there, if it was."""
        return self._rows.get(_key(axes, values))

    def add(
        self, axes: list[Axis], values: tuple[float, ...], row: Row
    ) -> None:
        """Take a point, for `content`."""
        self._rows[_key(axes, values)] = row

    @property
    def content(self) -> bytes:
        """All of them, for `RESULT`."""
        return json.dumps({"points": self._rows}, indent=1).encode()


def _earlier(run: RunFolder) -> dict[str, Row]:
    """Points of a finished sweep."""
    found = run.result()
    try:
        return dict(found["points"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"File `{run.folder / RESULT}` must hold the points of a sweep, but is damaged; leave"
            " out `resume` to start anew."
        ) from error


def _key(axes: list[Axis], values: tuple[float, ...]) -> str:
    named = zip((axis.name for axis in axes), values, strict=True)
    return json.dumps(sorted([name, value] for name, value in named))


def to_csv(
    axes: list[Axis], rows: list[tuple[tuple[float, ...], Row]]
) -> bytes:
    """The table as text, SI numbers; columns are the fields, then `COLUMNS`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    field_names = [axis.name for axis in axes]
    writer.writerow([*field_names, *COLUMNS])

    for values, row in rows:
        fields = [repr(value) for value in values]
        measured = [repr(row[name]) for name in COLUMNS]
        writer.writerow([*fields, *measured])

    return text.getvalue().encode()


def to_parquet(
    axes: list[Axis], rows: list[tuple[tuple[float, ...], Row]]
) -> bytes:
    """The same as Parquet.

    Raises:
        ValueError: The library for it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ValueError(
            "Argument `parquet` must have the library pyarrow, but it is not installed; run"
            " `pip install mho[sweep]`."
        ) from None
    columns = {}
    for number, axis in enumerate(axes):
        columns[axis.name] = [values[number] for values, _ in rows]
    for name in COLUMNS:
        columns[name] = [row[name] for _, row in rows]
    target = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(columns), target)
    content: bytes = target.getvalue().to_pybytes()
    return content
