"""Kernels for laws that users bring: compiled if they can be, run as plain Python if not."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mho.compiled.build import Kernels
from mho.compiled.sentences import LawError, UnknownNameError
from mho.compiled.translate import Laws, Translation


class KernelsOrPlain:
    """Kernels that run as plain Python, slower and said once, where a law cannot be compiled.

    A law that asks for a column that there is not is refused: it runs nowhere.

    Args:
        functions: The kernels: plain functions over arrays.
        laws: Functions that take the place of globals of these names in all that they call.
        who: Whose laws these are, for the sentence that says so.
    """

    def __init__(
        self,
        functions: Mapping[str, Callable[..., Any]],
        laws: Laws,
        who: str,
    ) -> None:
        self._functions = functions
        self._laws = laws
        self._who = who
        self._compiled = Kernels(functions, laws)
        self._plain: dict[str, Callable[..., Any]] | None = None
        self._made: dict[str, Callable[..., Any]] = {}

    @property
    def is_plain(self) -> bool:
        """Whether a law could not be compiled."""
        return self._plain is not None

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """The kernel of this name, ready to be called."""
        if name not in self._made:
            self._made[name] = self._forgiving(name)
        return self._made[name]

    def _forgiving(self, name: str) -> Callable[..., Any]:
        """The compiled kernel, until a law is found that cannot be compiled."""

        def call(*arguments: Any) -> Any:
            if self._plain is None:
                try:
                    return self._compiled[name](*arguments)
                except UnknownNameError:
                    raise
                except LawError as error:
                    self._give_up(error)
            return self._in_python(name, arguments)

        return call

    def _give_up(self, error: LawError) -> None:
        warnings.warn(
            f"{self._who} runs as plain Python, some hundred times slower. {error}",
            stacklevel=3,
        )
        as_it_is = Translation(lambda function: function, self._laws)
        self._plain = {
            name: as_it_is(function)
            for name, function in self._functions.items()
        }

    def _in_python(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """A kernel in plain Python, which sees records as objects with attributes."""
        assert self._plain is not None
        seen = [_with_attributes(one) for one in arguments]
        # as compiled code does: infinities and NaN are numbers
        with np.errstate(all="ignore"):
            return self._plain[name](*seen)


def _with_attributes(argument: Any) -> Any:
    """Records of an array as `array[0].name`; anything else as it is."""
    if isinstance(argument, np.ndarray) and argument.dtype.names:
        return argument.view(np.recarray)
    return argument
