"""The summary of a measurement of any kind but traces."""

import math
from typing import Any

from mho.characterise.lab.cycles import endurance_summary, sweep_summary
from mho.characterise.lab.ramps import pulse_summary
from mho.characterise.lab.tables import (
    level_summary,
    map_summary,
    response_summary,
    step_summary,
)
from mho.characterise.lab.times import wait_summary
from mho.measured import (
    ArrayMap,
    Endurance,
    LevelTable,
    Measurement,
    NormalisedResponses,
    PulseResponses,
    StepTable,
    Sweeps,
    Waits,
)

Summary = dict[str, Any]
"""Plain numbers by name, which ends with the unit if there is one: `_S`, `_s`, `_V`, `_K`."""

_OF_KIND: dict[type, Any] = {
    PulseResponses: pulse_summary,
    Waits: wait_summary,
    Endurance: endurance_summary,
    Sweeps: sweep_summary,
    ArrayMap: map_summary,
    LevelTable: level_summary,
    NormalisedResponses: response_summary,
    StepTable: step_summary,
}


def summary_of(measured: Measurement) -> Summary:
    """What one wants to know first of a measurement.

    Args:
        measured: Anything but a trace.

    Returns:
        Plain numbers, `None` where there is none to tell; ready for JSON.

    Raises:
        TypeError: A trace: `mho.trace_history` analyses those.
    """
    make = _OF_KIND.get(type(measured))
    if make is None:
        raise TypeError(
            f"Argument `measured` must be a measurement with a summary, but is a"
            f" {type(measured).__name__}; see `mho.trace_history`."
        )
    found: Summary = {
        "kind": measured.kind,
        "source": measured.source,
        **make(measured),
        "remarks": list(measured.remarks),
    }
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    """The same without NaN and numbers of NumPy."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
