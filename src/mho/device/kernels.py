"""What is done to many cells of a kind: plain loops over scalar laws, compiled for each kind.

Names that begin with `law_` stand for the laws of the kind for which a kernel is compiled.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mho.compiled import (
    Real,
    Record,
    Word,
    at_event,
    draw_pairs,
    draw_singles,
)
from mho.device.shots import Trains

BLOCK = 1024
"""Samples handled at once: their numbers stay in the nearest cache."""

Array = Any
"""A numpy array, as kernels see it."""


def law_born(cell: Record, p: Record, draw: Word) -> None:
    """The kind's `born`."""
    raise NotImplementedError


def law_pulse_all(
    state: Array, p: Record, cells: Array, trains: Trains
) -> None:
    """The kind's `pulse_all`."""
    raise NotImplementedError


def law_watch_all(
    state: Array, p: Record, look: Record, cells: Array, z: Array, out: Array
) -> None:
    """The kind's `watch_all`."""
    raise NotImplementedError


def law_moments(
    cell: Record, p: Record, look: Record, draw: Word
) -> tuple[Real, Real]:
    """The kind's `moments`."""
    raise NotImplementedError


def law_age(
    cell: Record, p: Record, cycles: float, now: float, draw: Word
) -> None:
    """The kind's `age`."""
    raise NotImplementedError


def law_heat(
    cell: Record, p: Record, look: Record, after: Record, draw: Word
) -> None:
    """The kind's `heat`."""
    raise NotImplementedError


def law_bend(p: Record, conductance: Real) -> Real:
    """The kind's `bend`."""
    raise NotImplementedError


def law_load(cell: Record) -> Real:
    """The kind's `load`."""
    raise NotImplementedError


def law_energy(p: Record, volts: Real, load: Real, width: Real) -> Real:
    """The kind's `energy`."""
    raise NotImplementedError


def law_held(cell: Record) -> Real:
    """The kind's `held`."""
    raise NotImplementedError


def law_white(p: Record, look: Record, conductance: Real) -> Real:
    """The kind's `white`."""
    raise NotImplementedError


def give_birth(state: Array, p: Array, keys: Array) -> None:
    """Fill the columns of new cells."""
    for i in range(state.shape[0]):
        law_born(state[i], p[0], keys[i])


