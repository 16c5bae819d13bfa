"""From measurements to knowledge: levels, telegraph noise, losses in wires.

Nothing here draws or talks to people: results are values.
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

_ROOMS = ("lab", "levels", "telegraph", "wires")


def __getattr__(name: str) -> _ModuleType:
    """A room inside, imported on first use."""
    if name not in _ROOMS:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    return _import_module(f"{__name__}.{name}")
