"""A trace as plateaus: the places where its mean changes, found exactly."""

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mho.characterise.telegraph import Array
from mho.compiled import Kernels

Places = npt.NDArray[np.int64]

_PENALTY = 30.0
"""Squared deviations, over those of the noise, that a further change must save (1)."""
_SHORTEST = 3
"""Samples of a plateau at least: one or two are spikes (1)."""
_LONGEST = 4000
"""Samples after which the search cuts a plateau, to be joined again (1)."""
_LEAST_STEP = 1.5
"""Smallest step between plateaus that is kept, over the noise (1)."""
NEAR = 32
"""Samples on either side of a step that its size is taken from, at most (1)."""
_FIRST_LOOK = 12
"""The same while plateaus are joined: there may be further steps near (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Plateaus:
    """Plateaus and the steps between them.

    Args:
        bounds: First sample of every plateau, and the number of samples. Shape (plateaus + 1,).
        steps: Change from each plateau to the next, near their border, in the unit of the trace.
            Shape (plateaus - 1,).
        white: Variance of each step if noise is fresh in every sample, in that unit squared.
            Shape (plateaus - 1,).
    """

    bounds: Places
    steps: Array
    white: Array

    @property
    def places(self) -> Places:
        """First sample after each step. Shape (plateaus - 1,)."""
        return self.bounds[1:-1]


def find_plateaus(values: Array, noise: float) -> Plateaus:
    """Cut a trace where its mean changes (key: killick2012pelt).

    Of all ways to cut it, the one with the least sum of squares within plateaus, over the noise,
    plus a penalty for every cut; then plateaus are joined whose step is small, the smallest first.

    Args:
        values: The trace. Shape (samples,).
        noise: Standard deviation of its white noise.
    """
    scaled = (values - values[0]) / noise
    ends = _KERNELS["cut"](scaled, _PENALTY, _SHORTEST, _LONGEST)
    first = np.concatenate(([0], ends))
    bounds = _joined(values, first, _LEAST_STEP * noise)
    return _described(values, bounds, noise)


def _joined(values: Array, bounds: Places, least: float) -> Places:
    """Bounds without those whose step is smaller than `least`, the smallest taken away first."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    before = dict(zip(bounds[1:].tolist(), bounds[:-1].tolist(), strict=True))
    after = dict(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))

    def size(place: int) -> float:
        low = max(before[place], place - _FIRST_LOOK)
        high = min(after[place], place + _FIRST_LOOK)
        right = (total[high] - total[place]) / (high - place)
        left = (total[place] - total[low]) / (place - low)
        return float(abs(right - left))

    inner = set(bounds[1:-1].tolist())
    heap = [(size(place), place) for place in inner]
    heapq.heapify(heap)
    while heap:
        seen, place = heapq.heappop(heap)
        if place not in inner:
            continue
        now = size(place)
        if now != seen:
            # a neighbour has gone since
            heapq.heappush(heap, (now, place))
            continue
        if now >= least:
            break
        inner.discard(place)
        low = before[place]
        high = after[place]
        after[low] = high
        before[high] = low
        for neighbour in (low, high):
            if neighbour in inner:
                heapq.heappush(heap, (size(neighbour), neighbour))
    ends = [int(bounds[0]), *sorted(inner), int(bounds[-1])]
    return np.array(ends, dtype=np.int64)


def _described(values: Array, bounds: Places, noise: float) -> Plateaus:
    """Plateaus with their steps, each from the samples next to it."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    place = bounds[1:-1]
    low = np.maximum(bounds[:-2], place - NEAR)
    high = np.minimum(bounds[2:], place + NEAR)
    before = place - low
    after = high - place
    left = (total[place] - total[low]) / before
    right = (total[high] - total[place]) / after
    variance = noise**2
    white = variance / before + variance / after
    return Plateaus(bounds, right - left, white)


def cut(values: Array, penalty: float, shortest: int, longest: int) -> Places:
    """Ends of plateaus with the least cost, by dynamic programming with pruning.

    A start that is worse than the best by more than the penalty hardly becomes the best again, so
    it is left out from then on.
    """
    count = len(values)
    sums = np.zeros(count + 1)
    squares = np.zeros(count + 1)
    sums[1:] = np.cumsum(values)
    squares[1:] = np.cumsum(values * values)
    cost = np.full(count + 1, np.inf)
    cost[0] = 0.0
    origin = np.zeros(count + 1, np.int64)
    starts = np.empty(count + 1, np.int64)
    inside = np.empty(count + 1)
    number = 0
    for t in range(shortest, count + 1):
        starts[number] = t - shortest
        number += 1
        for k in range(number):
            u = starts[k]
            rise = sums[t] - sums[u]
            scatter = squares[t] - squares[u] - rise * rise / (t - u)
            inside[k] = cost[u] + scatter
        best = int(np.argmin(inside[:number]))
        cost[t] = inside[best] + penalty
        origin[t] = starts[best]
        kept = 0
        for k in range(number):
            if inside[k] <= cost[t] and t - starts[k] < longest:
                starts[kept] = starts[k]
                kept += 1
        number = kept
    return traced(origin)


def traced(origin: Places) -> Places:
    """Ends of the plateaus that lead to the last sample, in order."""
    number = 0
    t = len(origin) - 1
    while t > 0:
        number += 1
        t = origin[t]
    ends = np.empty(number, np.int64)
    t = len(origin) - 1
    while t > 0:
        number -= 1
        ends[number] = t
        t = origin[t]
    return ends


_KERNELS = Kernels({"cut": cut}, {})
