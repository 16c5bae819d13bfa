"""How many traps a trace has, and of what amplitudes: one more as long as it pays."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mho.characterise.history.flips import Decoding, decode, starting_rates
from mho.characterise.history.plateaus import Plateaus
from mho.characterise.telegraph import Array

_MOST = 3
"""Most traps that are looked for (1)."""
_FEWEST_STEPS = 8
"""Steps without which there is nothing to look for (1)."""
_ALIKE = 0.08
"""Spread of steps taken for the same size, in the logarithm (1)."""
_REACH = 6
"""How far a step counts, in those spreads (1)."""
_MARGIN = 0.2
_GRID = 0.02
_PEAKS = (4, 8.0)
_LEFT_PEAKS = (3, 5.0)
"""Most sizes tried of all steps, and of what traps leave; with how many steps each (1)."""
_APART = (0.12, 0.25)
"""How far from each other two traps are tried that were taken for one, in parts of it (1)."""


def find_traps(plateaus: Plateaus, noise: float) -> Decoding:
    """The explanation of all steps that costs least, traps added one by one.

    Args:
        plateaus: The trace's steps.
        noise: Standard deviation of the white noise of a sample.
    """
    best = decode(plateaus, np.zeros(0), starting_rates(0), noise)
    assert best is not None
    if len(plateaus.steps) < _FEWEST_STEPS:
        return best
    while best.traps < _MOST:
        tried = [
            decode(plateaus, size, rate, noise)
            for size, rate in _starts(plateaus, best)
        ]
        held = [found for found in tried if found is not None]
        if not held:
            break
        cheapest = min(held, key=lambda found: found.cost)
        if cheapest.cost >= best.cost:
            break
        best = cheapest
    return best


def _starts(
    plateaus: Plateaus, before: Decoding
) -> Iterator[tuple[Array, Array]]:
    """Amplitudes and rates with one trap more: another one, or one that was two."""
    rate = starting_rates(before.traps + 1)
    known = rate.copy()
    known[: before.traps] = before.rates
    sizes = common_sizes(plateaus.steps, *_PEAKS)
    left = before.rest[before.jumped]
    if len(left) >= _FEWEST_STEPS:
        sizes += common_sizes(left, *_LEFT_PEAKS)
    for size in [*sizes, *before.amplitudes.tolist()]:
        yield np.append(before.amplitudes, size), known
    for k in range(before.traps):
        others = np.delete(before.amplitudes, k)
        whole = float(before.amplitudes[k])
        for apart in _APART:
            two = [whole * (1 - apart), whole * (1 + apart)]
            yield np.append(others, two), rate


def common_sizes(
    steps: npt.NDArray[np.float64], most: int, least: float
) -> list[float]:
    """Sizes that many steps have, the most frequent first, whatever their sign.

    Args:
        steps: Steps; those that are 0 have no size.
        most: Sizes at most (1).
        least: Steps that must be of about a size (1).
    """
    logarithms = np.log(np.abs(steps[steps != 0]))
    if len(logarithms) == 0:
        return []
    low = float(logarithms.min()) - _MARGIN
    high = float(logarithms.max()) + _MARGIN
    axis = np.arange(low, high, _GRID)
    density = _smoothed((logarithms - low) / _GRID, len(axis))
    inner = density[1:-1]
    is_top = (inner > density[:-2]) & (inner >= density[2:]) & (inner >= least)
    tops = np.flatnonzero(is_top) + 1
    order = np.argsort(-density[tops], kind="stable")
    return [math.exp(axis[top]) for top in tops[order[:most]]]


def _smoothed(places: Array, size: int) -> Array:
    """Density of steps on the grid, each a bell of height 1. Shape (size,).

    Args:
        places: Where the steps lie on the grid, between its points too (1). Shape (steps,).
        size: Points of the grid (1).
    """
    below = np.floor(places).astype(np.int64)
    share = places - below
    counts = np.bincount(below, 1 - share, size)
    counts += np.bincount(below + 1, share, size)
    reach = math.ceil(_REACH * _ALIKE / _GRID)
    away = np.arange(-reach, reach + 1) * _GRID / _ALIKE
    spread = np.convolve(counts, np.exp(-(away**2) / 2))
    return spread[reach : reach + size]
