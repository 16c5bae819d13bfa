"""One cell: the laws that it follows, what it is at a moment, and what has been published of it.

`laws` are functions of values, each after its source; `filament` has the cells that follow them;
`published` has one file for each chip that somebody has measured.
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

_ROOMS = ("filament", "laws", "published")


def __getattr__(name: str) -> _ModuleType:
    """A room inside, imported on first use."""
    if name not in _ROOMS:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    return _import_module(f"{__name__}.{name}")
