"""The filament, written a second time: eagerly, in tensors, with masks and selections.

The product has one source for each law, scalar functions that are compiled. This package says the
same physics in another way and draws the same numbers by `mho.rng`, so that tests can hold the
two against each other draw for draw. Laws are functions of their frozen numbers.
"""

from reference.ageing import births_factor, lost, warming_factor
from reference.cells import Cells
from reference.flicker import fresh, scale, watch
from reference.moments import channel_moments, moments
from reference.relaxation import deviation, renewed, shift
from reference.state import CellState
from reference.switching import (
    SwitchingConstants,
    constants,
    mean_step,
    moved,
    subthreshold,
    window,
)
from reference.telegraph import (
    Traps,
    advance,
    boosted,
    born,
    chances,
    new,
    resolved,
)
from reference.trap_averages import filled_moments, watch_traps

__all__ = [
    "CellState",
    "Cells",
    "SwitchingConstants",
    "Traps",
    "advance",
    "births_factor",
    "boosted",
    "born",
    "chances",
    "channel_moments",
    "constants",
    "deviation",
    "filled_moments",
    "fresh",
    "lost",
    "mean_step",
    "moments",
    "moved",
    "new",
    "renewed",
    "resolved",
    "scale",
    "shift",
    "subthreshold",
    "warming_factor",
    "watch",
    "watch_traps",
    "window",
]
