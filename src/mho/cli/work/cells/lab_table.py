"""What `mho characterise` says of a measurement: a short table by kind, and remarks."""

from typing import Any

from mho.cli.shared import print_rows
from mho.units import show, show_duration

Rows = list[tuple[str, str]]

_MOST_TIMES = 12
"""Times that the table tells at most (1)."""
_MOST_REMARKS = 12
"""Remarks that are told at most (1)."""


def print_summary(summary: dict[str, Any], figure: str) -> None:
    """Print what was found in one file.

    Args:
        summary: See `mho.characterise.lab.summary_of`.
        figure: Where the figure is.
    """
    rows = [
        (summary["source"], _WORDS[summary["kind"]]),
        *_ROWS[summary["kind"]](summary),
    ]
    print_rows(rows, *told_remarks(summary["remarks"]), f"figure: {figure}")


def told_remarks(remarks: list[str] | tuple[str, ...]) -> list[str]:
    """Remarks as lines, and how many more there are.

    Args:
        remarks: What was odd in the file.
    """
    told = [f"note: {remark}" for remark in remarks[:_MOST_REMARKS]]
    more = len(remarks) - _MOST_REMARKS
    return (
        [*told, f"note: {more} more remarks are in result.json"]
        if more > 0
        else told
    )


def _s(value: float | None, unit: str) -> str:
    return "–" if value is None else show(value, unit, 3)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.3g} %"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _pulses(summary: dict[str, Any]) -> Rows:
    rows: Rows = [
        (
            "pulses",
            f"{summary['pulses']:,} in {summary['ramps']:,} ramps of {summary['cells']:,} cells",
        ),
        (
            "range",
            f"{_s(summary['lowest_S'], 'S')} to {_s(summary['highest_S'], 'S')}",
        ),
    ]
    for name in ("set", "reset"):
        if name in summary:
            rows += _way(name.upper(), summary[name])
    if summary["asymmetry"] is not None:
        rows.append(
            ("asymmetry of SET and RESET", _share(summary["asymmetry"]))
        )
    return rows


def _way(name: str, way: dict[str, Any]) -> Rows:
    rows: Rows = [
        (
            f"{name}, step",
            f"median {_s(way['step_median_S'], 'S')}, mean {_s(way['step_mean_S'], 'S')}, sd"
            f" {_s(way['step_sd_S'], 'S')}; {_share(way['against'])} the other way",
        ),
        (
            "  sd at the same conductance",
            _s(way["step_sd_at_same_conductance_S"], "S"),
        ),
    ]
    curve = way["curve"]
    if curve is not None:
        ends = [_s(curve["mean_S"][k], "S") for k in (0, -1)]
        rows += [
            (
                "  mean curve",
                f"{ends[0]} to {ends[1]} in {curve['pulse'][-1]:,} pulses",
            ),
            ("  nonlinearity", _share(way["nonlinearity"])),
            (
                "  spread, ramp to ramp / cell to cell",
                f"{_s(curve['ramp_to_ramp_S'], 'S')} / {_s(curve['cell_to_cell_S'], 'S')}",
            ),
        ]
    for key, unit in (("by_amplitude", "amplitude_V"), ("by_gate", "gate_V")):
        if way[key]:
            ends = [
                f"{_s(row[unit], 'V')}: {_s(row['step_median_S'], 'S')}"
                for row in (way[key][0], way[key][-1])
            ]
            rows.append(
                (f"  median step by {unit[:-2]}", f"{ends[0]} … {ends[1]}")
            )
    return rows


def _waits(summary: dict[str, Any]) -> Rows:
    rows: Rows = [
        ("readings", f"{summary['readings']:,} of {summary['cells']:,} cells")
    ]
    if summary["levels"]:
        rows.append(
            ("levels", f"{summary['levels']}; each alone is in result.json")
        )
    by_time = summary["by_time"]
    for row in by_time[:_MOST_TIMES]:
        heat = (
            ""
            if row["temperature_K"] is None
            else f" at {row['temperature_K'] - 273.15:.0f} °C"
        )
        low, high = (row["quantiles_S"][k] for k in (0, -1))
        rows.append(
            (
                f"after {show_duration(row['time_s'], 3)}{heat}",
                f"mean {_s(row['mean_S'], 'S')}, sd {_s(row['sd_S'], 'S')}, 1 to 99 %"
                f" {_s(low, 'S')} to {_s(high, 'S')}, kurtosis {_number(row['kurtosis'])}",
            )
        )
    if len(by_time) > _MOST_TIMES:
        rows.append(
            ("", f"{len(by_time) - _MOST_TIMES} more times are in result.json")
        )
    return rows


