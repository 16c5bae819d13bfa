r"""Looks at the channels of many cells, sample by sample: their traps fill and empty meanwhile.

The law of a trap is told of one trap; what goes over many of them goes step by step. Short loops
over numbers that lie side by side fit the widest registers of a processor, where a loop over cells
with everything inside does not.

With :math:`x = \lambda t`, :math:`d = s - p_\infty`, the filled fraction of an integration has
mean :math:`p_\infty + d (1 - e^{-x})/x` and variance

.. math::
    \tfrac{2}{x^2} \left[ p(1-p)(x - 1 + e^{-x}) + d(1-2p)(1 - e^{-x} - x e^{-x})
    - \tfrac{d^2}{2} (1 - e^{-x})^2 \right] ,

both exact given the state at its start. A slow trap (x < 1/2) flips at most once in practice, at
a uniform moment; a faster one gets a Beta draw with these two moments (key: machlup1954noise).
"""

from typing import Any, NamedTuple

import numpy as np

from mho.compiled import (
    F,
    Real,
    Record,
    U,
    at_event,
    child,
    child_purpose,
    exp,
    log,
    normal_purpose,
    normals_of,
    purpose,
    uniform_of,
    uniforms_of,
)

_FAST = F(0.5)
"""Integration, in memory times of a trap, from which it may flip more than once (1)."""

_TRAP = purpose("trap")
_INTEGRATION = child_purpose("integration")
_FLIP_MOMENT = purpose("flip moment")
_AVERAGE_NORMALS = normal_purpose("trap average")
_AVERAGE = purpose("trap average")

Array = Any
"""A numpy array, as kernels see it."""


class Channels(NamedTuple):
    """Channels that are looked at together: every array has a number of each.

    Args:
        amplitude: Conductance while the trap is empty (S).
        rate: Rate at which the trap forgets its state (1/s).
        occupancy: Long-run probability that it is filled (1).
        kept: What it keeps of its state over an integration (1).
        kept_before: The same over the time before the integration (1).
        filled: 1 if it is filled, 0 if it is not.
        blocked: Part of an integration for which it is filled (1).
        key: Key of the cell at the first sample.
        word: Number of the channel's word among those of a purpose, from 1.
        shift: Bits before the channel's half of that word (1).
        slot: Slot of the channel in its cell (1).
        place: Place of the cell's first sample (1).
        cell: Number of the cell (1).
    """

    amplitude: Array
    rate: Array
    occupancy: Array
    kept: Array
    kept_before: Array
    filled: Array
    blocked: Array
    key: Array
    word: Array
    shift: Array
    slot: Array
    place: Array
    cell: Array


class FastTraps(NamedTuple):
    """Traps that may flip more than once in an integration: every array has a number of each.

    Args:
        number: Which of the channels has it (1).
        x: Integration in memory times of the trap (1).
        occupancy: Long-run probability that it is filled (1).
        kept: What it keeps of its state over an integration (1).
        mean: State at the start, and then mean of the filled fraction (1).
        size: Sum of the two shapes of its distribution (1).
        z: Normal numbers (1). Shape (2, traps).
        u: Uniform numbers (1). Shape (2, traps).
        key: Key of the cell at the first sample.
        word: Number of its own word among those of a purpose, from 1.
    """

    number: Array
    x: Array
    occupancy: Array
    kept: Array
    mean: Array
    size: Array
    z: Array
    u: Array
    key: Array
    word: Array


def watch_channels(
    state: Array, look: Record, found: Channels, out: Array
) -> None:
    """Add what channels conduct, averaged over each of several integrations.

    Args:
        state: State of all cells; traps of those looked at move on.
        look: When samples are taken.
        found: The channels of the cells that are looked at.
        out: Conductances of samples, cell by cell, added to (S).
    """
    count = found.amplitude.shape[0]
    if count == 0:
        return
    fast = fast_among(found, look)
    for n in range(look.samples):
        pass_time(found, n)
        flip_slow(found, look, n)
        if fast.x.shape[0] > 0:
            average_fast(found, fast, n)
        for i in range(count):
            conducts = (F(1) - found.blocked[i]) * found.amplitude[i]
            out[found.place[i] + n] += conducts
        if n == 0:
            for i in range(count):
                found.kept_before[i] = exp(-found.rate[i] * look.trap_pause)
    leave(state, found)


