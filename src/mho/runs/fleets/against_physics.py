"""Chips of a surrogate beside chips with every pulse simulated: a check that can fail."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from mho.data import PERCENT
from mho.fleet import compare, rank_power, shape_power
from mho.runs.fleets.fleet import Fleet, FleetResult, run_fleet
from mho.runs.fleets.making import PHYSICS, fleet_task
from mho.runs.task import Task

_PURPOSE = "programmed to compare"
_EFFECT = 0.001
"""Difference of shares that matters (1)."""


def checked_against_physics(
    found: Sequence[FleetResult], fleet: Fleet, task: Task, chips: int
) -> list[dict[str, Any]]:
    """Program chips for every fleet, and compare.

    Args:
        found: Fleets of a surrogate.
        fleet: How they were made; programmed chips are kept beside them.
        task: Network, data and metric.
        chips: Chips that are programmed for each (1).

    Returns:
        For each fleet the comparison of its scores, and that of its errors.

    Raises:
        PartFailedError: A part was lost with its worker too often.
        OSError: A part cannot be written.
    """
    # who watches sees two stages of the same condition
    conditions = [
        replace(one.task.condition, purpose=_PURPOSE) for one in found
    ]
    tasks = [fleet_task(one, task, PHYSICS) for one in conditions]
    made = run_fleet(tasks, replace(fleet, chips=chips, until=None))
    effect = _EFFECT if task.metric.unit == PERCENT else None
    return [
        {"score": _scores(one, other, effect), "error": _errors(one, other)}
        for one, other in zip(found, made, strict=True)
    ]


def _scores(
    one: FleetResult, other: FleetResult, effect: float | None
) -> dict[str, Any]:
    """Scores compared, and what would have been seen."""
    drawn, programmed = _figures(one, "score"), _figures(other, "score")
    powers: dict[str, float | None] = {"rank_power": None, "shape_power": None}
    if effect is not None:
        powers = {
            "rank_power": rank_power(drawn, programmed, effect),
            "shape_power": shape_power(drawn, programmed, effect),
        }
    return asdict(compare(drawn, programmed, effect)) | powers


def _errors(one: FleetResult, other: FleetResult) -> dict[str, Any]:
    return asdict(compare(_figures(one, "error"), _figures(other, "error")))


def _figures(fleet: FleetResult, name: str) -> list[float]:
    return [row[name] for row in fleet.rows]
