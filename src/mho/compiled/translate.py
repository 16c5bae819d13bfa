"""Plain functions of numbers, and all that they call, for a compiler that wants them decorated.

Laws and kernels are written as ordinary Python: they run as such, slowly, wherever somebody wants
to see what they do, and nothing needs the compiler before it is used. To compile one, its calls
are followed, and each function on the way is copied with its globals replaced by the compiled
ones. The same walk gives a fingerprint of everything that a kernel is made of.
"""

import builtins
import dis
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

Laws = Mapping[str, Callable[..., Any]]
"""Functions that take the place of globals of these names, whoever calls them."""

_ARITHMETIC = "mho.compiled."
"""Room whose functions take numbers and no records."""

Copies = dict[tuple[Any, ...], Any]
"""Compiled functions, by the plain one and the identities of all that they use."""


@cache
def names_used(code: CodeType) -> tuple[str, ...]:
    """Global names that a function's code looks up, in the order of their first use."""
    found: dict[str, None] = {}
    # `co_names` has the names of attributes too
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            found[str(step.argval)] = None
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.update(dict.fromkeys(names_used(constant)))

    return tuple(found)


def bare(function: Callable[..., Any]) -> FunctionType:
    """The function itself, without what decorators put around it.

    Raises:
        TypeError: It is not a function written in Python.
    """
    inner = inspect.unwrap(function)
    if not isinstance(inner, FunctionType):
        raise TypeError(
            f"Argument `function` must be a function written in Python, but is {inner!r}."
        )
    return inner


def used_by(function: FunctionType, laws: Laws) -> Iterator[tuple[str, Any]]:
    """Names and values that a function finds outside itself, as they will be once compiled."""
    for name in names_used(function.__code__):
        if name in laws:
            yield name, laws[name]
        elif name in function.__globals__:
            yield name, function.__globals__[name]
    yield from enclosed(function)


def enclosed(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Names and values of the functions around this one that it uses."""
    names = function.__code__.co_freevars
    for name, cell in zip(names, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents


class Translation:
    """Compiled copies of functions and of all that they call.

    Args:
        decorate: Makes a compiled function of a plain one.
        laws: What takes the place of globals of these names.
        copies: Copies that others made with the same `decorate`, and where this one adds its own:
            what has the same laws is compiled once, and arithmetic once for all.
    """

    def __init__(
        self,
        decorate: Callable[[FunctionType], Any],
        laws: Laws,
        copies: Copies | None = None,
    ) -> None:
        self._decorate = decorate
        self._laws = laws
        self._copies: Copies = {} if copies is None else copies
        self._same_laws = tuple(sorted((n, id(laws[n])) for n in laws))
        self._done: dict[FunctionType, Any] = {}

    def __call__(
        self,
        function: Callable[..., Any],
        decorate: Callable[[FunctionType], Any] | None = None,
    ) -> Any:
        """The compiled copy of a function.

        Args:
            function: The function.
            decorate: Makes the copy of this one, if in another way than those it calls; such a
                copy is made anew at every call.
        """
        plain = bare(function)
        if decorate is None and plain in self._done:
            return self._done[plain]
        # kept code asks for its module again, and a user's file may not be one by its name
        replaced: dict[str, Any] = {
            "__name__": __name__,
            # what plain Python imports by
            "__builtins__": builtins,
        }
        for name, value in used_by(plain, self._laws):
            replaced[name] = self(value) if _is_ours(value) else value

        if decorate is not None:
            return decorate(self._copy(plain, replaced))

        # records of two kinds may begin alike, and the compiler would take one for the other
        numbers_alone = str(plain.__module__).startswith(_ARITHMETIC)
        scope = () if numbers_alone else self._same_laws
        # a copy keeps what it uses, so no other thing can get one of these numbers
        key = (plain, scope, *map(id, replaced.values()))
        if key not in self._copies:
            self._copies[key] = self._decorate(self._copy(plain, replaced))
        self._done[plain] = self._copies[key]
        return self._done[plain]

    @staticmethod
    def _copy(plain: FunctionType, replaced: dict[str, Any]) -> FunctionType:
        """A function with other globals."""
        around = [CellType(replaced[name]) for name, _ in enclosed(plain)]
        copy = FunctionType(
            plain.__code__,
            replaced,
            plain.__name__,
            plain.__defaults__,
            tuple(around),
        )
        copy.__qualname__ = plain.__qualname__
        copy.__module__ = __name__
        copy.__doc__ = plain.__doc__
        return copy


def fingerprint(functions: Mapping[str, Callable[..., Any]], laws: Laws) -> str:
    """One word for the code of functions, of all that they call, and of the constants they use."""
    digest = hashlib.sha256()
    seen: set[FunctionType] = set()

    def add(name: str, value: Any) -> None:
        digest.update(f"{name}=".encode())
        if not _is_ours(value):
            digest.update(_shown(value))
            return
        plain = bare(value)
        digest.update(plain.__qualname__.encode())
        if plain in seen:
            return
        seen.add(plain)
        _add_code(plain.__code__, digest.update)
        digest.update(repr(plain.__defaults__).encode())
        for inner, used in used_by(plain, laws):
            add(inner, used)

    for name, function in functions.items():
        add(name, function)
    return digest.hexdigest()[:24]


def _is_ours(value: Any) -> bool:
    """Whether a global is a function to be compiled along."""
    return isinstance(value, FunctionType)


def _shown(value: Any) -> bytes:
    """A constant as bytes that tell it from others."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}".encode() + value.tobytes()
    if isinstance(value, ModuleType):
        return value.__name__.encode()
    return repr(value).encode()


def _add_code(code: CodeType, add: Callable[[bytes], None]) -> None:
    """Take in what code does, but not where it stands."""
    add(code.co_code)
    add(repr((code.co_names, code.co_varnames, code.co_freevars)).encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _add_code(constant, add)
        else:
            add(repr(constant).encode())
