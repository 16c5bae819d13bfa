"""Maps, tables of levels and of steps, and responses of other tools."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mho.measured import ArrayMap, LevelTable, NormalisedResponses, StepTable

Array = npt.NDArray[np.float64]

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_STUCK_LOW = 0.02
"""Share of the median below which a cell may be stuck (1)."""
_STUCK_HIGH = 5.0
"""Factor above the 99 % quantile's distance from the median at which a cell may be stuck (1)."""
_LINE = 0.5
"""Share of a line's cells that may be stuck before the line itself is in doubt (1)."""
_BARS = 60
_FEWEST = 3
"""Pulses of a response at least (1)."""
_RESPONSE = (
    *("pulses", "curves", "first", "last", "step_mean", "step_sd"),
    *("nonlinearity", "mean"),
)


def map_summary(measured: ArrayMap) -> dict[str, Any]:
    """Numbers of a map: how conductances are spread, and which cells may be stuck.

    Args:
        measured: The map.
    """
    grid = measured.conductance
    known = grid[np.isfinite(grid)]
    if known.size == 0:
        return {"rows": grid.shape[0], "cols": grid.shape[1], "cells": 0}
    low, high = stuck_candidates(grid)
    counts, edges = np.histogram(known, _BARS)
    return {
        "rows": grid.shape[0],
        "cols": grid.shape[1],
        "cells": int(known.size),
        "missing": int(grid.size - known.size),
        "mean_S": float(known.mean()),
        "sd_S": float(known.std()),
        "quantiles": list(_QUANTILES),
        "quantiles_S": [float(q) for q in np.quantile(known, _QUANTILES)],
        "maybe_stuck_low": int(low.sum()),
        "maybe_stuck_high": int(high.sum()),
        "rows_in_doubt": _lines((low | high).mean(1)),
        "cols_in_doubt": _lines((low | high).mean(0)),
        "histogram": {"edges_S": edges.tolist(), "counts": counts.tolist()},
    }


def stuck_candidates(
    grid: Array,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Cells that may be stuck low, and high: far off what all others hold.

    Args:
        grid: Conductances (S). Shape (rows, cols).

    Returns:
        Two masks. Shape (rows, cols) each.
    """
    known = grid[np.isfinite(grid)]
    middle = float(np.median(known))
    reach = float(np.quantile(known, 0.99)) - middle
    with np.errstate(invalid="ignore"):
        return grid < _STUCK_LOW * middle, grid > middle + _STUCK_HIGH * max(
            reach, 0.0
        )


def _lines(share: Array) -> list[int]:
    return [int(place) for place in np.flatnonzero(share > _LINE)][:64]


def level_summary(measured: LevelTable) -> dict[str, Any]:
    """Numbers of a table of levels.

    Args:
        measured: Means and deviations.
    """
    order = np.argsort(measured.mean)
    mean = measured.mean[order]
    deviation = measured.deviation[order]
    apart = np.diff(mean)
    wide = np.sqrt(deviation[1:] ** 2 + deviation[:-1] ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        separation = apart / wide
    known = separation[np.isfinite(separation)]
    return {
        "levels": len(mean),
        "lowest_S": float(mean.min()),
        "highest_S": float(mean.max()),
        "mean_S": mean.tolist(),
        "sd_S": deviation.tolist(),
        "narrowest_separation": float(known.min()) if known.size else None,
    }


def response_summary(measured: NormalisedResponses) -> dict[str, Any]:
    """Numbers of responses to up and down pulses, in units of the file.

    Args:
        measured: The responses.
    """
    ways = {
        name: _response(values)
        for name, values in (("up", measured.up), ("down", measured.down))
    }
    curves = [ways[name]["mean"] for name in ("up", "down")]
    if None in curves:
        return {**ways, "asymmetry": None}
    middles = [curve[len(curve) // 2] for curve in curves]
    both = np.concatenate((measured.up.reshape(-1), measured.down.reshape(-1)))
    reach = float(np.nanquantile(both, 0.99) - np.nanquantile(both, 0.01))
    return {
        **ways,
        "asymmetry": abs(middles[0] - middles[1]) / reach if reach else None,
    }


def _response(values: Array) -> dict[str, Any]:
    values = values[np.isfinite(values).any(1)]
    if len(values) < _FEWEST:
        return dict.fromkeys(_RESPONSE)
    mean = np.nanmean(values, 1)
    steps = np.diff(values, axis=0)
    known = steps[np.isfinite(steps)]
    part = max(1, len(mean) // 50)
    ends = float(np.nanmean(mean[:part])), float(np.nanmean(mean[-part:]))
    away = (mean - np.linspace(*ends, len(mean))) / (
        ends[1] - ends[0] or np.nan
    )
    smooth = np.convolve(np.nan_to_num(away), np.ones(part) / part, "same")
    return {
        "pulses": len(mean),
        "curves": values.shape[1],
        "first": ends[0],
        "last": ends[1],
        "step_mean": (ends[1] - ends[0]) / max(1, len(mean) - 1),
        "step_sd": float(known.std()) if known.size else float("nan"),
        "nonlinearity": float(smooth[np.argmax(np.abs(smooth))]),
        "mean": mean[
            np.linspace(0, len(mean) - 1, min(len(mean), 400)).astype(int)
        ].tolist(),
    }


def step_summary(measured: StepTable) -> dict[str, Any]:
    """Numbers of a table of steps.

    Args:
        measured: Steps by conductance.
    """
    middle = len(measured.probability) // 2
    wide = [
        int(np.argmin(np.abs(measured.probability - p))) for p in (0.16, 0.84)
    ]
    spread = (measured.step[:, wide[1]] - measured.step[:, wide[0]]) / 2
    return {
        "levels": len(measured.conductance),
        "direction": measured.direction,
        "amplitude_V": measured.amplitude,
        "lowest_S": float(measured.conductance[0]),
        "highest_S": float(measured.conductance[-1]),
        "step_median_first_S": float(measured.step[0, middle]),
        "step_median_last_S": float(measured.step[-1, middle]),
        "step_median_S": float(np.median(measured.step[:, middle])),
        "spread_median_S": float(np.median(spread)),
        "against": float((measured.direction * measured.step < 0).mean()),
    }
