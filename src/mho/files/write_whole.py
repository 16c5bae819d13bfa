"""Files that are either whole or not there."""

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path

from mho.files import disk

_PART = re.compile(r"\.mho-[0-9a-f]{16}\.part")


def write_whole(path: Path, content: bytes, *, synced: bool = True) -> None:
    """Write a file in one step: a reader, or a crash, sees the old one or the new one.

    Args:
        path: File to write; its folder exists.
        content: All of it.
        synced: Return only when it is on the disk, the power cut of the next moment included.

    Raises:
        OSError: The folder cannot be written or the disk is full; an older file is untouched.
    """
    part = path.with_name(f".mho-{secrets.token_hex(8)}.part")
    try:
        disk.create(part, content)
        if synced:
            disk.sync(part)
        disk.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    if synced:
        disk.sync(path.parent)


def write_out(path: Path, content: bytes) -> None:
    """Write to whatever a user names: a file whole, a device or a pipe directly.

    Replacing is for files: what is written to `/dev/stdout` or a FIFO has a reader there.

    Args:
        path: A file, there or not, or a link to one; a device; a FIFO.
        content: All of it.

    Raises:
        OSError: It cannot be written.
    """
    if is_plain(path):
        write_whole(path.resolve(), content)
        return
    handle = os.open(path, os.O_WRONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def is_plain(path: Path) -> bool:
    """Whether a name is free or a file's, so that another file may take its place.

    Args:
        path: The name; a link counts as what it leads to.
    """
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return True
    lent = path.is_symlink() and path.absolute().parts[1:2] in (
        ("dev",),
        ("proc",),
    )
    return (stat.S_ISREG(kind) or stat.S_ISDIR(kind)) and not lent


def is_part(name: str) -> bool:
    """Whether a file's name is one that `write_whole` gives while it writes."""
    return _PART.fullmatch(name) is not None


def probe(folder: Path) -> None:
    """Try to write where results will go; leave nothing behind.

    Args:
        folder: The folder; where it is not there yet, the nearest one above it that is.

    Raises:
        OSError: It cannot be written.
    """
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    part = there / f".mho-{secrets.token_hex(8)}.part"
    try:
        disk.create(part, b"")
    finally:
        part.unlink(missing_ok=True)
