"""What a fitted law of ramps says of ramps: the product's own cells, pulsed."""

from typing import Any

import numpy as np
import torch

from mho.device import CellModel, Cells
from mho.device.kinds import MeasuredSteps
from mho.fitting.engine import Row
from mho.rng import Stream

_ROOM = 300.0
_NO_LIMIT = 1.0
"""Conductance that a selector lets through (S)."""


def simulated_ramps(
    kind: CellModel, start: Row, signs: Row, stream: Stream
) -> Row:
    """Conductance of cells after each pulse (S), unread. Shape (pulses + 1, cells).

    Args:
        kind: The kind of cell, `RampSteps`, `SoftBound` or `MeasuredSteps`.
        start: Conductance at the start (S). Shape (cells,).
        signs: +1 for a unit pulse up, −1 for one down. Shape (pulses,).
        stream: All randomness.
    """
    raising, lowering, width = _unit_pulses(kind)
    cells = Cells(kind, start.size, stream, _ROOM)
    begun = torch.tensor(start, dtype=torch.float32)
    cells.column("conductance").copy_(begun)
    every = torch.arange(start.size)
    limit = torch.full((start.size,), _NO_LIMIT)
    found = [start]
    for sign in signs:
        volts = torch.full((1, start.size), raising if sign > 0 else lowering)
        cells.pulse(every, volts, width, limit, 0.0)
        found.append(cells.column("conductance").numpy().astype(np.float64))
    return np.array(found)


def _unit_pulses(kind: Any) -> tuple[float, float, float]:
    """Amplitudes of a unit pulse up and down (V), and its width (s)."""
    if isinstance(kind, MeasuredSteps):
        usual = kind.typical()
        return usual.set_voltage, -usual.reset_voltage, usual.width
    return kind.voltage, -kind.voltage, kind.width
