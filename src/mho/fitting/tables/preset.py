"""Cells of measured steps in the array of a base, every number with where it is from."""

from dataclasses import replace

from mho.device.kinds import MeasuredSteps
from mho.device.published import (
    Confidence,
    Origin,
    Preset,
    Value,
    own_preset,
)
from mho.fitting.presets import REACH
from mho.fitting.tables.noise import ReadNoise
from mho.fitting.tables.pulses import Pulses

_SPREAD = ("cell.gain_spread", "switching.gain_spread")
"""What the spread of steps between cells is called in a base."""
_REACHED = ("level_low", "level_high", "map_low", "map_high", "amplitude_max")
"""Numbers of the array that follow from where the data end."""


def table_preset(
    kind: MeasuredSteps,
    pulses: Pulses,
    noise: ReadNoise,
    base: Preset,
    name: str,
) -> Preset:
    """A preset of cells of measured steps.

    Args:
        kind: The cells, with the spread between cells that the data tell.
        pulses: What they are made of.
        noise: Noise of a reading.
        base: What lends the array, and the spread between cells where no cells are named.
        name: What the preset is called.
    """
    told = kind.table.knows_cells
    spread = _spread(kind, pulses) if told else _lent_spread(base)
    kept = replace(kind, gain_spread=spread.value)
    cell = {
        "cell.low": _reached(kind.low, "S", pulses),
        "cell.high": _reached(kind.high, "S", pulses),
        "cell.gain_spread": spread,
    }
    values = cell | _array(kind, pulses, noise, base)
    lent = "" if told else ", and how cells differ,"
    made = replace(
        own_preset(kept),
        name=name,
        summary=f"a table of the steps in {pulses.names}; the array lent from {base.name}",
        validity=(
            f"Pulses between {kind.low * 1e6:.4g} and {kind.high * 1e6:.4g} µS, as in"
            f" {pulses.names}. The array and its electronics{lent} are those of {base.name}."
            " A step depends on the conductance alone. Time is not in it: no relaxation, no"
            " retention, no noise of cells between reads."
        ),
        values=values,
        biasing=base.biasing,
        origin=Origin(f"{name}.toml", "", frozenset(values)),
    )
    made.cell()
    return made


def _reached(value: float, unit: str, pulses: Pulses) -> Value:
    """A number that follows from where the data end."""
    return Value(value, unit, pulses.names, Confidence.INFERRED, REACH)


def _spread(kind: MeasuredSteps, pulses: Pulses) -> Value:
    return Value(
        kind.table.gain_spread,
        "1",
        pulses.names,
        Confidence.FITTED,
        "of what the steps of each cell add up to, less what chance makes of few",
    )


def _lent_spread(base: Preset) -> Value:
    """Spread between cells of a base; none where it has no such number."""
    for full in _SPREAD:
        if full in base.values:
            return replace(
                base.values[full],
                confidence=Confidence.CHOICE,
                interval=None,
                note=f"the data name no cells: kept from {base.name}, `{full}`",
            )
    note = f"the data name no cells, and {base.name} has no such number"
    return Value(0.0, "1", "own", Confidence.CHOICE, note)


def _array(
    kind: MeasuredSteps, pulses: Pulses, noise: ReadNoise, base: Preset
) -> dict[str, Value]:
    """The array of the base; levels, amplitude and noise of a reading as the data have them."""
    found = {
        full: value
        for full, value in base.values.items()
        if full.startswith("array.")
    }
    units = {"amplitude_max": "V"}
    for name in _REACHED:
        unit = units.get(name, "S")
        found[f"array.{name}"] = _reached(kind.array[name], unit, pulses)
    if noise.determined:
        found["array.read_noise_off_chip"] = Value(
            noise.value,
            "S",
            pulses.names,
            Confidence.FITTED,
            "of one reading, instrument and fast noise of the cell together",
            (noise.low, noise.high),
        )
    return found
