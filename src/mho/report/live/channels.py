"""What a run tells, as it stands: read from its folder, and from nowhere else."""

import contextlib
import json
import os
import re
import stat
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mho.files import LIVE, WATCH, WORK, lock_owner, locked

_NAME = re.compile(r"([a-z][a-z0-9-]{0,60})\.json")
_MOST_BYTES = 16_000_000
"""Largest message that is passed on (B)."""
_MOST_CHANNELS = 64
_ONE_VIEW = (
    "Folder `{folder}` must have one `mho view` at a time, but {owner} shows it; open its page, or"
    " end it first."
)


class RunState(StrEnum):
    """How it stands with a run."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Message:
    """The last word on one thing.

    Args:
        version: Counts all messages, so that a newer one has a larger number (1).
        text: JSON in one line.
    """

    version: int
    text: str


class Channels:
    """The last message of every name, and who waits for the next.

    Args:
        folder: Folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place = folder / LIVE
        self._seen: dict[str, tuple[int, int]] = {}
        self._messages: dict[str, Message] = {}
        self._version = 0
        self._changed = threading.Condition()
        self._held = contextlib.ExitStack()

    def open(self) -> None:
        """Let the run know where to tell.

        Raises:
            ValueError: Somebody else watches already.
            OSError: The folder cannot be written.
        """
        if self._place.is_symlink():
            raise NotADirectoryError(20, "not a folder", str(self._place))
        lock = self._folder / f"{LIVE}.lock"
        with contextlib.ExitStack() as held:
            held.enter_context(locked(lock, self._folder, _ONE_VIEW))
            self._place.mkdir(exist_ok=True)
            # what an earlier run told is not of this one
            self._forget()
            self.touch()
            self._held = held.pop_all()

    def touch(self) -> None:
        """Say that somebody watches, in a folder that is made again if somebody took it away."""
        if self._place.is_symlink():
            return
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        with contextlib.suppress(OSError):
            self._place.mkdir(exist_ok=True)
            handle = os.open(self._place / WATCH, flags, 0o644)
            os.utime(self._place / WATCH)
            os.close(handle)

    def close(self) -> None:
        """Leave the folder as it was."""
        with contextlib.suppress(OSError):
            (self._place / WATCH).unlink(missing_ok=True)
        self._forget()
        with contextlib.suppress(OSError):
            self._place.rmdir()
        self._held.close()

    def state(self) -> RunState:
        """Whether the run goes on, is finished, or has stopped before its end."""
        if lock_owner(self._folder / f".{WORK}.lock"):
            return RunState.RUNNING
        if os.path.lexists(self._folder / WORK):
            return RunState.STOPPED
        return RunState.FINISHED

    def look(self) -> None:
        """Take in what was told since the last look."""
        for path in self._files():
            with contextlib.suppress(OSError, ValueError):
                self._take(path)

    def say(self, name: str, content: object) -> None:
        """Tell something that the run does not."""
        self._publish(name, json.dumps(content))

    def newer(self, version: int, timeout: float) -> list[tuple[str, Message]]:
        """Messages after a version, in their order; none if none came in time.

        Args:
            version: The last that was seen (1).
            timeout: How long to wait for one (s).
        """
        with self._changed:
            self._changed.wait_for(lambda: self._version > version, timeout)
            found = [
                (name, message)
                for name, message in self._messages.items()
                if message.version > version
            ]
        return sorted(found, key=lambda one: one[1].version)

    def _take(self, path: Path) -> None:
        """Read one file, if it is another than before.

        Raises:
            OSError: It cannot be read.
            ValueError: It is no JSON, or too large.
        """
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NOFOLLOW", 0)
            | getattr(os, "O_NONBLOCK", 0)
        )
        with os.fdopen(os.open(path, flags), "rb") as file:
            about = os.fstat(file.fileno())
            mark = (about.st_ino, about.st_mtime_ns)
            if (
                not stat.S_ISREG(about.st_mode)
                or self._seen.get(path.name) == mark
            ):
                return
            content = file.read(_MOST_BYTES + 1)
        self._seen[path.name] = mark
        if len(content) > _MOST_BYTES:
            raise ValueError(path)
        # written anew: one line, whatever the file has between its words
        self._publish(path.stem, json.dumps(json.loads(content)))

    def _publish(self, name: str, text: str) -> None:
        with self._changed:
            self._version += 1
            self._messages[name] = Message(self._version, text)
            self._changed.notify_all()

    def _files(self) -> list[Path]:
        try:
            found = sorted(self._place.iterdir())
        except OSError:
            return []
        fitting = [path for path in found if _NAME.fullmatch(path.name)]
        return fitting[:_MOST_CHANNELS]

    def _forget(self) -> None:
        for path in self._files():
            with contextlib.suppress(OSError):
                path.unlink()
