"""Further kinds of cells: one file each, with derivation, laws, and the chips that are of it.

A file here has one or more subclasses of `CellModel`, and a tuple `PRESETS` of chips whose cells
are of these kinds; it is listed in `FILES`, and all else follows. A kind has a page in
`docs/explanation/kinds` and a test in `tests/device/kinds`, by the name of its file. What is not
listed is a part of one that is.
"""

from importlib import import_module
from types import ModuleType
from typing import Any

from mho.device.kinds.tables import LabSteps, Steps, StepTable
from mho.device.model import CellModel
from mho.device.values import Preset

FILES: tuple[str, ...] = (
    "soft_bound",
    "ecram",
    "measured_steps",
    "phase_change",
    "pcm",
    "two_state",
    "ferroelectric",
    "second_order",
    "ramp_steps",
)
"""Files of kinds, in the order in which presets are listed."""


def _kinds(file: ModuleType) -> dict[str, type[CellModel]]:
    """Kinds that a file has, not those that it imports."""
    found: dict[str, type[CellModel]] = {}
    for name, item in vars(file).items():
        is_kind = isinstance(item, type) and issubclass(item, CellModel)
        if is_kind and item.__module__ == file.__name__:
            found[name] = item
    return found


_files = [import_module(f"{__name__}.{file}") for file in FILES]

KINDS: dict[str, type[CellModel]] = {
    name: kind for file in _files for name, kind in _kinds(file).items()
}
"""Kinds by name; each is an attribute of this room, too."""

PRESETS: tuple[Preset, ...] = tuple(
    preset for file in _files for preset in file.PRESETS
)
"""Chips whose cells are of these kinds."""

__all__ = ["FILES", "KINDS", "PRESETS", "LabSteps", "StepTable", "Steps"]
__all__ += list(KINDS)


def __getattr__(name: str) -> Any:
    """A kind by its name."""
    if name not in KINDS:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    return KINDS[name]
