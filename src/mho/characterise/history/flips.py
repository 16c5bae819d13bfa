"""Which steps of a trace are traps that fill and empty, and which are jumps of the whole cell.

A trap's steps have one size and take turns: after it has emptied it can only fill. So the states
of all traps are hidden, one configuration for each plateau, and a step costs, in nats,

* for every trap that changes state: minus the logarithm of how often it does so;
* half the squared deviation of the step from what those traps explain, over its variance;
* or, instead of that, the price of a jump, which may have any size.

The cheapest sequence is found exactly (key: viterbi1967), for given amplitudes. Only differences
count, so that a slow wander of the conductance does no harm.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mho.characterise.history.noise_scale import NORMAL_MEDIAN
from mho.characterise.history.plateaus import Plateaus
from mho.characterise.telegraph import Array
from mho.compiled import Kernels

_JUMP = 11.0
"""Price of a jump (nats)."""
_TRAP = 40.0
"""Price of a further trap (nats)."""
_ROUNDS = 5
"""Times that states, amplitudes and rates are found in turn (1)."""
_EXTRA = (0.2, 0.6, 1.0)
"""Wander within a step over the noise: least, assumed first, and largest (1)."""
_RARE, _OFTEN = 0.005, 0.98
"""Bounds of how often a trap changes at a step (1)."""
_FIRST_RATE = 0.3
_FLIPS = 10
"""Fillings and emptyings of a trap at least (1)."""
_LEAST = 2.0
"""Smallest amplitude of a trap, over the noise (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoding:
    """Traps and jumps that explain the steps of a trace.

    Args:
        amplitudes: Size of the traps' steps, in the unit of the trace. Shape (traps,).
        states: Whether each trap is empty, which is its high state, on each plateau. Shape
            (plateaus, traps).
        jumped: Whether each step is a jump. Shape (steps,).
        rest: What traps leave of each step, in the unit of the trace. Shape (steps,).
        rates: How often each trap changes at a step while filled, and while empty (1). Shape
            (traps, 2).
        cost: Nats of all of it; the least wins.
    """

    amplitudes: Array
    states: npt.NDArray[np.bool_]
    jumped: npt.NDArray[np.bool_]
    rest: Array
    rates: Array
    cost: float

    @property
    def traps(self) -> int:
        """Number of traps (1)."""
        return len(self.amplitudes)


def decode(
    plateaus: Plateaus, amplitudes: Array, rates: Array, noise: float
) -> Decoding | None:
    """The cheapest explanation with traps near some amplitudes; none if they do not hold.

    Args:
        plateaus: The trace's steps.
        amplitudes: Where amplitudes start, in the unit of the trace. Shape (traps,).
        rates: Where rates start (1). Shape (traps, 2).
        noise: Standard deviation of the white noise of a sample.
    """
    steps = plateaus.steps
    size = amplitudes.astype(float)
    rate = rates.astype(float)
    least, extra, most = (share * noise for share in _EXTRA)
    usual = plateaus.white + extra**2
    variance = usual
    found = None
    for _ in range(_ROUNDS):
        variance = plateaus.white + extra**2
        found = _states(steps, variance, size, rate)
        if len(size) == 0:
            break
        flips = np.diff(found.states.astype(int), axis=0)
        explained = ~found.jumped & (flips != 0).any(1)
        if explained.sum() < _FLIPS:
            return None
        seen = flips[explained].astype(float)
        solution = np.linalg.lstsq(seen, steps[explained], rcond=None)[0]
        often = np.abs(seen).sum(0) > 3
        size = np.where(often, solution, size)
        if (size < _LEAST * noise).any():
            return None
        left = np.abs(steps[explained] - seen @ size)
        wander = (np.median(left) / NORMAL_MEDIAN) ** 2 - np.median(
            plateaus.white[explained]
        )
        extra = float(np.sqrt(np.clip(wander, least**2, most**2)))
        rate = _counted(found.states, flips)
    assert found is not None
    return _priced(found, steps, variance / usual, rate)


def _states(
    steps: Array, variance: Array, size: Array, rate: Array
) -> Decoding:
    """The cheapest sequence of states."""
    sequence = np.zeros(len(steps) + 1, dtype=np.int64)
    jumped = np.zeros(len(steps), dtype=np.uint8)
    cost = _KERNELS["cheapest"](
        steps, variance, size, rate, _JUMP, sequence, jumped
    )
    traps = np.arange(len(size))
    shifted = sequence[:, None] >> traps
    bits = shifted & 1
    flips = np.diff(bits, axis=0)
    rest = steps - flips @ size
    return Decoding(
        amplitudes=size,
        states=bits.astype(bool),
        jumped=jumped.astype(bool),
        rest=rest,
        rates=rate,
        cost=float(cost),
    )


def _counted(
    states: npt.NDArray[np.bool_], flips: npt.NDArray[np.int64]
) -> Array:
    """How often each trap changes at a step, filled and empty (1)."""
    rate = np.empty((states.shape[1], 2))
    for value in (0, 1):
        there = states[:-1] == bool(value)
        changes = (there & (flips != 0)).sum(0)
        rate[:, value] = (changes + 0.5) / (there.sum(0) + 1)
    return np.clip(rate, _RARE, _OFTEN)


def _priced(
    found: Decoding, steps: Array, wider: Array, rate: Array
) -> Decoding | None:
    """With the price of traps that stay, and of traps at all; none if one hardly changes."""
    flips = np.diff(found.states.astype(int), axis=0)
    filled = (flips < 0).sum(0)
    emptied = (flips > 0).sum(0)
    if (np.minimum(filled, emptied) < _FLIPS).any():
        return None
    cost = found.cost + _TRAP * found.traps + float(np.log(wider).sum()) / 2
    for value in (0, 1):
        staying = (found.states[:-1] == bool(value)) & (flips == 0)
        cost -= float((staying.sum(0) * np.log1p(-rate[:, value])).sum())
    return Decoding(
        found.amplitudes,
        found.states,
        found.jumped,
        steps - flips @ found.amplitudes,
        rate,
        cost,
    )


def trap_part(plateaus: Plateaus, found: Decoding) -> Array:
    """What the traps of a decoding add to each sample. Shape (samples,)."""
    levels: Array = found.states @ found.amplitudes
    return np.repeat(levels, np.diff(plateaus.bounds))


def starting_rates(traps: int) -> Array:
    """Rates of traps of which nothing is known (1). Shape (traps, 2)."""
    return np.full((traps, 2), _FIRST_RATE)


def cheapest(
    steps: Array,
    variance: Array,
    amplitudes: Array,
    rates: Array,
    price: float,
    sequence: npt.NDArray[np.int64],
    jumped: npt.NDArray[np.uint8],
) -> float:
    """Fill in the configuration of every plateau and whether steps jump; return the cost (nats).

    A configuration is a number whose bit k says whether trap k is empty.
    """
    count = len(steps)
    configurations = 2 ** len(amplitudes)
    change = np.zeros((configurations, configurations))
    price_of = np.zeros((configurations, configurations))
    tabulate(amplitudes, rates, change, price_of)
    cost = np.zeros(configurations)
    after = np.zeros(configurations)
    origin = np.zeros((count, configurations), np.int64)
    for i in range(count):
        for c in range(configurations):
            after[c] = np.inf
            for before in range(configurations):
                away = steps[i] - change[before, c]
                misfit = min(away * away / (2 * variance[i]), price)
                so_far = cost[before] + price_of[before, c] + misfit
                if so_far < after[c]:
                    after[c] = so_far
                    origin[i, c] = before
        cost[:] = after
    last = int(np.argmin(cost))
    total: float = cost[last]
    for back in range(count):
        i = count - 1 - back
        before = origin[i, last]
        away = steps[i] - change[before, last]
        sequence[i + 1] = last
        jumped[i] = away * away / (2 * variance[i]) > price
        last = before
    sequence[0] = last
    return total


def tabulate(
    amplitudes: Array, rates: Array, change: Array, price_of: Array
) -> None:
    """Step between any two configurations, and its price (nats). Shape (before, after)."""
    configurations = len(change)
    for before in range(configurations):
        for after in range(configurations):
            for k in range(len(amplitudes)):
                was = (before >> k) & 1
                turns = ((after >> k) & 1) - was
                change[before, after] += turns * amplitudes[k]
                if turns != 0:
                    price_of[before, after] -= np.log(rates[k, was])


_KERNELS = Kernels({"cheapest": cheapest}, {})
