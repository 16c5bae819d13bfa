"""Finished and half-finished parts of a run: plain values and states, one small file each."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from mho.files import checkpoint, disk
from mho.files.write_whole import write_whole

CHECKPOINT_SECONDS = 1.0
"""Least time between two saved states of one thing in work (s)."""
_RARELY = 20.0
"""How many times as long as saving took the next state is waited for (1): large ones take a
second each, and would take half of the time if they were saved every second."""


class KeptValues:
    """A folder of values that were measured already, by name.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> Any | None:
        """A value, to the last bit; `None` if it was not measured yet.

        Raises:
            ValueError: Its file is damaged.
        """
        path = self._path(name)
        return _read(path)[1] if path.exists() else None

    def all(self) -> dict[str, Any]:
        """All values by name.

        Raises:
            ValueError: A file is damaged.
        """
        return dict(_read(path) for path in sorted(self._folder.glob("*.json")))

    def put(self, name: str, value: object) -> None:
        """Keep a value, all or nothing.

        Raises:
            OSError: The folder cannot be written or the disk is full.
        """
        # The digest is of what will be read, in which a tuple has become a list.
        plain = json.loads(json.dumps(value))
        held = {"name": name, "value": plain, "sha256": _digest(name, plain)}
        write_whole(self._path(name), json.dumps(held).encode())

    def _path(self, name: str) -> Path:
        plain = re.fullmatch(r"\w[\w.+-]{0,99}", name, re.ASCII)
        stem = name if plain else hashlib.sha256(name.encode()).hexdigest()
        return self._folder / f"{stem}.json"


class KeptState:
    """The state of one thing in work, saved now and then.

    Args:
        path: The file.
        identity: Of the run that it belongs to.
        saved: Told after every save.
    """

    def __init__(
        self,
        path: Path,
        identity: str,
        saved: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._identity = identity
        self._told = saved
        self._last = time.monotonic()
        self._asked = self._last
        self._taken = 0.0

    @property
    def due(self) -> bool:
        """Whether the last save is long enough ago for the next one.

        An interruption costs that much at most: a second, or twenty times what saving takes, with
        what is done to have something to save.
        """
        self._asked = time.monotonic()
        pause = CHECKPOINT_SECONDS * max(1.0, _RARELY * self._taken)
        return self._asked - self._last > pause

    def load(
        self,
    ) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]] | None:
        """Tensors by group and name, and facts, as they were saved; `None` if none were.

        Raises:
            ValueError: The file is damaged, or of another run.
        """
        if not self._path.exists():
            return None
        groups, facts = checkpoint.load(self._path)
        if facts.pop("identity", None) != self._identity:
            raise ValueError(
                f"File `{self._path}` must hold a state of this run, but is of another one or of"
                " another version; delete it, then `--resume` does this part again."
            )
        return groups, facts

    def save(
        self,
        groups: Mapping[str, Mapping[str, Tensor]],
        facts: Mapping[str, Any],
    ) -> None:
        """Write tensors by group and name, and plain facts, all or nothing.

        Raises:
            OSError: The disk is full or the folder cannot be written; the last state stays.
        """
        checkpoint.save(
            self._path, groups, {**facts, "identity": self._identity}
        )
        self._last = time.monotonic()
        self._taken = self._last - self._asked
        self._told()

    def clear(self) -> None:
        """The thing is done, and kept elsewhere."""
        if self._path.exists():
            disk.remove(self._path)


def _read(path: Path) -> tuple[str, Any]:
    """Name and value in a file."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        name = held["name"]
        value = held["value"]
        whole = held["sha256"] == _digest(name, value)
    except (ValueError, KeyError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise ValueError(
            f"File `{path}` must hold a part of a run, but is damaged; delete it, then"
            " `--resume` measures it again."
        )
    return name, value


def _digest(name: str, value: object) -> str:
    text = json.dumps([name, value], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
