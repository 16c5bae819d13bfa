"""Every call of mho in a test is checked against its annotations, shapes of tensors included.

jaxtyping's import hook would wrap each function in what compares shapes, whether it names any or
not, and do so for all of them on import; that took a third of the processor time of all tests.
Here a function is wrapped when it is first called: by jaxtyping where its annotations name shapes,
by beartype alone where they do not. What is checked is the same.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import jaxtyping
from beartype import BeartypeConf, beartype

of_shapes = jaxtyping.jaxtyped
of_types = beartype(conf=BeartypeConf(violation_type=jaxtyping.TypeCheckError))


_made: set[int] = set()
"""Codes of functions within others, of which one was made; whoever holds them lives on."""


def checked(whole: Any = None, *, typechecker: Callable[..., Any]) -> Any:
    """Check the calls of a function, or of a dataclass that makes itself; in `jaxtyped`'s place.

    The import hook decorates everything with it: functions, classes, and what holds a function.
    """
    if whole is None:
        return functools.partial(checked, typechecker=typechecker)
    if inspect.isclass(whole):
        if dataclasses.is_dataclass(whole) and "__init__" in vars(whole):
            whole.__init__ = when_called(whole.__init__, typechecker)  # type: ignore[misc]
        return whole
    if inspect.isfunction(whole):
        if "<locals>" in whole.__qualname__:
            # a function within another is made at every call: the first one made is checked
            if id(whole.__code__) in _made:
                return whole
            _made.add(id(whole.__code__))
        return when_called(whole, typechecker)
    return of_shapes(whole, typechecker=typechecker)


def when_called(
    function: Callable[..., Any], typechecker: Callable[..., Any]
) -> Callable[..., Any]:
    """The function, whose calls are checked by what its first call asks for."""
    known: Callable[..., Any] | None = None

    @functools.wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        nonlocal known
        if known is None:
            shapes = names_shapes(function)
            known = (
                of_shapes(function, typechecker=typechecker)
                if shapes
                else of_types(function)
            )
        return known(*values, **named)

    return call


def names_shapes(function: Callable[..., Any]) -> bool:
    """Whether an annotation says what shape a tensor has, or cannot be read while running."""
    try:
        hints = get_type_hints(function)
    except NameError:
        # imported for type checkers alone: jaxtyping leaves such an annotation out
        return True
    return any(map(has_shape, hints.values()))


def has_shape(hint: Any) -> bool:
    """Whether a hint is of a tensor's shape, or a part of it is."""
    if isinstance(hint, list | tuple):
        return any(map(has_shape, hint))
    if inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    return any(map(has_shape, get_args(hint)))


jaxtyping.jaxtyped = checked
jaxtyping.install_import_hook("mho", "beartype.beartype")
