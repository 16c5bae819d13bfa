"""Checks of numbers, words and configurations; none of them needs torch."""

import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, fields
from decimal import Decimal
from functools import wraps
from numbers import Integral, Real
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from mho.units import show

_Class = TypeVar("_Class", bound=type[Any])
CONFIGURATIONS: dict[str, type] = {}
"""All classes that carry `configuration`, by name."""


_WHOLE = 2**63 - 1
_FINITE = 1e30
"""Largest whole and largest finite number of a configuration (1)."""


_ITEMS = 256
"""Items of a sequence that are checked one by one (1)."""


_LISTED = 20
"""Choices that a sentence lists at most; of more it names the nearest (1)."""


def one_line(text: str) -> str:
    r"""A text that prints as one line: what would end it or command a terminal becomes `�`.

    Words from files come into sentences, and must not speak to the reader's terminal.

    >>> one_line("a\nb\x1b[2Jc")
    'a�b�[2Jc'
    """
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def check_positive(value: float | int, name: str, unit: str) -> None:
    """Refuse a number that is not finite and above zero.

    Raises:
        ValueError: In the house sentence.
    """
    if not (math.isfinite(value) and value > 0):
        raise ValueError(
            f"Argument `{name}` must be finite and above {show(0, unit)}, but is"
            f" {show(value, unit)}."
        )


def check_not_negative(value: float | int, name: str, unit: str) -> None:
    """Refuse a number that is not finite or below zero.

    Raises:
        ValueError: In the house sentence.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(
            f"Argument `{name}` must be finite and not negative, but is {show(value, unit)}."
        )


def check_between(
    value: float | int, name: str, low: float | int, high: float | int, unit: str
) -> None:
    """Refuse a number outside `low` … `high`, or NaN.

    Raises:
        ValueError: In the house sentence.
    """
    if not low <= value <= high:
        raise ValueError(
            f"Argument `{name}` must lie within {show(low, unit)} to {show(high, unit)}, but is"
            f" {show(value, unit)}."
        )


def check_choice(value: str, name: str, choices: Iterable[str]) -> None:
    """Refuse a word that is not on the list; name the nearest one that is.

    Raises:
        ValueError: In the house sentence.
    """
    known = sorted(choices)
    if value not in known:
        near = difflib.get_close_matches(value, known, n=1, cutoff=0.4)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        few = (
            known
            if len(known) <= _LISTED
            else difflib.get_close_matches(value, known, 5, 0.4)
        )
        listed = ", ".join(f"`{word}`" for word in few or known[:5])
        listed += (
            f" or {len(known) - len(few or known[:5])} others"
            if few is not known
            else ""
        )
        raise ValueError(
            f"Argument `{name}` must be one of {listed}, but is `{value}`.{hint}"
        )


def configuration(cls: _Class) -> _Class:
    """Let a dataclass refuse misspelt fields, and values of a wrong kind, in the house sentence.

    A misspelt field is a `TypeError` that names the nearest one. A number must be a number and no
    truth value, whole where its field is whole, and neither NaN nor so large that tensors of it
    overflow. The range of a number is for the class to check.

    Args:
        cls: A dataclass; stands above `@dataclass`. Its signature stays as it is.
    """
    own: dict[str, Field[Any]] = {f.name: f for f in fields(cls) if f.init}
    made = cls.__init__

    @wraps(made)
    def init(self: object, *values: object, **named: object) -> None:
        for name in named:
            if name not in own:
                near = difflib.get_close_matches(name, own, n=1, cutoff=0.0)
                raise TypeError(
                    f"Argument `{name}` must be a field of `{cls.__name__}`, but is none. Did you"
                    f" mean `{near[0]}`?"
                )
        given = (*zip(own, values, strict=False), *named.items())
        for name, value in given:
            _check_kind(value, name, own[name].type)
            _check_each(value, name, _check_size)
        made(self, *values, **named)
        for (
            name,
            value,
        ) in given:  # afterwards, as a class may have more to say about its numbers
            _check_each(value, name, _check_not_nan)

    cls.__init__ = init
    CONFIGURATIONS[cls.__name__] = cls
    return cls


def _check_kind(value: object, name: str, hint: Any) -> None:
    """Refuse a value of another kind than annotated."""
    kinds = list(_kinds(hint))
    if not any(_fits(value, get_origin(kind) or kind) for kind in kinds):
        wanted = " or ".join(
            dict.fromkeys(_kind_name(get_origin(kind) or kind) for kind in kinds)
        )
        raise TypeError(
            f"Argument `{name}` must be {wanted}, but is {value!r:.60} of type"
            f" {type(value).__name__}."
        )
    # Long tables, such as those of converters, are for the class to check as a whole.
    if isinstance(value, list | tuple) and len(value) <= _ITEMS:
        inner = [
            get_args(kind)[0] for kind in kinds if get_origin(kind) in (tuple, Sequence)
        ]
        for place, item in enumerate(value if inner else ()):
            _check_kind(item, f"{name}[{place}]", inner[0])


def check_number(value: object, name: str) -> None:
    """Refuse what is no number, NaN, and numbers of which tensors overflow.

    Raises:
        TypeError: It is no number, or a truth value.
        ValueError: In the house sentence.
    """
    _check_kind(value, name, float)
    _check_each(value, name, _check_size)
    _check_each(value, name, _check_not_nan)


def _check_each(
    value: object, name: str, check: Callable[[int | float, str], None]
) -> None:
    """Check a number, or those of a sequence that is no long table."""
    if isinstance(value, int | float):
        check(value, name)
    elif isinstance(value, list | tuple) and len(value) <= _ITEMS:
        for place, item in enumerate(value):
            _check_each(item, f"{name}[{place}]", check)


def _check_not_nan(value: float | int, name: str) -> None:
    if math.isnan(value):
        raise ValueError(f"Argument `{name}` must be a number, but is NaN.")


def _check_size(value: float | int, name: str) -> None:
    """Refuse a number of which tensors overflow."""
    whole = isinstance(value, int)
    if abs(value) > (_WHOLE if whole else _FINITE) and abs(value) != math.inf:
        end = (
            "2⁶³, where 64 bits end"
            if whole
            else "10³⁰, as single precision ends soon after"
        )
        raise ValueError(
            f"Argument `{name}` must be below {end}, but is {Decimal(value):.3g}."
        )


def _kinds(hint: Any) -> Iterator[Any]:
    """All alternatives of an annotation."""
    if get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _kinds(part)
    else:
        yield hint


def _fits(value: object, kind: Any) -> bool:
    if kind is Any or isinstance(kind, str):
        return True
    if kind in (int, float):
        return isinstance(value, Integral if kind is int else Real) and not isinstance(
            value, bool
        )
    if kind is Sequence:  # arrays are none by name, but serve as well
        return isinstance(value, Iterable) and not isinstance(value, str | Mapping)
    return isinstance(value, kind)


def _kind_name(kind: Any) -> str:
    words = {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "a text",
        type(None): "None",
        tuple: "a tuple",
        Sequence: "a sequence",
    }
    return words.get(kind, f"a `{getattr(kind, '__name__', kind)}`")


class RefusedError(ValueError):
    """Carries the rest of a sentence that begins with the name of the file."""
