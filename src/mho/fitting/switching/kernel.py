r"""Likelihood of pulses of many amplitudes and widths, cell by cell.

A pulse of amplitude :math:`V` moves a cell of switching voltage :math:`V_c` and gain
:math:`\alpha` by

.. math:: S = \min(e^{x + \mu + \sigma z}, S_{max}), \qquad x = \ln\alpha - V_c/V_0,

where :math:`\mu` holds all that cells have in common: :math:`V/V_0`, width, window; below
:math:`\vartheta V_c` it moves nothing. What is seen is :math:`S` and the noise of two readings.
The noise of cycles, :math:`z`, is integrated over by the saddle point of its integrand; what two
readings share with those of the next pulse is not counted.

A cell's own numbers are integrated over on grids: :math:`u = \ln\alpha`, which its SET and RESET
share, and for each of the two :math:`x` in bins, whose probability is exact, so that spreads may
be as small as they like. Where no pulse reaches a threshold that a bin allows, its pulses are
those that the bin's part below the threshold says.
"""

import math

import numpy as np

from mho.compiled import Kernels
from mho.fitting.engine import Row

_WILD = 1e-3
"""Share of readings that may be anywhere (1)."""
NODES = 23
"""Bins of x (1)."""
_PLACES = 31
"""Bins of u (1)."""
_REACH = 5.0
"""Half of a grid, in standard deviations (1)."""
_SURELY = 8.5
"""Deviations beyond which no normal number is, to rounding (1)."""
_ROOT = math.sqrt(2.0)
_LOG_2PI = math.log(2 * math.pi)

SIGMA, VARIANCE, SLOPE, THRESHOLD, SET, RESET, GAIN, VOLTAGE, RANGE = range(9)
"""Places of a law's numbers: σ, variance of a change by reads, V₀, ϑ, both voltages, spread of u,
relative spread of voltages, range of readings."""


def switching_tables(
    off: Row,
    mu: Row,
    cap: Row,
    end: Row,
    volts: Row,
    first: np.ndarray,
    q: Row,
    grids: Row,
) -> tuple[Row, float]:
    """What pulses say of each place of x, and the part of the loss that is their peaks' (1).

    That is nearly all of the work, and does not depend on voltages, threshold and spreads.

    Args:
        off: Change in the direction of the pulse (S), by cell and direction, then by amplitude.
            Shape (pulses,).
        mu: Logarithm of a step in S but for the cell's own part. Shape (pulses,).
        cap: Most that each pulse can move (S). Shape (pulses,).
        end: How far the end of the range, or the largest step, is from what was read before it
            (S). Shape (pulses,).
        volts: Amplitude without sign (V). Shape (pulses,).
        first: Where SET and RESET of each cell begin (1). Shape (2 cells + 1,).
        q: Numbers of the law, see `SIGMA`.
        grids: Middle and deviation of x, see `grids.switching_grids`. Shape (2 cells, 3).

    Returns:
        Likelihoods over their peaks (1), of each cell and direction one after the other: a row for
        each place, a column for each number of pulses that do not switch; and the loss.
    """
    del volts
    tables = np.empty(NODES * (off.size + first.size - 1))
    loss = _KERNELS["all_tables"](off, mu, cap, end, first, q, grids, tables)
    return tables, float(loss)


def loss_of_tables(
    tables: Row, volts: Row, first: np.ndarray, q: Row, grids: Row
) -> float:
    """Negative logarithm of the likelihood (1), but for the part of the peaks.

    Args:
        tables: From `switching_tables`, as the others are.
        volts: Amplitude without sign (V). Shape (pulses,).
        first: Where SET and RESET of each cell begin (1). Shape (2 cells + 1,).
        q: Numbers of the law, see `SIGMA`.
        grids: Middle and deviation of x, see `grids.switching_grids`. Shape (2 cells, 3).
    """
    found: float = _KERNELS["all_cells"](tables, volts, first, q, grids)
    return found


