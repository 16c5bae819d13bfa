"""From pulses of many amplitudes and widths to the numbers of switching of a preset."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mho.device.published import Confidence, Preset, Value
from mho.fitting.engine import FittedLaw, best_of
from mho.fitting.presets import REACH, Part, fitted_value
from mho.fitting.switching.curves import switching_curves
from mho.fitting.switching.data import SwitchingPulses, pulses_of
from mho.fitting.switching.law import (
    CELLS,
    NAMES,
    READ,
    WIDTH,
    SwitchingLaw,
    lent_by,
)
from mho.fitting.switching.threshold import fit_with_threshold
from mho.measured import PulseResponses
from mho.progress import Progress, silent
from mho.units import show

_ARRAY_READ = "array.read_noise_off_chip"
_SPREADS = ("switching.gain_spread", "switching.voltage_spread")
_SIDES = {
    1: ("switching.set_voltage", "SET"),
    -1: ("switching.reset_voltage", "RESET"),
}
_ENDS = {1: "switching.high", -1: "switching.low"}
_PLAUSIBLE = 3.32
"""Fall of the logarithm of a likelihood that tells a width's exponent from 1 (1)."""
_APART = 1.2
"""Ratio of widths from which their exponent is looked for (1)."""


def switching_part(
    measured: Sequence[PulseResponses],
    base: Preset,
    progress: Progress = silent,
) -> Part:
    """Threshold, exponential in voltage, window, spreads, of cells with a law of switching.

    Args:
        measured: Pulses of several amplitudes or widths, a value for each file.
        base: Preset that lends the rest; its cells must have `switching`.
        progress: Told how far it is.

    Raises:
        ValueError: The base's cells have no such law, amplitudes are missing, or there are too few
            pulses.
    """
    names = ", ".join(f"`{one.source}`" for one in measured)
    if "switching.set_voltage" not in base.values:
        raise ValueError(
            f"Argument `base` must name cells with a law of pulse amplitudes for {names}, such as"
            f" `rao2023`, but {base.name} has none that is fitted; take such a base, or `--table`."
        )
    pulses, told = pulses_of(measured, base)
    law, fitted = _determined(pulses, base, progress)
    values = {
        one.name: fitted_value(one)
        for one in fitted.parameters
        if one.determined and "." in one.name
    }
    values |= _noise(fitted)
    notes = [*told, *_of_cells(pulses, base), *_of_widths(law, fitted)]
    kept = [name for name in NAMES if name not in values]
    if kept:
        notes.append(
            f"switching: the pulses do not determine {', '.join(kept)}; these are kept from"
            f" {base.name}"
        )
    beside, said = _beside(values, pulses, law, base)
    notes += said
    return Part(
        (fitted,),
        {**values, **beside},
        tuple(notes),
        switching_curves(law, fitted.best[: len(law.parameters)]),
    )


def _determined(
    pulses: SwitchingPulses, base: Preset, progress: Progress
) -> tuple[SwitchingLaw, FittedLaw]:
    """The law with the numbers alone that pulses determine; others are the base's."""
    known: dict[str, float] = {}
    for way, (name, _) in _SIDES.items():
        if not pulses.has(way):
            known |= {name: base[name], _ENDS[way]: _within(pulses, base, way)}
    if pulses.cells < CELLS:
        known |= {name: base[name] for name in _SPREADS}
    while True:
        law, fitted = fit_with_threshold(
            lambda some: SwitchingLaw(pulses, lent_by(base, pulses, some)),
            known,
            progress,
        )
        open_ = [
            one.name
            for one in fitted.parameters
            if not one.determined and one.name in NAMES
        ]
        if not open_:
            return law, fitted
        known |= {name: base[name] for name in open_}
        for way, name in _ENDS.items():
            if name in open_:
                known[name] = _within(pulses, base, way)


