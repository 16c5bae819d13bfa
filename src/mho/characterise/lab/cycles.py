"""Endurance and sweeps: windows, when they close, and where cells switch."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mho.measured import Endurance, Sweeps

Array = npt.NDArray[np.float64]

_EARLY = 0.1
"""Share of a cell's readings that show its window when new (1)."""
_LOST = 0.5
"""Share of the early window below which it counts as lost (1)."""
_STAYS = 3
"""Readings in a row with a lost window that tell it from an outlier (1)."""
_READ = 0.1
"""Share of the largest voltage at which currents are compared (1)."""
_SWITCHED = 1.3
"""Factor by which a conductance must jump to count as switching (1)."""


def endurance_summary(measured: Endurance) -> dict[str, Any]:
    """Numbers of endurance: the window when new and at the end, and when it is lost.

    Args:
        measured: Low and high conductances by cycle.
    """
    lost = []
    survived = 0
    unsure = 0
    for cell in np.unique(measured.cell):
        mask = measured.cell == cell
        cycle, ended = _lost_at(
            measured.cycle[mask], (measured.high - measured.low)[mask]
        )
        unsure += ended
        if cycle is None:
            survived += 1
        else:
            lost.append(cycle)
    order = np.argsort(measured.cycle, kind="stable")
    part = max(1, int(_EARLY * len(order)))
    return {
        "readings": len(order),
        "cells": survived + len(lost),
        "cycles": float(measured.cycle.max()),
        "new": _window(measured, order[:part]),
        "last": _window(measured, order[-part:]),
        "cells_lost": len(lost),
        "cells_low_at_end": unsure,
        "cycles_to_loss_median": float(np.median(lost)) if lost else None,
        "cycles_to_loss_first": float(min(lost)) if lost else None,
    }


def _window(measured: Endurance, rows: npt.NDArray[np.int64]) -> dict[str, Any]:
    low = measured.low[rows]
    high = measured.high[rows]
    with np.errstate(all="ignore"):
        ratio = high / low
    known = ratio[np.isfinite(ratio)]
    return {
        "low_median_S": _median(low),
        "high_median_S": _median(high),
        "ratio_median": float(np.median(known)) if known.size else float("nan"),
        "low_sd_S": float(np.nanstd(low))
        if np.isfinite(low).any()
        else float("nan"),
        "high_sd_S": float(np.nanstd(high))
        if np.isfinite(high).any()
        else float("nan"),
    }


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _lost_at(cycle: Array, window: Array) -> tuple[float | None, bool]:
    """Cycle from which a window is less than half of what it was; `None` if it never is.

    The second says whether too few readings show it, the last ones: they may be outliers.
    """
    known = np.isfinite(window)
    cycle = cycle[known]
    window = window[known]
    if window.size < _STAYS + 1:
        return None, False
    early = float(np.median(window[: max(_STAYS, int(_EARLY * len(window)))]))
    below = window < _LOST * early
    run = 0
    for place, is_below in enumerate(below):
        run = run + 1 if is_below else 0
        if run >= _STAYS:
            return float(cycle[place - run + 1]), False
    return None, run > 0


def sweep_summary(measured: Sweeps) -> dict[str, Any]:
    """Numbers of sweeps: switching voltages, currents of both states, curvature.

    Args:
        measured: Current against voltage.
    """
    found = [
        _of_sweep(measured.voltage[mask], measured.current[mask])
        for number in np.unique(measured.sweep)
        for mask in [measured.sweep == number]
        if mask.sum() > 3
    ]
    most = float(np.abs(measured.voltage).max())
    return {
        "sweeps": len(np.unique(measured.sweep)),
        "cells": len(np.unique(measured.cell)),
        "points": len(measured.voltage),
        "lowest_V": float(measured.voltage.min()),
        "highest_V": float(measured.voltage.max()),
        "largest_current_A": float(np.abs(measured.current).max()),
        "read_at_V": _READ * most,
        **{
            name: _over([one[name] for one in found])
            for name in (
                "set_V",
                "reset_V",
                "on_A",
                "off_A",
                "ratio",
                "curvature",
            )
        },
    }


def _over(values: list[float]) -> dict[str, Any] | None:
    known = np.array([value for value in values if np.isfinite(value)])
    if known.size == 0:
        return None
    return {
        "median": float(np.median(known)),
        "sd": float(known.std()),
        "sweeps": int(known.size),
    }


def _of_sweep(voltage: Array, current: Array) -> dict[str, float]:
    """Numbers of one sweep; NaN where it shows none."""
    most = float(np.abs(voltage).max())
    up, down = _switching(voltage, current, most)
    read = _READ * most
    branches = [
        value
        for way in (1, -1)
        for value in _at(way * voltage, way * current, read)
        if value > 0
    ]
    on = max(branches, default=float("nan"))
    off = min(branches, default=float("nan"))
    return {
        "set_V": up,
        "reset_V": down,
        "on_A": on,
        "off_A": off,
        "ratio": on / off if off > 0 else float("nan"),
        "curvature": _curvature(voltage, current, read),
    }


def _switching(
    voltage: Array, current: Array, most: float
) -> tuple[float, float]:
    """Voltages of the largest jump of the conductance up and down; NaN if none is a switch."""
    driven = np.abs(voltage) > 2 * _READ * most
    with np.errstate(all="ignore"):
        chord = np.log(np.abs(current / voltage))
    step = np.diff(chord)
    rising = np.diff(np.abs(voltage)) > 0
    usable = driven[1:] & driven[:-1] & np.isfinite(step) & rising
    if not usable.any():
        return float("nan"), float("nan")
    jumps = np.where(usable, step, 0.0)
    found = []
    for place, sign in (
        (int(np.argmax(jumps)), 1),
        (int(np.argmin(jumps)), -1),
    ):
        large = sign * jumps[place] > np.log(_SWITCHED)
        found.append(float(voltage[place + 1]) if large else float("nan"))
    return found[0], found[1]


def _at(voltage: Array, current: Array, read: float) -> list[float]:
    """Currents at each passing of a voltage."""
    above = voltage >= read
    passing = np.flatnonzero(above[1:] != above[:-1])
    found = []
    for place in passing:
        left, right = voltage[place], voltage[place + 1]
        share = (read - left) / (right - left)
        found.append(
            float(
                current[place] + share * (current[place + 1] - current[place])
            )
        )
    return found


def _curvature(voltage: Array, current: Array, read: float) -> float:
    """Current at a voltage over twice that at half of it (1): 1 for a straight line."""
    full = [abs(value) for value in _at(voltage, current, read)]
    half = [abs(value) for value in _at(voltage, current, read / 2)]
    if not full or not half or max(half) == 0:
        return float("nan")
    return max(full) / (2 * max(half))
