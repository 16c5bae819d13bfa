"""Steps of many cores at the same time, and what they leave behind.

What a step is stands in `scalar.switch`, and happens here to the bit: steps, creep before and
after, renewals and births of channels each in a short loop over numbers that lie side by side.
"""

from typing import Any, NamedTuple

import numpy as np

from mho.compiled import F, Record, child, draw_singles, exp, uniform
from mho.device.filament.scalar import creep, law_remembered
from mho.device.laws import (
    BIRTHS,
    STEP,
    add_channels,
    births_factor,
    births_of,
    moved_core,
    own_voltage,
    renewed_share,
    step_growth,
    usual_births,
)
from mho.device.shots import Trains

Array = Any
"""A numpy array, as kernels see it."""


def law_renewals(
    state: Any, p: Record, cells: Any, shares: Any, draws: Any, relaxing: Any
) -> None:
    """How steps renew what many cells remember of their relaxation, by the preset's law."""
    raise NotImplementedError


class Moves(NamedTuple):
    """Steps of some cells: every array has a number of each.

    Args:
        cell: Number of the cell (1).
        draw: Randomness of the pulse.
        volts: Voltage of the pulse (V).
        compliance: Conductance at which the selector stops a SET (S).
        gain: The cell's own factor on steps (1).
        size: How far the pulse goes beyond the cell's switching voltage (V), and then what
            that and the gain make of a step (1).
        varied: Factor on the step of this pulse alone (1).
        core: The core before (S).
        after: The core after the step (S).
        age: Time since the cell was switched, double precision (s).
        new_age: The same after the pulse, as far as it has renewed the creep (s).
        share: Share of the creep that the step renews (1).
        crept: Creep before the step (S).
    """

    cell: Array
    draw: Array
    volts: Array
    compliance: Array
    gain: Array
    size: Array
    varied: Array
    core: Array
    after: Array
    age: Array
    new_age: Array
    share: Array
    crept: Array


def switch_all(
    state: Array,
    p: Record,
    cells: Array,
    trains: Trains,
    keys: Array,
    at: Array,
) -> None:
    """Move the cores of some cells, which leaves channels behind.

    Args:
        state: State of all cells.
        p: The numbers of the kind.
        cells: Numbers of the cells that get pulses (1).
        trains: The pulses, one each.
        keys: Randomness of each cell's train.
        at: Places of those that switch (1).
    """
    if at.shape[0] == 0:
        return
    moves = moves_of(state, cells, trains, keys, at)
    step_all(p, trains, moves)
    creep_all(state, p, moves)
    write_down(state, p, trains, moves)


def moves_of(
    state: Array, cells: Array, trains: Trains, keys: Array, at: Array
) -> Moves:
    """What is known before; arguments as for `switch_all`."""
    count = at.shape[0]
    # whole arrays, not rows of one: neighbours then lie side by side for certain
    moves = Moves(
        np.empty(count, np.int64),
        np.empty(count, np.uint64),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float64),
        np.empty(count, np.float64),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
    )
    for i in range(count):
        cell = state[cells[at[i]]]
        volts = trains.volts[0, at[i]]
        moves.cell[i] = cells[at[i]]
        moves.draw[i] = child(keys[at[i]], trains.words[0, 0])
        moves.volts[i] = volts
        moves.compliance[i] = trains.compliance[at[i]]
        moves.gain[i] = cell.gain
        moves.size[i] = abs(volts) - own_voltage(cell, volts)
        moves.core[i] = cell.core
        moves.age[i] = trains.now - cell.switched_at
    return moves


def step_all(p: Record, trains: Trains, moves: Moves) -> None:
    """Cores after their steps."""
    count = moves.core.shape[0]
    # `after` is written over until it is known
    draw_singles(moves.draw, count, STEP, moves.varied, moves.after)
    for i in range(count):
        moves.varied[i] = exp(p.switching.cycle_spread * moves.varied[i])
    for i in range(count):
        growth = step_growth(p.switching, moves.size[i])
        moves.size[i] = growth * moves.gain[i]
    for i in range(count):
        moves.after[i] = moved_core(
            p.switching,
            moves.core[i],
            moves.volts[i],
            trains.width,
            moves.compliance[i],
            moves.size[i],
            moves.varied[i],
        )


def creep_all(state: Array, p: Record, moves: Moves) -> None:
    """Renew the creep, so that nothing jumps: the cores take over what would.

    Args:
        state: State of all cells; what they remember of their relaxation is renewed.
        p: The numbers of the kind.
        moves: The steps; `varied` then has the cores that come of it (S).
    """
    count = moves.core.shape[0]
    relaxing = law_remembered(state, moves.cell)
    for i in range(count):
        step = moves.after[i] - moves.core[i]
        moves.share[i] = renewed_share(p.relaxation, step)
    for i in range(count):
        kept = 1.0 - np.float64(moves.share[i])
        moves.new_age[i] = moves.age[i] * kept
    for i in range(count):
        age = F(moves.age[i])
        moves.crept[i] = creep(p, moves.core[i], age, relaxing[i])
    law_renewals(state, p, moves.cell, moves.share, moves.draw, relaxing)
    for i in range(count):
        after = moves.after[i]
        age = F(moves.new_age[i])
        taken_over = moves.crept[i] - creep(p, after, age, relaxing[i])
        # creep may exceed a small core, which cannot turn negative
        moves.varied[i] = after + max(taken_over, -after)


def write_down(state: Array, p: Record, trains: Trains, moves: Moves) -> None:
    """Write the steps down, and leave incomplete channels behind; arguments as before."""
    count = moves.core.shape[0]
    usual = moves.size
    chance = moves.crept
    for i in range(count):
        step = moves.after[i] - moves.core[i]
        usual[i] = usual_births(p.telegraph, step)
    for i in range(count):
        chance[i] = uniform(moves.draw[i], BIRTHS)
    for i in range(count):
        cell = state[moves.cell[i]]
        cell.core = moves.varied[i]
        cell.switched_at = trains.now - moves.new_age[i]
        if moves.after[i] != moves.core[i]:
            cell.cycles += 0.5
        mean = usual[i] * births_factor(p.endurance, cell.cycles)
        number = births_of(mean, chance[i])
        add_channels(cell, p.telegraph, number, moves.draw[i])
