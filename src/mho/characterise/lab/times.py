"""Waits: how far conductances are from what was written, by time, level and temperature."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.measured import UNKNOWN, Waits

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

QUANTILES = (0.01, 0.05, 0.5, 0.95, 0.99)
"""Quantiles that are told (1)."""
_SAME_TIME = 0.15
"""Decades between times that count as the same at most (1)."""
_MOST_LEVELS = 64
"""Levels that are told apart at most (1)."""


def wait_summary(measured: Waits) -> dict[str, Any]:
    """Numbers of waits: all levels together, and each alone.

    Args:
        measured: The waits.
    """
    shift = measured.conductance - measured.written
    group = time_groups(measured.time)
    heat = np.nan_to_num(measured.temperature, nan=-1.0)
    whole = [
        _row(measured, shift, mask)
        for mask in _masks(heat, group, np.ones(len(heat), dtype=bool))
    ]
    levels = np.unique(measured.level)
    by_level = []
    if levels[0] != UNKNOWN and len(levels) <= _MOST_LEVELS:
        for level in levels:
            for mask in _masks(heat, group, measured.level == level):
                row = _row(measured, shift, mask)
                by_level.append({"level": int(level), **row})
    return {
        "readings": len(shift),
        "cells": len(np.unique(measured.cell)),
        "levels": 0 if levels[0] == UNKNOWN else len(levels),
        "temperatures_K": [float(k) for k in np.unique(heat) if k > 0],
        "by_time": whole,
        "by_level": by_level,
    }


def _masks(heat: Array, group: Numbers, among: Mask) -> Iterator[Mask]:
    """Readings of each temperature and time among some, where there are any."""
    for kelvin in np.unique(heat):
        for number in np.unique(group):
            mask = among & (group == number) & (heat == kelvin)
            if mask.any():
                yield mask


def time_groups(time: Array) -> Numbers:
    """Number of the time that each reading belongs to (1): times that lie close count as one.

    Args:
        time: Times (s). Shape (reads,).
    """
    if not np.isfinite(time).any():
        return np.zeros(len(time), dtype=np.int64)
    decades = np.log10(np.maximum(time, 1e-9))
    decades[time <= 0] = -20.0
    order = np.argsort(decades, kind="stable")
    steps = np.diff(decades[order], prepend=decades[order][:1])
    group = np.empty(len(time), dtype=np.int64)
    group[order] = np.cumsum(steps > _SAME_TIME)
    spans = [np.ptp(decades[group == number]) for number in np.unique(group)]
    if max(spans) > 1:
        # a continuous record: two bins a decade
        group = np.floor(2 * decades).astype(np.int64)
    return group


def _row(
    measured: Waits, shift: Array, mask: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """Numbers of some readings."""
    own = shift[mask]
    time = measured.time[mask]
    written = measured.written[mask]
    heat = measured.temperature[mask][0]
    quantiles = np.quantile(own, QUANTILES)
    return {
        "time_s": float(np.median(time)),
        "temperature_K": float(heat),
        "readings": len(own),
        "written_S": float(written.mean()),
        "mean_S": float(own.mean()),
        "sd_S": float(own.std()),
        "kurtosis": kurtosis(own),
        "quantiles_S": [float(quantile) for quantile in quantiles],
    }


def kurtosis(values: Array) -> float:
    """Fourth central moment over the squared variance (1): 3 for a Gaussian; NaN for few values.

    Args:
        values: Numbers. Shape (values,).
    """
    away = values - values.mean()
    variance = float((away**2).mean())
    if len(values) < 8 or variance == 0:
        return float("nan")
    return float((away**4).mean()) / variance**2
