"""How much memory a file may ask for; looked at before anything is made of the file.

A small file can claim to hold, or can ask to compute, any amount of numbers. Whoever reads files
adds up what they will need and calls `check_memory` first. There is one limit for all of them.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

DEFAULT_MEMORY = 4 * 2**30
"""What one file, or one operation of a network from a file, may need (bytes)."""

VARIABLE = "MHO_MAX_MEMORY"
"""Environment variable that sets another limit, such as `16GiB`."""

_UNITS = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_AMOUNT = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([A-Za-z]+)\s*", re.ASCII)


class TooLargeError(ValueError):
    """Something would need more memory than is allowed; its text is a whole sentence."""


_chosen: ContextVar[int | None] = ContextVar("mho_max_memory", default=None)


def parse_memory(text: str, name: str) -> int:
    """An amount of memory with its unit (bytes).

    Args:
        text: What the user wrote.
        name: Name of the option, for the sentence.

    Raises:
        ValueError: No amount of memory.

    >>> parse_memory("16GiB", "max_memory")
    17179869184
    """
    match = _AMOUNT.fullmatch(text)
    unit = _UNITS.get(match[2]) if match else None
    amount = int(float(match[1]) * unit) if match and unit else 0
    if amount < 1:
        raise ValueError(
            f"Argument `{name}` must be an amount of memory with its unit, such as `16GiB` or"
            f" `500MB`, but is `{text[:40]}`."
        )
    return amount


def show_memory(size: int) -> str:
    """An amount of memory (bytes) in the largest unit that makes it one or more.

    >>> show_memory(4 * 2**30), show_memory(1536)
    ('4 GiB', '1.5 KiB')
    """
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.3g} {unit}"
    return f"{size} B"


def allowed_memory() -> int:
    """The limit in force (bytes): that of `allow_memory`, of the environment, or the default.

    Raises:
        ValueError: The environment states no amount of memory.
    """
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    stated = os.environ.get(VARIABLE)
    return DEFAULT_MEMORY if stated is None else parse_memory(stated, VARIABLE)


@contextmanager
def allow_memory(limit: str | int) -> Iterator[None]:
    """Read files under another limit.

    Args:
        limit: Such as `"16GiB"`, or a number of bytes.

    Raises:
        ValueError: No amount of memory.
    """
    size = limit if isinstance(limit, int) else parse_memory(limit, "limit")
    token = _chosen.set(size)
    try:
        yield
    finally:
        _chosen.reset(token)


def check_memory(needed: int, argument: str, what: str) -> None:
    """Refuse what would need more memory than is allowed.

    Args:
        needed: Memory needed (bytes).
        argument: Name of the argument that leads to it.
        what: What needs it, for the sentence: ``"`data.npz`"``.

    Raises:
        TooLargeError: It needs more, in one sentence with size, limit and option.
    """
    limit = allowed_memory()
    if needed > limit:
        raise TooLargeError(
            f"Argument `{argument}` must fit into {show_memory(limit)} of memory, but {what} needs"
            f" {show_memory(needed)}; if you trust the file, allow more with `--max-memory"
            f" {_rounded(needed)}`, or set {VARIABLE}."
        )


def _rounded(size: int) -> str:
    """The next whole amount above a size, as one would write it."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= _UNITS[unit]:
            return f"{-(-size // _UNITS[unit])}{unit}"
    return f"{size}B"
