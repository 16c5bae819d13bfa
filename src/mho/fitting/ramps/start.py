"""Where the search of a ramp's law begins: steps and noises by moments."""

from dataclasses import dataclass

import numpy as np

from mho.fitting.engine import Row
from mho.fitting.ramps.data import Ramps
from mho.fitting.ramps.filter import FIRST

_LEAST = 1e-3
"""Least share of a step's variance that any noise begins with (1)."""


@dataclass(frozen=True, slots=True)
class Noises:
    """Standard deviations, in units of the readings.

    Args:
        cycle: Of a step from pulse to pulse.
        read: Of a reading.
    """

    cycle: float
    read: float


def mean_steps(ramps: Ramps, sign: int, nodes: Row, weight: float = 0.0) -> Row:
    """Size of steps of one sign at some places, by a straight line through neighbours.

    Args:
        ramps: The readings.
        sign: +1 for up, −1 for down.
        nodes: Where: conductances from end to end of the range. Shape (nodes,).
        weight: What the progress of a ramp counts against the conductance in a place (1).
    """
    held, change = ramps.steps(sign)
    if held.size == 0:
        return np.zeros(nodes.size)
    come = ramps.progress[ramps.code == sign]
    reached = nodes[0] + come * (nodes[-1] - nodes[0])
    before = (1.0 - weight) * held + weight * reached
    width = max((nodes[-1] - nodes[0]) / (nodes.size - 1), 1e-300)
    found = np.empty(nodes.size)
    for k, node in enumerate(nodes):
        near = np.abs(before - node) <= width
        # at the ends there may be little: whatever is nearest then
        if near.sum() < 8:
            near = np.argsort(np.abs(before - node))[:8]
        x = before[near] - node
        y = sign * change[near]
        line = np.polyfit(x, y, 1) if np.ptp(x) > 0 else (0.0, y.mean())
        found[k] = line[1]
    return found


def noises(ramps: Ramps) -> Noises:
    """Noise of cycles and of reads: what two readings share makes neighbouring steps differ."""
    code = ramps.code
    change = np.diff(ramps.reading)
    pulsed = (code[1:] != FIRST) & (np.abs(code[1:]) == 1)
    size = code[1:] * change
    # steps change slowly along a ramp: a difference of neighbours has hardly any of that
    pair = pulsed[1:] & pulsed[:-1] & (code[2:] == code[1:-1])
    if pair.sum() < 8:
        spread = float(np.std(size[pulsed])) or 1e-12
        return Noises(spread, spread)
    around = size - _smooth(size, pulsed)
    clipped = np.clip(around, *np.quantile(around[pulsed], (0.01, 0.99)))
    variance = float(np.var(clipped[pulsed]))
    shared = -float(np.mean(clipped[1:][pair] * clipped[:-1][pair]))
    read = min(max(shared, _LEAST * variance), variance * 0.49)
    cycle = max(variance - 2 * read, _LEAST * variance)
    return Noises(float(np.sqrt(cycle)), float(np.sqrt(read)))


def _smooth(size: Row, pulsed: np.ndarray) -> Row:
    """Mean of a step's neighbourhood."""
    width = 31
    window = np.ones(width)
    weight = np.convolve(pulsed.astype(float), window, "same")
    total = np.convolve(np.where(pulsed, size, 0.0), window, "same")
    smooth: Row = total / np.maximum(weight, 1.0)
    return smooth
