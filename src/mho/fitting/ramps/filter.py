r"""Likelihood of ramps of pulses with steps, noise of cycles and noise of reads told apart.

A Kalman filter follows five numbers of a cell: its conductance :math:`g`, a slow fluctuation
:math:`n` that reads see on top, two constants of its own, a gain :math:`a` and an asymmetry
:math:`b`, which never change and are what differs between cells, and the vigour :math:`e` of the
ramp it is on, drawn anew whenever pulses change their direction:

.. math::
    g &\leftarrow g \pm m_\pm(s)\,(1 + a \pm b + e) + c\,\varepsilon, \qquad
    n \leftarrow \rho\, n + \sigma \sqrt{1 - \rho^2}\,\varepsilon', \\
    y &= g + n + r\,\varepsilon'' , \qquad
    s = (1 - w)\,x(g) + w\,k / K .

Steps are looked up at the place :math:`s`: that of the conductance in its range, :math:`x`, or
how far a ramp has come since pulses changed their direction, :math:`k` of :math:`K`, or between
the two as the weight :math:`w` says.

What a pulse adds for good spreads more and more, what a read adds does not: that is how the two
are told apart, and why a cell's spread is a parameter here and not noise. The filter integrates
over all of the cell's numbers. Steps depend on :math:`g`, so it is an extended one, exact as far
as steps are even within the noise of one read.

An innovation of more than `ROBUST` deviations counts by its size, not its square, and moves the
state no further: one wild reading does not spoil a ramp. The functions take complex numbers as
well, for `complex_step`; only real parts are compared.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from mho.compiled import Kernels
from mho.fitting.engine import Row

ROBUST = 4.0
"""Deviations from which an innovation counts by its size (1)."""
FIRST = 0
"""Code of the first reading of a ramp."""
AGAIN = 2
"""Code of another reading without a pulse; +1 and −1 are readings after a pulse."""
FIXED = 13
"""Numbers before the steps at nodes: relative spreads of a step, up and down, absolute ones, r²,
σ², ρ, variances of gain and asymmetry, the first and the last node, w, and the variance of a
ramp's vigour."""
STATES = 5
SLOW = 1
VIGOUR = 4
LOGISTIC = 0.58
"""Scale of the logistic law that is nearest to a normal one of deviation 1 (1)."""
FAR = 35.0
NOTHING = 1e-14
"""Variance that is none (1)."""
Codes = npt.NDArray[np.int64]
Number = Any
"""A float, or a complex number."""
Numbers = npt.NDArray[Any]
"""Floats, or complex numbers."""


def ramp_loss(
    y: Row,
    code: Codes,
    new_cell: Codes,
    turns: Codes,
    progress: Row,
    q: Row,
    active: Codes,
    hard: bool,
) -> float:
    """Negative logarithm of the likelihood of readings (1).

    Args:
        y: Readings in order. Shape (readings,).
        code: What came before each, see `FIRST`. Shape (readings,).
        new_cell: 1 where another cell begins, else 0. Shape (readings,).
        turns: 1 at the first pulse in a direction, else 0. Shape (readings,).
        progress: How far a ramp has come before each pulse, from 0 at the low end to 1 at the
            high one (1). Shape (readings,).
        q: Numbers of the law, see `FIXED`, then steps up and steps down at nodes.
        active: Which of the five numbers of a cell there are; 0 always.
        hard: Whether the first and the last node are ends that nothing passes.
    """
    found: float = _KERNELS["filter_ramps"](
        y, code, new_cell, turns, progress, q, active, hard
    )
    return found


def filter_ramps(
    y: Row,
    code: Codes,
    new_cell: Codes,
    turns: Codes,
    progress: Row,
    q: Numbers,
    active: Codes,
    hard: bool,
) -> Number:
    """All ramps, one reading after the other."""
    mean = np.zeros(STATES, q.dtype)
    spread = np.zeros((STATES, STATES), q.dtype)
    row = np.zeros(STATES, q.dtype)
    new = np.zeros(STATES, q.dtype)
    parts = (knows_slow(active), hard)
    loss = 0.0 * q[0]
    for i in range(y.size):
        if code[i] == FIRST:
            begin(mean, spread, y[i], bool(new_cell[i] == 1), q)
            continue
        if code[i] != AGAIN:
            seen = (int(code[i]), progress[i], bool(turns[i] == 1))
            pulse(mean, spread, row, new, seen, q, active, parts)
        loss += correct(mean, spread, new, y[i], q, active)
    return loss


def knows_slow(active: Codes) -> bool:
    """Whether there is a slow fluctuation."""
    found = False
    for k in active:
        found = found or bool(k == SLOW)
    return found


def pulse(
    mean: Numbers,
    spread: Numbers,
    row: Numbers,
    new: Numbers,
    seen: tuple[int, float, bool],
    q: Numbers,
    active: Codes,
    parts: tuple[bool, bool],
) -> None:
    """What a pulse makes of the state.

    Args:
        mean: The cell's numbers.
        spread: Their covariance.
        row: Room for derivatives.
        new: Room for a row of the covariance.
        seen: Sign of the pulse, progress of the ramp, and whether pulses change their direction.
        q: Numbers of the law.
        active: Which of the cell's numbers there are.
        parts: Whether there is a slow fluctuation, and whether ends are hard.
    """
    sign, progress, turned = seen
    is_slow, hard = parts
    if turned:
        turn(mean, spread, q)
    added = predict(mean, row, sign, progress, q)
    spread_out(spread, row, new, added, active)
    if is_slow:
        forget(spread, q, active)
    if hard:
        stop(mean, spread, sign, q, active)


