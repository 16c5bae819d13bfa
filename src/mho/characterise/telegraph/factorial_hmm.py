"""The hidden Markov model of independent traps, fitted with hmmlearn's forward-backward."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from hmmlearn.base import BaseHMM, ConvergenceMonitor

from mho.characterise.telegraph.trap_model import (
    Array,
    Model,
    densities,
    design,
    each_trap,
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


class FactorialHMM(BaseHMM):  # type: ignore[misc]
    """Hidden states are the joint states at the start and at the end of each sample.

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
        super().__init__(
            n_components=4**model.traps,
            n_iter=iterations,
            tol=tolerance,
            random_state=0,
            params="",
            init_params="",
            implementation="scaling",
        )
        self.monitor_ = _Quiet(tolerance, iterations, verbose=False)
        self.grid = grid
        self.adopt(model)

    def adopt(self, model: Model) -> None:
        """Take over parameters."""
        self.model = model
        states = 2**model.traps
        # The hidden states are pairs: the traps' states at the start and at the end of a sample.
        each = np.arange(states)
        self.stay = np.arange(states) * (states + 1)
        first_pairs = model.stationary[:, None] * model.transition
        self.startprob_ = first_pairs.ravel()
        # A pair is followed by those that begin where it ends.
        after = np.zeros((states, states, states, states))
        after[:, each, each] = model.transition
        self.transmat_ = after.reshape(states**2, states**2)

    def _get_n_fit_scalars_per_param(self) -> dict[str, int]:
        return {"m": 2 + 3 * self.model.traps}

    def _compute_likelihood(self, _: Array) -> Array:
        grid = self.grid
        table = densities(self.model, grid.points, grid.step) + grid.stray
        result: Array = table[grid.left] * (1 - grid.share)
        result += table[grid.left + 1] * grid.share
        return result

    def _accumulate_sufficient_statistics(
        self,
        stats: dict[str, Any],
        values: Array,
        lattice: Array,
        posteriors: Array,
        *_: Array,
        **__: Array,
    ) -> None:
        states = 2**self.model.traps
        stats["pairs"] = posteriors.sum(0).reshape(states, states)
        clean = self.clean(values, lattice, posteriors)
        stats["weight"] = clean.sum(0)
        stats["sum"] = (clean * values).sum(0)
        stats["clean"] = clean
        stats["values"] = values

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
        score, posteriors = self.score_samples(values)
        levels = self.model.levels
        states = 2**self.model.traps
        middle = (levels[:, None] + levels[None, :]).ravel() / 2
        lattice = self._compute_likelihood(values)
        clean = self.clean(values, lattice, posteriors)
        pairs = posteriors.sum(0).reshape(states, states)
        away = (clean * (values - levels)).sum(1)
        stray = float((posteriors / lattice).sum(1).mean()) * self.grid.stray
        misplaced = self._misplaced(pairs)
        return Seen(
            float(score),
            posteriors @ middle,
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

    def _do_mstep(self, stats: dict[str, Any]) -> None:
        traps = self.model.traps
        fills, empties = jumps(stats["pairs"], traps)
        weight = stats["weight"]
        matrix = design(traps)
        normal = matrix.T @ (weight[:, None] * matrix)
        # A level that no sample visits leaves its amplitude free; a trace of ridge keeps it put.
        ridge = 1e-6 * np.eye(1 + traps)
        before = np.concatenate(([self.model.base], self.model.amplitude))
        solution = np.linalg.solve(
            normal + ridge, matrix.T @ stats["sum"] + ridge @ before
        )
        away = stats["values"] - matrix @ solution
        variance = float(
            (stats["clean"] * away**2).sum() / max(weight.sum(), 1e-9)
        )
        noise = max(variance**0.5, self.grid.noise_min)
        self.adopt(
            Model.checked(
                float(solution[0]), noise, solution[1:], fills, empties
            )
        )


class _Quiet(ConvergenceMonitor):  # type: ignore[misc]
    """hmmlearn's monitor without its remarks on standard error."""

    def report(self, log_prob: float) -> None:
        self.history.append(log_prob)
        self.iter += 1


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
