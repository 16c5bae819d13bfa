"""What a run tells who watches it, in a few small files: nothing while nobody does.

Whoever watches makes the folder `.live` in that of the run, and touches the file `watch` in it
now and then. A run only looks when that was last. So a run that nobody watches writes nothing
and leaves nothing.
"""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mho.files.write_whole import write_whole
from mho.progress import Progress

LIVE = ".live"
"""Folder of what is told."""
WATCH = "watch"
"""File in it that whoever watches touches."""
STALE = 5.0
"""Time after which nobody watches if nobody touched it (s)."""
_LOOK = 0.25
"""Time between two looks whether somebody watches (s)."""
_PAUSE = 0.25
"""Least time between two messages of one name (s)."""
_SHARE = 0.02
"""Share of the time of a run that messages of one name may take (1)."""


class LiveFile:
    """Tells who watches how a run goes: at most four times a second, and less if that took long.

    A message that cannot be written is not told: nothing about it can end a run, and nothing of
    what a run finds depends on it.

    Args:
        folder: Folder of the run's results.
        command: Name of the command.
    """

    def __init__(self, folder: Path, command: str) -> None:
        self._place = folder / LIVE
        self._command = command
        self._looked = -_LOOK
        self._watched = False
        self._next: dict[str, float] = {}
        self._stages: dict[str, dict[str, float]] = {}

    def is_watched(self) -> bool:
        """Whether somebody watches; looked up every quarter of a second."""
        now = time.monotonic()
        if now - self._looked >= _LOOK:
            self._looked = now
            self._watched = _age(self._place) < STALE
        return self._watched

    def tell(
        self, name: str, content: Callable[[], Any], *, now: bool = False
    ) -> None:
        """Tell something, if somebody watches and the last of it is long enough ago.

        Args:
            name: What it is about: letters, digits and `-`. The last message replaces others.
            content: Makes the message, plain values; called only if it is told.
            now: Tell it however long ago the last one was: there is no later one.
        """
        if not now and time.monotonic() < self._next.get(name, 0.0):
            return
        if not self.is_watched():
            return
        begun = time.monotonic()
        # whatever is wrong with a message is no reason to lose a run
        with contextlib.suppress(Exception):
            text = json.dumps(content(), separators=(",", ":"), default=str)
            write_whole(self._path(name), text.encode(), synced=False)
        ended = time.monotonic()
        self._next[name] = ended + max(_PAUSE, (ended - begun) / _SHARE)

    def is_told(self, name: str) -> bool:
        """Whether who watches has a message; who comes later has none of before.

        Args:
            name: What it is about.
        """
        return self._path(name).exists()

    def following(self, progress: Progress) -> Progress:
        """The same progress, told to who watches as well.

        Args:
            progress: Told what is being done and how much of it is done.
        """

        def told(stage: str, done: float) -> None:
            progress(stage, done)
            # a stage may say nothing between its two ends
            is_end = stage not in self._stages or done >= 1
            self._note(stage, done)
            self.tell("progress", self._progress, now=is_end)

        return told

    def _path(self, name: str) -> Path:
        return self._place / f"{name}.json"

    def _note(self, stage: str, done: float) -> None:
        now = time.monotonic()
        fresh = {"begun": now, "from": done}
        held = self._stages.setdefault(stage, fresh)
        held |= {"done": done, "now": now}

    def _progress(self) -> dict[str, Any]:
        """All stages, each with how far it is and the time that it will still take (s)."""
        stages = []
        for name, held in self._stages.items():
            spent = held["now"] - held["begun"]
            gained = held["done"] - held["from"]
            left = (1 - held["done"]) * spent / gained if gained > 0 else None
            stages.append(
                {
                    "name": name,
                    "done": held["done"],
                    "seconds": spent,
                    "left": left,
                }
            )
        return {"command": self._command, "stages": stages}


def _age(place: Path) -> float:
    """Time since somebody watched (s); endless if nobody did.

    A time as far in the future, of a clock that was set, is as old; a link leads to a folder that
    is none of the run's.
    """
    try:
        if place.is_symlink():
            return float("inf")
        return abs(time.time() - (place / WATCH).lstat().st_mtime)
    except OSError:
        return float("inf")
