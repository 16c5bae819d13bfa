"""What `mho fleet` prints: one line for each fleet, and what its chips say of all others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mho.checks import one_line
from mho.data import Metric
from mho.fleet import DIFFERENT
from mho.units import show

_NOTHING = "all"
_LEAST_SHARE = 0.9
"""Shares of all chips from which on the table shows what they reach (1)."""


def print_fleets(
    result: Mapping[str, Any], metric: Metric, figure: Path
) -> None:
    """Print the table, and what else people should know.

    Args:
        result: What `mho fleet` found.
        metric: What chips are judged by.
        figure: Where the figure is.
    """
    console = Console(highlight=False)
    fleets = result["fleets"]
    console.print(_table(fleets, metric))
    software = metric.show(result[f"software_{metric.key}"])
    lines = [
        f"{metric.name} of software: {software}; under 90, 99 and 99.9 % stands what so many of"
        " all chips reach, 95 % sure"
    ]
    for one in fleets:
        lines += _said_of(one, metric)
    lines.append(f"figure: {figure}")
    for line in lines:
        console.print(Text(one_line(line)), soft_wrap=True)


def _table(fleets: list[dict[str, Any]], metric: Metric) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("fleet", overflow="fold")
    shares = [bound["share"] for bound in _bounds(fleets[0], metric)]
    for heading in (
        "chips",
        "mean",
        "±",
        "spread",
        "worst",
        *(f"{100 * share:.3g} %" for share in shares),
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in fleets:
        table.add_row(Text(_named(one)), *_cells(one, metric))
    return table


def _bounds(one: Mapping[str, Any], metric: Metric) -> list[dict[str, Any]]:
    """Bounds of the shares that a table has room for."""
    told: list[dict[str, Any]] = one[metric.key]["reached_by"]
    return [bound for bound in told if bound["share"] >= _LEAST_SHARE]


def _cells(one: Mapping[str, Any], metric: Metric) -> list[str]:
    score = one[metric.key]
    low, high = score["mean_95"]
    worst = score["smallest" if metric.higher_is_better else "largest"]
    bounds = [
        "–" if bound["value"] is None else metric.show(bound["value"])
        for bound in _bounds(one, metric)
    ]
    return [
        f"{one['chips']:,}",
        metric.show(score["mean"]),
        metric.show((high - low) / 2),
        metric.show(score["standard_deviation"]),
        metric.show(worst),
        *bounds,
    ]


def _said_of(one: Mapping[str, Any], metric: Metric) -> list[str]:
    """Yield, chips needed, an early stop."""
    name = _named(one)
    seconds = show(one["chip_seconds"]["mean"], "s")
    joules = show(one["chip_joules"]["mean"], "J")
    lines = []
    # of drawn cells only the share of a full tile is known
    if one["cells"] != "drawn":
        lines = [f"{name}: programming takes {seconds} and {joules} a chip"]
    unsaid = [b for b in one[metric.key]["reached_by"] if b["value"] is None]
    if unsaid:
        first = unsaid[0]
        lines.append(
            f"{name}: {first['chips_needed']:,} chips would say what"
            f" {100 * first['share']:.3g} % of all reach"
        )
    if "yield" in one:
        told = one["yield"]
        low, high = told["share_95"]
        lines.append(
            f"{name}: {told['share']:.2%} reach {metric.show(told['threshold'])}"
            f" ({low:.2%}-{high:.2%})"
        )
    if "chips_needed" in one:
        needed = one["chips_needed"]
        low, high = one[metric.key]["mean_95"]
        is_reached = high - low <= needed["width"]
        lines.append(
            f"{name}: an interval of {metric.show(needed['width'])} takes about"
            f" {needed['chips']:,} chips; {'reached' if is_reached else 'not reached'} after"
            f" {one['chips']:,}"
        )
    if "against_physics" in one:
        lines += _compared(name, one["against_physics"], metric)
    return lines


def _compared(
    name: str, against: Mapping[str, Any], metric: Metric
) -> list[str]:
    """What a comparison with programmed chips found, and what it would have found."""
    told, errors = against["score"], against["error"]
    low, high = told["difference_95"]
    drawn, programmed = told["counts"]
    verdict = "differ" if _differs(told) else "are not told apart"
    lines = [
        f"{name}: {drawn:,} drawn and {programmed:,} programmed chips {verdict}: means by"
        f" {metric.show(low)} to {metric.show(high)} (p = {told['mean_p']:.2g}), ranks"
        f" p = {told['rank_p']:.2g}, distributions p = {told['shape_p']:.2g}"
    ]
    if told["power"] is not None and told["shape_power"] is not None:
        seen = metric.show(told["effect"])
        lines.append(
            f"{name}: power to see {seen}: {told['power']:.2g} by means; if all chips shift by"
            f" it, {told['rank_power']:.2g} by ranks, {told['shape_power']:.2g} by distributions"
        )
    one, other = errors["means"]
    verdict = "differ" if _differs(errors) else "are not told apart"
    lines.append(
        f"{name}: errors of the worst output {verdict}: {one:.3g} and {other:.3g} in the mean,"
        f" ranks p = {errors['rank_p']:.2g}, distributions p = {errors['shape_p']:.2g}"
    )
    return lines


def _differs(told: Mapping[str, Any]) -> bool:
    """Whether one of the tests tells two samples apart."""
    found = [float(told[name]) for name in ("mean_p", "rank_p", "shape_p")]
    return min(found) < DIFFERENT


def _named(one: Mapping[str, Any]) -> str:
    words = one["condition"]
    if not words:
        return _NOTHING
    return ", ".join(f"{name} {word}" for name, word in words.items())
