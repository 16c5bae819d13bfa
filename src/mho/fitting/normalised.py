"""Responses without a scale, on the scale of a base."""

import numpy as np

from mho.device.published import Preset
from mho.measured import NormalisedResponses, PulseResponses


def in_siemens(
    measured: NormalisedResponses, base: Preset
) -> tuple[PulseResponses, str]:
    """Normalised curves as ramps over the range of a base, and a sentence that says so.

    Args:
        measured: Curves up and down.
        base: Preset whose range they get.
    """
    low, high = _range(base)
    both = [measured.up, measured.down]
    least = min(float(np.nanmin(one)) for one in both)
    most = max(float(np.nanmax(one)) for one in both)
    scale = (high - low) / (most - least)
    before: list[float] = []
    after: list[float] = []
    ramp: list[int] = []
    direction: list[int] = []
    number = 0
    for sign, curves in zip((1, -1), both, strict=True):
        for curve in curves.T:
            known = low + (curve[np.isfinite(curve)] - least) * scale
            before += list(known[:-1])
            after += list(known[1:])
            ramp += [number] * (known.size - 1)
            direction += [sign] * (known.size - 1)
            number += 1
    nothing = np.full(len(ramp), np.nan)
    ramps = PulseResponses(
        np.array(ramp, dtype=np.int64),
        np.zeros(len(ramp), dtype=np.int64),
        nothing,
        nothing,
        nothing,
        np.array(direction, dtype=np.int64),
        np.array(before),
        np.array(after),
        measured.source,
        measured.remarks,
    )
    said = (
        f"`{measured.source}` has no unit: its range is laid on that of {base.name},"
        f" {low * 1e6:.4g} to {high * 1e6:.4g} µS; steps as parts of the range rest on data, their"
        " size in siemens does not"
    )
    return ramps, said


def _range(base: Preset) -> tuple[float, float]:
    """Range of the base's cells, or of the levels of its array (S)."""
    values = base.values
    if "cell.low" in values and "cell.high" in values:
        return values["cell.low"].value, values["cell.high"].value
    return values["array.level_low"].value, values["array.level_high"].value
