"""Forward and backward through a chain whose samples depend on the states at both their ends."""

from dataclasses import dataclass

import numpy as np

from mho.characterise.telegraph.trap_model import Array
from mho.compiled import Kernels


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


_KERNELS = Kernels({"smooth_pairs": smooth_pairs}, {})
