"""Files that are either whole or not there."""

import contextlib
import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader, or a crash, sees the old one or the new one.

    Args:
        path: File to write; its folder exists.
        content: All of it.

    Raises:
        OSError: The folder cannot be written or the disk is full; an older file is untouched.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
