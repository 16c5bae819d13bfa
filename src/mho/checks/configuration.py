"""Records of settings: misspelt fields and values of a wrong kind are refused as they are made."""

import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from numbers import Integral, Real
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

_Made = TypeVar("_Made")

CONFIGURATIONS: dict[str, type["Configuration"]] = {}
"""All classes of settings, by module and name."""

_WHOLE = 2**63 - 1
_FINITE = 1e30
"""Largest whole and largest finite number of a configuration (1)."""

_ITEMS = 256
"""Items of a sequence that are checked one by one (1)."""


class Configuration:
    """Base of frozen dataclasses that people fill in.

    A misspelt field is a `TypeError` that names the nearest one. A number must be a number and no
    truth value, whole where its field is whole, and neither NaN nor so large that tensors of it
    overflow. The range of a number is for the class to check, in its `__post_init__`.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # `slots=True` makes the class anew: the second one takes the place of the first
        CONFIGURATIONS[f"{cls.__module__}.{cls.__name__}"] = cls

    def __new__(cls: type[_Made], *values: object, **named: object) -> _Made:
        """Look at what is given before the dataclass takes it.

        Raises:
            TypeError: There is no such field, or a value is of another kind.
            ValueError: A number is NaN or too large.
        """
        own = {field.name: field.type for field in fields(cls) if field.init}  # type: ignore[arg-type]
        for name in named:
            if name not in own:
                near = difflib.get_close_matches(name, own, n=1, cutoff=0.0)
                raise TypeError(
                    f"Argument `{name}` must be a field of `{cls.__name__}`, but is none. Did you"
                    f" mean `{near[0]}`?"
                )
        # too many values are for the dataclass to refuse
        for name, value in (*zip(own, values, strict=False), *named.items()):
            _check_kind(value, name, own[name])
            _check_each(value, name, _check_size)
            _check_each(value, name, _check_not_nan)
        return object.__new__(cls)


def _check_kind(value: object, name: str, hint: Any) -> None:
    """Refuse a value of another kind than annotated."""
    kinds = list(_kinds(hint))
    if not any(_fits(value, get_origin(kind) or kind) for kind in kinds):
        wanted = " or ".join(
            dict.fromkeys(
                _kind_name(get_origin(kind) or kind) for kind in kinds
            )
        )
        raise TypeError(
            f"Argument `{name}` must be {wanted}, but is {value!r:.60} of type"
            f" {type(value).__name__}."
        )
    # Long tables, such as those of converters, are for the class to check as a whole.
    if isinstance(value, list | tuple) and len(value) <= _ITEMS:
        inner = [
            get_args(kind)[0]
            for kind in kinds
            if get_origin(kind) in (tuple, Sequence)
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
        return isinstance(
            value, Integral if kind is int else Real
        ) and not isinstance(value, bool)
    if kind is Sequence:  # arrays are none by name, but serve as well
        return isinstance(value, Iterable) and not isinstance(
            value, str | Mapping
        )
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
