"""Derivative of the likelihood of ramps by all numbers of the filter in one pass back.

The filter is run once, its state before every reading kept. Then, from the last reading to the
first, each of its steps is undone: what the loss owes to the state after a step becomes what it
owes to the state before it and to the numbers of the law. That costs some four filters, whatever
the number of numbers is. Every function here is the transpose of that of its name in `filter`.
"""

import numpy as np

from mho.compiled import Kernels
from mho.fitting.engine import Row
from mho.fitting.ramps.filter import (
    AGAIN,
    FAR,
    FIRST,
    FIXED,
    LOGISTIC,
    NOTHING,
    ROBUST,
    SLOW,
    STATES,
    VIGOUR,
    Codes,
    begin,
    correct,
    forget,
    knows_slow,
    predict,
    pulse,
    spread_out,
    step_here,
    stop,
    turn,
)


def ramp_slope(
    y: Row,
    code: Codes,
    new_cell: Codes,
    turns: Codes,
    progress: Row,
    q: Row,
    active: Codes,
    hard: bool,
) -> Row:
    """Derivative of `filter.ramp_loss` by its numbers `q`. Shape (numbers,).

    Arguments are those of `filter.ramp_loss`.
    """
    found: Row = _KERNELS["slope_of_ramps"](
        y, code, new_cell, turns, progress, q, active, hard
    )
    return found


def slope_of_ramps(
    y: Row,
    code: Codes,
    new_cell: Codes,
    turns: Codes,
    progress: Row,
    q: Row,
    active: Codes,
    hard: bool,
) -> Row:
    """All ramps forward, then back."""
    parts = (knows_slow(active), hard)
    means = np.zeros((y.size, STATES))
    spreads = np.zeros((y.size, STATES, STATES))
    mean = np.zeros(STATES)
    spread = np.zeros((STATES, STATES))
    row = np.zeros(STATES)
    new = np.zeros(STATES)
    for i in range(y.size):
        means[i] = mean
        spreads[i] = spread
        if code[i] == FIRST:
            begin(mean, spread, y[i], bool(new_cell[i] == 1), q)
            continue
        if code[i] != AGAIN:
            seen = (int(code[i]), progress[i], bool(turns[i] == 1))
            pulse(mean, spread, row, new, seen, q, active, parts)
        correct(mean, spread, new, y[i], q, active)
    of_mean = np.zeros(STATES)
    of_spread = np.zeros((STATES, STATES))
    of_q = np.zeros(q.size)
    for back in range(y.size):
        i = y.size - 1 - back
        if code[i] == FIRST:
            begin_back(of_mean, of_spread, new_cell[i] == 1, of_q)
        elif code[i] == AGAIN:
            correct_back(
                of_mean, of_spread, means[i], spreads[i], y[i], q, active, of_q
            )
        else:
            pulse_back(
                of_mean,
                of_spread,
                means[i],
                spreads[i],
                (code[i], progress[i], turns[i] == 1),
                y[i],
                q,
                active,
                parts,
                of_q,
            )
    return of_q


def pulse_back(
    of_mean: Row,
    of_spread: Row,
    mean: Row,
    spread: Row,
    seen: tuple[int, float, bool],
    reading: float,
    q: Row,
    active: Codes,
    parts: tuple[bool, bool],
    of_q: Row,
) -> None:
    """A pulse and the reading after it; the state before both is spent."""
    sign, progress, turned = seen
    is_slow, hard = parts
    row = np.zeros(STATES)
    new = np.zeros(STATES)
    if turned:
        turn(mean, spread, q)
    first_mean = mean.copy()
    first_spread = spread.copy()
    added = predict(mean, row, sign, progress, q)
    spread_out(spread, row, new, added, active)
    kept_spread = spread.copy()
    if is_slow:
        forget(spread, q, active)
    free_mean = mean.copy()
    free_spread = spread.copy()
    if hard:
        stop(mean, spread, sign, q, active)
    correct_back(of_mean, of_spread, mean, spread, reading, q, active, of_q)
    if hard:
        stop_back(
            of_mean, of_spread, free_mean, free_spread, sign, q, active, of_q
        )
    if is_slow:
        forget_back(of_spread, kept_spread, q, active, of_q)
    of_row = np.zeros(STATES)
    of_added = spread_out_back(
        of_spread, first_spread, row, new, active, of_row
    )
    predict_back(of_mean, of_row, of_added, first_mean, sign, progress, q, of_q)
    if turned:
        turn_back(of_mean, of_spread, of_q)


