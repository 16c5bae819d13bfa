"""Traces: conductance over time, read from a CSV file."""

import gzip
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_finite, check_positive, one_line
from mho.files import NOT_IDENTITY

_UNEVEN = 0.01
"""Largest deviation of a sampling interval from the mean one (1)."""
_MISSING = ("", "nan")
"""What stands for a sample that was not measured."""
_MISSING_MOST = 0.05
"""Samples that may be missing (1)."""
SAMPLES_MIN = 200
SAMPLES_MAX = 500_000
"""Fewest samples that can say anything, most that memory is planned for (1)."""
_LONGEST_LINE = 10_000
"""Letters in a line at most (1)."""
_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "n": 1e-9, "p": 1e-12}
_COLUMNS = "`time_s,current_A` (or `_uA`, `_nA`) or `time_s,conductance_S` (or `_uS`, `_nS`)"


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A conductance sampled evenly, each sample the average since the one before.

    Args:
        conductance: Conductance (S). Shape (samples,).
        interval: Time from sample to sample (s).
        missing: Samples that were not measured, and lie on a line between their neighbours (1).
        source: Name of the file, if it comes from one.
        remarks: What was odd in the file, a sentence each.
    """

    kind: ClassVar[str] = "trace"

    conductance: Float[Tensor, " samples"]
    interval: float
    missing: int = 0
    source: str = field(default="", metadata=NOT_IDENTITY)
    remarks: tuple[str, ...] = field(default=(), metadata=NOT_IDENTITY)

    def __post_init__(self) -> None:
        check_positive(self.interval, "interval", "s")
        check_finite(
            self.conductance, "conductance", "Leave gaps out of the trace."
        )
        count = self.conductance.numel()
        if not SAMPLES_MIN <= count <= SAMPLES_MAX:
            raise ValueError(
                f"Argument `conductance` must have {SAMPLES_MIN:,} to {SAMPLES_MAX:,} samples, but"
                f" has {count:,}; {'measure longer' if count < SAMPLES_MIN else 'cut the trace'}."
            )


def read_trace(path: Path, voltage: float) -> Trace:
    """Read a CSV file of two columns, time and current or conductance.

    The header names the quantities with their units; without one they are seconds and amperes.
    Samples that are missing, as `nan`, an empty cell, or a line that is left out, are put on a
    line between their neighbours, if they are not too many.

    Args:
        path: The file, packed by gzip or not. Lines that start with `#` are remarks.
        voltage: Voltage at which a current was measured, with its sign (V); not 0.

    Raises:
        ValueError: The file holds no trace; the sentence names the file and the line.
        OSError: It cannot be read.
    """
    check_positive(abs(voltage), "voltage", "V")
    try:
        # One line more than there may be, header included, tells that there are too many.
        lines = list(islice(_lines(path), SAMPLES_MAX + 2))
    except UnicodeDecodeError:
        raise ValueError(
            f"File `{path}` must be text with two columns, but is not."
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ValueError(
            f"File `{path}` must be a whole file of gzip, but is cut off or damaged; copy it"
            " again."
        ) from None
    if not lines:
        raise ValueError(
            f"File `{path}` must hold a trace, but is empty; see {_COLUMNS}."
        )
    if len(lines) > SAMPLES_MAX + 1:
        raise ValueError(
            f"File `{path}` must hold {SAMPLES_MIN:,} to {SAMPLES_MAX:,} samples, but holds"
            " more; cut the trace."
        )
    scales = 1.0, 1.0 / voltage
    if not _is_number(lines[0][1][0]):
        number, names = lines.pop(0)
        scales = _scales(names, voltage, f"File `{path}` line {number}")
    table = torch.tensor(
        [_row(path, *line) for line in lines], dtype=torch.float64
    ).view(-1, 2)
    if len(table) < SAMPLES_MIN or len(table) > SAMPLES_MAX:
        raise ValueError(
            f"File `{path}` must hold {SAMPLES_MIN:,} to {SAMPLES_MAX:,} samples, but holds"
            f" {len(table):,}."
        )
    time = table[:, 0] * scales[0]
    numbers = [number for number, _ in lines]
    return _evenly(path, time, table[:, 1] * scales[1], numbers)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that says something."""
    with _opened(path) as file:
        number = 0
        # A file may be one line without an end.
        while line := file.readline(_LONGEST_LINE + 1):
            number += 1
            if len(line) > _LONGEST_LINE:
                raise ValueError(
                    f"File `{path}` line {number} must have {_LONGEST_LINE:,} letters at most, but"
                    f" has more; see {_COLUMNS}."
                )
            is_comment = line.startswith("#")
            if line.strip() and not is_comment:
                cells = [cell.strip() for cell in line.split(",")]
                yield number, [cell.strip('"') for cell in cells]


