"""What to tell people whose law the compiler does not take: one sentence, with the line."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mho.compiled.translate import bare


def law_error(
    error: Exception, laws: Mapping[str, Callable[..., Any]]
) -> ValueError:
    """The compiler's message as one sentence.

    Args:
        error: What the compiler said.
        laws: Functions that it was given.
    """
    name, line = _whose(error, laws)
    return ValueError(
        f"Law `{name}`{line} must be Python that can be compiled, but the"
        f" compiler says: {_core(str(error))}; use numbers, `cell`, the kind's own numbers and"
        " functions of `mho.compiled`."
    )


def _whose(
    error: Exception, laws: Mapping[str, Callable[..., Any]]
) -> tuple[str, str]:
    """Name of the law in which the compiler stopped, and where that is."""
    said = str(error)
    for name, law in laws.items():
        code = bare(law).__code__
        mark = f'File "{code.co_filename}", line '
        short = f'File "{Path(code.co_filename).name}", line '
        for place in (mark, short):
            if place in said:
                number = said.split(place)[1].split(":")[0]
                if _within(law, number):
                    file = Path(code.co_filename).name
                    return name, f" ({file}, line {number})"
    return next(iter(laws), "?"), ""


def _within(law: Callable[..., Any], number: str) -> bool:
    """Whether a line is one of a law's."""
    try:
        lines, first = inspect.getsourcelines(bare(law))
        return first <= int(number) < first + len(lines)
    except (OSError, ValueError):
        return False


def _core(said: str) -> str:
    """The line of a compiler's message that tells most."""
    for line in said.splitlines():
        line = line.strip()
        if line and not line.startswith(
            ("Failed in", "File", "During", "-", ">", "<")
        ):
            return line.rstrip(".")
    return said.strip().splitlines()[0]
