"""`--max-memory`, the one option that every command has: how much a file may ask for."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

_OPTION = "--max-memory"
HELP = "Every command takes `--max-memory`: what a file may need, 4GiB if left out."


def split_max_memory(words: Sequence[str]) -> tuple[list[str], str | None]:
    """The words without the option, wherever it stands, and what it says.

    >>> split_max_memory(["deploy", "--max-memory", "8GiB", "digits"])
    (['deploy', 'digits'], '8GiB')
    """
    rest: list[str] = []
    limit: str | None = None
    left = iter(words)
    for word in left:
        if word == _OPTION:
            limit = next(left, "")
        elif word.startswith(f"{_OPTION}="):
            limit = word.removeprefix(f"{_OPTION}=")
        elif word == "--":
            # What follows is no option any more.
            rest += [word, *left]
        else:
            rest.append(word)
    return rest, limit


def max_memory(limit: str | None) -> AbstractContextManager[None]:
    """Read files under the limit that the user chose, if there is one.

    Raises:
        ValueError: It is no amount of memory.
    """
    if limit is None:
        return nullcontext()
    # Imported here, as the help of the commands needs no files.
    from mho.files import allow_memory, parse_memory

    return allow_memory(parse_memory(limit, "max_memory"))
