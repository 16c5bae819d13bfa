"""Forward and backward through a chain whose samples depend on the states at both their ends."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mho.characterise.telegraph.trap_model import Array
from mho.compiled import Kernels

Codes = npt.NDArray[np.int64]
_SMALL = 1e-100
"""Product of densities of which the logarithm is taken (1)."""
_NEVER = 1e-13
"""Probability that adds nothing to a sum over samples (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class PairPosterior:
    """What a trace says about the states at the start and the end of each sample.

    Args:
        score: Natural logarithm of the trace's density.
        pairs: Probability of each pair, start first (1). Shape (samples, states²).
    """

    score: float
    pairs: Array


def pair_posterior(
    start: Array, transition: Array, lattice: Array
) -> PairPosterior:
    """Probability of each pair of states, given the whole trace (key: rabiner1989).

    Args:
        start: Probability of the states at the start of the trace (1). Shape (states,).
        transition: Probability of the state at the end of a sample, given that at its start (1).
            Shape (states, states).
        lattice: Density of each sample, given its pair. Shape (samples, states²).
    """
    pairs = np.empty_like(lattice)
    score = _KERNELS["smooth_pairs"](start, transition, lattice, pairs)
    return PairPosterior(float(score), pairs)


def smooth_pairs(
    start: Array, transition: Array, lattice: Array, pairs: Array
) -> float:
    """Forward, then backward, scaled at every sample so that nothing underflows."""
    samples = lattice.shape[0]
    states = transition.shape[0]
    alpha = np.empty((samples + 1, states))
    scale = np.empty(samples)
    alpha[0] = start
    score = 0.0
    for t in range(samples):
        total = 0.0
        for after in range(states):
            mass = 0.0
            for before in range(states):
                density = lattice[t, before * states + after]
                mass += alpha[t, before] * transition[before, after] * density
            alpha[t + 1, after] = mass
            total += mass
        scale[t] = total
        score += np.log(total)
        for after in range(states):
            alpha[t + 1, after] /= total
    beta = np.ones(states)
    earlier = np.empty(states)
    for back in range(samples):
        t = samples - 1 - back
        for before in range(states):
            mass = 0.0
            for after in range(states):
                pair = before * states + after
                onward = transition[before, after] * lattice[t, pair]
                onward *= beta[after] / scale[t]
                pairs[t, pair] = alpha[t, before] * onward
                mass += onward
            earlier[before] = mass
        beta[:] = earlier
    return score


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What a step of maximisation needs of a trace: sums over its samples alone.

    Args:
        score: Natural logarithm of the trace's density.
        pairs: Expected number of samples from each joint state to each (1). Shape (states²,).
        weight: Expected number of samples in each joint state without a jump (1). Shape (states,).
        away: Sum of their distances from its level. Shape (states,).
        square: Sum of the squares. Shape (states,).
    """

    score: float
    pairs: Array
    weight: Array
    away: Array
    square: Array


def pair_sums(
    chain: tuple[Array, Array],
    table: tuple[Array, Codes],
    place: tuple[Codes, Array],
    values: Array,
    states: tuple[Array, Array, float],
) -> Sums:
    """What `pair_posterior` gives, summed over samples, without a table of all samples.

    Args:
        chain: Probability of the states at the start (1), and of that at the end of a sample,
            given that at its start (1). Shapes (states,), (states, states).
        table: Densities on a grid, and which of them each pair has. Shapes (points, kinds),
            (states²,).
        place: Point of the grid to the left of each sample, and its way to the next one (1).
            Shapes (samples,).
        values: The trace. Shape (samples,).
        states: Level of each joint state, density at it of a sample without a jump, and the
            standard deviation of its noise. Shapes (states,), (states,).
    """
    count = states[0].size
    pairs = np.zeros(count * count)
    sums = np.zeros((3, count))
    score = _KERNELS["sum_pairs"](
        *chain, *table, *place, values, *states, pairs, sums
    )
    return Sums(float(score), pairs, sums[0], sums[1], sums[2])


def sum_pairs(
    start: Array,
    transition: Array,
    table: Array,
    kinds: Codes,
    left: Codes,
    share: Array,
    values: Array,
    levels: Array,
    peak: Array,
    noise: float,
    pairs: Array,
    sums: Array,
) -> float:
    """As `smooth_pairs`, densities looked up on the way; `pairs` and `sums` are filled."""
    samples = left.size
    states = start.size
    density = np.empty((samples, table.shape[1]))
    alpha = np.empty((samples + 1, states))
    scale = np.empty(samples)
    alpha[0] = start
    score = 0.0
    product = 1.0
    for t in range(samples):
        for k in range(table.shape[1]):
            on = table[left[t] + 1, k] * share[t]
            density[t, k] = table[left[t], k] * (1 - share[t]) + on
        scale[t] = forward(t, alpha, transition, density, kinds)
        product *= scale[t]
        # a logarithm takes as long as the rest
        if product < _SMALL or product > 1 / _SMALL:
            score += np.log(product)
            product = 1.0
    beta = np.ones(states)
    stayed = np.empty(states)
    for t in range(samples - 1, -1, -1):
        for k in range(states):
            beta[k] /= scale[t]
        backward(t, alpha, transition, density, kinds, beta, stayed, pairs)
        for k in range(states):
            if stayed[k] > _NEVER:
                off = values[t] - levels[k]
                own = peak[k] * np.exp(-((off / noise) ** 2) / 2)
                own /= density[t, kinds[k * (states + 1)]]
                weight = stayed[k] * min(own, 1.0)
                sums[0, k] += weight
                sums[1, k] += weight * off
                sums[2, k] += weight * off * off
    whole: float = score + np.log(product)
    return whole


def forward(
    t: int, alpha: Array, transition: Array, density: Array, kinds: Codes
) -> float:
    """Probabilities of the states at the end of a sample; returns its density."""
    states = alpha.shape[1]
    total: float = 0.0
    for j in range(states):
        mass = 0.0
        for i in range(states):
            seen = density[t, kinds[i * states + j]]
            mass += alpha[t, i] * transition[i, j] * seen
        alpha[t + 1, j] = mass
        total += mass
    for j in range(states):
        alpha[t + 1, j] /= total
    return total


def backward(
    t: int,
    alpha: Array,
    transition: Array,
    density: Array,
    kinds: Codes,
    beta: Array,
    stayed: Array,
    pairs: Array,
) -> None:
    """Probabilities of the sample's pairs, added to `pairs`; of those that stay, in `stayed`.

    What is seen later of each state, `beta`, is that of the sample's end, then of its start.
    """
    states = alpha.shape[1]
    for i in range(states):
        mass = 0.0
        for j in range(states):
            pair = i * states + j
            onward = transition[i, j] * density[t, kinds[pair]] * beta[j]
            pairs[pair] += alpha[t, i] * onward
            mass += onward
            if i == j:
                stayed[i] = alpha[t, i] * onward
        # of the sample's start, when all have taken that of its end
        alpha[t, i] = mass
    for i in range(states):
        beta[i] = alpha[t, i]


_KERNELS = Kernels({"smooth_pairs": smooth_pairs, "sum_pairs": sum_pairs}, {})
