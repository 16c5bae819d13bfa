"""Telegraph noise in a trace: how many traps, how large, how fast, and how sure that is."""

import importlib.util
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from mho.characterise.law import Array, Model
from mho.characterise.result import Estimate, FoundTrap, NoiseOptions, TelegraphAnalysis
from mho.characterise.spectrum import gaussian_bic
from mho.characterise.trace import Trace
from mho.checks import check_between

if TYPE_CHECKING:
    from mho.characterise.factorial import FactorialHMM

_SURE = 1.96
"""Half-width of a 95 % interval, in standard deviations (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """A fit with some number of traps, in units of the rough noise.

    Args:
        model: The parameters.
        score: Log likelihood.
        fitted: Expected conductance. Shape (samples,).
        colour: Correlation of the residual in standard errors (1).
        pairs: Samples from each joint state to each (1). Shape (states, states).
        clean: Samples that were spent in each joint state alone (1). Shape (states,).
    """

    model: Model
    score: float
    fitted: Array
    colour: float
    pairs: Array
    clean: Array

    @property
    def bic(self) -> float:
        """Bayesian information criterion: base, noise and three numbers for each trap."""
        return -2 * self.score + (2 + 3 * self.model.traps) * math.log(len(self.fitted))


def analyse_noise(
    trace: Trace, *, traps: int | None = None, options: NoiseOptions | None = None
) -> TelegraphAnalysis:
    """Find the traps behind a trace.

    Traps are independent and have two states each; their number is the one with the least
    Bayesian information criterion among fits all of whose traps are larger than the noise and
    jump often enough. None of them counts if Gaussian noise with the spectrum of the trace, which
    never jumps, explains it better.

    Args:
        trace: The trace.
        traps: Number of traps, if it is known; then that many are reported, whatever they are.
        options: When jumps count as telegraph noise.

    Raises:
        ValueError: hmmlearn is not installed.
    """
    chosen = options or NoiseOptions()
    if traps is not None:
        check_between(traps, "traps", 0, 3, "1")
    if importlib.util.find_spec("hmmlearn") is None:
        raise ValueError(
            "Telegraph noise must be fitted with hmmlearn, but it is not installed; run"
            " `pip install mho[characterise]`."
        )
    values = trace.conductance.double().numpy()
    if float(np.ptp(values)) <= 1e-12 * float(np.abs(values).max()):
        return _constant(trace)
    return _analyse(trace, values, traps, chosen)


def _analyse(
    trace: Trace, values: Array, traps: int | None, options: NoiseOptions
) -> TelegraphAnalysis:
    """All fits, and the choice among them."""
    from mho.characterise.search import rough_noise

    unit = rough_noise(values)
    scaled = values / unit
    if traps is None:
        fits = _fits(scaled, options.traps_max, options.colour)
        rival = gaussian_bic(scaled)
        chosen = _choose(fits, rival, options)
    else:
        fits = _fits(scaled, traps, -math.inf)
        rival, chosen = gaussian_bic(scaled), fits[-1]
    # A density of the trace in units of `unit` is one in 1/S after division by it.
    shift = 2 * len(values) * math.log(unit)
    found = _found(chosen, unit, trace.interval, options) if chosen.model.traps else ()
    fitted = torch.from_numpy(chosen.fitted * unit)
    return TelegraphAnalysis(
        traps=found,
        levels=tuple(sorted(float(level) * unit for level in chosen.model.levels)),
        noise=chosen.model.noise * unit,
        residual=float((trace.conductance.double() - fitted).square().mean().sqrt()),
        white=chosen.colour <= options.colour,
        interval=trace.interval,
        samples=len(values),
        log_likelihood=chosen.score - shift / 2,
        bic=tuple(fit.bic + shift for fit in fits),
        bic_gaussian=rival + shift,
        fitted=fitted,
    )


def _fits(values: Array, most: int, colour: float) -> list[_Fit]:
    """Fits with 0, 1, … traps, until the residual is white or the most traps are reached."""
    from mho.characterise.search import best_fit, jump_sizes, make_grid

    noise = max(float(np.std(values)), 1e-9)
    count = len(values)
    mean = float(values.mean())
    none = np.zeros(0)
    score = -count * (math.log(noise) + (math.log(2 * math.pi) + 1) / 2)
    model = Model(mean, noise, none, none, none)
    whole = np.full((1, 1), float(count))
    flat = np.full(count, mean)
    fits = [_Fit(model, score, flat, _colour(values - mean, np.ones(count)), whole, whole[0])]
    if most == 0 or fits[0].colour <= colour:
        return fits
    moved, grid = make_grid(values, 1.0)
    origin = float(values[0] - moved[0])
    sizes = jump_sizes(moved, 1.0)
    before = replace(model, base=mean - origin)
    while fits[-1].model.traps < most and fits[-1].colour > colour:
        found = best_fit(moved, grid, sizes, before, 1.0)
        before = found.model
        fits.append(_fit(found, moved[:, None], origin))
    return fits


def _fit(found: "FactorialHMM", column: Array, origin: float) -> _Fit:
    """A fit back from the start of the grid to the trace."""
    seen = found.explain(column)
    model = replace(found.model, base=found.model.base + origin)
    colour = _colour(seen.away, seen.clean.sum(1))
    return _Fit(model, seen.score, seen.fitted + origin, colour, seen.pairs, seen.clean.sum(0))


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
        np.fft.irfft(np.abs(np.fft.rfft(v, size)) ** 2, size)[: lags + 1] for v in (away, clean)
    )
    variance = product[0] / max(pairs[0], 1e-9)
    if variance <= 0:
        return 0.0
    signal = np.cumsum(product[1:]) / variance
    error = np.sqrt(np.maximum(np.cumsum(pairs[1:]), 1e-9))
    chosen = 2 ** np.arange(int(math.log2(lags)) + 1) - 1
    return float((signal / error)[chosen].max())


def _choose(fits: list[_Fit], rival: float, options: NoiseOptions) -> _Fit:
    """The best fit whose traps are all believable, or the one without traps."""
    good = [fit for fit in fits[1:] if _believable(fit, options) and fit.bic < rival]
    return min((fits[0], *good), key=lambda fit: fit.bic)


def _believable(fit: _Fit, options: NoiseOptions) -> bool:
    large = fit.model.amplitude >= options.amplitude_min * fit.model.noise
    return bool(large.all() and (_transitions(fit).min(0) >= options.transitions_min).all())


def _transitions(fit: _Fit) -> Array:
    """Captures and emissions of each trap (1). Shape (2, traps)."""
    from mho.characterise.factorial import each_trap

    counts = each_trap(fit.pairs, fit.model.traps)
    return np.array([[c[0, 1] for c in counts], [c[1, 0] for c in counts]])


def _found(
    fit: _Fit, unit: float, interval: float, options: NoiseOptions
) -> tuple[FoundTrap, ...]:
    """The traps of a fit in SI, the largest first."""
    model, counts = fit.model, _transitions(fit)
    weighted = fit.clean[:, None] * model.design
    ridge = 1e-9 * np.eye(1 + model.traps)
    error = model.noise * np.sqrt(np.diag(np.linalg.inv(model.design.T @ weighted + ridge)))[1:]
    found = []
    for k in np.argsort(-model.amplitude):
        amplitude, half = float(model.amplitude[k]) * unit, float(_SURE * error[k]) * unit
        times = [float(interval / rate) for rate in model.rates[:, k]]
        resolved = min(times) >= options.resolution * interval
        capture, emission = (
            _time(t, float(n), resolved=resolved) for t, n in zip(times, counts[:, k], strict=True)
        )
        size = Estimate(amplitude, max(amplitude - half, 0.0), amplitude + half)
        found.append(FoundTrap(size, capture, emission, float(counts[:, k].min()), resolved))
    return tuple(found)


def _time(time: float, transitions: float, *, resolved: bool) -> Estimate:
    """A mean dwell time (s): its logarithm has a standard error of one over √(dwells)."""
    factor = math.exp(_SURE / math.sqrt(max(transitions, 1.0)))
    return Estimate(time, time / factor if resolved else 0.0, time * factor)


def _constant(trace: Trace) -> TelegraphAnalysis:
    """What there is to say of a trace that never changes."""
    value = float(trace.conductance.double().mean())
    return TelegraphAnalysis(
        traps=(), levels=(value,), noise=0.0, residual=0.0, white=True, interval=trace.interval,
        samples=trace.conductance.numel(), log_likelihood=math.inf, bic=(),
        bic_gaussian=-math.inf, fitted=trace.conductance.double(),
    )  # fmt: skip
