"""Parts of a fleet in files that add up: named by what they are of and by what they hold.

A file is whole and unchanged, or it is put aside and its chips are made again. Nothing else is
written down about a fleet, so that two folders are merged by copying files from one to the other.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mho.files import disk, is_part, write_whole
from mho.fleet.engine import Part

Row = Mapping[str, float]
"""Figures of one chip, by name."""

DAMAGED = "damaged"
"""Folder beside the parts, of those that are not what they were when they were written."""

_FORMAT = "mho-fleet-part"
_VERSION = 1
_TASK_DIGITS = 16
_HASH_DIGITS = 24
_NAME = re.compile(
    rf"([0-9a-f]{{{_TASK_DIGITS}}})-(\d+)-(\d+)-([0-9a-f]{{{_HASH_DIGITS}}})\.json"
)
_LARGEST = 1 << 28
"""Size of a file beyond which it is no part of ours (bytes)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Chips of a task that are there.

    Args:
        rows: Their figures, by chip.
        damaged: Names of files that were put aside.
    """

    rows: dict[int, Row]
    damaged: tuple[str, ...]


class PartStore:
    """The parts of fleets in a folder.

    Args:
        folder: Their folder; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, part: Part, rows: Sequence[Row]) -> Path:
        """Keep what came of a part, all or nothing, and on the disk.

        Args:
            part: What it is of.
            rows: A row for each of its chips, in order.

        Raises:
            OSError: The disk is full.
        """
        content = _content(part, rows)
        digits = hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]
        task = part.task[:_TASK_DIGITS]
        path = self.folder / f"{task}-{part.first}-{part.count}-{digits}.json"
        disk.make_folders(self.folder)
        write_whole(path, content)
        return path

    def find(self, task: str) -> Found:
        """All chips of a task that are there; damaged files of it are put aside.

        Args:
            task: Content hash of the task.

        Raises:
            ValueError: Two files have the same chip with other figures.
            OSError: The folder cannot be read.
        """
        return self.find_each([task])[task]

    def find_each(self, tasks: Sequence[str]) -> dict[str, Found]:
        """The same for many tasks, in one look through the folder.

        Args:
            tasks: Content hashes of the tasks.

        Raises:
            ValueError: Two files have the same chip with other figures.
            OSError: The folder cannot be read.
        """
        rows: dict[str, dict[int, Row]] = {task: {} for task in tasks}
        damaged: dict[str, list[str]] = {task: [] for task in tasks}
        for path, named, task in self._named(tasks):
            held = _read(path, named, task)
            if held is None:
                self._put_aside(path)
                damaged[task].append(path.name)
            else:
                self._add(rows[task], held, path)
        return {task: Found(rows[task], tuple(damaged[task])) for task in tasks}

    def _add(
        self, rows: dict[int, Row], held: tuple[int, list[Row]], path: Path
    ) -> None:
        """Take the chips of a file."""
        first, own = held
        for number, row in enumerate(own, first):
            known = rows.setdefault(number, row)
            if known != row:
                raise ValueError(
                    f"Folder `{self.folder}` must hold one result of every chip, but"
                    f" `{path.name}` has other figures of chip {number} than another file;"
                    " remove one of the two."
                )

    def _named(
        self, tasks: Sequence[str]
    ) -> Iterator[tuple[Path, re.Match[str], str]]:
        """Files whose names say that they are of a task, and what else these say."""
        if not self.folder.is_dir():
            return
        wanted = {task[:_TASK_DIGITS]: task for task in tasks}
        for path in sorted(self.folder.iterdir()):
            if is_part(path.name):
                # whoever wrote it was killed meanwhile
                path.unlink(missing_ok=True)
                continue
            named = _NAME.fullmatch(path.name)
            if named is None or named[1] not in wanted:
                continue
            yield path, named, wanted[named[1]]

    def _put_aside(self, path: Path) -> None:
        aside = self.folder / DAMAGED
        disk.make_folders(aside)
        path.replace(aside / path.name)


def missing_parts(
    task: str, chips: int, there: Mapping[int, object], size: int
) -> list[Part]:
    """Parts that make the chips of a fleet that are not there, in order.

    Args:
        task: Content hash of the task.
        chips: Number of chips (1).
        there: Chips that are there.
        size: Largest part (1). Parts begin at multiples of it, so that another run of the task
            makes the same ones.

    >>> [(p.first, p.count) for p in missing_parts("t", 10, {4: None}, 4)]
    [(0, 4), (5, 3), (8, 2)]
    """
    parts = []
    for start in range(0, chips, size):
        first = None
        stop = min(start + size, chips)
        for chip in range(start, stop + 1):
            is_wanted = chip < stop and chip not in there
            if is_wanted and first is None:
                first = chip
            if not is_wanted and first is not None:
                parts.append(Part(task, first, chip - first))
                first = None
    return parts


def _content(part: Part, rows: Sequence[Row]) -> bytes:
    held = {
        "format": _FORMAT,
        "version": _VERSION,
        "task": part.task,
        "first": part.first,
        "rows": [dict(row) for row in rows],
    }
    return (json.dumps(held, indent=0, sort_keys=True) + "\n").encode()


def _read(
    path: Path, named: re.Match[str], task: str
) -> tuple[int, list[Row]] | None:
    """First chip and rows of a file, or nothing if it is not what it was."""
    if path.is_symlink() or not path.is_file():
        return None
    if path.stat().st_size > _LARGEST:
        return None
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest()[:_HASH_DIGITS] != named[4]:
        return None
    # whoever makes the hash right by hand has still to write a part
    try:
        held = json.loads(content)
        rows = [_row(row) for row in held["rows"]]
        said = (held["format"], held["version"], held["task"], held["first"])
    except (
        AttributeError,
        KeyError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ):
        return None
    first = int(named[2])
    if said != (_FORMAT, _VERSION, task, first) or len(rows) != int(named[3]):
        return None
    return first, rows


def _row(held: Mapping[str, object]) -> Row:
    row = {}
    for name, value in held.items():
        is_flag = isinstance(value, bool)
        if is_flag or not isinstance(value, int | float):
            raise TypeError(name)
        if not math.isfinite(value):
            raise ValueError(name)
        row[name] = value
    return row
