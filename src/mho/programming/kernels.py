"""What the loop decides, told of one live cell, and the passes over all of them, compiled.

Names that begin with `law_` stand for the static methods of a protocol's parts. Everywhere `live`
are the live cells and `p` is one record with the protocol's numbers; `at` are places among the
live ones.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mho.compiled import F, Real, Record, Table
from mho.programming.outcome import Outcome
from mho.programming.verify import Look

_LIVE = int(Outcome.LIVE)
_CONVERGED = int(Outcome.CONVERGED)
_STUCK = int(Outcome.STUCK)
_NO_TRAIN = F(np.nan)
_FEW = 16
"""Trains that are made up before they are written where they belong."""


def law_start(cell: Record, p: Record) -> None:
    """The trimming method's `start`."""
    raise NotImplementedError


def law_learn(cell: Record, p: Record) -> None:
    """The trimming method's `learn`."""
    raise NotImplementedError


def law_propose(cell: Record, p: Record) -> Real:
    """The trimming method's `propose`."""
    raise NotImplementedError


def law_count(cell: Record, p: Record) -> int:
    """The trimming method's `count`."""
    raise NotImplementedError


def law_stuck(cell: Record, p: Record) -> bool:
    """The trimming method's `stuck`."""
    raise NotImplementedError


def law_clear_suspicion(cell: Record, p: Record) -> None:
    """The trimming method's `clear_suspicion`."""
    raise NotImplementedError


def law_switching_voltages(cell: Record, p: Record) -> tuple[Real, Real]:
    """The trimming method's `switching_voltages`."""
    raise NotImplementedError


def law_train_amplitude(
    cell: Record,
    p: Record,
    voltages: tuple[Real, Real],
    number: int,
    length: int,
) -> Real:
    """The denoising method's `amplitude`."""
    raise NotImplementedError


def law_learn_train(cell: Record, p: Record) -> None:
    """The denoising method's `learn`."""
    raise NotImplementedError


def law_quiet(look: Look, p: Record) -> bool:
    """The verification's `quiet`."""
    raise NotImplementedError


def law_allowed(look: Look, p: Record) -> Real:
    """The verification's `allowed`."""
    raise NotImplementedError


def train_is_due(cell: Record, p: Record, error: Real) -> bool:
    """Whether a cell gets the denoising train it owes before anything else happens to it."""
    has_second_chance = second_chance(cell, p)
    # a full train ends the coarse approach: channels it completes move the cell
    approached = error <= p.near and cell.owed >= p.denoise.first
    due = approached or has_second_chance or not error > cell.goal
    return bool(due and cell.owed > 0 and not cell.ready)


def second_chance(cell: Record, p: Record) -> bool:
    """Whether a silent cell is suspected anew: a channel may hide a core that answers."""
    if cell.suspect or not law_stuck(cell, p.trim):
        return False
    cell.suspect = True
    law_clear_suspicion(cell, p.trim)
    return True


def owe_train(cell: Record, p: Record, error: Real) -> None:
    """A cell that is trimmed owes a train for it."""
    after = p.denoise.after_trim
    if error > p.near:
        after = p.denoise.first
    cell.owed = max(cell.owed, np.int32(after))


def passes(cell: Record, p: Record, look: Look) -> bool:
    """Whether a cell passes a long look; if not, it learns what it has to do."""
    error = abs(look.mean - cell.target)
    if not p.denoises:
        return bool(error <= p.verify.margin * p.tolerance)
    if not law_quiet(look, p.verify):
        # noise needs a train, an error needs trimming
        cell.owed = np.int32(p.denoise.after_noise)
        return False
    allowed = law_allowed(look, p.verify)
    if error <= allowed:
        return True
    # quiet but off: trim closer than before, by readings of more samples
    cell.goal = min(p.trim_goal * allowed, p.usual_goal)
    cell.fine = True
    return False


def start(live: Table, p: Table) -> None:
    """The first reading has been taken."""
    for i in range(live.shape[0]):
        law_start(live[i], p[0].trim)


def decide(
    live: Table,
    p: Table,
    trimmed: Table,
    amplitude: Table,
    count: Table,
    at: Table,
) -> tuple[int, int, int, int, int]:
    """What each live cell gets next: a pulse, the train it owes, or the long look.

    Args:
        live: Live cells.
        p: The protocol's numbers.
        trimmed: Filled with the numbers of cells that get a pulse.
        amplitude: Filled with the amplitudes of those pulses (V).
        count: Filled with how many of them each gets (1).
        at: Filled with the places of cells that get a train.

    Returns:
        Cells that get a pulse; cells that get a train, and pulses of the longest; cells that wait
        for something; and cells found stuck (1).
    """
    trims = 0
    trains = 0
    longest = 0
    busy = 0
    stuck = 0
    for i in range(live.shape[0]):
        cell = live[i]
        law_learn(cell, p[0].trim)
        error = abs(cell.conductance - cell.target)
        train = False
        if p[0].denoises:
            law_learn_train(cell, p[0].denoise)
            cell.trained_at = _NO_TRAIN
            train = train_is_due(cell, p[0], error)
        if train:
            at[trains] = i
            trains += 1
            longest = max(longest, cell.owed)
        elif error > cell.goal and not cell.ready:
            amplitude[trims] = law_propose(cell, p[0].trim)
            trimmed[trims] = cell.number
            pulses = law_count(cell, p[0].trim)
            count[trims] = pulses
            trims += 1
            cell.pulses += pulses
            if p[0].denoises:
                owe_train(cell, p[0], error)
        else:
            # nothing left to do until a long look says so
            cell.ready = True
        if law_stuck(cell, p[0].trim):
            cell.outcome = _STUCK
            stuck += 1
        elif not cell.ready:
            busy += 1
    return trims, trains, longest, busy, stuck


