"""Pulse responses: the mean curve, steps, how straight and alike ramps are."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mho.measured import PulseResponses

Array = npt.NDArray[np.float64]

_LONG = 5
"""Pulses of a ramp that make a curve (1)."""
_MOST_POINTS = 400
"""Points of a mean curve at most (1)."""
_MOST_AMPLITUDES = 24
"""Amplitudes or gate voltages that are told apart at most (1)."""
_ENOUGH = 0.5
"""Share of ramps that must reach a pulse for it to count in the mean curve (1)."""


def pulse_summary(measured: PulseResponses) -> dict[str, Any]:
    """Numbers of pulse responses, by direction.

    Args:
        measured: The pulses.
    """
    step = measured.after - measured.before
    held = np.concatenate((measured.before, measured.after))
    ways = {
        name: _way(measured, measured.direction == sign)
        for name, sign in (("set", 1), ("reset", -1))
        if (measured.direction == sign).any()
    }
    return {
        "pulses": len(step),
        "ramps": len(np.unique(measured.ramp)),
        "cells": len(np.unique(measured.cell)),
        "lowest_S": float(held.min()),
        "highest_S": float(held.max()),
        **ways,
        "asymmetry": _asymmetry(ways, held),
    }


def _way(
    measured: PulseResponses, mask: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """Numbers of the pulses of one direction."""
    sign = float(measured.direction[mask][0])
    step = (measured.after - measured.before)[mask]
    before = measured.before[mask]
    result: dict[str, Any] = {
        "pulses": int(mask.sum()),
        "step_mean_S": float(step.mean()),
        "step_median_S": float(np.median(step)),
        "step_sd_S": float(step.std()),
        "against": float((sign * step < 0).mean()),
        "step_sd_at_same_conductance_S": _spread_at_same(before, step),
        "curve": _curve(measured, mask),
        "by_amplitude": _by(measured.amplitude[mask], step, "amplitude_V"),
        "by_gate": _by(measured.gate[mask], step, "gate_V"),
    }
    curve = result["curve"]
    result["nonlinearity"] = (
        None if curve is None else _bend(np.array(curve["mean_S"]))
    )
    return result


def _spread_at_same(before: Array, step: Array) -> float:
    """Standard deviation of steps about their mean at the same conductance (S), pooled."""
    bins = min(20, max(1, len(before) // 20))
    edges = np.quantile(before, np.linspace(0, 1, bins + 1)[1:-1])
    place = np.searchsorted(edges, before)
    total = 0.0
    free = 0
    for number in range(bins):
        own = step[place == number]
        if len(own) > 1:
            total += float(((own - own.mean()) ** 2).sum())
            free += len(own) - 1
    return float(np.sqrt(total / free)) if free else float("nan")


def _curve(
    measured: PulseResponses, mask: npt.NDArray[np.bool_]
) -> dict[str, Any] | None:
    """Mean conductance by number of pulses, and spreads of ramps and of cells about it (S)."""
    ramps = _ramps(measured, mask)
    if not ramps:
        return None
    lengths = np.array([len(values) for _, values in ramps])
    count = int(np.quantile(lengths, 1 - _ENOUGH))
    grid = np.full((len(ramps), count), np.nan)
    for row, (_, values) in enumerate(ramps):
        part = values[:count]
        grid[row, : len(part)] = part
    mean = np.nanmean(grid, 0)
    cells = np.array([cell for cell, _ in ramps])
    within, between = _spreads(grid, cells)
    shown = np.unique(
        np.linspace(0, count - 1, min(count, _MOST_POINTS)).astype(int)
    )
    return {
        "ramps": len(ramps),
        "pulse": shown.tolist(),
        "mean_S": mean[shown].tolist(),
        "ramp_to_ramp_S": within,
        "cell_to_cell_S": between,
        "last_sd_S": _sd(np.array([values[-1] for _, values in ramps])),
    }


def _ramps(
    measured: PulseResponses, mask: npt.NDArray[np.bool_]
) -> list[tuple[int, Array]]:
    """Cell and conductances of each long ramp: before the first pulse, then after each."""
    own = np.flatnonzero(mask)
    numbers = measured.ramp[own]
    found = []
    borders = np.flatnonzero(np.diff(numbers)) + 1
    for part in np.split(own, borders):
        if len(part) < _LONG:
            continue
        values = np.concatenate(
            (measured.before[part[:1]], measured.after[part])
        )
        found.append((int(measured.cell[part[0]]), values))
    return found


def _spreads(grid: Array, cells: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Spread of ramps of one cell, and of cells' means, each pooled over all pulses (S)."""
    within = []
    means = []
    for cell in np.unique(cells):
        own = grid[cells == cell]
        known = np.isfinite(own).sum(0) > 1
        if known.any():
            within.append(np.nanvar(own[:, known], axis=0, ddof=1).mean())
        reached = np.isfinite(own).any(0)
        mean = np.full(grid.shape[1], np.nan)
        mean[reached] = np.nanmean(own[:, reached], 0)
        means.append(mean)
    stacked = np.array(means)
    shared = np.isfinite(stacked).sum(0) > 1
    between = (
        float(np.sqrt(np.nanvar(stacked[:, shared], axis=0, ddof=1).mean()))
        if shared.any()
        else float("nan")
    )
    return (
        float(np.sqrt(np.mean(within))) if within else float("nan")
    ), between


def _sd(values: Array) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _bend(mean: Array) -> float | None:
    """Largest distance of a curve from the straight line between its ends, over its reach (1).

    Positive if the first pulses move more than the last.
    """
    reach = mean[-1] - mean[0]
    if len(mean) <= _LONG or reach == 0:
        return None
    away = (mean - np.linspace(mean[0], mean[-1], len(mean))) / reach
    return float(away[np.argmax(np.abs(away))])


def _asymmetry(ways: dict[str, Any], held: Array) -> float | None:
    """How far the middles of the rising and of the falling curve lie apart, over the range (1)."""
    curves = [ways[name]["curve"] for name in ("set", "reset") if name in ways]
    if len(curves) < 2 or None in curves:
        return None
    middles = [curve["mean_S"][len(curve["mean_S"]) // 2] for curve in curves]
    reach = float(np.quantile(held, 0.99) - np.quantile(held, 0.01))
    return abs(middles[0] - middles[1]) / reach if reach > 0 else None


def _by(driven: Array, step: Array, name: str) -> list[dict[str, Any]]:
    """Steps by amplitude or gate voltage, where there are several."""
    known = np.isfinite(driven)
    values = np.unique(np.round(driven[known], 6))
    if not 1 < len(values) <= 40 * _MOST_AMPLITUDES:
        return []
    chosen = values[
        np.linspace(
            0, len(values) - 1, min(len(values), _MOST_AMPLITUDES)
        ).astype(int)
    ]
    rows = []
    for value in np.unique(chosen):
        own = step[known & (np.round(driven, 6) == value)]
        rows.append(
            {
                name: float(value),
                "pulses": len(own),
                "step_median_S": float(np.median(own)),
                "step_sd_S": float(own.std()),
            }
        )
    return rows
