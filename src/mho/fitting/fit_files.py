"""Many files of measurements to one preset."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mho.device.published import Preset
from mho.fitting.engine import Curve, FittedLaw
from mho.fitting.normalised import in_siemens
from mho.fitting.presets import Part, merged_preset, preset_rows, ramp_preset
from mho.fitting.ramps import RampFit, fit_ramps, ramp_curves
from mho.fitting.stuck import stuck_part
from mho.fitting.switching import switching_part, varies
from mho.fitting.traces import trace_part
from mho.fitting.waits import wait_part
from mho.measured import (
    ArrayMap,
    Endurance,
    Measurement,
    NormalisedResponses,
    PulseResponses,
    Trace,
    Waits,
)
from mho.progress import Progress, silent
from mho.rng import Stream

_MakesPart = Callable[[Sequence[Any], Preset, Progress], Part]
"""What makes a part of a preset out of measurements of one kind."""
_SEEN = 0
"""Seed of the cells that figures show."""
_SPREADS = ("gain_spread", "bias_spread", "voltage_spread", "stuck_fraction")
"""Differences between cells, by their names in a kind."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What files say, and the preset of it.

    Args:
        preset: The preset.
        base: What it builds on.
        laws: Fitted laws.
        told: What else is to be said, a sentence each.
        rivals: Schwarz's criterion of laws that were tried, by their titles (1).
        curves: Data against fit.
        table: What stands in the place of laws where cells are a table; empty otherwise.
    """

    preset: Preset
    base: Preset
    laws: tuple[FittedLaw, ...]
    told: tuple[str, ...]
    rivals: dict[str, float] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    table: str = ""

    def as_json(self) -> dict[str, Any]:
        """All of it but the curves, ready for JSON."""
        placed = self.preset.values
        beside = [
            one.as_json()
            for law in self.laws
            for one in law.parameters
            if one.name not in placed or not one.determined
        ]
        return {
            "preset": self.preset.name,
            "base": self.base.name,
            "summary": self.preset.summary,
            "numbers": [
                {
                    "name": row.name,
                    "value": row.value,
                    "unit": row.unit,
                    "interval": row.interval and list(row.interval),
                    "origin": row.origin,
                    "source": row.source,
                    "note": row.note,
                }
                for row in preset_rows(self.preset, self.base)
            ],
            "beside": beside,
            "laws": [law.as_json() for law in self.laws],
            "chosen": self._chosen(),
            "rivals": dict(self.rivals),
            "told": list(self.told),
            "table": self.table,
        }

    def _chosen(self) -> list[str]:
        """Which law was preferred, and by how much."""
        if self.table:
            return [self.table]
        if not self.rivals:
            return []
        order = sorted(self.rivals, key=lambda title: self.rivals[title])
        least = self.rivals[order[0]]
        others = "; ".join(
            f"{title} +{self.rivals[title] - least:.0f}" for title in order[1:]
        )
        return [f"{order[0]} (Schwarz's criterion of others: {others})"]


def fit_files(
    measured: Sequence[Measurement],
    base: Preset,
    name: str,
    progress: Progress = silent,
) -> Fit:
    """A preset out of measurements.

    Args:
        measured: What was measured, a value for each file.
        base: Preset that gives whatever the data do not determine.
        name: What the preset is called.
        progress: Told how far it is.

    Raises:
        ValueError: There is nothing in the data that a law can be fitted to; the sentence says
            what is there.
    """
    if not measured:
        raise ValueError(
            "Argument `data` must name at least one file of measurements, but names none."
        )
    told: list[str] = []
    ramps: list[PulseResponses] = []
    others: dict[_MakesPart, list[Any]] = {}
    for one in measured:
        if isinstance(one, PulseResponses):
            ramps.append(one)
        elif isinstance(one, NormalisedResponses):
            scaled, said = in_siemens(one, base)
            ramps.append(scaled)
            told.append(said)
        elif type(one) in _PARTS:
            others.setdefault(_PARTS[type(one)], []).append(one)
        else:
            _refuse(one)

    ramps, varied = _by_amplitude(ramps)
    if varied:
        others[switching_part] = varied

    found = fit_ramps(ramps, progress) if ramps else None
    parts = [make(some, base, progress) for make, some in others.items()]
    return _together(found, parts, base, name, told)


def _by_amplitude(
    pulses: list[PulseResponses],
) -> tuple[list[PulseResponses], list[PulseResponses]]:
    """Files of identical pulses, and those of pulses of several amplitudes or widths."""
    named = [one for one in pulses if np.isfinite(one.amplitude).any()]
    if not named or not varies(named):
        return pulses, []
    return [one for one in pulses if one not in named], named


def _together(
    found: RampFit | None,
    parts: Sequence[Part],
    base: Preset,
    name: str,
    told: Sequence[str],
) -> Fit:
    """One fit of what ramps and other data say."""
    laws = [law for part in parts for law in part.laws]
    rivals = {t: one for part in parts for t, one in part.rivals.items()}
    said = [*told]
    curves: list[Curve] = []
    preset = base
    if found is not None:
        preset = ramp_preset(found, base, name)
        laws.insert(0, found.fitted)
        rivals = found.rivals | rivals
        said += found.told
        curves += _ramp_curves(found, preset)
    if parts:
        preset, missing = merged_preset(preset, base, name, parts, laws)
        said += [line for part in parts for line in part.told] + [*missing]
        curves += [curve for part in parts for curve in part.curves]
    return Fit(preset, base, tuple(laws), tuple(said), rivals, tuple(curves))


def _ramp_curves(found: RampFit, preset: Preset) -> list[Curve]:
    noise = found.fitted["read noise"].value
    stream = Stream(_SEEN).child("figures")
    kind: Any = preset.cell()
    # spreads that the base lends are not what these ramps are to be held against
    lent = {
        name: 0.0
        for name in _SPREADS
        if preset.values[f"cell.{name}"].interval is None
    }
    return ramp_curves(found.ramps, replace(kind, **lent), noise, stream)


def _refuse(one: Any) -> None:
    raise ValueError(
        f"File `{one.source}` must hold something that a law is fitted to, but holds"
        f" {one.kind}; `mho characterise {one.source}` says what is in it."
    )


_PARTS: Mapping[type, _MakesPart] = {
    ArrayMap: stuck_part,
    Endurance: stuck_part,
    Trace: trace_part,
    Waits: wait_part,
}
"""What makes a part of a preset out of each kind of data, by the class of its measurements."""
