"""How much a trace moves from sample to sample, whatever else happens in it."""

import math
from dataclasses import dataclass

import numpy as np

from mho.characterise.telegraph import Array, converter_step

NORMAL_MEDIAN = 0.6745
"""Median of the absolute value of a normal number of deviation 1 (1)."""
_SCALES = (1, 2, 4, 8, 16, 32, 64, 128)
"""Samples averaged on both sides of a place, in the test for jumps (1)."""
_FEWEST = 16
"""Independent places that a scale of that test must have (1)."""


@dataclass(frozen=True, slots=True)
class NoiseScale:
    """Noise of a trace.

    Args:
        noise: Standard deviation of what is fresh in every sample, in the unit of the trace.
        step: Step of the converter that made the trace, in that unit; 0 if none shows.
    """

    noise: float
    step: float


def noise_scale(values: Array) -> NoiseScale:
    """Noise from the differences of neighbours, of which few are jumps.

    Codes of a converter are spread evenly over their step first, or a median would be a multiple
    of it, and the variance that this adds is taken off again.

    Args:
        values: The trace. Shape (samples,).
    """
    step = converter_step(values)
    spread = values
    if step > 0:
        # any sequence that fills the step evenly and is the same for the same trace
        golden = (math.sqrt(5) - 1) / 2
        place = (golden * np.arange(len(values))) % 1 - 0.5
        spread = values + step * place
    apart = float(np.median(np.abs(np.diff(spread))))
    variance = (apart / NORMAL_MEDIAN) ** 2 / 2 - step**2 / 12
    # codes hide what is smaller than they are
    least = max(step, 1e-9 * float(np.abs(values).max()))
    return NoiseScale(math.sqrt(max(variance, least**2)), step)


def jump_evidence(values: Array) -> float:
    r"""How far from Gaussian the changes in a trace are, in standard errors (1).

    The difference of two neighbouring means of w samples is Gaussian for any Gaussian noise, 1/f
    noise included, so that its kurtosis is 3 within :math:`\sqrt{24 w/n}` (n samples). Telegraph
    noise has many small differences and a few of its amplitude at some w. The largest departure
    over w = 1, 2, 4, … 128 is returned; chance gives 2 to 3.

    Args:
        values: The trace without jumps that never come back. Shape (samples,).
    """
    total = np.concatenate(([0.0], np.cumsum(values - values.mean())))
    worst = 0.0
    for width in _SCALES:
        count = len(values) / width
        if count < _FEWEST:
            break
        mean = (total[width:] - total[:-width]) / width
        change = mean[width:] - mean[:-width]
        change = change - change.mean()
        square = change**2
        variance = float(square.mean())
        if variance <= 0:
            continue
        excess = float((square**2).mean()) / variance**2 - 3
        worst = max(worst, abs(excess) / math.sqrt(24 / count))
    return worst
