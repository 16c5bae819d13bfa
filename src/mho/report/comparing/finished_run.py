"""A folder of a finished run as it is read: its result, and the pictures that lie beside it."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mho.files import WORK, command_in, complete_finished, made_in
from mho.report.comparing.pictures import Pictures, pictures_in

_RESULT = "result.json"
_LARGEST = 1 << 28
"""Size of a result beyond which it is none of ours (bytes)."""
_MOST = 8
"""Runs that a page has room for beside each other (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRun:
    """A run that has ended.

    Args:
        folder: Its folder.
        name: What it is called beside others.
        command: The command that made it.
        result: What its `result.json` holds.
        pictures: The pictures in its folder, by what they show.
    """

    folder: Path
    name: str
    command: str
    result: dict[str, Any]
    pictures: Pictures


def read_runs(folders: Sequence[str]) -> list[FinishedRun]:
    """Runs of one command.

    Args:
        folders: Their folders.

    Raises:
        ValueError: A folder is named twice, holds no finished run, or that of another command.
        OSError: A folder cannot be read.
    """
    if not 1 <= len(folders) <= _MOST:
        raise ValueError(
            f"Argument `runs` must name 1 to {_MOST} folders of finished runs, but names"
            f" {len(folders)}."
        )
    places = [Path(folder).resolve() for folder in folders]
    for place, folder in zip(places, folders, strict=True):
        if places.count(place) > 1:
            raise ValueError(
                f"Argument `runs` must name each folder once, but names `{folder}` twice."
            )
    names = _names(places)
    runs = [
        read_run(Path(folder), name)
        for folder, name in zip(folders, names, strict=True)
    ]
    first = runs[0]
    for other in runs[1:]:
        if other.command != first.command:
            raise ValueError(
                f"Argument `runs` must name runs of one command, but `{first.folder}` is of"
                f" `mho {first.command}` and `{other.folder}` of `mho {other.command}`; give"
                " those of one at a time."
            )
    return runs


def read_run(folder: Path, name: str = "") -> FinishedRun:
    """A run that has ended.

    Args:
        folder: Its folder.
        name: What it is called; as its folder if empty.

    Raises:
        ValueError: No run ended there, or its result is damaged; one sentence says which.
        OSError: It cannot be read.
    """
    if not folder.is_dir():
        raise _refused(folder, "is no folder")
    # one that was killed while its results took their places is finished all the same
    complete_finished(folder)
    made = made_in(folder)
    if _RESULT not in made:
        raise _unfinished(folder)
    result = _result(folder)
    command = made[_RESULT]
    own = [one for one, maker in made.items() if maker == command]
    return FinishedRun(
        folder,
        name or folder.resolve().name,
        command,
        result,
        pictures_in(folder, own),
    )


def _result(folder: Path) -> dict[str, Any]:
    path = folder / _RESULT
    is_lost = path.is_symlink() or not path.is_file()
    if is_lost:
        raise _refused(folder, f"has lost its `{_RESULT}`")
    if path.stat().st_size > _LARGEST:
        raise _refused(folder, f"has a `{_RESULT}` that is too large")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _refused(folder, f"has a damaged `{_RESULT}`")
    return found


def _unfinished(folder: Path) -> ValueError:
    """What to say of a folder without results of a run."""
    command = command_in(folder / WORK)
    if command is not None:
        return _refused(
            folder,
            f"has one of `mho {command}` that has not ended; the same command with `--resume`"
            " goes on",
        )
    if (folder / WORK).is_dir():
        return _refused(
            folder,
            "has one of an older version that has not ended; that version goes on with it",
        )
    return _refused(folder, "has none: no run of mho left results there")


def _refused(folder: Path, reason: str) -> ValueError:
    return ValueError(
        f"Argument `runs` must name folders of finished runs, but `{folder}` {reason}."
    )


def _names(places: Sequence[Path]) -> list[str]:
    """Names of folders, with so much of what is above them that they differ."""
    if len(places) == 1:
        return [places[0].name]
    lasts = [place.name for place in places]
    if len(set(lasts)) == len(lasts):
        return lasts
    above = Path(os.path.commonpath(places))
    return [str(place.relative_to(above)) for place in places]
