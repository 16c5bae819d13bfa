"""The table of a sweep, kept whole after every point."""

import csv
import io
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mho.files import write_whole
from mho.sweeping.fields import Subject
from mho.sweeping.grid import Axis
from mho.sweeping.run import COLUMNS, PointMeasure

Row = dict[str, float]


class Points:
    """Points that are measured, in a file that a later sweep may go on from.

    Args:
        path: The file.
        subject: Cells and protocol that the sweep starts from.
        how: How points are measured.
        resume: Take up what the file has.

    Raises:
        ValueError: There is nothing to take up, or it was measured differently.
    """

    def __init__(
        self, path: Path, subject: Subject, how: PointMeasure, *, resume: bool
    ) -> None:
        self._path = path
        self._identity = f"{version('mho')} {subject!r} {asdict(how)}"
        self._rows: dict[str, Row] = {}
        if resume:
            self._rows = self._load()

    def get(self, axes: list[Axis], values: tuple[float, ...]) -> Row | None:
        """What was measured there, if it was."""
        return self._rows.get(_key(axes, values))

    def add(self, axes: list[Axis], values: tuple[float, ...], row: Row) -> None:
        """Keep a point, on disk at once."""
        self._rows[_key(axes, values)] = row
        text = json.dumps({"identity": self._identity, "points": self._rows}, indent=1)
        write_whole(self._path, text.encode())

    def _load(self) -> dict[str, Row]:
        advice = "leave it out to start anew."
        if not self._path.exists():
            raise ValueError(
                f"Argument `resume` must find measured points in `{self._path.parent}`, but there"
                f" are none; {advice}"
            )
        try:
            kept: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            same = kept["identity"] == self._identity
            rows = dict(kept["points"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"File `{self._path}` must hold the points of a sweep, but is damaged ({error});"
                " delete it and start anew."
            ) from error
        if not same:
            raise ValueError(
                f"Argument `resume` must go on with points measured alike, but those in"
                f" `{self._path.parent}` have other cells, settings or version; {advice}"
            )
        return rows


def _key(axes: list[Axis], values: tuple[float, ...]) -> str:
    named = zip((axis.name for axis in axes), values, strict=True)
    return json.dumps(sorted([name, value] for name, value in named))


def to_csv(axes: list[Axis], rows: list[tuple[tuple[float, ...], Row]]) -> bytes:
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


def to_parquet(axes: list[Axis], rows: list[tuple[tuple[float, ...], Row]]) -> bytes:
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
