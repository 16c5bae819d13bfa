"""Fleets from tasks to figures: what is there is kept, what is missing is made by an executor."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from mho.fleet import (
    Opened,
    Part,
    PartStore,
    Row,
    Tally,
    mean_interval,
    missing_parts,
    work_off,
)
from mho.progress import Progress, silent
from mho.runs.fleets.conditions import condition_words
from mho.runs.fleets.making import PHYSICS, FleetTask, rows_of

STEP = 50
"""Chips after which it is asked whether they are enough, always counted from the first (1)."""

_PART_OF_DRAWN = 25
_WAITING = 2
"""Parts that an executor is given for each worker: one to do, one to go on with (1)."""


@dataclass(frozen=True, slots=True)
class FleetResult:
    """Chips of one task.

    Args:
        task: What they are chips of.
        rows: Figures of the chips from the first on, in order.
        kept: How many of them were there before (1).
        stopped: Whether they were enough before all that were asked for were made.
    """

    task: FleetTask
    rows: tuple[Row, ...]
    kept: int
    stopped: bool


def _unsaid(sentence: str) -> None:
    """Say it to nobody."""
    del sentence


def _unwatched(
    name: str, content: Callable[[], Any], *, now: bool = False
) -> None:
    """Nobody watches."""
    del name, content, now


def _as_it_is(task: FleetTask) -> FleetTask:
    """Nothing to do."""
    return task


@dataclass(slots=True, eq=False)
class Fleet:
    """How fleets are made.

    Args:
        store: Where parts are kept.
        chips: Chips of each (1).
        opened: Opens the executor that makes them.
        workers: How many parts it works on at a time (1).
        until: Width of the interval of the mean score at which chips are enough; never if `None`.
        progress: Told how many chips there are (1).
        say: Told in a sentence what people should know.
        ready: Makes a task ready to make chips, where some are missing.
        watch: Told of the tally of a fleet, by a name, and whether it is the last (`now`); asks
            for it only if somebody watches.
    """

    store: PartStore
    chips: int
    opened: Opened
    workers: int
    until: float | None = None
    progress: Progress = silent
    say: Callable[[str], None] = _unsaid
    ready: Callable[[FleetTask], FleetTask] = _as_it_is
    watch: Callable[..., None] = _unwatched


@dataclass(slots=True, eq=False)
class _Course:
    """One fleet under way."""

    task: FleetTask
    fleet: Fleet
    rows: dict[int, Row]
    kept: int
    made: int = 0
    asked: int = 0
    tally: Tally = field(default_factory=Tally)
    enough: int | None = None

    def add(self, part: Part, rows: Sequence[Row]) -> None:
        """Take a part, keep it, and see whether chips are enough now."""
        self.fleet.store.put(part, rows)
        self.rows.update(enumerate(rows, part.first))
        self.made += len(rows)
        self.look()

    def look(self) -> None:
        """Ask after every further `STEP` chips from the first on, whatever came in between."""
        fleet = self.fleet
        while self.enough is None and self.asked < fleet.chips:
            if self.asked not in self.rows:
                break
            self.tally.add(self.rows[self.asked]["score"])
            self.asked += 1
            if fleet.until is None or self.asked % STEP:
                continue
            low, high = mean_interval(self.tally)
            if high - low <= fleet.until:
                self.enough = self.asked
        there = self.kept + self.made
        fleet.progress(
            condition_words(self.task.condition), there / fleet.chips
        )
        is_last = there >= fleet.chips or self.enough is not None
        fleet.watch(f"fleet-{self.task.key[:12]}", self._seen, now=is_last)

    def _seen(self) -> dict[str, Any]:
        """What is known so far, for who watches."""
        tally = self.tally
        found = {
            "name": condition_words(self.task.condition),
            "chips": self.fleet.chips,
            "there": self.kept + self.made,
            "count": tally.count,
        }
        if tally.count < 2:
            return found
        low, high = mean_interval(tally)
        ends = {"lowest": tally.smallest, "highest": tally.largest}
        return found | {"mean": tally.mean, "low": low, "high": high} | ends

    def result(self) -> FleetResult:
        """The chips from the first on that count."""
        count = self.enough or self.fleet.chips
        rows = tuple(self.rows[number] for number in range(count))
        stopped = count < self.fleet.chips
        return FleetResult(self.task, rows, min(self.kept, count), stopped)


def run_fleet(tasks: Sequence[FleetTask], fleet: Fleet) -> list[FleetResult]:
    """Make the chips of all tasks that are not there.

    The figures are the same for any executor and any number of workers, in whatever order chips
    are made, and however often a worker or the whole run was ended on the way.

    Args:
        tasks: What to make chips of.
        fleet: How many, where, by whom.

    Raises:
        PartFailedError: A part was lost with its worker too often.
        ValueError: A worker reads other files, or the parts contradict each other.
        OSError: A part cannot be written.
    """
    courses = {task.key: _course(task, fleet) for task in tasks}
    size = {t.key: 1 if t.way == PHYSICS else _PART_OF_DRAWN for t in tasks}
    parts = [
        part
        for key, course in courses.items()
        if course.enough is None
        for part in missing_parts(key, fleet.chips, course.rows, size[key])
    ]

    # in the order of the tasks, which a set has not
    for key in dict.fromkeys(part.task for part in parts):
        courses[key].task = fleet.ready(courses[key].task)

    def submit(executor: Executor, part: Part) -> Future[list[Row]]:
        return executor.submit(rows_of, courses[part.task].task, part)

    done = work_off(
        fleet.opened,
        submit,
        parts,
        most_waiting=_WAITING * fleet.workers,
        told=lambda lost: fleet.say(
            f"A worker is gone; {lost} parts are made again."
        ),
        is_wanted=lambda part: courses[part.task].enough is None,
    )
    for part, rows in done:
        courses[part.task].add(part, rows)

    return [courses[task.key].result() for task in tasks]


def _course(task: FleetTask, fleet: Fleet) -> _Course:
    """A fleet with what is there of it."""
    found = fleet.store.find(task.key)
    for name in found.damaged:
        fleet.say(
            f"Part `{name}` is not what it was when it was written: it was put aside, and its"
            " chips are made again."
        )
    kept = sum(number < fleet.chips for number in found.rows)
    course = _Course(task, fleet, dict(found.rows), kept)
    course.look()
    return course
