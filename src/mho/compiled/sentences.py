"""What to tell people whose law the compiler does not take: one sentence, with the line."""

import dis
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

from mho.compiled.translate import bare, used_by

_PLACE = re.compile(r'(?:File "([^"]+)", line |(?:from|at) (\S+) \()(\d+)')
"""How a compiler's message names a place."""


class LawError(ValueError):
    """A law that the compiler does not take."""


class UnknownNameError(LawError):
    """A law that asks for a column, or a number, that there is not."""


def law_error(
    error: Exception, laws: Mapping[str, Callable[..., Any]]
) -> LawError:
    """The compiler's message as one sentence.

    Args:
        error: What the compiler said.
        laws: Functions that it was given.
    """
    if isinstance(error, KeyError):
        return _unknown_name(str(error.args[0]), laws)
    where = _whose(str(error), laws)
    return LawError(
        f"{where} must be Python that can be compiled, but the"
        f" compiler says: {_core(str(error))}; use numbers, `cell`, the kind's own numbers and"
        " functions of `mho.compiled`."
    )


def _unknown_name(
    name: str, laws: Mapping[str, Callable[..., Any]]
) -> UnknownNameError:
    """A sentence on a name that no record has; the compiler does not say where it stands."""
    where = "A law"
    for law, function, line in _uses(name, laws):
        file = Path(function.__code__.co_filename).name
        name_of_law = law.removeprefix("law_")
        where = f"Law `{name_of_law}` ({file}, line {line})"
        break
    return UnknownNameError(
        f"{where} must use columns and numbers that there are, but there is no `{name}`; declare"
        " it, or mend its name."
    )


def _uses(
    name: str, laws: Mapping[str, Callable[..., Any]]
) -> Iterator[tuple[str, FunctionType, int]]:
    """Law, function and line of every attribute of this name."""
    for law, function in _reached(laws):
        first = function.__code__.co_firstlineno
        for step in dis.get_instructions(function.__code__):
            if step.opname.endswith("_ATTR") and step.argval == name:
                place = step.positions.lineno if step.positions else None
                yield law, function, place or first


def _whose(said: str, laws: Mapping[str, Callable[..., Any]]) -> str:
    """Name of the law in which the compiler stopped, and where that is."""
    places = [
        (Path(one or other).name, int(line))
        for one, other, line in _PLACE.findall(said)
    ]
    for law, function in _reached(laws):
        code = function.__code__
        lines = [line for *_, line in code.co_lines() if line]
        file = Path(code.co_filename).name
        for named, line in places:
            if named == file and min(lines) <= line <= max(lines):
                name = law.removeprefix("law_")
                return f"Law `{name}` ({file}, line {line})"
    return "A law"


def _reached(
    laws: Mapping[str, Callable[..., Any]],
) -> Iterator[tuple[str, FunctionType]]:
    """Every function that laws call, the laws themselves first, and for which law it is."""
    seen: set[FunctionType] = set()
    waiting = [(law, bare(function)) for law, function in laws.items()]
    while waiting:
        law, function = waiting.pop(0)
        if function in seen:
            continue
        seen.add(function)
        yield law, function
        for _, used in used_by(function, laws):
            if isinstance(used, FunctionType):
                waiting.append((law, bare(used)))


def _core(said: str) -> str:
    """The line of a compiler's message that tells most."""
    lines = [line.strip() for line in said.splitlines()]
    for place, line in enumerate(lines):
        if line and not line.startswith(
            ("Failed in", "File", "During", "-", ">", "<")
        ):
            # what fits nowhere stands further down
            calls = [one[4:] for one in lines[place:] if one[:4] == ">>> "]
            if line.startswith("No implementation") and calls:
                return f"there is no `{calls[0]}`"
            return line.split(". Raised from")[0].rstrip(".")
    return said.strip().splitlines()[0]
