"""The folder of a run: interruptible, resumable, never two at a time, and nobody else's."""

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mho.files import disk
from mho.files.finishing import Finish, commit, committed, complete
from mho.files.kept_parts import KeptState, KeptValues
from mho.files.live import LiveFile
from mho.files.run_marks import RESULTS, SAVED, STATES, VALUES
from mho.files.run_place import Opened, RunPlace
from mho.files.write_whole import write_whole
from mho.progress import RESUMABLE

WORK = "unfinished"
_SECONDS = "seconds"


class RunFolder:
    """Unfinished work, and the results that take their places all at once when it is done.

    All work happens in a folder `unfinished` inside that of the results. Values that are
    measured, and states of what is being worked on, survive every interruption there. Results
    are written to `results`; `finish` puts them into the run's folder, or if it is interrupted,
    the next start does. Use `RunFolder.open`.

    Attributes:
        folder: Folder of the results.
        is_complete: Whether a run of this identity is finished: its results are in the folder.
        extends: Whether the folder has results of a finished run of this identity to go on from.
        set_aside: Where unfinished work of another run went, if there was some.
        live: Tells who watches how the run goes.
    """

    def __init__(
        self, place: RunPlace, finish: Finish, opened: Opened, started: float
    ) -> None:
        self.folder = place.folder
        self.live = LiveFile(place.folder, finish.command)
        self.is_complete = opened.is_complete
        self.extends = opened.extends
        self.set_aside = opened.set_aside
        self._work = place.work
        self._finish = finish
        self._values = KeptValues(self._work / VALUES)
        self._started = started
        self._earlier = _earlier_seconds(self._work / _SECONDS)
        self._kept = False

    @classmethod
    @contextlib.contextmanager
    def open(
        cls,
        folder: Path,
        command: str,
        identity: str,
        *,
        details: str = "",
        makes: Sequence[str] = (),
        saves: Path | None = None,
        resume: bool = False,
        extends: bool = False,
        started: float | None = None,
        work: str = WORK,
    ) -> Iterator["RunFolder"]:
        """Begin a run, or go on with it, as the only process in the folder.

        Args:
            folder: Folder of the results; made if it is not there.
            command: Name of the command.
            identity: Everything that the results depend on; see `run_identity`.
            details: What they depend on besides, which runs of before did not write down: those
                are gone on with all the same.
            makes: Names of all files and folders that the command may put into the folder, the
                result itself last.
            saves: A file elsewhere that the user wants as well.
            resume: Go on with the unfinished run of the same identity, or say that it is
                complete. Otherwise unfinished work is set aside, never deleted.
            extends: A finished run of the same identity may be gone on with as well.
            started: Monotonic time at which the command started (s); now if `None`.
            work: Name of the folder of unfinished work.

        Yields:
            The run. If it is not finished at the end, its work stays for `resume`.

        Raises:
            ValueError: Nothing to resume, another run's work, something in the way, or another
                process in the folder; one sentence says what.
            OSError: The folder cannot be written.
        """
        started = time.monotonic() if started is None else started
        saved = None if saves is None else saves.absolute()
        finish = Finish(command, identity, tuple(makes), (), saved, details)
        place = RunPlace(folder, folder / work)
        with place.locked(resume=resume):
            opened = place.opened(finish, resume=resume, extends=extends)
            run = cls(place, finish, opened, started)
            with run._guarded():
                yield run

    @property
    def seconds(self) -> float:
        """Wall time spent on the run, interruptions left out (s)."""
        return self._earlier + time.monotonic() - self._started

    @property
    def results(self) -> Path:
        """Folder to write results into, under the names that were announced."""
        return self._work / RESULTS

    @property
    def saved(self) -> Path:
        """Where to write the file that goes elsewhere."""
        return self._work / SAVED

    def result(self) -> Any:
        """The result of a complete run.

        Raises:
            ValueError: Its file is damaged.
        """
        path = self.folder / self._finish.makes[-1]
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(
                f"File `{path}` must hold the result of a run, but is damaged; leave out"
                " `--resume` to start anew."
            ) from error

    def get(self, name: str) -> Any | None:
        """A value that was kept, to the last bit; `None` if none was.

        Raises:
            ValueError: Its file is damaged.
        """
        return self._values.get(name)

    def values(self) -> dict[str, Any]:
        """All values that were kept, by name.

        Raises:
            ValueError: A file is damaged.
        """
        return self._values.all()

    def put(self, name: str, value: object) -> None:
        """Keep a value, as JSON has it, all or nothing, and on the disk.

        Raises:
            OSError: The disk is full.
        """
        self._values.put(name, value)
        self._note_seconds()

    def state(self, name: str) -> KeptState:
        """The saved state of one thing in work."""
        path = self._work / STATES / f"{name}.safetensors"
        return KeptState(path, self._finish.identity, self._note_seconds)

    def part(self, name: str) -> Path:
        """A file that is kept with the work, to be written whole."""
        return self._work / VALUES / name

    def write(self, name: str, content: bytes) -> None:
        """Write one of the results.

        Raises:
            OSError: The disk is full.
        """
        path = self.results / name
        disk.make_folders(path.parent)
        write_whole(path, content)

    def clear_results(self) -> None:
        """Forget results that were written for other options than those of now."""
        disk.remove_tree(self.results)
        disk.make_folder(self.results)

    def write_result(self, result: object) -> None:
        """Write the result itself, as JSON.

        Raises:
            OSError: The disk is full.
        """
        text = json.dumps(result, indent=2) + "\n"
        self.write(self._finish.makes[-1], text.encode())

    def finish(self) -> None:
        """Put all results into their places; whatever interrupts this, none is lost.

        Raises:
            OSError: The disk is full.
        """
        made = tuple(
            n for n in self._finish.makes if (self.results / n).exists()
        )
        is_saved = self.saved.exists()
        saved = self._finish.saved if is_saved else None
        whose = (
            self._finish.command,
            self._finish.identity,
            self._finish.makes,
        )
        finish = Finish(*whose, made, saved, self._finish.details)
        self._kept = True
        commit(self._work, finish)
        complete(self.folder, self._work, finish)
        self.is_complete = True

    def _note_seconds(self) -> None:
        self._kept = True
        text = f"{self.seconds!r}\n"
        write_whole(self._work / _SECONDS, text.encode(), synced=False)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Say of an interruption that the work stays; leave nothing where none was begun."""
        try:
            yield
        except (KeyboardInterrupt, OSError) as error:
            if not self.is_complete:
                error.add_note(RESUMABLE)
            raise
        except BaseException:
            if not self._kept and not self.is_complete and self._is_fresh:
                disk.remove_tree(self._work)
            raise

    @property
    def _is_fresh(self) -> bool:
        """Whether nothing at all was kept, now or before."""
        return not any(
            any((self._work / name).iterdir()) for name in (VALUES, STATES)
        )


def complete_finished(folder: Path, work: str = WORK) -> None:
    """Let a reader see a run whole that was killed while its results took their places.

    Raises:
        ValueError: Something is in the way.
        OSError: The folder cannot be written.
    """
    place = RunPlace(folder, folder / work)
    if committed(place.work):
        with place.locked(resume=True):
            place.complete()


def _earlier_seconds(path: Path) -> float:
    """Wall time of a run before now (s); a power cut may have lost it, and nothing else."""
    try:
        return float(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0.0
