"""Tables that lie beside a run's results, read as they are: they may come from anywhere."""

import csv
import io
import math
from collections.abc import Mapping, Sequence

from mho.report.comparing.finished_run import FinishedRun

_LARGEST = 1 << 26
"""Size of a table beyond which it is left out (bytes)."""


def rows_of(run: FinishedRun, name: str) -> list[dict[str, str]]:
    """Lines of a table, each by the names of its columns.

    Args:
        run: The run.
        name: The file in its folder.

    Returns:
        None where there is no such file, a link, or one that is too large.
    """
    path = run.folder / name
    if path.is_symlink() or not path.is_file():
        return []
    if path.stat().st_size > _LARGEST:
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def numbers_of(
    rows: Sequence[Mapping[str, str]], names: Sequence[str]
) -> dict[str, list[float]] | None:
    """Columns of finite numbers.

    Args:
        rows: Lines of a table.
        names: Columns that are wanted.

    Returns:
        The columns by name; `None` if one is missing, or holds what is no number.
    """
    try:
        found = {name: [float(row[name]) for row in rows] for name in names}
    except (KeyError, TypeError, ValueError):
        return None
    if not all(
        math.isfinite(one) for column in found.values() for one in column
    ):
        return None
    return found
