"""Traces: conductance over time, read from a CSV file."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_finite, check_positive, one_line

_UNEVEN = 0.01
"""Largest deviation of a sampling interval from the mean one (1)."""
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
    """

    conductance: Float[Tensor, " samples"]
    interval: float

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

    Args:
        path: The file. Lines that start with `#` are remarks.
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
    return Trace(
        table[:, 1] * scales[1], _interval(path, time, [n for n, _ in lines])
    )


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that says something."""
    with path.open(encoding="utf-8-sig") as file:
        number = 0
        # A file may be one line without an end.
        while line := file.readline(_LONGEST_LINE + 1):
            number += 1
            if len(line) > _LONGEST_LINE:
                raise ValueError(
                    f"File `{path}` line {number} must have {_LONGEST_LINE:,} letters at most, but"
                    f" has more; see {_COLUMNS}."
                )
            if line.strip() and not line.startswith("#"):
                cells = [cell.strip() for cell in line.split(",")]
                yield number, [cell.strip('"') for cell in cells]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _row(path: Path, number: int, cells: list[str]) -> list[float]:
    """The two numbers of a line."""
    if len(cells) != 2:
        raise ValueError(
            f"File `{path}` line {number} must have two columns separated by a comma, but has"
            f" {len(cells)}."
        )
    for cell in cells:
        if not (_is_number(cell) and math.isfinite(float(cell))):
            raise ValueError(
                f"File `{path}` line {number} must hold finite numbers, but holds"
                f" `{one_line(cell[:40])}`."
            )
    return [float(cell) for cell in cells]


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
    raise ValueError(
        f"{place} must be {_COLUMNS}, or numbers in seconds and amperes, but is"
        f" `{one_line(','.join(names))[:60]}`."
    )


def _interval(
    path: Path, time: Float[Tensor, " samples"], numbers: list[int]
) -> float:
    """Time from sample to sample (s)."""
    steps = time.diff()
    span = float(time[-1] - time[0])
    mean = span / steps.numel()
    deviation = (steps - mean).abs()
    off = deviation > _UNEVEN * mean
    if mean <= 0 or off.any():
        # Time that does not go on is wrong from the second line on.
        step = int(off.nonzero()[0]) if mean > 0 else 0
        line = numbers[step + 1]
        raise ValueError(
            f"File `{path}` line {line} must come one even step of time after the line before,"
            f" within {_UNEVEN:.0%}, but does not; resample the trace evenly."
        )
    return mean
