"""Curves of runs over an axis, to go along on a page: points of sweeps, levels of one cell."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mho.report.comparing.finished_run import FinishedRun
from mho.report.comparing.tables import numbers_of, rows_of
from mho.report.wording import number

Point = Mapping[str, float | int]
"""A point of a sweep: fields and what was measured."""

LEVELS = "levels.csv"
_MOST_POINTS = 20_000
"""Points of a page (1)."""
_MOST_CURVES = 12
"""Curves of a panel that can be told apart at all (1)."""
_SPAN_OF_LOG = 30.0
"""Largest value over the smallest from which on an axis has decades (1)."""
_REACH = 8.0
"""Tolerances that an axis of errors reaches (1): those beyond lie at its end."""
_PANELS = (
    ("levels", "Levels that 99 % of the cells hold"),
    ("held", "Share of cells that held (1)"),
    ("pulses", "Programming pulses per cell"),
    ("denoise_pulses", "Denoising pulses per cell"),
)
_WAYS = (("", "denoised"), ("_no_denoise", "not denoised"))
_ENDS = ("levels_low", "levels_high")
_CELL_COLUMNS = ("target_uS", "reading_uS", "pulses", "denoise_pulses", "reads")


def plot_shown(runs: Sequence[FinishedRun]) -> dict[str, Any] | None:
    """Curves of all runs, as scripts draw them.

    Args:
        runs: Runs of one command.

    Returns:
        Plain values; nothing if the command has no curves, or there are too many.
    """
    makers = {"sweep": _of_sweeps, "levels": _of_levels}
    maker = makers.get(runs[0].command)
    return None if maker is None else maker(runs)


def _of_sweeps(runs: Sequence[FinishedRun]) -> dict[str, Any] | None:
    """What was measured over the first field, a curve for each value of the others."""
    curves: dict[str, list[Point]] = {}
    axes = set()
    for run in runs:
        points = _points(run)
        fields = _fields(run, points)
        if not fields:
            return None
        axis = _longest(points, fields)
        axes.add(axis)
        for point in points:
            words = [f"{n} {point[n]:.6g}" for n in fields if n != axis]
            named = [run.name] if len(runs) > 1 else []
            curves.setdefault(", ".join([*named, *words]), []).append(point)
    is_told_apart = 0 < len(curves) <= _MOST_CURVES
    if len(axes) != 1 or not is_told_apart:
        return None
    return _swept(axes.pop(), curves)


def _points(run: FinishedRun) -> list[Point]:
    """Points of a sweep, all of the same names; none if they are no points of ours."""
    points = run.result.get("points")
    if not isinstance(points, list) or not all(map(_is_point, points)):
        return []
    same = {frozenset(point) for point in points}
    return points if len(same) == 1 else []


def _is_point(point: Any) -> bool:
    return isinstance(point, Mapping) and all(
        isinstance(value, int | float) and math.isfinite(value)
        for value in point.values()
    )


def _fields(run: FinishedRun, points: Sequence[Point]) -> list[str]:
    """Names of what was swept: all of a point that no column explains."""
    columns = run.result.get("columns")
    if not points or not isinstance(columns, Mapping):
        return []
    return [name for name in points[0] if name not in columns]


def _longest(points: Sequence[Point], fields: list[str]) -> str:
    """The field with most values: that to go along."""
    return max(fields, key=lambda name: len({point[name] for point in points}))


def _swept(
    axis: str, curves: Mapping[str, list[Point]]
) -> dict[str, Any] | None:
    ordered = {
        name: sorted(points, key=lambda point: float(point[axis]))
        for name, points in curves.items()
    }
    everything = [point for points in ordered.values() for point in points]
    if len(everything) > _MOST_POINTS:
        return None
    columns = list(everything[0])
    if any(set(point) != set(columns) for point in everything):
        return None
    rows = [[f"{point[name]:.6g}" for name in columns] for point in everything]
    panels = []
    for name, label in _PANELS:
        if name not in columns:
            continue
        lines, first = [], 0
        for curve, points in ordered.items():
            drawn = [
                _drawn(point, axis, name, first + n)
                for n, point in enumerate(points)
            ]
            lines.append({"name": curve, "points": drawn})
            first += len(points)
        panels.append({"label": label, "lines": lines})
    if not panels:
        return None
    values = [float(point[axis]) for point in everything]
    least, most = min(values), max(values)
    return {
        "x": axis,
        "log": least > 0 and most / least >= _SPAN_OF_LOG,
        "dots": False,
        "panels": panels,
        "columns": columns,
        "rows": rows,
    }


def _drawn(point: Point, axis: str, name: str, row: int) -> list[float | int]:
    """Where a point lies, its line of the table, and its interval where it has one."""
    place = [point[axis], point[name], row]
    has_interval = name == "levels" and all(end in point for end in _ENDS)
    return place + [point[end] for end in _ENDS if has_interval]


def _of_levels(runs: Sequence[FinishedRun]) -> dict[str, Any] | None:
    """How far the levels of the first cell are from their targets, and what each took."""
    errors: list[dict[str, Any]] = []
    pulses: list[dict[str, Any]] = []
    rows: list[list[str]] = []
    for run in runs:
        held = rows_of(run, LEVELS)
        for ending, way in _WAYS:
            names = ["target_uS", *(n + ending for n in _CELL_COLUMNS[1:])]
            columns = numbers_of(held, names)
            if not columns or not columns["target_uS"]:
                continue
            named = f"{run.name}, {way}" if len(runs) > 1 else way
            first = len(rows)
            rows += _said(named, columns, names)
            target, reading, own, others, _ = (columns[n] for n in names)
            ways = (
                (errors, [r - t for r, t in zip(reading, target, strict=True)]),
                (pulses, [p + d for p, d in zip(own, others, strict=True)]),
            )
            for lines, values in ways:
                points = [
                    [float(f"{x:.6g}"), float(f"{y:.4g}"), first + n]
                    for n, (x, y) in enumerate(zip(target, values, strict=True))
                ]
                lines.append({"name": named, "points": points})
    if not 0 < len(rows) <= _MOST_POINTS:
        return None
    scale = _scale(runs[0].result.get("tolerance_uS"))
    return {
        "x": "Target (µS)",
        "log": False,
        "dots": True,
        "panels": [
            {"label": "Reading − target (µS)", "lines": errors} | scale,
            {"label": "Pulses of all kinds", "lines": pulses},
        ],
        "columns": [
            "",
            "target (µS)",
            "reading minus target (µS)",
            "pulses",
            "denoising pulses",
            "reads",
        ],
        "rows": rows,
    }


def _scale(tolerance: object) -> dict[str, Any]:
    """The band of a tolerance (µS), and how far an axis of errors reaches."""
    if not isinstance(tolerance, int | float):
        return {}
    if not 0 < tolerance < math.inf:
        return {}
    reach = _REACH * tolerance
    return {"band": tolerance, "reach": [-reach, reach]}


def _said(
    way: str, columns: Mapping[str, Sequence[float]], names: Sequence[str]
) -> list[list[str]]:
    """Every level as people read it."""
    found = []
    for target, reading, *counts in zip(
        *(columns[n] for n in names), strict=True
    ):
        words = [number(count, ",.0f") for count in counts]
        found.append([way, f"{target:.6g}", f"{reading - target:+.3g}", *words])
    return found
