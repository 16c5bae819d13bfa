"""The steps of tuning that are done, and what the last one left."""

from pathlib import Path
from typing import Any

from mho.deployment.storage import (
    CHIP_KIND,
    CompiledNetwork,
    ProgrammedChip,
    load_chip,
    load_image,
    read_kind,
    save_chip,
    save_image,
)
from mho.files import KeptState, RunFolder


class TuningSteps:
    """The steps that are done, and what the last one left.

    What a step left is written before the list of steps names it: an interruption between the
    two repeats the step from the same state.

    Args:
        run: Where they are kept; `None` to keep nothing.

    Raises:
        ValueError: The list is damaged.
    """

    def __init__(self, run: RunFolder | None) -> None:
        self._run = run
        self.done: list[dict[str, Any]] = run.get("steps") or [] if run else []

    @property
    def programming(self) -> KeptState | None:
        """The state of programming."""
        return self._run.state("programming") if self._run else None

    @property
    def left(self) -> CompiledNetwork | ProgrammedChip | None:
        """What the last step left; `None` before the first.

        Raises:
            ValueError: Its file is damaged.
        """
        if self._run is None or not self.done:
            return None
        path = self._path(self._run)
        return (
            load_chip(path)
            if read_kind(path) == CHIP_KIND
            else load_image(path)
        )

    def put(
        self, step: dict[str, Any], left: CompiledNetwork | ProgrammedChip
    ) -> None:
        """Write down a step and what it left.

        Raises:
            OSError: The folder cannot be written or the disk is full.
        """
        self.done.append(step)
        if self._run is None:
            return
        if isinstance(left, CompiledNetwork):
            save_image(self._path(self._run), left)
        else:
            save_chip(self._path(self._run), left)
        self._run.put("steps", self.done)

    def _path(self, run: RunFolder) -> Path:
        return run.part(f"step-{len(self.done)}.mho")