def _endurance(summary: dict[str, Any]) -> Rows:
    rows: Rows = [
        (
            "readings",
            f"{summary['readings']:,} of {summary['cells']:,} cells to cycle"
            f" {summary['cycles']:.4g}",
        )
    ]
    for name in ("new", "last"):
        window = summary[name]
        rows.append(
            (
                f"window, {name}",
                f"{_s(window['low_median_S'], 'S')} to {_s(window['high_median_S'], 'S')}, ratio"
                f" {_number(window['ratio_median'])}",
            )
        )
    lost = summary["cycles_to_loss_median"]
    rows.append(
        (
            "half of the window lost",
            "by no cell"
            if lost is None
            else f"by {summary['cells_lost']:,} cells, median at cycle {lost:.4g}, first at"
            f" {summary['cycles_to_loss_first']:.4g}",
        )
    )
    if summary["cells_low_at_end"]:
        rows.append(
            (
                "lost at the end, perhaps",
                f"by {summary['cells_low_at_end']:,} cells: at least the last reading is low, but"
                " fewer than three are",
            )
        )
    return rows


def _sweeps(summary: dict[str, Any]) -> Rows:
    rows: Rows = [
        (
            "sweeps",
            f"{summary['sweeps']:,} of {summary['cells']:,} cells, {summary['points']:,} points",
        ),
        (
            "range",
            f"{_s(summary['lowest_V'], 'V')} to {_s(summary['highest_V'], 'V')}, up to"
            f" {_s(summary['largest_current_A'], 'A')}",
        ),
    ]
    for key, name, unit in (
        ("set_V", "SET voltage", "V"),
        ("reset_V", "RESET voltage", "V"),
        ("on_A", f"on current at {_s(summary['read_at_V'], 'V')}", "A"),
        ("off_A", "off current", "A"),
        ("ratio", "on over off", ""),
        ("curvature", "curvature, I(V) / 2 I(V/2)", ""),
    ):
        found = summary[key]
        if found is None:
            rows.append((name, "–"))
            continue
        write = (lambda value, unit=unit: _s(value, unit)) if unit else _number
        rows.append(
            (
                name,
                f"{write(found['median'])} ± {write(found['sd'])} in {found['sweeps']:,} sweeps",
            )
        )
    return rows


def _map(summary: dict[str, Any]) -> Rows:
    rows: Rows = [
        (
            "cells",
            f"{summary['cells']:,} in {summary['rows']:,} rows and {summary['cols']:,} columns",
        )
    ]
    if not summary["cells"]:
        return rows
    low, middle, high = (summary["quantiles_S"][k] for k in (0, 3, -1))
    rows += [
        (
            "conductance",
            f"mean {_s(summary['mean_S'], 'S')}, sd {_s(summary['sd_S'], 'S')}",
        ),
        (
            "1 / 50 / 99 %",
            f"{_s(low, 'S')} / {_s(middle, 'S')} / {_s(high, 'S')}",
        ),
        (
            "maybe stuck",
            f"{summary['maybe_stuck_low']:,} low, {summary['maybe_stuck_high']:,} high",
        ),
    ]
    for name in ("rows", "cols"):
        lines = summary[f"{name}_in_doubt"]
        if lines:
            rows.append((f"{name} in doubt", ", ".join(map(str, lines[:12]))))
    return rows


def _levels(summary: dict[str, Any]) -> Rows:
    return [
        (
            "levels",
            f"{summary['levels']}, {_s(summary['lowest_S'], 'S')} to"
            f" {_s(summary['highest_S'], 'S')}",
        ),
        (
            "narrowest gap over its spread",
            _number(summary["narrowest_separation"]),
        ),
    ]


def _responses(summary: dict[str, Any]) -> Rows:
    rows: Rows = []
    for name in ("up", "down"):
        way = summary[name]
        if way["pulses"] is None:
            rows.append((name, "too few numbers to tell"))
            continue
        rows.append(
            (
                name,
                f"{way['pulses']:,} pulses, {way['first']:.4g} to {way['last']:.4g}, step"
                f" {way['step_mean']:.3g} ± {_number(way['step_sd'])}, nonlinearity"
                f" {_share(way['nonlinearity'])}",
            )
        )
    return [*rows, ("asymmetry", _share(summary["asymmetry"]))]


def _steps(summary: dict[str, Any]) -> Rows:
    way = "SET" if summary["direction"] > 0 else "RESET"
    return [
        ("pulse", f"{way}, {_s(summary['amplitude_V'], 'V')}"),
        (
            "conductance",
            f"{summary['levels']} values, {_s(summary['lowest_S'], 'S')} to"
            f" {_s(summary['highest_S'], 'S')}",
        ),
        (
            "median step, lowest / all / highest",
            " / ".join(
                _s(summary[f"step_median{k}_S"], "S")
                for k in ("_first", "", "_last")
            ),
        ),
        ("spread (16 to 84 %, half)", _s(summary["spread_median_S"], "S")),
    ]


_WORDS = {
    "pulses": "pulse responses",
    "waits": "waits: relaxation or retention",
    "endurance": "endurance",
    "sweeps": "current-voltage sweeps",
    "map": "a map of an array",
    "levels": "a table of levels",
    "responses": "normalised responses",
    "steps": "a table of steps",
}
_ROWS = {
    "pulses": _pulses,
    "waits": _waits,
    "endurance": _endurance,
    "sweeps": _sweeps,
    "map": _map,
    "levels": _levels,
    "responses": _responses,
    "steps": _steps,
}