def begin(
    mean: Numbers, spread: Numbers, first: float, new_cell: bool, q: Numbers
) -> None:
    """A ramp begins anywhere; a new cell has constants that are not known yet."""
    if new_cell:
        mean[2] = 0.0
        mean[3] = 0.0
        mean[VIGOUR] = 0.0
        for k in range(2, STATES):
            for j in range(2, STATES):
                spread[k, j] = 0.0
        spread[2, 2] = q[7]
        spread[3, 3] = q[8]
    for k in range(2):
        for j in range(STATES):
            spread[k, j] = 0.0
            spread[j, k] = 0.0
    mean[0] = first
    mean[1] = 0.0
    spread[0, 0] = q[4] + q[5]
    spread[0, 1] = -q[5]
    spread[1, 0] = -q[5]
    spread[1, 1] = q[5]


def turn(mean: Numbers, spread: Numbers, q: Numbers) -> None:
    """Another direction: the vigour of the ramp is not known yet."""
    mean[VIGOUR] = 0.0
    for k in range(STATES):
        spread[k, VIGOUR] = 0.0
        spread[VIGOUR, k] = 0.0
    spread[VIGOUR, VIGOUR] = q[12]


def step_here(
    g: Number, progress: float, up: bool, q: Numbers
) -> tuple[Number, Number]:
    """Mean step at a place, and how it changes with conductance: linear between nodes."""
    count = (q.size - FIXED) // 2
    first = FIXED if up else FIXED + count
    reach = q[10] - q[9]
    share = (1.0 - q[11]) * (g - q[9]) / reach + q[11] * progress
    x = share * (count - 1)
    if x.real <= 0.0:
        return q[first], 0.0 * x
    if x.real >= count - 1:
        return q[first + count - 1], 0.0 * x
    k = min(int(x.real), count - 2)
    slope = q[first + k + 1] - q[first + k]
    change = slope * (count - 1) / reach * (1.0 - q[11])
    return q[first + k] + (x - k) * slope, change


def predict(
    mean: Numbers,
    row: Numbers,
    sign: int,
    progress: float,
    q: Numbers,
) -> Number:
    """What a pulse makes of the mean; the row of its derivatives is filled.

    Returns:
        Variance that it adds.
    """
    up = sign > 0
    step, slope = step_here(mean[0], progress, up, q)
    factor = 1.0 + mean[2] + sign * mean[3] + mean[VIGOUR]
    row[0] = 1.0 + sign * slope * factor
    row[2] = sign * step
    row[3] = step
    row[VIGOUR] = sign * step
    relative = q[0] if up else q[1]
    absolute = q[2] if up else q[3]
    added: Number = (relative * step * factor) ** 2 + absolute**2
    moved = mean[0] + sign * step * factor
    mean[0] = moved
    mean[1] *= q[6]
    return added


def spread_out(
    spread: Numbers,
    row: Numbers,
    new: Numbers,
    added: Number,
    active: Codes,
) -> None:
    """F spread Fᵀ + Q, where only the first two rows of F are not those of the unit matrix."""
    own = added
    for j in active:
        new[j] = 0.0
        for k in active:
            new[j] += row[k] * spread[k, j]
    for k in active:
        own += new[k] * row[k]
    for j in active:
        spread[0, j] = new[j]
        spread[j, 0] = new[j]
    spread[0, 0] = own


def forget(spread: Numbers, q: Numbers, active: Codes) -> None:
    """What a pulse leaves of the slow fluctuation, and what takes the place of the rest."""
    for j in active:
        if j != SLOW:
            spread[SLOW, j] *= q[6]
            spread[j, SLOW] = spread[SLOW, j]
    own = q[6] ** 2 * spread[SLOW, SLOW]
    spread[SLOW, SLOW] = own + q[5] * (1.0 - q[6] ** 2)


def stop(
    mean: Numbers, spread: Numbers, sign: int, q: Numbers, active: Codes
) -> None:
    """An end that nothing passes: the mean of what it leaves of a normal law, by a logistic one.

    Smooth in all numbers, as the exact mean is; it errs by 2 % of the deviation at most.
    """
    end = q[10] if sign > 0 else q[9]
    width = LOGISTIC * np.sqrt(spread[0, 0] + NOTHING)
    room = sign * (end - mean[0]) / width
    if room.real > FAR:
        return
    kept = 0.0 * room
    left = 0.0 * room
    if room.real > -FAR:
        kept = 1.0 / (1.0 + np.exp(-room))
        left = np.log(1.0 + np.exp(room))
    mean[0] = end - sign * width * left
    for k in active:
        spread[0, k] *= kept
        if k > 0:
            spread[k, 0] = spread[0, k]
    spread[0, 0] *= kept


def correct(
    mean: Numbers,
    spread: Numbers,
    seen: Numbers,
    reading: float,
    q: Numbers,
    active: Codes,
) -> Number:
    """What a reading says; its share of the loss."""
    for k in active:
        seen[k] = spread[k, 0] + spread[k, 1]
    variance = seen[0] + seen[1] + q[4]
    off = reading - mean[0] - mean[1]
    size = off / np.sqrt(variance)
    weight = 1.0 + 0.0 * size
    loss: Number = np.log(variance) / 2
    if abs(size.real) > ROBUST:
        sign = 1.0 if size.real > 0 else -1.0
        weight = ROBUST / (sign * size)
        loss += ROBUST * sign * size - ROBUST**2 / 2
    else:
        loss += size * size / 2
    gain = weight / variance
    for k in active:
        mean[k] += gain * seen[k] * off
    for k in active:
        for j in active:
            spread[k, j] -= gain * seen[k] * seen[j]
    return loss


_KERNELS = Kernels({"filter_ramps": filter_ramps}, {})
