"""Finished parts of an unfinished run: plain values, one small file each."""

import json
import shutil
from pathlib import Path
from typing import Any

from mho.files.write_whole import write_whole


class Kept:
    """A folder of values that were measured already, by name.

    Args:
        folder: The folder; made when the first value comes.
        identity: Everything that the values depend on.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self._folder = folder
        self._identity = identity

    def names(self) -> list[str]:
        """Names of what is there."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def get(self, name: str) -> Any | None:
        """A value, to the last bit; `None` if it was not measured yet.

        Raises:
            ValueError: Its file is damaged, or of another run.
        """
        path = self._folder / f"{name}.json"
        if not path.exists():
            return None
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            identity = held["identity"]
            value = held["value"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"File `{path}` must hold a part of a run, but is damaged; delete it, then"
                " `--resume` measures it again."
            ) from error
        if identity != self._identity:
            raise ValueError(
                f"Argument `resume` must go on with the same run, but `{self._folder}` holds"
                " another one (weights, data, version or options differ); leave it out to start"
                " anew."
            )
        return value

    def put(self, name: str, value: object) -> None:
        """Keep a value, all or nothing.

        Raises:
            OSError: The folder cannot be written or the disk is full.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"identity": self._identity, "value": value})
        write_whole(self._folder / f"{name}.json", text.encode())


def work_folder(folder: Path, *, resume: bool) -> Path:
    """The folder `unfinished` in a run's folder, empty unless an interrupted run goes on.

    Args:
        folder: The run's folder; made if it is not there.
        resume: Go on with what is there; otherwise it is set aside as `unfinished.old`, not lost.

    Raises:
        ValueError: There is nothing to go on with.
        OSError: The folder cannot be written.
    """
    work = folder / "unfinished"
    if resume:
        if not work.is_dir():
            raise ValueError(
                f"Argument `resume` must find an unfinished run in `{folder}`, but there is"
                " none; leave it out to start one."
            )
        return work
    folder.mkdir(parents=True, exist_ok=True)
    if work.exists():
        aside = folder / "unfinished.old"
        shutil.rmtree(aside, ignore_errors=True)
        work.replace(aside)
    work.mkdir()
    return work
