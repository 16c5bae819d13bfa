"""The few things that a run does to a disk, each one operation that either happens or not.

Everything that must survive a power cut goes through here, and calls these functions by
`disk.name`: a test puts a disk in their place that drops, cuts and reorders what was not synced.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)
"""What file systems answer that cannot sync a folder."""

_CLOCK_STEP = 2_000_000_000
"""Coarsest step of the times that file systems keep (ns)."""


def create(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; never through a symbolic link.

    Args:
        path: The file.
        content: All of it.

    Raises:
        OSError: There is one, or the disk is full; a part of it may be there then.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags, 0o666)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def sync(path: Path) -> None:
    """Return only when a file's content, or a folder's list of entries, is on the disk.

    Args:
        path: The file or folder.

    Raises:
        OSError: The disk is full or broken.
    """
    folder = path.is_dir()
    if folder and sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if not folder or error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)


def replace(source: Path, target: Path) -> None:
    """Give a file or folder another name on the same file system; an older file goes."""
    source.replace(target)


def remove(path: Path) -> None:
    """Take a file, or a symbolic link, away."""
    path.unlink()


def make_folder(path: Path) -> None:
    """Make one folder that is not there yet."""
    path.mkdir()


def make_folders(path: Path) -> list[Path]:
    """Make a folder, and those above it, if they are not there.

    Returns:
        Those that were not there, the innermost first.
    """
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        with contextlib.suppress(FileExistsError):
            make_folder(one)
        sync(one.parent)
    return missing


def remove_folder(path: Path) -> None:
    """Take an empty folder away."""
    path.rmdir()


def below(folder: Path) -> Iterator[Path]:
    """Everything in a folder, the contents of a folder before itself; links are not followed."""
    for root, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            yield Path(root, name)


def sync_tree(folder: Path) -> None:
    """Sync everything in a folder, and the folder.

    Raises:
        OSError: The disk is full or broken.
    """
    for path in below(folder):
        if not path.is_symlink():
            sync(path)
    sync(folder)


def sync_changed(folder: Path, since: int) -> None:
    """Sync everything in a folder that another library wrote since some time, and the folder.

    Args:
        folder: The folder.
        since: Time of the clock (ns); a little of what is older is synced again.

    Raises:
        OSError: The disk is full or broken.
    """
    for path in below(folder):
        if (
            path.lstat().st_mtime_ns >= since - _CLOCK_STEP
            and not path.is_symlink()
        ):
            sync(path)
    sync(folder)


def remove_tree(folder: Path) -> None:
    """Take a folder away with all that is in it; nothing if it is not there."""
    if not os.path.lexists(folder):
        return
    for path in below(folder):
        _remove_entry(path)
    remove_folder(folder)


def _remove_entry(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            remove_folder(path)
        else:
            remove(path)