def begin_back(of_mean: Row, of_spread: Row, new_cell: bool, of_q: Row) -> None:
    """Of a ramp that begins anywhere, the variances alone are of the law."""
    crossed = of_spread[0, 1] + of_spread[1, 0]
    of_q[4] += of_spread[0, 0]
    of_q[5] += of_spread[0, 0] + of_spread[1, 1] - crossed
    of_mean[:2] = 0.0
    of_spread[:2] = 0.0
    of_spread[:, :2] = 0.0
    if new_cell:
        of_q[7] += of_spread[2, 2]
        of_q[8] += of_spread[3, 3]
        of_mean[:] = 0.0
        of_spread[:] = 0.0


def turn_back(of_mean: Row, of_spread: Row, of_q: Row) -> None:
    """The vigour of the ramp before is forgotten."""
    of_q[12] += of_spread[VIGOUR, VIGOUR]
    of_mean[VIGOUR] = 0.0
    of_spread[VIGOUR] = 0.0
    of_spread[:, VIGOUR] = 0.0


def correct_back(
    of_mean: Row,
    of_spread: Row,
    mean: Row,
    spread: Row,
    reading: float,
    q: Row,
    active: Codes,
    of_q: Row,
) -> None:
    """A reading: what its share of the loss owes is added."""
    seen = spread[:, 0] + spread[:, 1]
    variance = seen[0] + seen[1] + q[4]
    off = reading - mean[0] - mean[1]
    size = off / np.sqrt(variance)
    wild = abs(size) > ROBUST
    weight = ROBUST / abs(size) if wild else 1.0
    gain = weight / variance
    of_gain = 0.0
    of_off = 0.0
    of_seen = np.zeros(STATES)
    for k in active:
        of_gain += of_mean[k] * seen[k] * off
        of_off += of_mean[k] * gain * seen[k]
        of_seen[k] += of_mean[k] * gain * off
        for j in active:
            of_gain -= of_spread[k, j] * seen[k] * seen[j]
            both = of_spread[k, j] + of_spread[j, k]
            of_seen[k] -= both * gain * seen[j]
    of_variance = 0.5 / variance - of_gain * gain / variance
    of_size = size
    if wild:
        of_size = np.sign(size) * ROBUST - of_gain / variance * weight / size
    of_off += of_size / np.sqrt(variance)
    of_variance -= 0.5 * of_size * size / variance
    of_mean[0] -= of_off
    of_mean[1] -= of_off
    of_seen[0] += of_variance
    of_seen[1] += of_variance
    of_q[4] += of_variance
    for k in range(STATES):
        of_spread[k, 0] += of_seen[k]
        of_spread[k, 1] += of_seen[k]


def stop_back(
    of_mean: Row,
    of_spread: Row,
    mean: Row,
    spread: Row,
    sign: int,
    q: Row,
    active: Codes,
    of_q: Row,
) -> None:
    """An end that nothing passes."""
    end = 10 if sign > 0 else 9
    width = LOGISTIC * np.sqrt(spread[0, 0] + NOTHING)
    room = sign * (q[end] - mean[0]) / width
    if room > FAR:
        return
    kept = 0.0
    left = 0.0
    if room > -FAR:
        kept = 1.0 / (1.0 + np.exp(-room))
        left = np.log(1.0 + np.exp(room))
    of_kept = of_spread[0, 0] * 2.0 * kept * spread[0, 0]
    of_spread[0, 0] *= kept * kept
    for k in active:
        if k > 0:
            both = of_spread[0, k] + of_spread[k, 0]
            of_kept += both * spread[0, k]
            of_spread[0, k] = both * kept
            of_spread[k, 0] = 0.0
    of_left = -sign * width * of_mean[0]
    of_room = of_kept * kept * (1.0 - kept) + of_left * kept
    of_width = -sign * left * of_mean[0] - of_room * room / width
    of_q[end] += of_mean[0] + of_room * sign / width
    of_mean[0] = -of_room * sign / width
    of_spread[0, 0] += of_width * LOGISTIC**2 / (2.0 * width)


