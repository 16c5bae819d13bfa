"""Pulses as laws see them: one of them, and the trains of some cells."""

from typing import Any, NamedTuple

from mho.compiled import Real, Record, Word, at_event, child


class Shot(NamedTuple):
    """One pulse of a train, as a law sees it.

    Args:
        volts: Voltage at the cell (V); positive SETs. Never 0.
        width: Duration (s).
        compliance: Conductance at which the selector stops a SET (S).
        now: Time at the end of the train (s), double precision.
        gap: Time between the pulses of a train, in which the row is set up (s).
        number: Number of the pulse in its train (1).
        length: Pulses of the train (1).
        key: Randomness of the whole train; a law's `draw` is that of this pulse.
        other: Word of the pulse's own stream of another name, the last of the kind's `trains`.
    """

    volts: Real
    width: Real
    compliance: Real
    now: float
    gap: Real
    number: int
    length: int
    key: Word
    other: Word


class Trains(NamedTuple):
    """Trains of pulses that some cells get at the same time.

    Args:
        volts: Voltage at each cell (V); 0 does nothing. Shape (length, cells).
        width: Duration of each pulse (s).
        compliance: Conductance at which the selector stops a SET (S). Shape (cells,).
        now: Time at the end of the trains (s), double precision.
        gap: Time between the pulses of a train, in which the row is set up (s).
        words: A word for each of the kind's `trains` and each pulse. Shape (streams, length).
    """

    volts: Any
    width: Real
    compliance: Any
    now: float
    gap: Real
    words: Any


def law_pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
    """The kind's own `pulse`, once compiled."""
    raise NotImplementedError


def pulse_cell(cell: Record, p: Record, trains: Trains, j: int) -> None:
    """One cell lives through its train, number `j` of those given; 0 V does nothing."""
    key = at_event(cell.key, cell.event)
    cell.event += 1
    words = trains.words
    for n in range(trains.volts.shape[0]):
        if trains.volts[n, j] != 0:
            law_pulse(
                cell, p, shot_of(trains, n, j, key), child(key, words[0, n])
            )


def shot_of(trains: Trains, n: int, j: int, key: Word) -> Shot:
    """Pulse `n` of train `j`.

    Args:
        trains: The trains.
        n: Number of the pulse (1).
        j: Number of the train (1).
        key: Randomness of the whole train.
    """
    words = trains.words
    return Shot(
        trains.volts[n, j],
        trains.width,
        trains.compliance[j],
        trains.now,
        trains.gap,
        n,
        trains.volts.shape[0],
        key,
        words[words.shape[0] - 1, n],
    )
