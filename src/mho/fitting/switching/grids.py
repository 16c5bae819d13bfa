"""Where a cell's own x may be, as its pulses say: the grids that the likelihood is summed over."""

import math

import numpy as np

from mho.compiled import Kernels
from mho.fitting.engine import Row
from mho.fitting.switching.kernel import (
    GAIN,
    NODES,
    centre,
    fill_row,
    still_sums,
)

_ZOOMS = 4
_DEEP = 16.0
"""Fall of a logarithm beyond which a zoom does not look (1)."""
_FAR = 1e6


def switching_grids(
    off: Row,
    mu: Row,
    cap: Row,
    end: Row,
    volts: Row,
    first: np.ndarray,
    q: Row,
) -> Row:
    """Where x may be: middle, deviation, and variance by the pulses alone. Shape (2 cells, 3).

    Arguments are those of `kernel.switching_tables`; a threshold is taken at its best.
    """
    del volts
    found: Row = _KERNELS["all_grids"](off, mu, cap, end, first, q)
    return found


def at_places(
    low: float,
    step: float,
    terms: tuple[Row, Row, Row, Row, Row],
    mean: float,
    prior: float,
    q: Row,
) -> Row:
    """Logarithm of what is likely at even places of x, the cell's threshold at its best."""
    off, mu, cap, end, still = terms
    row = np.zeros(off.size + 1)
    found = np.zeros(NODES)
    for j in range(NODES):
        x = low + j * step
        fill_row(row, x, off, mu, cap, end, still, q)
        found[j] = row.max() - 0.5 * (x - mean) ** 2 / prior
    return found


def near_the_peak(values: Row) -> tuple[int, int]:
    """First and last place that is not far below the best."""
    best = values.max()
    begin = values.size
    stop = 0
    for j in range(values.size):
        if values[j] > best - _DEEP:
            begin = min(begin, j)
            stop = j
    return begin, stop


def moments(values: Row) -> tuple[float, float]:
    """Mean and variance of places 0, 1, … by the logarithms of their weights."""
    best = values.max()
    total = 0.0
    first = 0.0
    second = 0.0
    for j in range(values.size):
        weight = math.exp(values[j] - best)
        total += weight
        first += weight * j
        second += weight * j * j
    mean = first / total

    return mean, second / total - mean * mean


def all_grids(
    off: Row,
    mu: Row,
    cap: Row,
    end: Row,
    first: np.ndarray,
    q: Row,
) -> Row:
    """See `switching_grids`."""
    found = np.zeros((first.size - 1, 3))
    for one in range(first.size - 1):
        a = first[one]
        b = first[one + 1]
        mean, by_voltage = centre(q, one % 2)
        prior = by_voltage + q[GAIN] ** 2
        still = still_sums(off[a:b], q)
        terms = (off[a:b], mu[a:b], cap[a:b], end[a:b], still)
        low = mean - 8.0 * math.sqrt(prior)
        high = mean + 8.0 * math.sqrt(prior)
        step = (high - low) / (NODES - 1)
        kept = np.zeros(NODES)
        begun = low
        for _ in range(_ZOOMS):
            step = (high - low) / (NODES - 1)
            kept = at_places(low, step, terms, mean, prior, q)
            begun = low
            begin, stop = near_the_peak(kept)
            if stop - begin > NODES // 2:
                break
            high = low + (stop + 1) * step
            low = low + (begin - 1) * step
        middle, square = moments(kept)
        variance = max(square * step * step, 1e-10)
        found[one, 0] = begun + middle * step
        found[one, 1] = math.sqrt(variance)
        told = 1.0 / variance - 1.0 / prior
        found[one, 2] = 1.0 / max(told, 1.0 / _FAR)
    return found


_KERNELS = Kernels({"all_grids": all_grids}, {})
