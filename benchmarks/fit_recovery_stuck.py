"""Simulated maps and endurance data with known shares of stuck cells, for `fit_recovery.py`."""

import numpy as np

from mho.device.published import preset
from mho.fitting import FittedLaw
from mho.fitting.stuck import stuck_part
from mho.measured import ArrayMap, Endurance

Known = tuple[tuple[FittedLaw, ...], dict[str, float]]


def stuck_map(seed: int) -> Known:
    """Maps of a small array after SET and after RESET, some cells stuck at either end."""
    rng = np.random.default_rng(5000 + seed)
    share, high = rng.uniform(0.005, 0.15), rng.uniform(0.2, 0.8)
    cells = 32 * 32
    stuck = rng.random(cells) < share
    is_high = rng.random(cells) < high
    end = np.where(is_high, 200e-6, 5e-6)
    maps = []
    for name, place in (("set.csv", 150e-6), ("reset.csv", 20e-6)):
        held = place * rng.lognormal(0, 0.2, cells)
        held = np.where(stuck, end * rng.lognormal(0, 0.02, cells), held)
        maps.append(ArrayMap(held.reshape(32, 32), name))
    found = stuck_part(maps, preset("rao2023"))
    return found.laws, {"cell.stuck_fraction": share, "cell.stuck_high": high}


def endurance(seed: int) -> Known:
    """Low and high by cycle of 300 cells, some stuck from the beginning."""
    rng = np.random.default_rng(6000 + seed)
    share, high = rng.uniform(0.01, 0.2), rng.uniform(0.2, 0.8)
    cells, cycles = 300, np.round(np.logspace(0, 6, 25))
    stuck = rng.random(cells) < share
    is_high = rng.random(cells) < high
    size = (cells, cycles.size)
    end = np.where(is_high, 140e-6, 12e-6)[:, None] * rng.lognormal(
        0, 0.05, size
    )
    again = end * rng.lognormal(0, 0.02, size)
    own = stuck[:, None]
    measured = Endurance(
        np.repeat(np.arange(cells), cycles.size),
        np.tile(cycles, cells),
        np.where(own, end, 10e-6 * rng.lognormal(0, 0.3, size)).ravel(),
        np.where(own, again, 120e-6 * rng.lognormal(0, 0.15, size)).ravel(),
        "endurance.csv",
    )
    found = stuck_part([measured], preset("rao2023"))
    return found.laws, {"cell.stuck_fraction": share, "cell.stuck_high": high}
