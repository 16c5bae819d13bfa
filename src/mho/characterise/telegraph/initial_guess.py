"""Where fits start: from the sizes of jumps, and from the fit with one trap fewer."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mho.characterise.telegraph.factorial_hmm import (
    PER_NOISE,
    FactorialHMM,
    Grid,
)
from mho.characterise.telegraph.trap_model import Array, Model

_LOOK = 5
FIT_STEPS = 80
_FIT_THREE = 40
"""Most steps of a first look at a start, of a fit, and of one with three traps (1)."""
GAIN = 0.02
"""Gain in log likelihood at which a fit has converged (1)."""
_POINTS_MAX = 16_384
"""Most points of the table of densities (1)."""
_STRAY = 1e-6
"""Share of samples that may be anything, such as spikes (1)."""
_ALIKE = 0.05
"""Spread of jumps taken for the same size, in the logarithm (1)."""
_GLANCE = 8_000
"""Samples at which a first look at three traps looks: their states are many (1)."""
_WINDOWS = (1, 2, 4, 8, 16)
"""Samples averaged on both sides of a jump to see it (1)."""


def converter_step(values: Array) -> float:
    """Step of the converter that made the values, in their unit; 0 if they hardly ever repeat."""
    apart = np.diff(np.unique(values))
    apart = apart[apart > 1e-6 * np.abs(values).max()]
    return float(apart.min()) if 0 < len(apart) < len(values) / 4 else 0.0


def rough_noise(values: Array) -> float:
    """Noise of a sample from the small differences of neighbours, which are seldom jumps.

    In the unit of the values. 0.2533 is the 60 % point of a normal distribution. At least two
    steps of the converter, so that a fit cannot resolve its codes.
    """
    small = float(np.quantile(np.abs(np.diff(values)), 0.2)) / (
        0.2533 * math.sqrt(2)
    )
    return max(
        small,
        float(np.ptp(values)) / (_POINTS_MAX / 32),
        2 * converter_step(values),
    )


def make_grid(values: Array, noise: float) -> tuple[Array, Grid]:
    """The values from the start of a grid, and the grid, eight points to the noise.

    Args:
        values: The trace, in any unit. Shape (samples,).
        noise: What `rough_noise` says of it.
    """
    span = float(np.ptp(values))
    margin = max(0.3 * span, 12 * noise)
    step = noise / PER_NOISE
    # Fourier transforms are quickest for powers of two.
    needed = (span + 2 * margin) / step
    points = 2 ** math.ceil(math.log2(needed))
    origin = values.min() - margin
    moved = values - origin
    # Where each value lies: the point on its left, and how far it is on to the next one.
    place = moved / step
    left = place.astype(int)
    share = (place - left)[:, None]
    return moved, Grid(points, step, left, share, 2 * step, _STRAY / span)


def jump_sizes(values: Array, noise: float) -> list[float]:
    """Amplitudes that jumps suggest, the most frequent first, at most five.

    Args:
        values: The trace. Shape (samples,).
        noise: Standard deviation of its white noise.
    """
    found = []
    total = np.concatenate(([0.0], np.cumsum(values)))
    for window in _WINDOWS:
        mean = (total[window:] - total[:-window]) / window
        # One sample between the two sides is left out: the jump lies within it.
        step = np.abs(mean[window + 1 :] - mean[: -window - 1])
        peaks = _peaks(step, window)
        found.append(peaks[peaks > 4 * noise * math.sqrt(2 / window)])
    sizes = np.log(np.concatenate(found))
    if not len(sizes):
        return []
    # How often each size occurs, on a logarithmic axis, smoothed over sizes that are alike.
    axis = np.arange(sizes.min() - 0.2, sizes.max() + 0.2, 0.02)
    edges = np.append(axis - 0.01, axis[-1] + 0.01)
    counts = np.histogram(sizes, edges)[0]
    distance = np.arange(-20, 21) * 0.02 / _ALIKE
    kernel = np.exp(-(distance**2) / 2)
    if len(axis) > len(kernel):
        smooth = np.convolve(counts, kernel, "same")
    else:
        smooth = counts.astype(float)
    above_last = smooth > np.roll(smooth, 1)
    above_next = smooth >= np.roll(smooth, -1)
    top = np.flatnonzero(above_last & above_next)
    most_frequent = np.argsort(-smooth[top])
    best = top[most_frequent][:5]
    return [float(size) for size in np.exp(axis[best])]


def _peaks(step: Array, reach: int) -> Array:
    """Values that are the largest within some samples on both sides."""
    if len(step) <= 2 * reach:
        return step[:0]
    view = np.lib.stride_tricks.sliding_window_view(step, 2 * reach + 1)
    middle = step[reach : len(step) - reach]
    peaks: Array = middle[middle >= view.max(1)]
    return peaks


def best_fit(
    values: Array, grid: Grid, sizes: list[float], before: Model, noise: float
) -> FactorialHMM:
    """Fit one more trap than before: look at every start for a few steps, go on with the best.

    Args:
        values: The trace from the start of the grid. Shape (samples,).
        grid: Table of densities.
        sizes: What `jump_sizes` says.
        before: The fit with one trap fewer.
        noise: What `rough_noise` says.
    """
    column = values[:, None]
    few = column
    part = grid
    if before.traps == 2:
        few = column[:_GLANCE]
        part = replace(
            grid, left=grid.left[:_GLANCE], share=grid.share[:_GLANCE]
        )
    looks = [
        FactorialHMM(part, start, _LOOK, GAIN).fit(few)
        for start in _starts(values, sizes, before, noise)
    ]
    looks.sort(key=lambda look: -look.history[-1])
    going_on, steps = (1, _FIT_THREE) if before.traps == 2 else (2, FIT_STEPS)
    fits = [
        FactorialHMM(grid, look.model, steps, GAIN).fit(column)
        for look in looks[:going_on]
    ]
    best: FactorialHMM = max(fits, key=lambda fit: float(fit.history[-1]))
    return best


def _starts(
    values: Array, sizes: list[float], before: Model, noise: float
) -> Iterator[Model]:
    """The fit before with a trap of each size, mostly filled or mostly empty; sets of sizes."""
    number = before.traps + 1
    tried = [*(sizes if number < 3 else sizes[:3]), 2 * noise]
    slow = np.full(number, 0.03)
    for size in tried:
        amplitude = np.append(before.amplitude, size)
        fills, empties = (
            np.append(p, 0.03) for p in (before.fills, before.empties)
        )
        for base in (
            (before.base - size / 2,)
            if number == 3
            else (before.base, before.base - size)
        ):
            yield Model.checked(base, before.noise, amplitude, fills, empties)
    low = float(np.quantile(values, 0.01)) + 2 * noise
    for chosen in itertools.combinations(sizes[:4], number):
        yield Model.checked(low, noise, np.array(chosen), slow, slow)
