"""Rows of figures that are each a task of its own: points of a grid, chips of unlike kinds.

Each is kept as soon as it is there, in a file named by its hash. What is there is not made again,
whatever it was made for.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mho.fleet.engine import Part, work_off
from mho.fleet.executors import Opened, here, opened_executor
from mho.fleet.parts import PartStore, Row
from mho.workers import give_memory_back

_WAITING = 2
"""Units that an executor is given for each worker: one to do, one to go on with (1)."""


@runtime_checkable
class Unit(Protocol):
    """Something that gives a row of figures, the same wherever it is made.

    It is data: a worker gets a copy of it.
    """

    @property
    def key(self) -> str:
        """Content hash of all that the row depends on, the number left out."""

    @property
    def number(self) -> int:
        """Tells it from others of the same hash (1)."""

    def row(self) -> Row:
        """Make it."""


@dataclass(frozen=True, slots=True, eq=False)
class Crew:
    """Who makes rows, and where they are kept.

    Args:
        store: Where.
        workers: Processes (1); with one, it is this process.
        begin: Called in each other process before its first work.
        progress: Told how much of all is there (1).
        say: Told in a sentence what people should know.
    """

    store: PartStore
    workers: int
    begin: Callable[[], object]
    progress: Callable[[float], None]
    say: Callable[[str], None]


def collected(units: Sequence[Unit], crew: Crew) -> list[Row]:
    """Rows of all units, in their order; those that are there already are not made.

    Args:
        units: What gives a row each.
        crew: Who makes them, and where they are kept.

    Raises:
        PartFailedError: A unit was lost with its worker too often.
        ValueError: Two files have the same unit with other figures.
        OSError: A row cannot be kept.
        Exception: Whatever a unit raised.
    """
    places = [Part(unit.key, unit.number, 1) for unit in units]
    rows = _there(places, crew)
    missing = {
        place: unit
        for place, unit in zip(places, units, strict=True)
        if place not in rows
    }
    total = len(set(places))
    crew.progress(len(rows) / total if total else 1.0)

    def submit(executor: Executor, part: Part) -> Future[Row]:
        return executor.submit(_row, missing[part])

    opened, waiting = _executor(crew, len(missing))
    done = work_off(
        opened,
        submit,
        list(missing),
        most_waiting=waiting,
        told=lambda lost: crew.say(
            f"A worker is gone; {lost} parts are made again."
        ),
    )
    for place, row in done:
        crew.store.put(place, [row])
        rows[place] = row
        crew.progress(len(rows) / total)
    return [rows[place] for place in places]


def _there(places: Sequence[Part], crew: Crew) -> dict[Part, Row]:
    """Rows that are there already."""
    found = crew.store.find_each([place.task for place in places])
    for one in found.values():
        for name in one.damaged:
            crew.say(
                f"Part `{name}` is not what it was when it was written: it was put aside, and is"
                " made again."
            )
    return {
        place: found[place.task].rows[place.first]
        for place in places
        if place.first in found[place.task].rows
    }


def _executor(crew: Crew, count: int) -> tuple[Opened, int]:
    """Who works, and how much is given out at a time: what is under way may be lost."""
    workers = min(crew.workers, count)
    if workers <= 1:
        return here, 1
    return opened_executor("pool", workers, crew.begin), _WAITING * workers


def _row(unit: Unit) -> Row:
    row = unit.row()
    give_memory_back()
    return row
