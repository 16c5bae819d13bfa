r"""Noise of a reading, told from the spread of steps by how neighbouring steps hang together.

Two steps in a row share the reading between them: with :math:`d_k = s_k + n_{k+1} - n_k`, the
noise makes :math:`\langle d_k d_{k+1}\rangle = -\sigma_r^2`, and nothing of it is in
:math:`\langle d_k d_{k+2}\rangle`. What a whole ramp has in common is in both alike, so that

.. math:: \sigma_r^2 = \langle r_k\,(r_{k+2} - r_{k+1})\rangle

for steps :math:`r` less the typical one at their conductance. Terms are weighted by the inverse
square of the variance of steps there: where steps are small, noise shows best.
"""

import math
from dataclasses import dataclass

import numpy as np

from mho.device.kinds import StepTable
from mho.fitting.engine import Row
from mho.fitting.tables.pulses import Pulses

_LEAST = 50
"""Runs of three pulses from which noise is asked for (1)."""
_BLOCK = 10
"""Neighbouring terms that count as one for the error: they share steps (1)."""
_SURE = 1.96
"""Deviations of a 95 % interval (1)."""


@dataclass(frozen=True, slots=True)
class ReadNoise:
    """What pulses say of the noise of a reading.

    Args:
        value: Its standard deviation (S); 0 if it is not determined.
        low: Lower end of its 95 % interval (S).
        high: Upper end (S); infinite where no pulses follow each other.
        determined: Whether the interval leaves 0 out.
    """

    value: float
    low: float
    high: float
    determined: bool


def read_noise_of(pulses: Pulses, table: StepTable) -> ReadNoise:
    """Noise of a reading, by ramps alone.

    Args:
        pulses: Pulses.
        table: Their steps, as they were read.
    """
    follows = pulses.follows
    first = np.flatnonzero(follows[:-1] & follows[1:])
    if first.size < _LEAST:
        return ReadNoise(0.0, 0.0, math.inf, determined=False)
    left, spread = _left_over(pulses, table)
    terms = left[first] * (left[first + 2] - left[first + 1])
    # a step of 0 is no reason to divide by it
    floor = 1e-3 * float(np.median(spread[first]))
    weight = 1 / np.maximum(spread[first], floor) ** 2
    mean = float((weight * terms).sum() / weight.sum())
    off = weight * (terms - mean)
    cuts = np.arange(_BLOCK, first.size, _BLOCK)
    blocks = np.array([part.sum() for part in np.split(off, cuts)])
    error = math.sqrt(float((blocks**2).sum())) / float(weight.sum())
    low, high = mean - _SURE * error, mean + _SURE * error
    sure = low > 0
    return ReadNoise(
        math.sqrt(mean) if sure else 0.0,
        math.sqrt(max(low, 0.0)),
        math.sqrt(max(high, 0.0)),
        sure,
    )


def _left_over(pulses: Pulses, table: StepTable) -> tuple[Row, Row]:
    """Steps less the typical one at their conductance (S), and the variance there (S²)."""
    steps = pulses.steps
    moved = steps.after - steps.before
    left = np.empty_like(moved)
    spread = np.empty_like(moved)
    volts = np.array(table.volts)
    nearest = np.abs(steps.amplitude[:, None] - volts).argmin(1)
    for k in range(volts.size):
        mine = nearest == k
        own = steps.before[mine]
        rows = np.array(table.steps[k])[:, 1:-1]
        left[mine] = moved[mine] - np.interp(own, table.nodes[k], rows.mean(1))
        # outliers would hide where steps are alike
        wide = np.ptp(rows[:, _inner(rows)], axis=1) / 2
        spread[mine] = np.interp(own, table.nodes[k], wide**2)
    return left, spread


def _inner(rows: Row) -> list[int]:
    """Places of the quantiles at −1 and 1 deviation of a normal law."""
    middle = rows.shape[1] // 2
    one = round(middle / 3)
    return [middle - one, middle + one]