def give_trains(
    live: Table,
    p: Table,
    at: Table,
    first: int,
    last: int,
    numbers: Table,
    amplitude: Table,
) -> None:
    """Amplitudes of the trains that cells owe (V), 0 after a cell's last pulse.

    Args:
        live: Live cells.
        p: The protocol's numbers.
        at: Places of the cells.
        first: The first of them to give one.
        last: The one before which to stop.
        numbers: Filled with their numbers.
        amplitude: Filled with the amplitudes. Shape (longest, cells).
    """
    longest = amplitude.shape[0]
    few = np.zeros((_FEW, longest), np.float32)
    for start in range(first, last, _FEW):
        stop = min(start + _FEW, last)
        for k in range(start, stop):
            cell = live[at[k]]
            numbers[k] = cell.number
            make_train(cell, p[0], few[k - start])
        # rows are far apart in memory: each is gone to once for a few cells
        for n in range(longest):
            for k in range(start, stop):
                amplitude[n, k] = few[k - start, n]


def make_train(cell: Record, p: Record, train: Table) -> None:
    """Amplitudes of the train that a cell owes (V), and 0 after its last pulse."""
    voltages = law_switching_voltages(cell, p.trim)
    length = cell.owed
    for n in range(length):
        train[n] = law_train_amplitude(cell, p.denoise, voltages, n, length)
    for n in range(length, train.shape[0]):
        train[n] = F(0)

    cell.denoise_pulses += length
    # the next reading tells whether the train switched the cell
    cell.trains += 1
    cell.trained_at = cell.conductance
    cell.owed = 0


def to_read(
    live: Table, first: int, last: int, at: Table, numbers: Table
) -> tuple[int, int, int]:
    """Find the cells that were pulsed, among some of the live ones.

    Args:
        live: Live cells.
        first: The first that is asked, and the column from which on arrays are filled.
        last: The one before which to stop.
        at: Filled with their places: in the first row those whose readings take the usual
            samples, in the second those whose readings take more. Shape (2, at least live).
        numbers: Filled with the numbers of those cells.

    Returns:
        `first`, and how many there are of both (1).
    """
    usual = first
    more = first
    for i in range(first, last):
        cell = live[i]
        if cell.ready:
            continue
        if cell.fine:
            at[1, more] = i
            numbers[1, more] = cell.number
            more += 1
        else:
            at[0, usual] = i
            numbers[0, usual] = cell.number
            usual += 1
    return first, usual - first, more - first


def take_in(live: Table, at: Table, mean: Table, samples: int) -> None:
    """Write down short readings of some cells (S)."""
    for k in range(at.shape[0]):
        cell = live[at[k]]
        cell.conductance = mean[k]
        cell.reads += samples


def judge(
    live: Table,
    p: Table,
    at: Table,
    mean: Table,
    spread: Table,
    span: Table,
    samples: int,
) -> None:
    """Accept cells after a long look, or send them back one stage.

    Args:
        live: Live cells.
        p: The protocol's numbers.
        at: Places of the cells that were looked at.
        mean: Mean of each one's samples (S).
        spread: Their standard deviation (S).
        span: Largest minus smallest (S).
        samples: Samples of the look (1).
    """
    for k in range(at.shape[0]):
        cell = live[at[k]]
        look = Look(mean[k], spread[k], span[k])
        cell.reads += samples
        cell.noise = look.peak_to_peak
        cell.conductance = look.mean
        # whoever does not pass goes on being pulsed
        cell.ready = False
        if passes(cell, p[0], look):
            cell.outcome = _CONVERGED


def write_down(cell: Record, end: Record) -> None:
    """What became of a cell."""
    end.outcome = cell.outcome
    end.error = cell.conductance - cell.target
    end.noise = cell.noise
    end.pulses = cell.pulses
    end.denoise_pulses = cell.denoise_pulses
    end.reads = cell.reads


def drop(live: Table, done: Table) -> int:
    """Write down how cells ended, and close their gaps; returns how many go on (1).

    Args:
        live: Live cells.
        done: What became of every cell asked for.
    """
    kept = 0
    for i in range(live.shape[0]):
        cell = live[i]
        if cell.outcome == _LIVE:
            if kept != i:
                live[kept] = cell
            kept += 1
        else:
            write_down(cell, done[cell.place])
    return kept


ALL: dict[str, Callable[..., Any]] = {
    "start": start,
    "decide": decide,
    "give_trains": give_trains,
    "to_read": to_read,
    "take_in": take_in,
    "judge": judge,
    "drop": drop,
}
