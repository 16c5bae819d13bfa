"""A disk that loses power: what was not synced is dropped, cut short, or done out of order."""

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mho.files import disk

CHANGES = ("create", "replace", "remove", "make_folder", "remove_folder")


@dataclass
class Change:
    """One change of the disk.

    Args:
        name: One of `CHANGES`.
        paths: What it is about, below the root.
        content: Of a file that is made.
        synced_at: Number of the operation after which it is on the disk for sure.
        content_synced_at: The same for the content of the file.
    """

    name: str
    paths: tuple[Path, ...]
    content: bytes = b""
    synced_at: float = float("inf")
    content_synced_at: float = float("inf")


@dataclass
class Recording:
    """All that was done to the disk below a folder, in order, and what was synced when.

    A sync of a folder makes earlier changes of its entries durable, one of a file its content; a
    change of a name that two folders share is durable when one of them is synced.
    """

    root: Path
    changes: list[Change] = field(default_factory=list)
    operations: int = 0
    starts: list[int] = field(default_factory=list)
    files: dict[Path, Change] = field(default_factory=dict)

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Record from now on."""
        for name in (*CHANGES, "sync"):
            patch.setattr(disk, name, self._watched(name, getattr(disk, name)))

    def _watched(self, name: str, operation: Any) -> Any:
        def watched(*words: Any) -> None:
            operation(*words)
            self.operations += 1
            paths = tuple(self._place(p) for p in words if isinstance(p, Path))
            if name == "sync":
                self._sync(paths[0])
                return
            content = words[1] if name == "create" else b""
            self.changes.append(Change(name, paths, content))
            self.starts.append(self.operations)
            self._name(self.changes[-1])

        return watched

    def _place(self, path: Path) -> Path:
        return path.absolute().relative_to(self.root)

    def _sync(self, path: Path) -> None:
        if (self.root / path).is_dir():
            for change in self.changes:
                if path in (one.parent for one in change.paths):
                    change.synced_at = min(change.synced_at, self.operations)
            return
        if path in self.files:  # else it is an older one, which is on the disk
            made = self.files[path]
            made.content_synced_at = min(
                made.content_synced_at, self.operations
            )

    def _name(self, change: Change) -> None:
        """Follow files by name."""
        if change.name == "create":
            self.files[change.paths[0]] = change
        elif change.name == "replace":
            source, target = change.paths
            for path in list(self.files):
                if path == source or source in path.parents:
                    moved = target / path.relative_to(source)
                    self.files[moved] = self.files.pop(path)

    def after_power_cut(
        self,
        start: Path,
        folder: Path,
        operations: int,
        rng: random.Random | None,
    ) -> None:
        """The disk as it may be when power goes after so many operations.

        Args:
            start: What was there before the recording, all of it synced.
            folder: Where to lay it out.
            operations: Operations that were done (1).
            rng: Decides what becomes of everything that was not synced; without it, all of that
                is lost.
        """
        shutil.copytree(start, folder)
        for change, at in zip(self.changes, self.starts, strict=True):
            if at > operations:
                break
            kept = rng is not None and rng.random() < 0.5
            if change.synced_at <= operations or kept:
                content = self._content(change, operations, rng)
                # The folder stands for the one that was recorded, also in what files say of it.
                content = content.replace(bytes(self.root), bytes(folder))
                _apply(change, folder, content)

    @staticmethod
    def _content(
        change: Change, operations: int, rng: random.Random | None
    ) -> bytes:
        if change.content_synced_at <= operations:
            return change.content
        if rng is None:
            return b""
        return change.content[: rng.randint(0, len(change.content))]


def _apply(change: Change, folder: Path, content: bytes) -> None:
    """Do a change, unless what it needs was lost."""
    paths = [folder / path for path in change.paths]
    try:
        if change.name == "create":
            paths[0].write_bytes(content)
        elif change.name == "replace":
            paths[0].replace(paths[1])
        elif change.name == "remove":
            paths[0].unlink()
        elif change.name == "make_folder":
            paths[0].mkdir()
        else:
            shutil.rmtree(paths[0])  # a folder that is gone holds nothing
    except OSError:
        return
