"""Files of ramps and pulses to a preset whose cells are a table of the measured steps."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mho.device.kinds import MeasuredSteps
from mho.device.published import Preset
from mho.fitting.engine import Curve
from mho.fitting.fit_files import Fit
from mho.fitting.normalised import in_siemens
from mho.fitting.ramps import ramp_curves, ramps_of
from mho.fitting.tables import (
    Pulses,
    ReadNoise,
    pulses_of,
    read_noise_of,
    table_preset,
)
from mho.measured import (
    Measurement,
    NormalisedResponses,
    PulseResponses,
    StepTable,
)
from mho.rng import Stream
from mho.units import show

_SEEN = 0
"""Seed of the cells that figures show."""
_FEW = 100
"""Steps of a node below which rare ones are not known (1)."""


def fit_table(measured: Sequence[Measurement], base: Preset, name: str) -> Fit:
    """A preset of cells that draw their steps from a table of measured ones.

    Args:
        measured: What was measured, a value for each file: ramps, pulses, normalised responses.
        base: Preset that gives the array, and what files do not say of pulses.
        name: What the preset is called.

    Raises:
        ValueError: There are data that say nothing of steps, too few pulses, or such of one
            polarity alone.
    """
    if not measured:
        raise ValueError(
            "Argument `data` must name at least one file of measurements, but names none."
        )
    told: list[str] = []
    ramps: list[PulseResponses] = []
    for one in measured:
        if isinstance(one, NormalisedResponses):
            scaled, said = in_siemens(one, base)
            ramps.append(scaled)
            told.append(said)
        elif isinstance(one, PulseResponses):
            ramps.append(one)
        else:
            _refuse(one)
    pulses = pulses_of(ramps, base)
    kind, noise = _cells(pulses)
    preset = table_preset(kind, pulses, noise, base, name)
    notes = [*told, *_counted(kind, pulses), *pulses.lent, _of_noise(noise)]
    if not kind.table.knows_cells:
        notes.append(
            "the files name no cells: all spread in the table is from pulse to pulse, and how"
            f" cells differ is kept from {base.name}"
        )
    steps = f"none: a table of the steps in {pulses.names}"
    curves = _curves(ramps, kind, noise)
    return Fit(preset, base, (), tuple(notes), {}, curves, steps)


def _cells(pulses: Pulses) -> tuple[MeasuredSteps, ReadNoise]:
    """Cells of the steps with the noise of readings taken out, and that noise."""
    source = Path(pulses.names)
    seen = MeasuredSteps.from_steps(pulses.steps, source)
    noise = read_noise_of(pulses, seen.table)
    if not noise.determined:
        return seen, noise
    quiet = replace(pulses.steps, read_noise=noise.value)
    return MeasuredSteps.from_steps(quiet, source), noise


def _counted(kind: MeasuredSteps, pulses: Pulses) -> list[str]:
    """How many steps and nodes each amplitude has, and whether these are few."""
    found = []
    table = kind.table
    nodes = table.as_lists()[1]
    nearest = np.abs(
        pulses.steps.amplitude[:, None] - np.array(table.volts)
    ).argmin(1)
    for k, volts in enumerate(table.volts):
        count = int((nearest == k).sum())
        each = count // len(nodes[k])
        way = "SET" if volts > 0 else "RESET"
        line = (
            f"{way} at {show(abs(volts), 'V')}: {count:,} measured steps, {len(nodes[k])} nodes of"
            f" {each}, {nodes[k][0] * 1e6:.4g} to {nodes[k][-1] * 1e6:.4g} µS"
        )
        if each < _FEW:
            line += (
                f"; that is few: of steps rarer than one in {each} nothing is known, and {_FEW} a"
                " node would be better"
            )
        found.append(line)
    return found


def _of_noise(noise: ReadNoise) -> str:
    """What became of the noise of readings."""
    if noise.determined:
        return (
            f"noise of a reading, {show(_short(noise.value), 'S')}, is taken out of the steps:"
            " neighbouring steps share a reading, and that tells it apart"
        )
    if math.isinf(noise.high):
        return (
            "too few pulses follow one another to tell noise of readings from the spread of steps:"
            " it is left in the table, and that of a reading is the base's"
        )
    return (
        "noise of a reading is not told apart from the spread of steps, only that it is below"
        f" {show(_short(noise.high), 'S')}: it is left in the table, and that of a reading is the"
        " base's"
    )


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _curves(
    ramps: Sequence[PulseResponses], kind: MeasuredSteps, noise: ReadNoise
) -> tuple[Curve, ...]:
    """Ramps against the cells; none where pulses of several amplitudes are mixed."""
    if len(kind.table.volts) > 2:
        return ()
    # spread that a base lends is not what these ramps are to be held against
    alike = replace(kind, gain_spread=kind.table.gain_spread)
    stream = Stream(_SEEN).child("figures")
    return tuple(ramp_curves(ramps_of(ramps), alike, noise.value, stream))


def _refuse(one: Any) -> None:
    """Say what a file holds that no table of steps is made of."""
    is_table = isinstance(one, StepTable)
    said = (
        "single pulses, but is a table of steps already; name it in a preset file, as `table` in"
        " `[cell]`"
        if is_table
        else f"ramps or pulses to make a table of steps, but holds {one.kind}; leave it out, or"
        " fit laws to it without `--table`"
    )
    raise ValueError(f"File `{one.source}` must hold {said}.")
