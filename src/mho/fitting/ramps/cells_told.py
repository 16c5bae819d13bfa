"""Whether ramps are of one cell or of many, as far as their ends tell."""

import numpy as np

from mho.fitting.engine import Row
from mho.fitting.ramps.data import Ramps
from mho.fitting.ramps.filter import FIRST

_FEWEST = 6
"""Ramps either way from which ends are compared (1)."""
_ALIKE = 0.5
"""Distance of ends that meet, over that of ends in any order, below which they are of one cell."""


def one_cell(ramps: Ramps) -> str:
    """A sentence, if ramps down begin where ramps up end, one by one; else an empty one.

    Files with a ramp a column name no cells. If the k-th ramp down begins much nearer to the end
    of the k-th ramp up than ramps in another order do, they went on with the same cell.
    """
    ups = _ends(ramps, 1)
    downs = _ends(ramps, -1)
    count = min(ups.shape[0], downs.shape[0])
    if count < _FEWEST:
        return ""
    gap = downs[:count, 0] - ups[:count, 1]
    meeting = float(np.sqrt(np.mean(gap**2)))
    others = downs[:count, 0][:, None] - ups[:count, 1]
    any_order = float(np.sqrt(np.mean(others**2)))
    if meeting > _ALIKE * any_order:
        return ""
    return (
        f"each of {count} ramps down begins where a ramp up ended, to {meeting * 1e6:.2g} µS"
        f" ({any_order * 1e6:.2g} µS in any other order): they are of one cell, and say nothing of"
        " the spread between cells"
    )


def _ends(ramps: Ramps, sign: int) -> Row:
    """First and last reading of ramps of one direction (S). Shape (ramps, 2)."""
    found = []
    for number in np.unique(ramps.ramp):
        own = ramps.ramp == number
        codes = ramps.code[own]
        readings = ramps.reading[own]
        if np.all((codes == sign) | (codes == FIRST)):
            found.append((readings[0], readings[-1]))
    return np.array(found, dtype=np.float64).reshape(-1, 2)
