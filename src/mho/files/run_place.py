"""Where a run wants to work: what is there, whose it is, and what becomes of it."""

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mho.files import disk
from mho.files.finishing import (
    Finish,
    check_free,
    committed,
    complete,
    in_the_way,
)
from mho.files.folder_lock import locked
from mho.files.old_work import is_old_work
from mho.files.processor import differences, processor
from mho.files.run_marks import (
    RESULTS,
    RUN,
    STATES,
    VALUES,
    packed,
    read_mark,
    read_marker,
    same_details,
)
from mho.files.write_whole import is_part, write_whole


@dataclass(frozen=True, slots=True)
class Opened:
    """How a run begins.

    Args:
        is_complete: It is finished already.
        extends: There are results of a finished one to go on from.
        set_aside: Where unfinished work went to make room.
    """

    is_complete: bool = False
    extends: bool = False
    set_aside: Path | None = None


class RunPlace:
    """The folder of a run's results, and the one of its work in it.

    Args:
        folder: Folder of the results.
        work: Folder of the unfinished work.
    """

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder = folder
        self.work = work

    @contextlib.contextmanager
    def locked(self, *, resume: bool) -> Iterator[None]:
        """Be the only process here; folders that stay empty go again.

        Raises:
            ValueError: Another process is here, or there is nothing to resume.
            OSError: The folder cannot be made.
        """
        if resume and not self.folder.is_dir():
            raise self._nothing()
        made = disk.make_folders(self.folder)
        if not self.folder.is_dir():
            reason = os.strerror(errno.ENOTDIR)
            raise NotADirectoryError(errno.ENOTDIR, reason, str(self.folder))
        try:
            with locked(self.folder / f".{self.work.name}.lock", self.folder):
                yield
        finally:
            _remove_empty(made)

    def complete(self) -> None:
        """Let what an interrupted run had finished take its place."""
        if done := committed(self.work):
            complete(self.folder, self.work, done)

    def opened(self, finish: Finish, *, resume: bool, extends: bool) -> Opened:
        """Begin a run, or go on with one.

        Raises:
            ValueError: Nothing to resume, another run's work, or something in the way.
            OSError: The folder cannot be written.
        """
        self.complete()
        if not self._is_there():
            disk.remove_tree(
                self.work
            )  # empty: a run's that was being taken away
        check_free(self.folder, finish.makes, read_marker(self.folder))
        if not resume:
            aside = self._set_aside()
            self._begin(finish)
            return Opened(set_aside=aside)
        if self._is_there():
            self._check(finish)
            self._furnish()
            return Opened(extends=extends and self._is_finished(finish))
        self._check_complete(finish, extends=extends)
        if extends:
            self._begin(finish)
        return Opened(is_complete=not extends, extends=extends)

    def _nothing(self) -> ValueError:
        """There is nothing to go on with."""
        return ValueError(
            f"Argument `resume` must find an unfinished run in `{self.folder}`, but there is none;"
            " leave it out to start one."
        )

    def _is_there(self) -> bool:
        """Whether there is something, whatever it is, where unfinished work would be."""
        if not os.path.lexists(self.work):
            return False
        if self.work.is_symlink() or not self.work.is_dir():
            return True
        return not all(is_part(path.name) for path in self.work.iterdir())

    def _begin(self, finish: Finish) -> None:
        """An empty folder of work that says whose it is, on the disk."""
        disk.make_folder(self.work)
        # Before anything else, so that a crash leaves no folder that nobody knows.
        content = {
            "command": finish.command,
            "identity": finish.identity,
            "details": finish.details,
            "processor": processor(),
        }
        write_whole(self.work / RUN, packed(content))
        self._furnish()
        disk.sync(self.folder)

    def _furnish(self) -> None:
        for name in (VALUES, STATES, RESULTS):
            if not (self.work / name).is_dir():
                disk.make_folder(self.work / name)
        disk.sync(self.work)

    def _set_aside(self) -> Path | None:
        """Give unfinished work another name; refuse what no run made."""
        work = self.work
        if not self._is_there():
            return None
        if not self._is_ours() and not is_old_work(work):
            raise in_the_way(work)
        number = 1
        while os.path.lexists(aside := work.with_name(f"{work.name}.{number}")):
            number += 1
        disk.replace(work, aside)
        disk.sync(self.folder)
        return aside

    def _is_ours(self) -> bool:
        if self.work.is_symlink() or not self.work.is_dir():
            return False
        try:
            return read_mark(self.work / RUN) is not None
        except ValueError:
            return True  # of another version: a run's all the same

    def _check(self, finish: Finish) -> None:
        """Refuse to go on with another run's work."""
        work = self.work
        mark = (
            read_mark(work / RUN)
            if work.is_dir() and not work.is_symlink()
            else None
        )
        if mark is None and is_old_work(work):
            raise ValueError(
                f"Argument `resume` must go on with a run of this version of mho, but `{work}` was"
                " made by another one; nothing is lost: go on with that version, or leave `resume`"
                " out to start anew, which keeps it under another name."
            )
        if mark is None:
            raise self._nothing()
        if not _is_of(mark, finish):
            raise ValueError(
                f"Argument `resume` must go on with the same run, but `{self.folder}` holds"
                f" another one of `mho {mark['command']}` (weights, data, chip, version or options"
                " differ); nothing is lost: leave it out to start anew, which keeps that one under"
                " another name."
            )
        made_by = mark.get("processor", {})
        here = processor()
        if made_by != here:
            raise ValueError(
                "Argument `resume` must go on with a run of this kind of processor, but"
                f" `{work}` is of another one ({differences(made_by, here)}), where last digits"
                " and so chips differ. Nothing is lost: go on with it there, leave `resume` out to"
                " start anew, or go on here all the same after `mho.files.checkpoint.adopt`."
            )

    def _is_finished(self, finish: Finish) -> bool:
        """Whether the last finished run of this command here was this one."""
        marker = read_marker(self.folder)
        held = marker.details.get(finish.command, "")
        return marker.identities.get(
            finish.command
        ) == finish.identity and same_details(held, finish.details)

    def _check_complete(self, finish: Finish, *, extends: bool) -> None:
        """Refuse to go on where nothing is unfinished, unless this very run is complete."""
        marker = read_marker(self.folder)
        name = finish.makes[-1] if finish.makes else ""
        if (
            marker.made.get(name) != finish.command
            or not (self.folder / name).exists()
        ):
            raise self._nothing()
        if not self._is_finished(finish):
            raise ValueError(
                f"Argument `resume` must find the same run in `{self.folder}`, but the one there"
                " is another (weights, data, chip, version or options differ) and complete; leave"
                " it out to start anew."
            )
        saved = finish.saved
        if extends or saved is None:
            return
        if marker.saved.get(finish.command) != str(saved):
            raise ValueError(
                f"Argument `resume` must find an unfinished run in `{self.folder}`, but that one"
                f" is complete, and did not leave `{saved}`; leave it out to start anew."
            )


def _is_of(mark: Mapping[str, Any], finish: Finish) -> bool:
    """Whether unfinished work is that of a run."""
    same_run = (mark["command"], mark["identity"]) == (
        finish.command,
        finish.identity,
    )
    return same_run and same_details(mark.get("details", ""), finish.details)


def _remove_empty(folders: list[Path]) -> None:
    for path in folders:
        with contextlib.suppress(OSError):
            path.rmdir()