def _within(pulses: SwitchingPulses, base: Preset, way: int) -> float:
    """An end of the range that the data leave open (S): the base's, or beyond the readings."""
    least, most = pulses.reach
    if way > 0:
        return max(base["switching.high"], most)
    return min(base["switching.low"], max(least, 1e-3 * most))


def _noise(fitted: FittedLaw) -> dict[str, Value]:
    noise = fitted[READ]
    if not noise.determined:
        return {}
    note = "of one reading, instrument and fast noise of the cell together"
    return {_ARRAY_READ: replace(fitted_value(noise), note=note)}


def _of_cells(pulses: SwitchingPulses, base: Preset) -> list[str]:
    """What few cells leave open."""
    if pulses.cells >= CELLS:
        return []
    return [
        f"switching: {pulses.cells} cell{'s' * (pulses.cells > 1)} (as far as the files name them)"
        f" tell nothing of how cells differ: spreads between cells are those of {base.name}, and"
        " intervals of voltages are wide by them"
    ]


def _of_widths(law: SwitchingLaw, fitted: FittedLaw) -> list[str]:
    """Whether steps grow with the width as the law says."""
    width = law.pulses.width
    if width.max() < _APART * width.min():
        return [
            f"switching: all pulses last {show(float(np.median(width)), 's')}; that steps grow in"
            " proportion to the width is the law's, not the data's"
        ]
    open_ = SwitchingLaw(law.pulses, law.lent, by_width=True)
    own = fitted.best[: len(law.parameters)]
    best, loss = best_of(open_, np.append(own, 1.0))
    exponent = dict(zip((p.name for p in open_.parameters), best, strict=True))
    far = fitted.loss - loss > _PLAUSIBLE
    verdict = (
        "which the data exclude: widths other than those measured are not to be trusted"
        if far
        else "which the data allow"
    )
    return [
        f"switching: steps grow with the width to the power {exponent[WIDTH]:.2f}; the law of"
        f" cells has 1, {verdict}"
    ]


def _beside(
    values: dict[str, Value],
    pulses: SwitchingPulses,
    law: SwitchingLaw,
    base: Preset,
) -> tuple[dict[str, Value], list[str]]:
    """Numbers that follow from those that were found, so that the preset is one of cells."""
    source = ", ".join(pulses.data)
    found: dict[str, Value] = {}
    told: list[str] = []

    def follows(name: str, value: float, note: str) -> None:
        if not np.isclose(value, base[name], rtol=1e-9):
            found[name] = Value(
                value, base.values[name].unit, source, Confidence.INFERRED, note
            )

    ends = {}
    for way, name in _ENDS.items():
        ends[way] = (
            values[name].value
            if name in values
            else law.lent.known.get(name, base[name])
        )
        if name not in values:
            follows(name, ends[way], f"{REACH}: the base's is within it")
    low, high = ends[-1], ends[1]
    follows(
        "switching.span",
        law.lent.share * (high - low),
        f"{REACH}: the same part of the range as in {base.name}; voltages are those of a unit step"
        " at this distance from the end",
    )
    follows(
        "switching.largest_step",
        law.lent.largest_step,
        f"{REACH}: the largest step that was seen",
    )
    formed = float(np.clip(base["cell.formed"], low, high))
    follows("cell.formed", formed, f"{REACH}: within the range")
    least, most = pulses.reach
    inside = [
        base[f"array.{name}"]
        for name in ("level_low", "level_high", "map_low", "map_high")
    ]
    if min(inside) < low or max(inside) > high:
        bottom, top = max(least, low), min(most, high)
        for name in ("level_low", "map_low"):
            follows(f"array.{name}", bottom, REACH)
        for name in ("level_high", "map_high"):
            follows(f"array.{name}", top, REACH)
        told.append(
            f"levels of {base.name} lie beyond these cells: they are laid between"
            f" {show(bottom, 'S')} and {show(top, 'S')}, where readings were"
        )
    return found, told