def channels_of(
    state: Array, p: Record, look: Record, cells: Array
) -> Channels:
    """The channels of some cells, one after the other, as they are before a look."""
    spots = np.empty(cells.shape[0] * len(state[0].amplitude), np.int64)
    count = find_channels(state, cells, spots)
    numbers = np.empty((7, count), np.float32)
    bits = np.empty((4, count), np.uint64)
    places = np.empty((2, count), np.int64)
    found = Channels(
        numbers[0],
        numbers[1],
        numbers[2],
        numbers[3],
        numbers[4],
        numbers[5],
        numbers[6],
        bits[0],
        bits[1],
        bits[2],
        bits[3],
        places[0],
        places[1],
    )
    gather(state, p, look, cells, spots, found)
    for i in range(count):
        # times stand where what follows from them comes to stand
        capture = found.rate[i]
        emission = found.occupancy[i]
        found.occupancy[i] = emission / (capture + emission)
        found.rate[i] = F(1) / capture + F(1) / emission
    for i in range(count):
        found.kept[i] = exp(-(found.rate[i] * look.trap_integration))
    for i in range(count):
        found.kept_before[i] = exp(-found.rate[i] * found.kept_before[i])
    return found


def find_channels(state: Array, cells: Array, spots: Array) -> int:
    """Count the channels of some cells (1).

    Args:
        state: State of all cells.
        cells: Numbers of the cells (1).
        spots: Filled: slots of the cells, counted from the first one's first, that have one.
    """
    slots = len(state[0].amplitude)
    count = 0
    for j in range(cells.shape[0]):
        cell = state[cells[j]]
        for k in range(slots):
            # written down in any case: whether there is one is as good as chance, and a
            # processor that guesses wrong loses more than the work is
            spots[count] = j * slots + k
            count += 1 if cell.amplitude[k] > 0 else 0
    return count


def gather(
    state: Array,
    p: Record,
    look: Record,
    cells: Array,
    spots: Array,
    found: Channels,
) -> None:
    """Write down what cells say of their channels.

    Args:
        state: State of all cells.
        p: The kind's numbers.
        look: When samples are taken.
        cells: Numbers of the cells (1).
        spots: Where channels are, from `find_channels`.
        found: Filled; capture time, emission time and time before the first integration (s)
            stand for rate, occupancy and what is kept over it.
    """
    slots = len(state[0].amplitude)
    words = (slots + 1) // 2
    for i in range(found.key.shape[0]):
        j = spots[i] // slots
        k = spots[i] % slots
        cell = state[cells[j]]
        waited = F(max(look.now - cell.clock, 0.0))
        found.amplitude[i] = cell.amplitude[k]
        found.rate[i] = cell.capture_time[k]
        found.occupancy[i] = cell.emission_time[k]
        found.kept_before[i] = (waited + cell.ahead) * p.trap_acceleration
        found.filled[i] = F(cell.filled[k])
        found.key[i] = at_event(cell.key, cell.event)
        found.word[i] = U(k % words + 1)
        found.shift[i] = U(0 if k < words else 32)
        found.slot[i] = U(k)
        found.place[i] = j * look.samples
        found.cell[i] = cells[j]


def fast_among(found: Channels, look: Record) -> FastTraps:
    """Those of some traps that may flip more than once in an integration."""
    most = found.rate.shape[0]
    number = np.empty(most, np.int64)
    count = 0
    for i in range(most):
        if found.rate[i] * look.trap_integration >= _FAST:
            number[count] = i
            count += 1
    numbers = np.empty((9, count), np.float32)
    bits = np.empty((2, count), np.uint64)
    for f in range(count):
        i = number[f]
        numbers[0, f] = found.rate[i] * look.trap_integration
        numbers[1, f] = found.occupancy[i]
        numbers[2, f] = found.kept[i]
        bits[0, f] = found.key[i]
        bits[1, f] = found.slot[i] + U(1)
    return FastTraps(
        number[:count],
        numbers[0],
        numbers[1],
        numbers[2],
        numbers[3],
        numbers[4],
        numbers[5:7],
        numbers[7:],
        bits[0],
        bits[1],
    )


def filled_after(occupancy: Real, memory: Real, filled: Real) -> Real:
    """Probability that a trap is filled after some time (1); machlup1954noise."""
    rest = occupancy - occupancy * memory
    return rest + memory if filled != 0 else rest


def pass_time(found: Channels, n: int) -> None:
    """States at the start and at the end of integration n, the end's in `filled`.

    A chance depends on the state before.
    """
    for i in range(found.key.shape[0]):
        word = found.word[i] * _TRAP + at_event(found.key[i], n)
        chance = filled_after(
            found.occupancy[i], found.kept_before[i], found.filled[i]
        )
        start = uniform_of(word, found.shift[i]) <= chance
        found.blocked[i] = F(1) if start else F(0)
    for i in range(found.key.shape[0]):
        during = child(at_event(found.key[i], n), _INTEGRATION)
        word = found.word[i] * _TRAP + during
        chance = filled_after(
            found.occupancy[i], found.kept[i], found.blocked[i]
        )
        end = uniform_of(word, found.shift[i]) <= chance
        found.filled[i] = F(1) if end else F(0)


