"""The hidden Markov model of independent traps, and its fit."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.characterise.telegraph.pair_chain import (
    PairPosterior,
    Sums,
    pair_posterior,
    pair_sums,
)
from mho.characterise.telegraph.trap_model import (
    Array,
    Model,
    densities,
    distinct_densities,
    each_trap,
    kinds_of_pairs,
)

PER_NOISE = 8
"""Points of a grid to one standard deviation of the noise (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where densities are tabulated, and where each sample lies on it.

    Args:
        points: Points (1); the first is at 0.
        step: Distance of the points.
        left: Point to the left of each sample (1). Shape (samples,).
        share: Way of each sample to the next point (1). Shape (samples, 1).
        noise_min: Least noise that the grid resolves.
        stray: Density everywhere of samples that no trap explains, such as a spike.
    """

    points: int
    step: float
    left: Any
    share: Array
    noise_min: float
    stray: float


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A trace as a fit sees it; conductances in the unit of the fit.

    Args:
        score: Log likelihood.
        fitted: Expected conductance without noise. Shape (samples,).
        away: Distance from the level, times the probability to be in one level. Shape (samples,).
        clean: Probability that a sample was spent in each joint state without a jump (1). Shape
            (samples, states).
        pairs: Expected number of samples from each joint state to each (1). Shape (states,
            states).
        stray: Expected share of samples that no state explains (1).
        misplaced: Share of samples that lie where the fit does not put them, beyond chance (1).
    """

    score: float
    fitted: Array
    away: Array
    clean: Array
    pairs: Array
    stray: float
    misplaced: float


class FactorialHMM:
    """Hidden states are the joint states of the traps at the start and at the end of each sample.

    The steps of maximisation use probabilities that the data give to events of which the model
    knows the mean: jumps between the ends of a sample give the transition matrices, one for each
    trap; samples without any jump give base, amplitudes and noise by least squares.

    Args:
        grid: Table of densities for the data.
        model: Where the fit starts.
        iterations: Most steps of the fit (1).
        tolerance: Gain in log likelihood at which the fit ends (1).
    """

    def __init__(
        self, grid: Grid, model: Model, iterations: int, tolerance: float
    ) -> None:
        self.grid = grid
        self.model = model
        self.iterations = iterations
        self.tolerance = tolerance
        self.history: list[float] = []

    @property
    def stay(self) -> npt.NDArray[np.int64]:
        """Pairs that begin and end in the same joint state. Shape (states,)."""
        states = 2**self.model.traps
        stay: npt.NDArray[np.int64] = np.arange(states) * (states + 1)
        return stay

    def fit(self, values: Array) -> "FactorialHMM":
        """Take steps of expectation and maximisation until the likelihood hardly grows.

        Args:
            values: The trace from the start of the grid. Shape (samples, 1).
        """
        self.history = []
        flat = np.ascontiguousarray(values[:, 0])
        for _ in range(self.iterations):
            seen = self._sums(flat)
            self.history.append(seen.score)
            self._maximise(seen)
            gained = math.inf
            if len(self.history) > 1:
                gained = self.history[-1] - self.history[-2]
            if gained < self.tolerance:
                break
        return self

    def _sums(self, values: Array) -> Sums:
        """What the model as it is expects of the trace."""
        model, grid = self.model, self.grid
        table = distinct_densities(model, grid.points, grid.step) + grid.stray
        peak = model.undisturbed / (np.sqrt(2 * np.pi) * model.noise)
        return pair_sums(
            (model.stationary, model.transition),
            (table, kinds_of_pairs(model.traps)),
            (grid.left, np.ascontiguousarray(grid.share[:, 0])),
            values,
            (model.levels, peak, model.noise),
        )

    def _posterior(self, lattice: Array) -> PairPosterior:
        model = self.model
        return pair_posterior(model.stationary, model.transition, lattice)

    def _lattice(self) -> Array:
        """Density of each sample for each pair. Shape (samples, states²)."""
        grid = self.grid
        table = densities(self.model, grid.points, grid.step) + grid.stray
        result: Array = table[grid.left] * (1 - grid.share)
        result += table[grid.left + 1] * grid.share
        return result

    def clean(self, values: Array, lattice: Array, posteriors: Array) -> Array:
        """Probability that a sample was spent in each joint state without a jump (1).

        Shape (samples, states).
        """
        model = self.model
        away = (values - model.levels) / model.noise
        peak = model.undisturbed / (np.sqrt(2 * np.pi) * model.noise)
        share = peak * np.exp(-(away**2) / 2) / lattice[:, self.stay]
        result: Array = posteriors[:, self.stay] * np.minimum(share, 1.0)
        return result

    def explain(self, values: Array) -> "Seen":
        """What the fit makes of the trace.

        Args:
            values: The trace from the start of the grid. Shape (samples, 1).
        """
        lattice = self._lattice()
        posterior = self._posterior(lattice)
        posteriors = posterior.pairs
        levels = self.model.levels
        states = 2**self.model.traps
        sums = levels[:, None] + levels[None, :]
        middle = sums.ravel() / 2
        expected = posteriors @ middle
        clean = self.clean(values, lattice, posteriors)
        pairs = posteriors.sum(0).reshape(states, states)
        away = (clean * (values - levels)).sum(1)
        stray = float((posteriors / lattice).sum(1).mean()) * self.grid.stray
        misplaced = self._misplaced(pairs)
        return Seen(
            posterior.score,
            expected,
            away,
            clean,
            pairs,
            stray,
            misplaced,
        )

    def _misplaced(self, pairs: Array) -> float:
        """Half the absolute difference of two histograms: the samples', and the fit's.

        Given the pairs, values are independent, so that counts are Poisson numbers.
        """
        grid = self.grid
        count = len(self.grid.left)
        # Bins as wide as the noise, of several points each.
        bins = (-1, PER_NOISE)
        table = densities(self.model, grid.points, grid.step)
        expected = table @ pairs.ravel() * grid.step
        wanted = expected.reshape(bins).sum(1)
        counted = np.bincount(grid.left, minlength=grid.points)
        found = counted.reshape(bins).sum(1)
        # Poisson numbers differ from their mean m by sqrt(2 m / pi) on average, either way.
        chance = 2 * math.sqrt(2 / math.pi) * np.sqrt(wanted).sum()
        difference = np.abs(found - wanted).sum()
        share = float((difference - chance) / (2 * count))
        return max(share, 0.0)

    def _maximise(self, seen: Sums) -> None:
        model = self.model
        states = 2**model.traps
        fills, empties = jumps(seen.pairs.reshape(states, states), model.traps)
        matrix = model.design
        normal = matrix.T @ (seen.weight[:, None] * matrix)
        # A level that no sample visits leaves its amplitude free; a trace of ridge keeps it put.
        ridge = 1e-6 * np.eye(1 + model.traps)
        change = np.linalg.solve(normal + ridge, matrix.T @ seen.away)
        moved = matrix @ change
        square = seen.square - moved * (2 * seen.away - moved * seen.weight)
        variance = float(square.sum() / max(seen.weight.sum(), 1e-9))
        noise = max(max(variance, 0.0) ** 0.5, self.grid.noise_min)
        self.model = Model.checked(
            model.base + float(change[0]),
            noise,
            model.amplitude + change[1:],
            fills,
            empties,
        )


def jumps(pairs: Array, traps: int) -> tuple[Array, Array]:
    """Probabilities of filling and emptying from expected numbers of pairs of joint states (1).

    Args:
        pairs: Samples from each joint state to each (1). Shape (states, states).
        traps: Number of traps (1).
    """
    fills = np.zeros(traps)
    empties = np.zeros(traps)
    for k, counts in enumerate(each_trap(pairs, traps)):
        (stay0, fill), (empty, stay1) = counts
        fills[k] = fill / max(stay0 + fill, 1e-9)
        empties[k] = empty / max(stay1 + empty, 1e-9)
    return fills, empties
