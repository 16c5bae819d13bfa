"""One cell: the seam of a kind, the laws that kinds follow, and many cells of one kind.

`CellModel` is what a kind of cell is; `Cells` holds many of one kind. Inside, `laws` has scalar
laws, each after its source; `filament` the kind that most presets are of; `kinds` one file for
each further one; `published` one file for each chip that somebody has measured. `kernels` and
what it names are for those who put a circuit around cells.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mho.device.bending import apparent, cubic_coefficient, zero_bias
    from mho.device.cells import Cells, compiled_for
    from mho.device.kernels import (
        BLOCK,
        law_bend,
        law_energy,
        law_load,
        law_pulse_all,
        watch_some,
    )
    from mho.device.model import CellModel, TypicalSwitching
    from mho.device.shots import Shot, Trains, pulse_cell
    from mho.device.turns import sample_in_turn

_ROOMS = ("filament", "kinds", "laws", "published")
_PLACES = {
    "apparent": "bending",
    "cubic_coefficient": "bending",
    "zero_bias": "bending",
    "CellModel": "model",
    "TypicalSwitching": "model",
    "Cells": "cells",
    "check_pulsed": "checked",
    "check_seen": "checked",
    "compiled_for": "cells",
    "BLOCK": "kernels",
    "law_bend": "kernels",
    "law_energy": "kernels",
    "law_load": "kernels",
    "law_pulse_all": "kernels",
    "Shot": "shots",
    "Trains": "shots",
    "pulse_cell": "shots",
    "sample_in_turn": "turns",
    "watch_some": "kernels",
}

__all__ = [
    "BLOCK",
    "CellModel",
    "Cells",
    "Shot",
    "Trains",
    "TypicalSwitching",
    "apparent",
    "check_pulsed",
    "check_seen",
    "compiled_for",
    "cubic_coefficient",
    "filament",
    "kinds",
    "law_bend",
    "law_energy",
    "law_load",
    "law_pulse_all",
    "laws",
    "published",
    "pulse_cell",
    "sample_in_turn",
    "watch_some",
    "zero_bias",
]


def __getattr__(name: str) -> Any:
    """A room inside, or what one of the files here offers, imported on first use."""
    if name in _ROOMS:
        return _import_module(f"{__name__}.{name}")
    if name not in _PLACES:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    value = getattr(_import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value
