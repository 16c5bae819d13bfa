"""Pulses to many cells with filaments, step by step.

What a pulse does to a cell stands in `scalar.pulse`, and happens here to the bit. Short loops
without branches over numbers that lie side by side fit the widest registers of a processor, so
that what does not depend on a cell's history is worked out for all cells before they take turns.
"""

from typing import Any

import numpy as np

from mho.compiled import (
    Real,
    Record,
    U,
    Word,
    at_event,
    child,
    uniforms_of,
)
from mho.device.filament.moves import switch_all
from mho.device.filament.scalar import SPAWNING, clean
from mho.device.laws import (
    boosted_time,
    has_channels,
    resolve_channels,
    switches,
)
from mho.device.shots import Trains, pulse_cell, shot_of

Array = Any
"""A numpy array, as kernels see it."""


def pulse_all(state: Array, p: Record, cells: Array, trains: Trains) -> None:
    """Trains of some cells; single pulses mostly switch, and longer trains mostly do not."""
    if trains.volts.shape[0] == 1:
        pulse_once(state, p, cells, trains)
    else:
        pulse_often(state, p, cells, trains)


def pulse_once(state: Array, p: Record, cells: Array, trains: Trains) -> None:
    """One pulse for each cell."""
    volts = trains.volts[0]
    count = cells.shape[0]
    keys = np.empty(count, np.uint64)
    boosted = np.empty(count, np.float32)
    for j in range(count):
        boosted[j] = boosted_time(p.telegraph, volts[j], trains.width)
    at = np.empty(count, np.int64)
    moved = 0
    for j in range(count):
        cell = state[cells[j]]
        keys[j] = at_event(cell.key, cell.event)
        cell.event += 1
        cell.ahead += boosted[j]
        # nothing happens at 0 V, nor to a cell that never switches
        if volts[j] != 0 and cell.gain != 0:
            if switches(cell, p.switching, volts[j]):
                at[moved] = j
                moved += 1
            else:
                draw = child(keys[j], trains.words[0, 0])
                clean(cell, p, shot_of(trains, 0, j, keys[j]), draw)
    switch_all(state, p, cells, trains, keys, at[:moved])


def pulse_often(state: Array, p: Record, cells: Array, trains: Trains) -> None:
    """A train for each cell, which mostly only resolves channels."""
    volts = trains.volts
    length, count = volts.shape
    keys = np.empty(count, np.uint64)
    ahead = np.empty(count, np.float32)
    calm = np.empty(count, np.bool_)
    # voltages from which a cell switches, by the sign of a pulse
    up = np.empty(count, np.float32)
    down = np.empty(count, np.float32)
    for j in range(count):
        cell = state[cells[j]]
        keys[j] = at_event(cell.key, cell.event)
        ahead[j] = cell.ahead
        calm[j] = True
        up[j] = cell.set_voltage * p.switching.threshold
        down[j] = cell.reset_voltage * p.switching.threshold
    for n in range(length):
        for j in range(count):
            volt = volts[n, j]
            ahead[j] += boosted_time(p.telegraph, volt, trains.width)
            calm[j] &= abs(volt) < (up[j] if volt > 0 else down[j])
    find_spawning(volts, keys, p.telegraph.spawning_rate * trains.width, calm)
    for j in range(count):
        cell = state[cells[j]]
        if calm[j]:
            cell.event += 1
            cell.ahead = ahead[j]
            if cell.gain != 0:
                resolve_in_turn(cell, p, trains, j, keys[j])
        else:
            pulse_cell(cell, p, trains, j)


def find_spawning(
    volts: Array, keys: Array, spawning: Real, calm: Array
) -> None:
    """Mark cells in which a pulse leaves a channel behind, and perhaps a few others.

    Args:
        volts: Voltage at each cell (V). Shape (length, cells).
        keys: Randomness of each cell's train. Shape (cells,).
        spawning: Probability that a pulse does so (1).
        calm: Whether none does; changed. Shape (cells,).
    """
    length, count = volts.shape
    words = (length + 1) // 2
    for w in range(words):
        word = U(w + 1) * SPAWNING
        # the last word of an odd train has a half too many, which may say what is not so
        other = min(w + words, length - 1)
        for j in range(count):
            low, high = uniforms_of(word + keys[j])
            first = (low <= spawning) & (volts[w, j] != 0)
            second = (high <= spawning) & (volts[other, j] != 0)
            calm[j] &= not (first | second)


def resolve_in_turn(
    cell: Record, p: Record, trains: Trains, j: int, key: Word
) -> None:
    """The pulses of a train that neither switch a cell nor leave a channel behind.

    Args:
        cell: The cell.
        p: The numbers of the kind.
        trains: The trains.
        j: Number of the cell's train (1).
        key: Randomness of the train.
    """
    other = trains.words.shape[0] - 1
    for n in range(trains.volts.shape[0]):
        if not has_channels(cell):
            return
        volts = trains.volts[n, j]
        if volts != 0:
            draw = child(key, trains.words[other, n])
            resolve_channels(cell, p.telegraph, volts, trains.width, draw)
