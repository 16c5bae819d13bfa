"""Fits with 0, 1, 2, … traps, until one of them explains the trace."""

import math
from dataclasses import dataclass, replace

import numpy as np

from mho.characterise.telegraph.factorial_hmm import FactorialHMM
from mho.characterise.telegraph.initial_guess import (
    FIT_STEPS,
    GAIN,
    best_fit,
    jump_sizes,
    make_grid,
)
from mho.characterise.telegraph.result import NoiseOptions
from mho.characterise.telegraph.trap_model import Array, Model, each_trap
from mho.files import RunFolder


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fit with some number of traps to a trace whose rough noise is 1.

    Args:
        model: The parameters.
        score: Log likelihood.
        fitted: Expected conductance. Shape (samples,).
        colour: Correlation of the residual, in standard errors (1).
        stray: Share of samples that no level explains (1).
        misplaced: Share of samples that lie where the fit does not put them, beyond chance (1).
        pairs: Samples from each joint state to each (1). Shape (states, states).
        clean: Samples that were spent in each joint state alone (1). Shape (states,).
    """

    model: Model
    score: float
    fitted: Array
    colour: float
    stray: float
    misplaced: float
    pairs: Array
    clean: Array

    @property
    def bic(self) -> float:
        """Bayesian information criterion: base, noise and three numbers for each trap."""
        return -2 * self.score + (2 + 3 * self.model.traps) * math.log(
            len(self.fitted)
        )

    @property
    def transitions(self) -> Array:
        """Captures and emissions of each trap (1). Shape (2, traps)."""
        counts = each_trap(self.pairs, self.model.traps)
        return np.array([[c[0, 1] for c in counts], [c[1, 0] for c in counts]])

    def explains(self, options: NoiseOptions) -> bool:
        """Whether the residual is white and samples lie where the fit puts them."""
        return (
            self.colour <= options.colour
            and self.stray <= options.stray_max
            and self.misplaced <= options.misplaced_max
        )

    def believable(self, options: NoiseOptions, step: float) -> bool:
        """Whether every trap is larger than noise and converter step, and jumps often enough."""
        least = max(
            options.amplitude_min * self.model.noise, options.steps_min * step
        )
        large = (self.model.amplitude >= least).all()
        return bool(
            large and (self.transitions.min(0) >= options.transitions_min).all()
        )


def fit_all(
    values: Array,
    most: int,
    options: NoiseOptions,
    *,
    stop: bool,
    run: RunFolder | None = None,
) -> list[Fit]:
    """Fits with 0, 1, … traps.

    Args:
        values: The trace in units of its rough noise. Shape (samples,).
        most: Most traps (1).
        options: When a fit explains the trace.
        stop: Whether no more traps are tried after a fit that does.
        run: Where fits are kept; what it has is not fitted again.
    """
    fits = [_without(values)]
    if most == 0 or (stop and fits[0].explains(options)):
        return fits
    moved, grid = make_grid(values, 1.0)
    origin = float(values[0] - moved[0])
    sizes = jump_sizes(moved, 1.0)
    before = replace(fits[0].model, base=fits[0].model.base - origin)
    while before.traps < most and not (stop and fits[-1].explains(options)):
        name = f"fit-{before.traps + 1}"
        kept = run.get(name) if run else None
        if kept is None:
            found = best_fit(moved, grid, sizes, before, 1.0)
            if run:
                run.put(name, found.model.as_plain())
        else:
            found = FactorialHMM(grid, Model.from_plain(kept), 1, 1.0)
        before = found.model
        fits.append(_back(found, moved[:, None], origin))
    return fits


def fit_from(values: Array, start: Model) -> Fit:
    """A fit that begins at a model.

    Args:
        values: The trace in units of its rough noise. Shape (samples,).
        start: Where it begins, in that unit.
    """
    moved, grid = make_grid(values, 1.0)
    origin = float(values[0] - moved[0])
    begin = replace(start, base=start.base - origin)
    found = FactorialHMM(grid, begin, FIT_STEPS, GAIN)
    column = moved[:, None]
    return _back(found.fit(column), column, origin)


def _without(values: Array) -> Fit:
    """No trap: a mean and white noise."""
    count = len(values)
    mean = float(values.mean())
    noise = float(values.std())
    none = np.zeros(0)
    model = Model(mean, noise, none, none, none)
    # The one state that there is holds all samples.
    whole = np.full((1, 1), float(count))
    level = np.full(count, mean)
    each = (math.log(2 * math.pi) + 1) / 2
    score = -count * (math.log(noise) + each)
    away = values - mean
    colour = _colour(away, np.ones(count))
    return Fit(model, score, level, colour, 0.0, 0.0, whole, whole[0])


def _back(found: FactorialHMM, column: Array, origin: float) -> Fit:
    """A fit, moved back from the start of the grid to the trace."""
    seen = found.explain(column)
    model = replace(found.model, base=found.model.base + origin)
    colour = _colour(seen.away, seen.clean.sum(1))
    return Fit(
        model=model,
        score=seen.score,
        fitted=seen.fitted + origin,
        colour=colour,
        stray=seen.stray,
        misplaced=seen.misplaced,
        pairs=seen.pairs,
        clean=seen.clean.sum(0),
    )


def _colour(away: Array, clean: Array) -> float:
    """How many standard errors the residual is from uncorrelated, summed over 1, 2, 4, … lags (1).

    Args:
        away: Distance from the level, times the probability to be in one. Shape (samples,).
        clean: That probability (1). Shape (samples,).
    """
    count = len(away)
    lags = count // 8
    size = 2 ** math.ceil(math.log2(count + lags))
    product, pairs = (
        np.fft.irfft(np.abs(np.fft.rfft(v, size)) ** 2, size)[: lags + 1]
        for v in (away, clean)
    )
    variance = product[0] / max(pairs[0], 1e-9)
    if variance <= 0:
        return 0.0
    signal = np.cumsum(product[1:]) / variance
    error = np.sqrt(np.maximum(np.cumsum(pairs[1:]), 1e-9))
    chosen = 2 ** np.arange(int(math.log2(lags)) + 1) - 1
    return float((signal / error)[chosen].max())
