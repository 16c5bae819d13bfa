"""Telegraph noise in a trace: how many traps, how large, how fast, and how sure that is."""

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from mho.characterise.telegraph.initial_guess import (
    converter_step,
    rough_noise,
)
from mho.characterise.telegraph.result import (
    Estimate,
    FoundTrap,
    NoiseOptions,
    TelegraphAnalysis,
)
from mho.characterise.telegraph.spectrum import gaussian_bic
from mho.characterise.telegraph.trap_model import Array, Model
from mho.checks import check_between
from mho.files import RunFolder
from mho.measured import Trace

if TYPE_CHECKING:
    from mho.characterise.telegraph.fits import Fit

_SURE = 1.96
"""Half-width of a 95 % interval, in standard deviations (1)."""


def analyse_noise(
    trace: Trace,
    *,
    traps: int | None = None,
    options: NoiseOptions | None = None,
    run: RunFolder | None = None,
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
        run: Where the fit with each number of traps is kept; what it has is not fitted again.
    """
    chosen = options or NoiseOptions()
    if traps is not None:
        check_between(traps, "traps", 0, 3, "1")
    values = trace.conductance.double().numpy()
    if float(np.ptp(values)) <= 1e-12 * float(np.abs(values).max()):
        return _constant(trace)
    return _analyse(trace, values, traps, chosen, run)


def _analyse(
    trace: Trace,
    values: Array,
    traps: int | None,
    options: NoiseOptions,
    run: RunFolder | None,
) -> TelegraphAnalysis:
    """All fits, and the choice among them."""
    from mho.characterise.telegraph.fits import fit_all

    unit = rough_noise(values)
    scaled = values / unit
    most = options.traps_max if traps is None else traps
    fits = fit_all(scaled, most, options, stop=traps is None, run=run)
    rival = gaussian_bic(scaled)
    chosen = fits[-1]
    if traps is None:
        good = [fit for fit in fits[1:] if fit.bic < rival]
        good = [
            fit
            for fit in good
            if fit.believable(options, converter_step(scaled))
        ]
        chosen = min((fits[0], *good), key=lambda fit: fit.bic)
    scores = tuple(fit.bic for fit in fits)
    return _described(chosen, trace, unit, options, scores, rival)


def fit_traps(
    trace: Trace, start: Model, *, options: NoiseOptions | None = None
) -> TelegraphAnalysis:
    """Fit traps of which number, sizes and rates are known roughly.

    Args:
        trace: The trace.
        start: Where the fit begins, in siemens.
        options: When jumps count as telegraph noise.
    """
    from mho.characterise.telegraph.fits import fit_from

    chosen = options or NoiseOptions()
    conductance = trace.conductance.double()
    values = conductance.numpy()
    unit = rough_noise(values)
    scaled = values / unit
    scaled_start = start.divided_by(unit)
    fit = fit_from(scaled, scaled_start)
    rival = gaussian_bic(scaled)
    return _described(fit, trace, unit, chosen, (fit.bic,), rival)


def _described(
    chosen: "Fit",
    trace: Trace,
    unit: float,
    options: NoiseOptions,
    scores: tuple[float, ...],
    rival: float,
) -> TelegraphAnalysis:
    """A fit to a trace in some unit (S), in SI."""
    samples = trace.conductance.numel()
    # A density of the trace in units of `unit` is one in 1/S after division by it.
    shift = 2 * samples * math.log(unit)
    fitted = torch.from_numpy(chosen.fitted * unit)
    away = trace.conductance.double() - fitted
    residual = away.square().mean().sqrt()
    model = chosen.model
    levels = sorted(float(level) * unit for level in model.levels)
    criteria = [score + shift for score in scores]
    return TelegraphAnalysis(
        traps=_found(chosen, trace, unit, options),
        levels=tuple(levels),
        noise=model.noise * unit,
        residual=float(residual),
        complete=chosen.explains(options),
        interval=trace.interval,
        samples=samples,
        log_likelihood=chosen.score - shift / 2,
        bic=tuple(criteria),
        bic_gaussian=rival + shift,
        fitted=fitted,
    )


def _found(
    fit: "Fit", trace: Trace, unit: float, options: NoiseOptions
) -> tuple[FoundTrap, ...]:
    """The traps of a fit in SI, the largest first."""
    model = fit.model
    counts = fit.transitions
    span = float(trace.conductance.max() - trace.conductance.min())
    weighted = fit.clean[:, None] * model.design
    ridge = 1e-9 * np.eye(1 + model.traps)
    error = (
        model.noise
        * np.sqrt(np.diag(np.linalg.inv(model.design.T @ weighted + ridge)))[1:]
    )
    found = []
    for k in np.argsort(-model.amplitude):
        amplitude = float(model.amplitude[k]) * unit
        half = float(_SURE * error[k]) * unit
        times = [trace.interval / float(rate) for rate in model.rates[:, k]]
        resolved = min(times) >= options.resolution * trace.interval
        capture, emission = (
            _time(t, float(n), resolved=resolved)
            for t, n in zip(times, counts[:, k], strict=True)
        )
        high = amplitude + half if resolved else max(span, amplitude)
        size = Estimate(amplitude, max(amplitude - half, 0.0), high)
        found.append(
            FoundTrap(
                size, capture, emission, float(counts[:, k].min()), resolved
            )
        )
    return tuple(found)


def _time(time: float, transitions: float, *, resolved: bool) -> Estimate:
    """A mean dwell time (s): its logarithm has a standard error of one over √(dwells)."""
    factor = math.exp(_SURE / math.sqrt(max(transitions, 1.0)))
    return Estimate(time, time / factor if resolved else 0.0, time * factor)


def _constant(trace: Trace) -> TelegraphAnalysis:
    """What there is to say of a trace that never changes."""
    value = float(trace.conductance.double().mean())
    return TelegraphAnalysis(
        traps=(),
        levels=(value,),
        noise=0.0,
        residual=0.0,
        complete=True,
        interval=trace.interval,
        samples=trace.conductance.numel(),
        log_likelihood=math.inf,
        bic=(),
        bic_gaussian=-math.inf,
        fitted=trace.conductance.double(),
    )
