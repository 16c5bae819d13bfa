"""What a trace could have shown of channels, and what it showed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mho.characterise.history import Stretch, TraceHistory
from mho.characterise.telegraph import FoundTrap

_VISIBLE = 2.5
"""Amplitude from which a channel is found wherever a trace wanders, over the noise (1)."""
_STEPS = 2.0
"""The same, in steps of the converter (1)."""
_RESOLVED = 3.0
"""Shortest time that is told apart, in samples (1)."""
_ROUNDS = 10.0
"""Fillings and emptyings that a stretch must hold (1)."""
_FINEST = 1e-6
"""Least channel that is looked for, as a share of the conductance (1)."""
_LEAST = 1e-15
"""The same where nothing is conducted (S)."""
_SURE = 1.96


@dataclass(frozen=True, slots=True)
class Seen:
    """A channel that was found.

    Args:
        amplitude: Logarithm of its conductance, in S (1).
        amplitude_error: Standard error of that (1).
        ratio: ln(τc/τe) (1).
        ratio_error: Standard error of that (1).
    """

    amplitude: float
    amplitude_error: float
    ratio: float
    ratio_error: float


@dataclass(frozen=True, slots=True)
class Look:
    """A stretch of a trace as a look at a cell.

    Args:
        weight: Its share of the trace (1).
        smallest: Smallest channel that it would show (S).
        shortest: Shortest time constant that it would show (s).
        longest: Longest time of a whole round, capture and emission, that it would show (s).
        seen: The channels that it shows.
    """

    weight: float
    smallest: float
    shortest: float
    longest: float
    seen: tuple[Seen, ...]


def looks_of(history: TraceHistory) -> tuple[Look, ...]:
    """The stretches of a trace from which channels can be counted.

    The settling is left out, and stretches whose changes are not those of Gaussian noise though
    no channel is found: there, nobody knows what there is.

    Args:
        history: What was found in the trace.
    """
    return tuple(
        _look(stretch, history)
        for stretch in history.stretches
        if _counts(stretch, history)
    )


def _counts(stretch: Stretch, history: TraceHistory) -> bool:
    settling = history.settling
    if settling is not None and stretch.end <= settling.duration:
        return False
    return bool(stretch.traps) or stretch.gaussian


def _look(stretch: Stretch, history: TraceHistory) -> Look:
    duration = stretch.end - stretch.begin
    noise = max(stretch.noise, history.noise)
    smallest = max(_VISIBLE * noise, _STEPS * history.converter_step)
    smallest = max(smallest, _FINEST * abs(stretch.conductance), _LEAST)
    shortest = _RESOLVED * history.interval
    longest = duration / _ROUNDS
    seen = [
        _seen(trap)
        for trap in stretch.traps
        if _within(trap, smallest, shortest, longest)
    ]
    weight = duration / history.duration
    return Look(weight, smallest, shortest, longest, tuple(seen))


def _within(
    trap: FoundTrap, smallest: float, shortest: float, longest: float
) -> bool:
    """Whether a channel is one that such a stretch would always show."""
    times = (trap.capture_time.value, trap.emission_time.value)
    large = trap.amplitude.value >= smallest
    return (
        trap.resolved
        and large
        and min(times) >= shortest
        and sum(times) <= longest
    )


def _seen(trap: FoundTrap) -> Seen:
    times = (trap.capture_time, trap.emission_time)
    capture, emission = (_error(one.low, one.high) for one in times)
    return Seen(
        float(np.log(trap.amplitude.value)),
        _error(trap.amplitude.low, trap.amplitude.high),
        float(np.log(times[0].value / times[1].value)),
        float(np.hypot(capture, emission)),
    )


def _error(low: float, high: float) -> float:
    """Standard error of a logarithm, from an interval."""
    if not 0 < low < high:
        return 0.0
    return float(np.log(high / low)) / (2 * _SURE)


def channels_in(looks: Sequence[Look]) -> int:
    """Channels that were seen, each stretch counted for itself (1)."""
    return sum(len(look.seen) for look in looks)