def normal_below(z: float) -> float:
    """Share of normal numbers below z (1)."""
    return 0.5 * math.erfc(-z / _ROOT)


def log_moved(
    off: float,
    mu: float,
    sigma: float,
    variance: float,
    cap: float,
    end: float,
    wide: float,
) -> float:
    """Logarithm of the density of a change by a pulse that switches.

    Where an end stops it, the reading before it is no matter: half of the variance is left.
    """
    noise = math.sqrt(variance)
    guess = max(off, 0.5 * noise)
    weight = (sigma * guess) ** 2 / variance
    z = (math.log(guess) - mu) / sigma * weight / (1.0 + weight)
    for _ in range(40):
        step = math.exp(min(mu + sigma * z, 50.0))
        slope = z - sigma * step * (off - step) / variance
        bend = 1.0 + sigma * sigma * step * (2.0 * step - off) / variance
        safe = 1.0 + sigma * sigma * step * step / variance
        move = slope / max(bend, 0.5 * safe)
        move = min(max(move, -2.0), 2.0)
        z -= move
        # the next one would be of its square
        if abs(move) < 1e-6:
            break
    step = math.exp(min(mu + sigma * z, 50.0))
    bend = 1.0 + sigma * sigma * step * (2.0 * step - off) / variance
    bend = max(bend, 1e-3)
    depth = 0.5 * z * z + 0.5 * (off - step) ** 2 / variance
    cut = (math.log(cap) - mu) / sigma
    root = math.sqrt(bend)
    density = math.exp(-depth) / root
    # error functions of what no number reaches take as long as the rest
    if (cut - z) * root < _SURELY:
        density *= normal_below((cut - z) * root)
    if cut < _SURELY:
        beyond = normal_below(-cut)
        density += beyond * _ROOT * math.exp(-((off - end) ** 2) / variance)
    density *= math.exp(-0.5 * _LOG_2PI) / noise
    return math.log((1.0 - _WILD) * density + _WILD / (2.0 * wide))


def log_still(off: float, variance: float, wide: float) -> float:
    """Logarithm of the density of a change by a pulse that does not switch."""
    density = math.exp(-0.5 * off * off / variance - 0.5 * _LOG_2PI)
    density /= math.sqrt(variance)
    return math.log((1.0 - _WILD) * density + _WILD / (2.0 * wide))


def fill_row(
    row: Row,
    x: float,
    off: Row,
    mu: Row,
    cap: Row,
    end: Row,
    still: Row,
    q: Row,
) -> None:
    """Logarithm of the likelihood at x by how many pulses, the weakest first, do not switch."""
    count = off.size
    total = 0.0
    row[count] = still[count]
    for k in range(count - 1, -1, -1):
        total += log_moved(
            off[k],
            mu[k] + x,
            q[SIGMA],
            q[VARIANCE],
            cap[k],
            end[k],
            q[RANGE],
        )
        row[k] = still[k] + total


def still_sums(off: Row, q: Row) -> Row:
    """Sums over the weakest pulses of the logarithm of what not switching makes of them."""
    found = np.zeros(off.size + 1)
    for k in range(off.size):
        found[k + 1] = found[k] + log_still(off[k], q[VARIANCE], q[RANGE])
    return found


def centre(q: Row, way: int) -> tuple[float, float]:
    """Mean of x, and its variance by voltages alone."""
    own = q[SET] if way == 0 else q[RESET]
    mean = -own / q[SLOPE]
    return mean, (mean * q[VOLTAGE]) ** 2


