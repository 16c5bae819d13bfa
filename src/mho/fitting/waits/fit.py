"""From waits to a part of a preset: which law they ask for, by their temperatures."""

from collections.abc import Sequence

import numpy as np

from mho.device.laws import BOLTZMANN
from mho.device.published import Preset
from mho.fitting.presets import Part
from mho.fitting.waits.by_barriers import barrier_part
from mho.fitting.waits.by_quantiles import quantile_part
from mho.fitting.waits.counts import Wait, waits_of
from mho.fitting.waits.lent import Around
from mho.measured import Waits
from mho.progress import Progress, silent

_NEAR = 5.0
"""Difference from the reference that makes no difference (K)."""


def wait_part(
    measured: Sequence[Waits], base: Preset, progress: Progress = silent
) -> Part:
    """Relaxation of cells at one temperature, or relaxation, loss and their energy at several.

    Args:
        measured: What was measured, a value for each file.
        base: Preset that lends the rest.
        progress: Told how far it is.

    Raises:
        ValueError: Times are missing, some temperatures are missing, or there are too few cells.
    """
    waits = waits_of(measured)
    data = tuple(one.source for one in measured)
    heat = np.array([one.temperature for one in waits])
    told = np.isfinite(heat)
    if told.any() and not told.all():
        raise ValueError(
            "Data of waits must give the temperature of every wait or of none, but"
            f" {', '.join(f'`{name}`' for name in data)} give those of {told.sum()} of"
            f" {told.size}; name the column with `--columns temperature=…`."
        )
    if told.any() and np.ptp(heat) >= 1.0:
        return barrier_part(waits, base, data, progress)
    return quantile_part(waits, _pace(waits[0], base), base, data, progress)


def _pace(wait: Wait, base: Preset) -> float:
    """Seconds at the reference that a second of a wait counts as, by the base's energy (1)."""
    reference = Around(base, "").reference()
    energy = base.values.get("temperature.ion_energy")
    far = abs(wait.temperature - reference) > _NEAR
    if np.isnan(wait.temperature) or not far or energy is None:
        return 1.0
    cold = 1 / reference - 1 / wait.temperature
    return float(np.exp(energy.value / BOLTZMANN * cold))
