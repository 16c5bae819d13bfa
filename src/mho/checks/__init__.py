"""All argument checks, and the one sentence in which they speak.

*Argument `x` must …, but …; what to do.* Public functions convert, then check, then compute.
Checks of tensors are imported when they are first used: a command line that only checks words
and numbers is quick.
"""

from typing import TYPE_CHECKING, Any

from mho.checks.arguments import (
    RefusedError,
    check_between,
    check_choice,
    check_not_negative,
    check_positive,
    one_line,
)
from mho.checks.configuration import CONFIGURATIONS, Configuration, check_number

if TYPE_CHECKING:
    from mho.checks.tensors import (
        check_alike,
        check_finite,
        check_shape,
        check_within,
    )

__all__ = [
    "CONFIGURATIONS",
    "Configuration",
    "RefusedError",
    "check_alike",
    "check_between",
    "check_choice",
    "check_finite",
    "check_not_negative",
    "check_number",
    "check_positive",
    "check_shape",
    "check_within",
    "one_line",
]

_OF_TENSORS = ("check_alike", "check_finite", "check_shape", "check_within")


def __getattr__(name: str) -> Any:
    """A check of tensors, imported on first use."""
    if name not in _OF_TENSORS:
        raise AttributeError(f"module `mho.checks` has no attribute `{name}`")
    from mho.checks import tensors

    value = getattr(tensors, name)
    globals()[name] = value
    return value