def seen_at(
    u: float, table: Row, volts: Row, q: Row, grid: Row, way: int
) -> float:
    """Likelihood of one direction's pulses of a cell of this gain, over that of its peak (1)."""
    count = volts.size
    per = 1.0 / (q[THRESHOLD] * q[SLOPE])
    mean, by_voltage = centre(q, way)
    deviation = math.sqrt(by_voltage)
    middle = u + mean
    half = _REACH * grid[1]
    width = 2 * half / NODES
    low = grid[0] - half
    top = low + NODES * width
    c = 0
    while c < count and u - volts[c] * per >= top:
        c += 1
    above = normal_below((top - middle) / deviation)
    total = 0.0
    for j in range(NODES - 1, -1, -1):
        bottom = low + j * width
        while c < count and u - volts[c] * per > bottom:
            below = normal_below((u - volts[c] * per - middle) / deviation)
            total += (above - below) * table[j, c]
            above = below
            c += 1
        below = normal_below((bottom - middle) / deviation)
        total += (above - below) * table[j, c]
        above = below
    return total


def fill_table(
    table: Row, off: Row, mu: Row, cap: Row, end: Row, q: Row, grid: Row
) -> float:
    """Likelihoods by place and number of pulses that do not switch, over their peak.

    Returns:
        Logarithm of the peak.
    """
    still = still_sums(off, q)
    half = _REACH * grid[1]
    width = 2 * half / NODES
    for j in range(NODES):
        x = grid[0] - half + (j + 0.5) * width
        fill_row(table[j], x, off, mu, cap, end, still, q)
    best: float = table.max()
    for j in range(NODES):
        for c in range(off.size + 1):
            table[j, c] = math.exp(table[j, c] - best)
    return best


def all_tables(
    off: Row,
    mu: Row,
    cap: Row,
    end: Row,
    first: np.ndarray,
    q: Row,
    grids: Row,
    tables: Row,
) -> float:
    """See `switching_tables`."""
    loss = 0.0
    for one in range(first.size - 1):
        a = first[one]
        b = first[one + 1]
        loss -= fill_table(
            table_at(tables, first, one),
            off[a:b],
            mu[a:b],
            cap[a:b],
            end[a:b],
            q,
            grids[one],
        )
    return loss


def table_at(tables: Row, first: np.ndarray, one: int) -> Row:
    """The table of one cell and direction among all. Shape (places, pulses + 1)."""
    begin = NODES * (first[one] + one)
    stop = NODES * (first[one + 1] + one + 1)
    return tables[begin:stop].reshape((NODES, first[one + 1] - first[one] + 1))


def ends_of_u(
    first: np.ndarray, cell: int, q: Row, grids: Row
) -> tuple[float, float]:
    """Where u may be: as its law says, and as both directions' pulses do."""
    start = -6.0 * q[GAIN]
    stop = 6.0 * q[GAIN]
    for way in range(2):
        one = 2 * cell + way
        mean, by_voltage = centre(q, way)
        if first[one + 1] > first[one]:
            reach = _REACH * grids[one, 1] + 6.0 * math.sqrt(by_voltage)
            start = max(start, grids[one, 0] - mean - reach)
            stop = min(stop, grids[one, 0] - mean + reach)
    if stop <= start:
        return -6.0 * q[GAIN], 6.0 * q[GAIN]
    return start, stop


def all_cells(
    tables: Row, volts: Row, first: np.ndarray, q: Row, grids: Row
) -> float:
    """See `loss_of_tables`."""
    loss = 0.0
    for cell in range((first.size - 1) // 2):
        start, stop = ends_of_u(first, cell, q, grids)
        step = (stop - start) / _PLACES
        total = 0.0
        for i in range(_PLACES):
            u = start + (i + 0.5) * step
            mass = normal_below((u + 0.5 * step) / q[GAIN])
            mass -= normal_below((u - 0.5 * step) / q[GAIN])
            for way in range(2):
                one = 2 * cell + way
                own = volts[first[one] : first[one + 1]]
                if own.size > 0:
                    table = table_at(tables, first, one)
                    mass *= seen_at(u, table, own, q, grids[one], way)
            total += mass
        loss -= math.log(max(total, 1e-300))
    return loss


_KERNELS = Kernels(
    {
        "all_tables": all_tables,
        "all_cells": all_cells,
    },
    {},
)