def _opened(path: Path) -> Any:
    """The file as text; gzip is told by its first two bytes."""
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
    if is_packed:
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_finite(text: str) -> bool:
    return _is_number(text) and math.isfinite(float(text))


def _row(path: Path, number: int, cells: list[str]) -> list[float]:
    """The two numbers of a line."""
    if len(cells) != 2:
        raise ValueError(
            f"File `{path}` line {number} must have two columns separated by a comma, but has"
            f" {len(cells)}."
        )
    time, value = cells
    if value.lower() in _MISSING:
        value = "nan"
    elif not _is_finite(value):
        raise _no_number(path, number, value)
    if not _is_finite(time):
        raise _no_number(path, number, time)
    return [float(time), float(value)]


def _no_number(path: Path, number: int, cell: str) -> ValueError:
    return ValueError(
        f"File `{path}` line {number} must hold finite numbers, but holds"
        f" `{one_line(cell[:40])}`."
    )


def _scales(
    names: list[str], voltage: float, place: str
) -> tuple[float, float]:
    """Factors from the columns to seconds and siemens."""
    if len(names) == 2:
        # What a name begins with says what its unit ends with, and how that becomes siemens.
        kinds = {
            "time": ("s", 1.0),
            "current": ("A", 1 / voltage),
            "conductance": ("S", 1.0),
        }
        found = []
        for name in names:
            kind, _, unit = name.partition("_")
            base, factor = kinds.get(kind, ("", 0.0))
            known = base and unit.endswith(base)
            prefix = unit[: -len(base)] if known else None
            if prefix in _PREFIXES:
                scale = _PREFIXES[prefix] * factor
                found.append((kind == "time", scale))
        times = [is_time for is_time, _ in found]
        if times == [True, False]:
            (_, to_seconds), (_, to_siemens) = found
            return to_seconds, to_siemens
    header = one_line(",".join(names))
    raise ValueError(
        f"{place} must be {_COLUMNS}, or numbers in seconds and amperes, but is"
        f" `{header[:60]}`."
    )


def _evenly(
    path: Path,
    time: Float[Tensor, " lines"],
    conductance: Float[Tensor, " lines"],
    numbers: list[int],
) -> Trace:
    """The trace, with what is missing put between its neighbours."""
    steps = time.diff()
    usual = float(steps.median())
    if usual <= 0:
        raise _uneven(path, numbers[1])
    ratio = steps / usual
    # of a whole number of steps, which the mean step gives more exactly than the median
    whole = ratio.round()
    off = ((ratio - whole).abs() > _UNEVEN * whole) | (whole < 1)
    if off.any():
        raise _uneven(path, numbers[int(off.nonzero()[0]) + 1])
    place = torch.cat((whole.new_zeros(1), whole.cumsum(0)))
    count = int(place[-1]) + 1
    interval = float(time[-1] - time[0]) / (count - 1)
    known = ~conductance.isnan()
    missing = count - int(known.sum())
    if missing > _MISSING_MOST * count or not known[[0, -1]].all():
        raise ValueError(
            f"File `{path}` must hold all but {_MISSING_MOST:.0%} of its samples, the first and"
            f" the last among them, but {missing:,} of {count:,} are missing; cut the trace."
        )
    if missing == 0:
        return Trace(conductance, interval)
    bridged = np.interp(
        np.arange(count), place[known].numpy(), conductance[known].numpy()
    )
    return Trace(torch.from_numpy(bridged), interval, missing)


def _uneven(path: Path, line: int) -> ValueError:
    return ValueError(
        f"File `{path}` line {line} must come one even step of time after the line before,"
        f" within {_UNEVEN:.0%}, or a few whole steps, but does not; resample the trace evenly."
    )
