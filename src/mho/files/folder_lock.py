"""One process at a time works in a folder."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

_MARK = "mho-lock"
_ONE_RUN = (
    "Folder `{folder}` must have one run at a time, but {owner} works in it; wait until it ends,"
    " or name another folder."
)


@contextlib.contextmanager
def locked(path: Path, folder: Path, refusal: str = _ONE_RUN) -> Iterator[None]:
    """Hold a lock, which the system drops when this process ends, however it does.

    Args:
        path: File of the lock; it is there while the lock is held, and goes with it. One that a
            killed process left is taken over.
        folder: What is locked, for the message.
        refusal: The message, with places for `folder` and `owner`.

    Raises:
        ValueError: Another process holds it.
        OSError: The file cannot be written, or is not of this kind.
    """
    handle = _held(path, folder, refusal)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(
            handle,
            f"{_MARK} {os.getpid()} {socket.gethostname()}\n".encode(),
            0,
        )
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(handle)


def lock_owner(path: Path) -> str | None:
    """Who holds a lock, in words; `None` if nobody does.

    The lock itself is not touched, so that nobody who wants it finds it held by who asks. Of a
    process on another machine it is believed that it goes on.

    Args:
        path: File of the lock.
    """
    try:
        said = path.read_text(encoding="utf-8", errors="replace")[:300].split()
    except OSError:
        return None
    if len(said) < 3 or said[0] != _MARK or not said[1].isdecimal():
        return None
    if said[2] == socket.gethostname() and not _is_alive(int(said[1])):
        return None
    return f"process {said[1]} on {said[2]}"


def _is_alive(process: int) -> bool:
    """Whether there is such a process on this machine."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _held(path: Path, folder: Path, refusal: str) -> int:
    """The open file of a lock that is ours."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    while True:
        handle = os.open(path, flags, 0o644)
        said = os.pread(handle, 300, 0).decode(errors="replace").split()
        if said and said[0] != _MARK:
            os.close(handle)
            raise ValueError(
                f"File `{path}` must be the lock of a run, but is another file; move it."
            )
        if not _lock(handle):
            os.close(handle)
            owner = (
                f"process {said[1]} on {said[2]}"
                if said[2:]
                else "another process"
            )
            raise ValueError(refusal.format(folder=folder, owner=owner))
        # Its last owner may have taken the name away between our opening and our locking.
        if _same(handle, path):
            return handle
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open file; whether nobody else has."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except FileNotFoundError:
        return False
