"""The end of a run: one commit point, and then steps that may be done again at any time.

Everything is written into the folder of unfinished work and synced. Then one file appears there,
`finished.json`, whole: from that moment the run is complete. What follows only moves finished
files into their places, and takes the work away; whoever comes next completes it.
"""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mho.files import disk
from mho.files.run_marks import (
    COMMIT,
    MARKER,
    RESULTS,
    SAVED,
    Marker,
    packed,
    read_mark,
    read_marker,
)
from mho.files.write_whole import is_part, write_whole

_REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Finish:
    """What a finished run leaves, and where.

    Args:
        command: The command.
        identity: Of the run.
        makes: Names that this command may make in its folder, the result last.
        made: Those that this run made.
        saved: Where its file outside of the folder goes; `None` without one.
        details: What the run depends on besides, which runs of before did not write down; empty
            where there is nothing of the kind.
    """

    command: str
    identity: str
    makes: tuple[str, ...]
    made: tuple[str, ...]
    saved: Path | None
    details: str = ""


def commit(work: Path, finish: Finish) -> None:
    """Make everything durable, then say with one file that it is complete.

    Args:
        work: Folder of the work, in which all results lie.
        finish: What is left.

    Raises:
        OSError: The disk is full; the run can be resumed.
    """
    for path in [p for p in disk.below(work / RESULTS) if is_part(p.name)]:
        disk.remove(path)  # of a write that was cut off
    disk.sync_tree(work)
    content = {
        "command": finish.command,
        "identity": finish.identity,
        "details": finish.details,
        "makes": list(finish.makes),
        "made": list(finish.made),
        "saved": None if finish.saved is None else str(finish.saved),
        "place": _place(work),
    }
    write_whole(work / COMMIT, packed(content))


def committed(work: Path) -> Finish | None:
    """What a complete run left in its folder of work, if it is there.

    Raises:
        ValueError: It is of another version, was copied from elsewhere, or is damaged.
    """
    if work.is_symlink() or (mark := read_mark(work / COMMIT)) is None:
        return None
    try:
        saved = mark["saved"]
        finish = Finish(
            str(mark["command"]),
            str(mark["identity"]),
            _names(mark["makes"]),
            _names(mark["made"]),
            None if saved is None else Path(saved),
            str(mark.get("details", "")),
        )
        # A folder that came from elsewhere shall not write outside of itself.
        own = saved is None or mark["place"] == _place(work)
    except (KeyError, TypeError, ValueError):
        own = False
    if not own:
        raise ValueError(
            f"Folder `{work}` must be where its run was made, but was copied from elsewhere or is"
            " damaged; nothing is lost: its results lie in `results` there."
        )
    return finish


def _place(work: Path) -> int:
    """What a folder keeps when it is renamed, and a copy of it does not have."""
    return work.stat().st_ino


def _names(names: Sequence[str]) -> tuple[str, ...]:
    """Names of entries of a folder, which lead nowhere else."""
    if not all(Path(name).name == name for name in names):
        raise ValueError("A name that leads out of the folder.")
    return tuple(names)


def complete(folder: Path, work: Path, finish: Finish) -> None:
    """Put a complete run's files into their places; also after this was interrupted.

    Args:
        folder: Folder of the results.
        work: Folder of the work.
        finish: What is left.

    Raises:
        ValueError: A file that no run made is in the way.
        OSError: A place cannot be written.
    """
    results = work / RESULTS
    marker = read_marker(folder)
    if finish.saved is not None and (work / SAVED).exists():
        _deliver(work / SAVED, finish.saved)
    arrived = [name for name in finish.makes if os.path.lexists(results / name)]
    check_free(folder, arrived, marker)
    for name in arrived:
        _put(results / name, folder / name, work / _REPLACED)
    if finish.makes:
        _mark(folder, work, finish, marker)
    _clear(work)
    disk.sync(folder)


def check_free(folder: Path, names: Sequence[str], marker: Marker) -> None:
    """Refuse to touch what no run made.

    Args:
        folder: Folder of the results.
        names: What a run wants to put there.
        marker: What earlier ones made.

    Raises:
        ValueError: Something is in the way; the sentence names it.
    """
    taken = [
        n for n in names if n not in marker.made and os.path.lexists(folder / n)
    ]
    if taken:
        raise in_the_way(folder / taken[0])


def in_the_way(path: Path) -> ValueError:
    """The refusal to touch a file or folder."""
    return ValueError(
        f"Argument `out` must name a folder in which no other file is in the way, but `{path}`"
        " is, which no run made; move it, or name another folder."
    )


def _deliver(source: Path, target: Path) -> None:
    """Bring the file that goes outside to its place, which may be on another disk."""
    try:
        disk.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        write_whole(target, source.read_bytes())
        return
    disk.sync(target.parent)


def _put(source: Path, target: Path, replaced: Path) -> None:
    """Move a file or folder to its place. A file takes an older one's in one step."""
    if source.is_dir() or target.is_dir():
        _put_away(target, replaced)
    disk.replace(source, target)


def _put_away(path: Path, replaced: Path) -> None:
    if not os.path.lexists(path):
        return
    if not replaced.is_dir():
        disk.make_folder(replaced)
    number = sum(1 for _ in replaced.iterdir())
    disk.replace(path, replaced / f"{number}-{path.name}")


def _mark(folder: Path, work: Path, finish: Finish, marker: Marker) -> None:
    """Write down what is the run's; what an earlier one made and this did not goes."""
    made = dict(marker.made)
    for name in finish.makes:
        if name not in finish.made and made.get(name) == finish.command:
            _put_away(folder / name, work / _REPLACED)
            del made[name]
    saved = dict(marker.saved)
    saved.pop(finish.command, None)
    if finish.saved is not None:
        saved[finish.command] = str(finish.saved)
    content = {
        "made": made | dict.fromkeys(finish.made, finish.command),
        "identities": marker.identities | {finish.command: finish.identity},
        "details": marker.details | {finish.command: finish.details},
        "saved": saved,
    }
    write_whole(work / MARKER, packed(content))
    disk.sync(folder)
    disk.replace(work / MARKER, folder / MARKER)
    disk.sync(folder)


def _clear(work: Path) -> None:
    """Take the work away; the file that says it is complete goes last."""
    for path in sorted(work.iterdir()):
        if path.name != COMMIT:
            _discard(path)
    disk.sync(work)
    disk.remove(work / COMMIT)
    disk.remove_folder(work)


def _discard(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        disk.remove_tree(path)
    else:
        disk.remove(path)