def pulse(
    state: Array,
    p: Array,
    cells: Array,
    train: Array,
    width: Real,
    compliance: Array,
    now: float,
    gap: Real,
    words: Array,
) -> None:
    """Give each cell its train of pulses, as it sees them."""
    length = max(train.shape[0], 1)
    few = max(BLOCK // length, 1)
    count = cells.shape[0]
    for start in range(0, count, few):
        stop = min(start + few, count)
        trains = Trains(
            train[:, start:stop].copy(),
            width,
            compliance[start:stop],
            now,
            gap,
            words,
        )
        law_pulse_all(state, p[0], cells[start:stop], trains)


def draw_normals(
    keys: Array, count: int, words: Array, singles: int, z: Array
) -> None:
    """Normal numbers for many samples, purpose by purpose: loops without branches are quick.

    Args:
        keys: Key of each sample.
        count: Samples (1).
        words: A word for each purpose: single numbers first, then pairs.
        singles: How many are single (1).
        z: The numbers (1), and a row that is written over. Shape (rows + 1, at least count).
    """
    spare = z[z.shape[0] - 1]
    for w in range(words.shape[0]):
        if w < singles:
            draw_singles(keys, count, words[w], z[w], spare)
        else:
            row = 2 * w - singles
            draw_pairs(keys, count, words[w], z[row], z[row + 1])


def watch_some(
    state: Array,
    p: Array,
    look: Array,
    cells: Array,
    start: int,
    stop: int,
    words: Array,
    singles: int,
    keys: Array,
    z: Array,
    out: Array,
) -> None:
    """Look at some of the cells: conductances cell by cell, sample by sample (S)."""
    samples = look[0].samples
    for j in range(start, stop):
        cell = state[cells[j]]
        place = (j - start) * samples
        for n in range(samples):
            keys[place + n] = at_event(cell.key, cell.event + n)
    draw_normals(keys, (stop - start) * samples, words, singles, z)
    law_watch_all(state, p[0], look[0], cells[start:stop], z, out)
    for j in range(start, stop):
        cell = state[cells[j]]
        cell.event += samples
        cell.clock = look[0].end


def watch(
    state: Array,
    p: Array,
    look: Array,
    cells: Array,
    words: Array,
    singles: int,
    out: Array,
) -> None:
    """Conductance at zero bias in each of several samples (S). Shape of `out` (samples, cells)."""
    samples = look[0].samples
    few = max(BLOCK // samples, 1)
    keys = np.empty(few * samples, np.uint64)
    rows = 2 * words.shape[0] - singles
    z = np.empty((rows + 1, few * samples), np.float32)
    seen = np.empty(few * samples, np.float32)
    for start in range(0, cells.shape[0], few):
        stop = min(start + few, cells.shape[0])
        watch_some(
            state, p, look, cells, start, stop, words, singles, keys, z, seen
        )
        for j in range(start, stop):
            for n in range(samples):
                out[n, j] = seen[(j - start) * samples + n]


def moments(
    state: Array,
    p: Array,
    look: Array,
    cells: Array,
    mean: Array,
    variance: Array,
) -> None:
    """Long-run mean (S) and variance (S²) of one sample of each cell; nothing changes."""
    for j in range(cells.shape[0]):
        cell = state[cells[j]]
        draw = at_event(cell.key, cell.event)
        mean[j], variance[j] = law_moments(cell, p[0], look[0], draw)


def loads(state: Array, cells: Array, found: Array) -> None:
    """Conductance of cells as drivers see it (S)."""
    for j in range(cells.shape[0]):
        found[j] = law_load(state[cells[j]])


def pulse_energy(
    p: Array, train: Array, load: Array, width: Real, joules: Array
) -> None:
    """Energy of each cell's train (J)."""
    for n in range(train.shape[0]):
        for j in range(train.shape[1]):
            joules[j] += law_energy(p[0], train[n, j], load[j], width)


def held(state: Array, cells: Array, found: Array) -> None:
    """Conductance of cells without what fluctuates or creeps (S)."""
    for j in range(cells.shape[0]):
        found[j] = law_held(state[cells[j]])


def white_variance(
    p: Array, look: Array, conductance: Array, found: Array
) -> None:
    """Variance of what is fresh in every sample (S²)."""
    for j in range(conductance.shape[0]):
        found[j] = law_white(p[0], look[0], conductance[j])


def bends(p: Array, conductance: Array, found: Array) -> None:
    """Cubic coefficients (1/V²)."""
    for j in range(conductance.shape[0]):
        found[j] = law_bend(p[0], conductance[j])


def age(
    state: Array, p: Array, cells: Array, cycles: float, now: float
) -> None:
    """Let cells have been switched many times."""
    for j in range(cells.shape[0]):
        cell = state[cells[j]]
        key = at_event(cell.key, cell.event)
        cell.event += 1
        law_age(cell, p[0], cycles, now, key)


def heat(state: Array, p: Array, look: Array, after: Array) -> None:
    """Change the temperature of all cells."""
    for i in range(state.shape[0]):
        cell = state[i]
        key = at_event(cell.key, cell.event)
        cell.event += 1
        law_heat(cell, p[0], look[0], after[0], key)
        cell.clock = look[0].now


ALL: dict[str, Callable[..., Any]] = {
    "give_birth": give_birth,
    "pulse": pulse,
    "watch": watch,
    "moments": moments,
    "loads": loads,
    "pulse_energy": pulse_energy,
    "held": held,
    "white_variance": white_variance,
    "bends": bends,
    "age": age,
    "heat": heat,
}