def forget_back(
    of_spread: Row, spread: Row, q: Row, active: Codes, of_q: Row
) -> None:
    """What a pulse leaves of the slow fluctuation."""
    own = of_spread[SLOW, SLOW]
    for j in active:
        if j != SLOW:
            both = of_spread[SLOW, j] + of_spread[j, SLOW]
            of_q[6] += both * spread[SLOW, j]
            of_spread[SLOW, j] = both * q[6]
            of_spread[j, SLOW] = 0.0
    of_q[5] += own * (1.0 - q[6] ** 2)
    of_q[6] += own * 2.0 * q[6] * (spread[SLOW, SLOW] - q[5])
    of_spread[SLOW, SLOW] = own * q[6] ** 2


def spread_out_back(
    of_spread: Row,
    spread: Row,
    row: Row,
    new: Row,
    active: Codes,
    of_row: Row,
) -> float:
    """A step of the covariance; the row's share is filled.

    Returns:
        What the loss owes to the variance that was added.
    """
    own: float = of_spread[0, 0]
    of_new = np.zeros(STATES)
    for j in active:
        if j != 0:
            of_new[j] = of_spread[0, j] + of_spread[j, 0]
        of_new[j] += own * row[j]
        of_row[j] = own * new[j]
    for j in active:
        of_spread[0, j] = 0.0
        of_spread[j, 0] = 0.0
    for k in active:
        for j in active:
            of_spread[k, j] += row[k] * of_new[j]
            of_row[k] += spread[k, j] * of_new[j]
    return own


def predict_back(
    of_mean: Row,
    of_row: Row,
    of_added: float,
    mean: Row,
    sign: int,
    progress: float,
    q: Row,
    of_q: Row,
) -> None:
    """A step of the mean."""
    up = sign > 0
    factor = 1.0 + mean[2] + sign * mean[3] + mean[VIGOUR]
    relative = 0 if up else 1
    absolute = 2 if up else 3
    step, slope = step_here(mean[0], progress, up, q)
    size = q[relative] * step * factor
    of_size = 2.0 * size * of_added
    of_q[relative] += of_size * step * factor
    of_q[absolute] += 2.0 * q[absolute] * of_added
    of_step = sign * (of_row[2] + of_row[VIGOUR]) + of_row[3]
    of_step += of_size * q[relative] * factor + of_mean[0] * sign * factor
    of_slope = of_row[0] * sign * factor
    of_factor = of_row[0] * sign * slope + of_size * q[relative] * step
    of_factor += of_mean[0] * sign * step
    of_q[6] += of_mean[1] * mean[1]
    of_mean[0] += step_back(of_step, of_slope, mean[0], progress, up, q, of_q)
    of_mean[1] *= q[6]
    of_mean[2] += of_factor
    of_mean[3] += sign * of_factor
    of_mean[VIGOUR] += of_factor


def step_back(
    of_step: float,
    of_slope: float,
    g: float,
    progress: float,
    up: bool,
    q: Row,
    of_q: Row,
) -> float:
    """A step at a place.

    Returns:
        What the loss owes to the conductance there.
    """
    count = (q.size - FIXED) // 2
    first = FIXED if up else FIXED + count
    reach = q[10] - q[9]
    place = (g - q[9]) / reach
    own = 1.0 - q[11]
    x = (own * place + q[11] * progress) * (count - 1)
    if x <= 0.0:
        of_q[first] += of_step
        return 0.0
    if x >= count - 1:
        of_q[first + count - 1] += of_step
        return 0.0
    k = min(int(x), count - 2)
    slope = q[first + k + 1] - q[first + k]
    per = (count - 1) / reach
    of_difference = of_slope * per * own + of_step * (x - k)
    of_q[first + k] += of_step - of_difference
    of_q[first + k + 1] += of_difference
    of_share = of_step * slope * (count - 1)
    of_q[11] += of_share * (progress - place) - of_slope * slope * per
    of_g: float = of_share * own / reach
    of_reach = -of_slope * slope * per * own / reach - of_g * place
    of_q[9] -= of_g + of_reach
    of_q[10] += of_reach
    return of_g


_KERNELS = Kernels({"slope_of_ramps": slope_of_ramps}, {})
