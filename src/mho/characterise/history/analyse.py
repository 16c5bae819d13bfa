"""The history of a trace: settling, stretches, jumps, traps that come and go, and the noise."""

import numpy as np
import torch

from mho.characterise.history.flips import Decoding, trap_part
from mho.characterise.history.noise_scale import (
    NoiseScale,
    jump_evidence,
    noise_scale,
)
from mho.characterise.history.plateaus import Plateaus, find_plateaus
from mho.characterise.history.refine import EVIDENCE, Refined, refine
from mho.characterise.history.result import (
    Jump,
    Settling,
    Stretch,
    TraceHistory,
)
from mho.characterise.history.spectrum_fit import fit_spectrum
from mho.characterise.history.stretches import (
    Span,
    find_stretches,
    settled_after,
    span_of,
)
from mho.characterise.history.trap_search import find_traps
from mho.characterise.telegraph import (
    Array,
    NoiseOptions,
    TelegraphAnalysis,
    Trace,
    analyse_noise,
)
from mho.files import RunFolder

_JUMP = 5.0
"""Least change that counts as a jump, over the noise (1)."""
_QUICK = 20_000
"""Samples that are always tried as a trace that is the same all along (1)."""
_SHORT = 0.02
"""Share of a trace that is no stretch of its own after settling (1)."""


def trace_history(
    trace: Trace,
    *,
    traps: int | None = None,
    options: NoiseOptions | None = None,
    run: RunFolder | None = None,
) -> TraceHistory:
    """Say what happened in a trace.

    The trace is cut into plateaus; the cheapest explanation of the steps between them by traps,
    whose steps take turns, and by jumps is found; stretches that look alike are told apart; in
    each, active traps are fitted sample by sample, besides a wander that is averaged away. Traps
    count only where the changes of the trace are not those of Gaussian noise, white or 1/f.

    A trace that is the same all along is analysed by `analyse_noise` as a whole; where that finds
    no traps, for the trace wanders, it is one stretch like others.

    Args:
        trace: The trace.
        traps: Number of traps, if it is known; the trace is then taken to be the same all along.
        options: When jumps count as telegraph noise in a trace that is the same all along.
        run: Where fits with each number of traps are kept; what it has is not fitted again.
    """
    values = trace.conductance.double().numpy()
    if traps is not None or np.ptp(values) <= 1e-12 * np.abs(values).max():
        steady = analyse_noise(trace, traps=traps, options=options, run=run)
        return _steady(trace, steady, NoiseScale(steady.noise, 0.0))
    scale = noise_scale(values)
    plateaus = find_plateaus(values, scale.noise)
    found = find_traps(plateaus, scale.noise)
    added = trap_part(plateaus, found)
    spans = find_stretches(values, added, scale.noise)
    settled, goal = settled_after(values, spans, scale.noise)
    jumps = _jumps(plateaus, found, scale.noise, settled, trace.interval)
    is_steady = len(spans) == 1 and settled == 0
    if (is_steady and not jumps) or len(values) <= _QUICK:
        steady = analyse_noise(trace, options=options, run=run)
        alone = is_steady and not jumps and not found.traps
        if steady.complete or alone or (is_steady and steady.traps):
            return _steady(trace, steady, scale)
    spans = _from_rest(values, spans, settled, goal)
    parts = [
        refine(
            values[span.begin : span.end],
            span.begin,
            plateaus,
            found,
            trace.interval,
            scale.noise,
        )
        for span in spans
    ]
    settling = None
    if settled > 0:
        settling = Settling(
            settled * trace.interval,
            float(np.median(values[:3])),
            goal.middle,
        )
    longest = max(range(len(spans)), key=lambda k: len(parts[k].rest))
    return TraceHistory(
        stretches=tuple(
            _stretch(span, part, trace.interval, scale.noise)
            for span, part in zip(spans, parts, strict=True)
        ),
        jumps=jumps,
        settling=settling,
        steady=None,
        spectrum=fit_spectrum(parts[longest].rest, trace.interval),
        noise=scale.noise,
        converter_step=scale.step,
        interval=trace.interval,
        samples=len(values),
        fitted=torch.from_numpy(np.concatenate([p.fitted for p in parts])),
    )


def _steady(
    trace: Trace,
    analysis: TelegraphAnalysis,
    scale: NoiseScale,
) -> TraceHistory:
    """A trace that is the same all along."""
    values = trace.conductance.double().numpy()
    low, middle, high = (float(q) for q in np.quantile(values, (0.1, 0.5, 0.9)))
    stretch = Stretch(
        0.0,
        len(values) * trace.interval,
        middle,
        low,
        high,
        analysis.traps,
        analysis.noise,
        jump_evidence(values) < EVIDENCE,
    )
    rest = values - analysis.fitted.numpy()
    return TraceHistory(
        stretches=(stretch,),
        jumps=(),
        settling=None,
        steady=analysis,
        spectrum=fit_spectrum(rest, trace.interval),
        noise=analysis.noise,
        converter_step=scale.step,
        interval=trace.interval,
        samples=len(values),
        fitted=analysis.fitted,
    )


def _jumps(
    plateaus: Plateaus,
    found: Decoding,
    noise: float,
    settled: int,
    interval: float,
) -> tuple[Jump, ...]:
    """Steps that no trap explains and that are large."""
    large = found.jumped & (np.abs(found.rest) > _JUMP * noise)
    return tuple(
        Jump(float(place) * interval, float(change), bool(place < settled))
        for place, change in zip(
            plateaus.places[large], found.rest[large], strict=True
        )
    )


def _from_rest(
    values: Array, spans: tuple[Span, ...], settled: int, goal: Span
) -> tuple[Span, ...]:
    """The settling as one stretch, and those after it; what is short in between is the next's."""
    if settled == 0:
        return spans
    later = [span for span in spans if span.end > settled]
    if goal.begin - settled < _SHORT * len(values):
        later = [span for span in later if span.begin >= goal.begin]
    first = span_of(values, settled, later[0].end)
    return (span_of(values, 0, settled), first, *later[1:])


def _stretch(
    span: Span, part: Refined, interval: float, noise: float
) -> Stretch:
    analysis = part.analysis
    return Stretch(
        span.begin * interval,
        span.end * interval,
        span.middle,
        span.low,
        span.high,
        analysis.traps if analysis else (),
        analysis.noise if analysis else noise,
        part.evidence < EVIDENCE,
    )
