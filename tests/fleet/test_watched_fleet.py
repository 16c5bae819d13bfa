from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from mho.fleet import Part, PartStore
from mho.mapping import DifferentialPairs
from mho.runs import Job, Task
from mho.runs.fleets import (
    Condition,
    Fleet,
    FleetTask,
    making,
    run_fleet,
    with_table,
)

CHIPS = 120


def nobody() -> AbstractContextManager[Executor]:
    raise AssertionError("no chip is missing")


@pytest.mark.parametrize(("until", "there"), [(None, CHIPS), (1.0, 50)])
def test_the_last_of_every_fleet_is_told_however_soon(
    until: float | None, there: int, tmp_path: Path
) -> None:
    """All chips that were asked for, or those that were enough; a second fleet at once."""
    store = PartStore(tmp_path)
    tasks = [
        FleetTask(x * 64, Condition(Job("digits")), "drawn", "") for x in "ab"
    ]
    for task in tasks:
        rows = [{"score": 0.9 + 0.01 * (n % 3)} for n in range(CHIPS)]
        store.put(Part(task.key, 0, CHIPS), rows)
    told: list[tuple[str, bool, int]] = []

    def watch(
        name: str, content: Callable[[], Any], *, now: bool = False
    ) -> None:
        told.append((name, now, content()["count"]))

    run_fleet(tasks, Fleet(store, CHIPS, nobody, 1, until=until, watch=watch))
    assert told == [(f"fleet-{x * 12}", True, there) for x in "ab"]


def test_the_stage_of_a_table_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = DifferentialPairs(low=1e-5, high=1e-3)
    monkeypatch.setattr(making, "_pairs", lambda *_: pairs)
    monkeypatch.setattr(making, "_table", lambda *_: None)
    task = FleetTask("a" * 64, Condition(Job("digits")), "drawn", "")
    told: list[float] = []
    with_table(task, object.__new__(Task), lambda _, done: told.append(done))
    assert told == [0.0, 1.0]
