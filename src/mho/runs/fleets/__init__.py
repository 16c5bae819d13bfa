"""A network on many chips of a kind, whoever makes them: tasks, chips, and what they come to."""

from mho.runs.fleets.against_physics import checked_against_physics
from mho.runs.fleets.conditions import (
    Condition,
    condition_words,
    conditions_of,
)
from mho.runs.fleets.fleet import Fleet, FleetResult, run_fleet
from mho.runs.fleets.making import (
    PHYSICS_MOST,
    WAYS,
    FleetTask,
    begin_worker,
    fleet_task,
    read_task,
    rows_of,
    with_table,
)
from mho.runs.fleets.named_table import with_named_table
from mho.runs.fleets.summary import FIGURES, Questioned, chips_told, summarised

__all__ = [
    "FIGURES",
    "PHYSICS_MOST",
    "WAYS",
    "Condition",
    "Fleet",
    "FleetResult",
    "FleetTask",
    "Questioned",
    "begin_worker",
    "checked_against_physics",
    "chips_told",
    "condition_words",
    "conditions_of",
    "fleet_task",
    "read_task",
    "rows_of",
    "run_fleet",
    "summarised",
    "with_named_table",
    "with_table",
]