def flip_slow(found: Channels, look: Record, n: int) -> None:
    """Parts of integration n in which slow traps are filled that flip in it."""
    for i in range(found.key.shape[0]):
        flips = found.blocked[i] != found.filled[i]
        is_slow = found.rate[i] * look.trap_integration < _FAST
        # one rare question instead of two that are not
        if flips & is_slow:
            during = child(at_event(found.key[i], n), _INTEGRATION)
            word = found.word[i] * _FLIP_MOMENT + during
            moment = uniform_of(word, found.shift[i])
            # filled until then if it was filled at the start, from then on if not
            found.blocked[i] = abs(moment - found.blocked[i])


def average_fast(found: Channels, fast: FastTraps, n: int) -> None:
    """Filled fractions of fast traps in integration n: Beta numbers with the exact moments."""
    count = fast.x.shape[0]
    for f in range(count):
        fast.mean[f] = found.blocked[fast.number[f]]
    for f in range(count):
        mean, variance = filled_moments(
            fast.x[f], fast.mean[f], fast.occupancy[f], fast.kept[f]
        )
        # sum of the two shapes of the distribution, which grows as the variance falls
        size = mean * (F(1) - mean) / max(variance, F(1e-12)) - F(1)
        fast.size[f] = max(size, F(1e-3))
        fast.mean[f] = mean
    draw_averages(fast, n)
    for f in range(count):
        found.blocked[fast.number[f]] = fast.mean[f]


def draw_averages(fast: FastTraps, n: int) -> None:
    """Beta numbers of the means and sizes in `fast`, in place of the means."""
    count = fast.x.shape[0]
    for f in range(count):
        during = child(at_event(fast.key[f], n), _INTEGRATION)
        fast.z[0, f], fast.z[1, f] = normals_of(
            fast.word[f] * _AVERAGE_NORMALS + during
        )
    for f in range(count):
        during = child(at_event(fast.key[f], n), _INTEGRATION)
        fast.u[0, f], fast.u[1, f] = uniforms_of(
            fast.word[f] * _AVERAGE + during
        )
    for f in range(count):
        shape = fast.mean[f] * fast.size[f]
        fast.z[0, f] = log_gamma_draw(shape, fast.z[0, f], fast.u[0, f])
    for f in range(count):
        shape = (F(1) - fast.mean[f]) * fast.size[f]
        fast.z[1, f] = log_gamma_draw(shape, fast.z[1, f], fast.u[1, f])
    for f in range(count):
        # X/(X + Y), of logarithms, since both may be too small for a number
        ratio = exp(fast.z[1, f] - fast.z[0, f])
        fast.mean[f] = F(1) / (F(1) + ratio)


def leave(state: Array, found: Channels) -> None:
    """Write the traps' states back."""
    for i in range(found.key.shape[0]):
        cell = state[found.cell[i]]
        cell.filled[found.slot[i]] = found.filled[i] != 0


def filled_moments(
    x: Real, start: Real, occupancy: Real, kept: Real
) -> tuple[Real, Real]:
    """Mean and variance of the filled fraction of an integration.

    Args:
        x: Integration in units of the trap's memory time (1).
        start: State at its start, 1 if filled (1).
        occupancy: Long-run probability to be filled (1).
        kept: e^−x (1).
    """
    d = start - occupancy
    # the fraction decays from the state at the start to the occupancy
    mean = occupancy + d * (F(1) - kept) / x
    # what a trap in equilibrium has, what the way to it adds, and what the start makes known
    equilibrium = occupancy * (F(1) - occupancy) * (x - F(1) + kept)
    transient = d * (F(1) - F(2) * occupancy) * (F(1) - kept - x * kept)
    known = d * (F(1) - kept)
    known = known * known * F(0.5)
    variance = (equilibrium + transient - known) * F(2) / (x * x)
    return mean, variance


def log_gamma_draw(shape: Real, z: Real, u: Real) -> Real:
    """Logarithm of a gamma number.

    Gamma(a) is Gamma(a + 1)·U^(1/a), and Gamma(a + 1) by the cube of a normal number (key:
    wilson1931chi), good to 1 % of both moments from a + 1 ≥ 1.
    """
    raised = shape + F(1)
    cube_root = F(1) - F(1) / (F(9) * raised) + z / (F(3) * np.sqrt(raised))
    return log(raised) + F(3) * log(max(cube_root, F(1e-4))) + log(u) / shape
