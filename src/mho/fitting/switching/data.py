"""Pulses of many amplitudes and widths as their law takes them: by cell, direction, amplitude."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mho.chip import Selector
from mho.device.published import Preset
from mho.fitting.engine import Row
from mho.measured import PulseResponses
from mho.units import show

_APART = 1.02
"""Ratio from which two amplitudes or widths are different ones (1)."""
_SAME = 0.999
"""Share of an amplitude at the cell that counts as all of it (1)."""
LEAST = 30
"""Pulses in a direction from which there is something to fit (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class SwitchingPulses:
    """Pulses, those of one cell and direction side by side, weak ones first.

    Args:
        before: Conductance before each pulse (S). Shape (pulses,).
        off: Its change, positive in the direction of the pulse (S). Shape (pulses,).
        volts: Voltage on the cell, without sign (V). Shape (pulses,).
        width: Duration (s). Shape (pulses,).
        limit: Conductance at which a selector stops a SET (S). Shape (pulses,).
        sign: +1 for SET, −1 for RESET (1). Shape (pulses,).
        first: Where SET and RESET of each cell begin, in turn, and the end (1). Shape
            (2 cells + 1,).
        data: Files that they are from.
    """

    before: Row
    off: Row
    volts: Row
    width: Row
    limit: Row
    sign: np.ndarray
    first: np.ndarray
    data: tuple[str, ...]

    @property
    def cells(self) -> int:
        """Different cells (1)."""
        return (self.first.size - 1) // 2

    @property
    def reach(self) -> tuple[float, float]:
        """Least and largest conductance (S)."""
        both = np.concatenate((self.before, self.before + self.sign * self.off))
        return float(both.min()), float(both.max())

    def has(self, sign: int) -> bool:
        """Whether there are pulses up (+1) or down (−1)."""
        return bool(np.any(self.sign == sign))


def varies(measured: Sequence[PulseResponses]) -> bool:
    """Whether pulses in a direction have several amplitudes or widths.

    Args:
        measured: What was measured, a value for each file.
    """
    amplitude, width, direction = (
        np.concatenate([getattr(one, name) for one in measured])
        for name in ("amplitude", "width", "direction")
    )
    known = np.abs(amplitude) > 0
    for sign in (1, -1):
        own = known & (direction == sign)
        for size in (np.abs(amplitude), width):
            some = size[own & np.isfinite(size)]
            if some.size and some.max() > _APART * some.min():
                return True
    return False


def pulses_of(
    measured: Sequence[PulseResponses], base: Preset
) -> tuple[SwitchingPulses, tuple[str, ...]]:
    """Pulses of all files, and what the base lends them, in sentences.

    Amplitudes are those at the driver: what reaches the cell is less by the resistance in series
    that the base has.

    Args:
        measured: What was measured, a value for each file; cells of different files are
            different ones.
        base: Preset that lends the path to the cell, and the width where files have none.

    Raises:
        ValueError: There are amplitudes that nobody names, or too few pulses.
    """
    rows, first_cell = [], 0
    for one in measured:
        known = np.isfinite(one.before) & np.isfinite(one.after)
        columns = (
            one.before,
            one.after - one.before,
            np.abs(one.amplitude),
            one.width,
            one.gate,
            one.direction,
            first_cell + np.unique(one.cell, return_inverse=True)[1],
        )
        rows.append([column[known] for column in columns])
        first_cell += int(np.unique(one.cell).size)
    before, change, volts, width, gate, sign, cell = (
        np.concatenate(column) for column in zip(*rows, strict=True)
    )
    data = tuple(one.source for one in measured)
    _check(volts, sign, data)
    width, told = _widths(width, base)
    volts, limit, said = _at_cell(volts, before, gate, base)
    order = np.lexsort((volts, -sign, cell))
    cells = int(cell.max()) + 1
    place = 2 * cell[order] + (sign[order] < 0)
    begins = np.searchsorted(place, np.arange(2 * cells + 1))
    pulses = SwitchingPulses(
        before[order],
        (sign * change)[order],
        volts[order],
        width[order],
        limit[order],
        sign[order],
        begins.astype(np.int64),
        data,
    )
    return pulses, (*told, *said)


def _check(volts: Row, sign: np.ndarray, data: Sequence[str]) -> None:
    names = ", ".join(f"`{name}`" for name in data)
    silent = int(np.sum(~(volts > 0)))
    if silent:
        raise ValueError(
            f"Data of pulses must give the amplitude of every pulse or of none, but in {names}"
            f" {silent:,} of {volts.size:,} have none; fill the column, or fit the files without"
            " amplitudes by themselves."
        )
    for way, word in ((1, "SET"), (-1, "RESET")):
        count = int(np.sum(sign == way))
        if 0 < count < LEAST:
            raise ValueError(
                f"Data of pulses must have at least {LEAST} {word} pulses or none, but {names}"
                f" have {count}; leave them out, or give the file with the others too."
            )


def _widths(width: Row, base: Preset) -> tuple[Row, tuple[str, ...]]:
    """Widths (s), lent where they are missing."""
    usual = base["switching.width"]
    missing = ~(width > 0)
    if not missing.any():
        return width, ()
    said = (
        f"the width of {missing.sum():,} of {width.size:,} pulses is not in the data:"
        f" {show(usual, 's')}, kept from {base.name}; voltages follow from it"
    )

    return np.where(missing, usual, width), (said,)


def _at_cell(
    volts: Row, before: Row, gate: Row, base: Preset
) -> tuple[Row, Row, tuple[str, ...]]:
    """Voltage on the cell (V), and where a selector stops a SET (S)."""
    array = base.array
    limit = np.full(volts.size, np.inf)
    ohms = np.full(volts.size, array.series_resistance)
    if array.transistor is not None:
        one = array.transistor
        selector = Selector(
            one.gate_slope,
            one.gate_threshold,
            one.gate_max,
            array.series_resistance,
            one.on_resistance,
        )
        told = np.isfinite(gate)
        gates = torch.from_numpy(np.where(told, gate, one.gate_max))
        ohms = selector.resistance(gates).double().numpy()
        stops = selector.compliance(gates).double().numpy()
        limit = np.where(told, stops, limit)

    reached = volts / (1.0 + ohms * np.maximum(before, 0.0))
    if np.all(reached > _SAME * volts):
        return volts, limit, ()

    lost = float(1.0 - (reached / volts).min())
    said = (
        f"amplitudes are taken as those of the driver: resistance in series, as {base.name} has"
        f" it, takes up to {lost:.1%} of them from the cell"
    )
    return reached, limit, (said,)
