"""What runs were asked for, reached and cost, value by value, and how far they lie apart."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mho.data import metric_of
from mho.report.comparing.finished_run import FinishedRun
from mho.report.comparing.leaves import Path, Value, leaves
from mho.report.comparing.units import unit_of, without_unit
from mho.report.wording import DASH
from mho.units import show

_OPTIONS = (
    "network",
    "preset",
    "driver",
    "seed",
    "cell",
    "in_turn",
    "levels",
    "low_uS",
    "high_uS",
    "tolerance_uS",
    "tolerance",
    "denoise",
    "metric",
    "samples",
    "temperature_K",
    "method",
    "version",
)
"""Values at the top of a result that say what was asked for."""
_COSTS = (
    "pulses",
    "reads",
    "conversions",
    "multiplies",
    "seconds",
    "joules",
    "per_cell",
)
"""Ends of names of what something cost."""
_COSTLY = ("cost", "per_level", "chip_seconds", "chip_joules", "pulses")
"""Names of what costs stand under."""
_FINE = (
    "quantiles",
    "operations",
    "packing",
    "parameters",
    "digital_machine",
    "drift_percentiles_uS",
    "task",
    "mean_95",
    "value_95",
    "share_95",
    "chips_needed",
)
"""Names of what is told on the page alone, as there is much of it."""
_MANY_TIMES = 10.0
"""Part of the first value from which on a difference is told in times, not percent (1)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value in all runs.

    Args:
        path: Words that lead to it.
        values: What it is in each; `None` as well where a run has none.
        unit: Its unit; `"1"` for a number without, `"%"` for a share.
    """

    path: Path
    values: tuple[Value, ...]
    unit: str

    @property
    def name(self) -> str:
        """What it is, as people read it."""
        *front, last = self.path
        words = [*front, without_unit(last, self.unit)]
        return " · ".join(word.replace("_", " ") for word in words)

    @property
    def differs(self) -> bool:
        """Whether it is not the same in all runs."""
        first = self.values[0]
        return any(value != first for value in self.values[1:])

    @property
    def is_fine_print(self) -> bool:
        """Whether only who looks closer wants it: one run of several has it, or it is detail."""
        there = sum(value is not None for value in self.values)
        is_of_one = there < 2 <= len(self.values)
        return is_of_one or any(word in _FINE for word in self.path)

    @property
    def shown(self) -> list[str]:
        """Its values as people read them."""
        return [_shown(value, self.unit) for value in self.values]

    @property
    def differences(self) -> list[float | int | None]:
        """Every value but the first minus the first; `None` where one is no number."""
        first, *others = self.values
        return [_minus(value, first) for value in others]

    @property
    def told(self) -> list[str]:
        """The same as people read it, with the part of the first value that it is."""
        first = self.values[0]
        return [
            _told(difference, first, self.unit)
            for difference in self.differences
        ]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs beside each other.

    Args:
        options: What was asked for.
        figures: What was reached.
        costs: What it cost.
    """

    options: tuple[Row, ...]
    figures: tuple[Row, ...]
    costs: tuple[Row, ...]

    def plain(self, runs: Sequence[FinishedRun]) -> dict[str, Any]:
        """Plain values, for JSON: of several runs only what differs.

        Args:
            runs: The runs.
        """
        several = len(runs) > 1
        told = {}
        for name, rows in self._parts():
            told[name] = [
                {
                    "key": list(row.path),
                    "unit": row.unit,
                    "values": list(row.values),
                }
                | ({"differences": row.differences} if several else {})
                for row in rows
                if row.differs or not several
            ]
        all_rows = [*self.options, *self.figures, *self.costs]
        return {
            "command": runs[0].command,
            "runs": [{"name": r.name, "folder": str(r.folder)} for r in runs],
            **told,
            "same": sum(not row.differs for row in all_rows),
        }

    def _parts(self) -> Iterator[tuple[str, tuple[Row, ...]]]:
        yield "options", self.options
        yield "figures", self.figures
        yield "costs", self.costs


def compared(runs: Sequence[FinishedRun]) -> Comparison:
    """Put results beside each other, in the order in which they stand in the first.

    Args:
        runs: Runs of one command, one at least.
    """
    held = [leaves(run.result) for run in runs]
    metric = metric_of(runs[0].result)
    paths = list(dict.fromkeys(path for one in held for path in one))
    rows = [
        Row(path, tuple(one.get(path) for one in held), unit_of(path, metric))
        for path in paths
    ]
    return Comparison(
        _those(rows, _is_option),
        _those(rows, lambda path: not _is_option(path) and not _is_cost(path)),
        _those(rows, lambda path: not _is_option(path) and _is_cost(path)),
    )


def _those(
    rows: Sequence[Row], wanted: Callable[[Path], bool]
) -> tuple[Row, ...]:
    return tuple(row for row in rows if wanted(row.path))


def _is_option(path: Path) -> bool:
    is_at_top = len(path) == 1 and path[0] in _OPTIONS
    return path[0] == "options" or path[0] == "metric" or is_at_top


def _is_cost(path: Path) -> bool:
    return path[-1].endswith(_COSTS) or any(word in _COSTLY for word in path)


def _is_number(value: Value) -> bool:
    is_numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return is_numeric and math.isfinite(float(value or 0))


def _minus(value: Value, first: Value) -> float | int | None:
    if not _is_number(value) or not _is_number(first):
        return None
    assert isinstance(value, int | float)
    assert isinstance(first, int | float)
    return value - first


def _shown(value: Value, unit: str) -> str:
    """A value with its unit; a dash where there is none."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return _number(value, unit)


def _number(value: float | int, unit: str) -> str:
    if not math.isfinite(value):
        return DASH
    if unit == "%":
        return f"{value:.2%}"
    if unit == "µS":
        return f"{value:.4g} µS"
    if unit == "1":
        whole = isinstance(value, int) or value == round(value)
        return (
            f"{value:,.0f}" if whole and abs(value) < 1e15 else f"{value:.4g}"
        )
    return show(value, unit)


def _told(difference: float | int | None, first: Value, unit: str) -> str:
    """A difference with its sign: shares in points, others with the part that they are as well.

    >>> _told(0.0012, 0.98, "%"), _told(-2.0, 8.0, "1"), _told(0.0, 8.0, "1")
    ('+0.12 points', '-2 (-25.0%)', '0')
    """
    if difference is None:
        return DASH
    if difference == 0:
        return "0"
    if unit == "%":
        return f"{100 * difference:+.2f} points"
    sign = "-" if difference < 0 else "+"
    text = sign + _number(abs(difference), unit)
    if isinstance(first, int | float) and first:
        part = difference / abs(first)
        text += (
            f" ({part:+.1%})"
            if abs(part) < _MANY_TIMES
            else f" ({part:+,.0f} times)"
        )

    return text
