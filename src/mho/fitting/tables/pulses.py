"""Pulses of all files as rows of a table of steps, with what a base lends them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mho.device.kinds import Steps
from mho.device.published import Preset
from mho.fitting.engine import Row
from mho.measured import PulseResponses
from mho.units import show

_ALIKE = 0.01
"""Relative difference up to which widths and gate voltages count as one (1)."""
_VOLTS = {
    1: ("cell.voltage", "switching.set_voltage"),
    -1: ("cell.voltage", "switching.reset_voltage"),
}
"""Numbers of a base that are the amplitude of pulses up and down."""
_WIDTHS = ("cell.width", "switching.width")
_WAYS = {1: ("SET", "raise"), -1: ("RESET", "lower")}


@dataclass(frozen=True, slots=True, eq=False)
class Pulses:
    """What files say of pulses.

    Args:
        steps: All pulses, as a table of steps takes them.
        follows: Whether the next pulse of the same ramp begins with the reading that this one
            ended with, in the same direction. Shape (pulses,).
        data: Files that they are from.
        lent: What the base lends, a sentence each.
    """

    steps: Steps
    follows: np.ndarray
    data: tuple[str, ...]
    lent: tuple[str, ...]

    @property
    def names(self) -> str:
        """The files, with commas."""
        return ", ".join(self.data)


def pulses_of(measured: Sequence[PulseResponses], base: Preset) -> Pulses:
    """Pulses of all files.

    Args:
        measured: What was measured, a value for each file.
        base: Preset that lends amplitudes and the width, where files do not say them.

    Raises:
        ValueError: Pulses go one way alone, or have several widths or gate voltages.
    """
    data = tuple(one.source for one in measured)
    joined = [_known(one) for one in measured]
    rows = [np.concatenate(column) for column in zip(*joined, strict=True)]
    before, after, amplitude, width, gate, way, cell, follows = rows
    _check_ways(way, data)
    _check_one(gate, "gate voltage", "V", data)
    _check_one(width, "width", "s", data)
    lent = []
    for sign in (1, -1):
        silent = (way == sign) & ~(np.abs(amplitude) > 0)
        if silent.any():
            volts = _lent(base, _VOLTS[sign], "amplitude", data)
            amplitude = np.where(silent, volts, amplitude)
            lent.append(
                f"the amplitude of {_WAYS[sign][0]} pulses is not in the data: {show(volts, 'V')},"
                f" kept from {base.name}; it only names the pulse that was measured"
            )
    if not np.isfinite(width).any():
        long = _lent(base, _WIDTHS, "width", data)
        width = np.full_like(width, long)
        lent.append(
            f"the width of pulses is not in the data: {show(long, 's')}, kept from {base.name};"
            " times and energies follow from it"
        )
    signed = way * np.abs(amplitude)
    steps = Steps(before, after, signed, width, cell.astype(np.int64))
    return Pulses(steps, follows.astype(bool), data, tuple(lent))


def _known(one: PulseResponses) -> tuple[np.ndarray, ...]:
    """Columns of a file, rows without a number left out, in order of time within each ramp."""
    order = np.lexsort((np.arange(one.ramp.size), one.ramp, one.cell))
    known = np.isfinite(one.before) & np.isfinite(one.after)
    kept = order[known[order]]
    before, after = one.before[kept], one.after[kept]
    way = one.direction[kept]
    follows = np.zeros(kept.size, dtype=bool)
    follows[:-1] = (
        (one.ramp[kept][1:] == one.ramp[kept][:-1])
        & (one.cell[kept][1:] == one.cell[kept][:-1])
        & (way[1:] == way[:-1])
        & (before[1:] == after[:-1])
    )
    own = (one.amplitude, one.width, one.gate)
    return (
        before,
        after,
        *(column[kept] for column in own),
        way,
        one.cell[kept],
        follows,
    )


def _lent(
    base: Preset, names: Sequence[str], what: str, data: Sequence[str]
) -> float:
    """A number of a base (SI)."""
    for name in names:
        if name in base.values:
            return base[name]
    raise ValueError(
        f"Data of pulses must say their {what}, but {', '.join(data)} do not, and {base.name} has"
        f" none to lend; write a column for it, or take another `--base`, such as `rao2023`."
    )


def _check_ways(way: np.ndarray, data: Sequence[str]) -> None:
    for sign, (word, does) in _WAYS.items():
        if not np.any(way == sign):
            raise ValueError(
                f"A table of steps must have pulses both ways, but {', '.join(data)} have no"
                f" {word} pulses, so that nothing could {does} a cell; give the file with them"
                " too."
            )


def _check_one(values: Row, what: str, unit: str, data: Sequence[str]) -> None:
    """Refuse several values of what a table has one of."""
    known = values[np.isfinite(values)]
    if not known.size:
        return
    low, high = float(known.min()), float(known.max())
    if high - low > _ALIKE * abs(high):
        raise ValueError(
            f"A table of steps must be of one {what}, but {', '.join(data)} have"
            f" {show(low, unit)} to {show(high, unit)}; make one preset for each."
        )
