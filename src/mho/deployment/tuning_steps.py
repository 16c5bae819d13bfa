"""Steps of an unfinished tuning: each one's figures, and what it left, in files of a folder."""

import json
import shutil
from pathlib import Path
from typing import Any

from mho.deployment import chip_file
from mho.deployment.chip_file import ProgrammedChip, load_chip, save_chip
from mho.deployment.image import Image, load_image, save_image
from mho.deployment.packed_file import read_kind
from mho.files import write_whole


class KeptSteps:
    """The steps that are done.

    What a step left is written before the list of steps names it: an interruption between the
    two repeats the step from the same state.

    Args:
        folder: Where they are kept; `None` to keep nothing.
        identity: Everything that the steps depend on.
        resume: Go on with what is there; otherwise it is set aside, not lost.

    Raises:
        ValueError: There is nothing to go on with, or it belongs to another run.
        OSError: The folder cannot be written.
    """

    def __init__(self, folder: Path | None, identity: str, *, resume: bool) -> None:
        self._folder, self._identity = folder, identity
        self.done: list[dict[str, Any]] = []
        if folder is None:
            return
        if resume:
            self.done = self._taken_up(folder)
            return
        if folder.exists():
            aside = folder.with_name(f"{folder.name}.old")
            shutil.rmtree(aside, ignore_errors=True)
            folder.replace(aside)
        folder.mkdir(parents=True)
        self._list(folder)

    @property
    def programming(self) -> Path | None:
        """File for the state of programming."""
        return None if self._folder is None else self._folder / "programming"

    @property
    def left(self) -> Image | ProgrammedChip | None:
        """What the last step left; `None` before the first.

        Raises:
            ValueError: Its file is damaged.
        """
        if self._folder is None or not self.done:
            return None
        path = self._path(self._folder)
        return load_chip(path) if read_kind(path) == chip_file.KIND else load_image(path)

    def put(self, step: dict[str, Any], left: Image | ProgrammedChip) -> None:
        """Write down a step and what it left.

        Raises:
            OSError: The folder cannot be written or the disk is full.
        """
        self.done.append(step)
        if self._folder is None:
            return
        if isinstance(left, Image):
            save_image(self._path(self._folder), left)
        else:
            save_chip(self._path(self._folder), left)
        self._list(self._folder)

    def finish(self) -> None:
        """All is done and written elsewhere."""
        if self._folder is not None:
            shutil.rmtree(self._folder)

    def _path(self, folder: Path) -> Path:
        return folder / f"step-{len(self.done)}.mho"

    def _list(self, folder: Path) -> None:
        text = json.dumps({"identity": self._identity, "steps": self.done})
        write_whole(folder / "steps.json", text.encode())

    def _taken_up(self, folder: Path) -> list[dict[str, Any]]:
        path = folder / "steps.json"
        if not path.exists():
            raise ValueError(
                f"Argument `resume` must find an unfinished run in `{folder.parent}`, but there is"
                " none; leave it out to start one."
            )
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            identity, steps = held["identity"], list(held["steps"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"File `{path}` must hold the steps of a run, but is damaged; leave out `resume`"
                " to start anew."
            ) from error
        if identity != self._identity:
            raise ValueError(
                f"Argument `resume` must go on with the same run, but `{folder}` holds another one"
                " (network, data, version or options differ); leave it out to start anew."
            )
        return steps
