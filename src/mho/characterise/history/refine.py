"""The traps of a stretch, fitted sample by sample while the conductance wanders."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from mho.characterise.history.flips import Decoding
from mho.characterise.history.noise_scale import jump_evidence
from mho.characterise.history.plateaus import Plateaus
from mho.characterise.telegraph import (
    Array,
    FoundTrap,
    Model,
    NoiseOptions,
    TelegraphAnalysis,
    Trace,
    fit_traps,
)

Mask = npt.NDArray[np.bool_]

_FEWEST = 400
"""Samples of a stretch whose traps are fitted, at least (1)."""
EVIDENCE = 6.0
"""Standard errors from Gaussian noise that traps must show (1)."""
_FLIPS = 10
"""Fillings and emptyings of a trap in the stretch, at least (1)."""
_SAVED = 0.25
"""Share of the traps' own variance that taking them away must save (1)."""
_WINDOW = 200
"""Samples over which the wander of the conductance is averaged (1)."""
_ROUNDS = 2
"""Times that wander and traps are found in turn (1)."""
_LARGE = 2.0
"""Smallest amplitude, over the noise of a sample, that a wandering trace can show (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """A stretch with its traps.

    Args:
        analysis: Traps and noise; `None` if the stretch shows no traps.
        evidence: How far its changes are from those of Gaussian noise, in standard errors (1).
        fitted: Conductance without the noise of samples. Shape (samples,).
        rest: The stretch without traps and jumps. Shape (samples,).
    """

    analysis: TelegraphAnalysis | None
    evidence: float
    fitted: Array
    rest: Array


def refine(
    values: Array,
    first: int,
    plateaus: Plateaus,
    found: Decoding,
    interval: float,
    noise: float,
) -> Refined:
    """Fit those traps of a trace that are active in a stretch of it.

    Args:
        values: The stretch (S). Shape (samples,).
        first: Where it begins in the trace (1).
        plateaus: Plateaus of the trace.
        found: Traps and jumps behind its steps.
        interval: Time from sample to sample (s).
        noise: Standard deviation of the white noise of a sample (S).
    """
    offset = jump_offset(len(values), first, plateaus, found, noise)
    even = values - offset
    evidence = jump_evidence(even)
    none = Refined(None, evidence, smooth(even) + offset, even)
    if len(values) < _FEWEST or evidence < EVIDENCE:
        return none
    states = _states(len(values), first, plateaus, found)
    active = _active(even, states, found.amplitudes)
    if not active.any():
        return none
    analysis = _fitted(
        even, states[:, active], found.amplitudes[active], interval, noise
    )
    traps = tuple(trap for trap in analysis.traps if _is_seen(trap, analysis))
    seen = analysis.fitted.numpy()
    saved = even.var() - (even - seen).var()
    # what the wander gives back was no trap
    if not traps or saved < _SAVED * seen.var():
        return none
    fitted = seen + smooth(even - seen) + offset
    shown = replace(analysis, traps=traps, fitted=torch.from_numpy(fitted))
    return Refined(shown, evidence, fitted, even - seen)


def _active(even: Array, states: Array, amplitudes: Array) -> Mask:
    """Traps that change often in the stretch, and without which it varies less. Shape (traps,)."""
    flips = np.diff(states, axis=0)
    turned = np.minimum((flips > 0).sum(0), (flips < 0).sum(0))
    active: Mask = turned >= _FLIPS
    for k, amplitude in enumerate(amplitudes):
        without = even - amplitude * states[:, k]
        active[k] &= bool(without.var() < even.var())
    return active


def _fitted(
    even: Array, states: Array, amplitudes: Array, interval: float, noise: float
) -> TelegraphAnalysis:
    """Wander and traps, found in turn; what is fitted is the traps' part around its mean."""
    seen = states @ amplitudes
    analysis = None
    for _ in range(_ROUNDS):
        wander = smooth(even - seen)
        centre = float(wander.mean())
        start = _start(centre, noise, amplitudes, states)
        if analysis is not None:
            start = _model(analysis, start)
        flat = even - wander + centre
        analysis = fit_traps(Trace(torch.from_numpy(flat), interval), start)
        seen = analysis.fitted.numpy() - centre
    assert analysis is not None
    return replace(analysis, fitted=torch.from_numpy(seen))


def _is_seen(trap: FoundTrap, analysis: TelegraphAnalysis) -> bool:
    """Whether a trap is larger than what a wander could be taken for, and changes often."""
    is_large = trap.amplitude.value >= _LARGE * analysis.noise
    return is_large and trap.transitions >= NoiseOptions().transitions_min


def jump_offset(
    count: int, first: int, plateaus: Plateaus, found: Decoding, noise: float
) -> Array:
    """What jumps have added since a stretch began. Shape (samples,)."""
    added = np.zeros(count)
    large = found.jumped & (np.abs(found.rest) > noise)
    for place, change in zip(
        plateaus.places[large], found.rest[large], strict=True
    ):
        if first < place < first + count:
            added[place - first] += change
    return np.cumsum(added)


def _states(
    count: int, first: int, plateaus: Plateaus, found: Decoding
) -> Array:
    """Whether each trap is empty in each sample. Shape (samples, traps)."""
    length = np.diff(plateaus.bounds)
    whole = np.repeat(found.states.astype(float), length, axis=0)
    return whole[first : first + count]


def _start(centre: float, noise: float, size: Array, empty: Array) -> Model:
    """Rates from numbers of flips and samples between them."""
    flips = np.diff(empty, axis=0)
    filled = (flips < 0).sum(0) + 1
    emptied = (flips > 0).sum(0) + 1
    fills = filled / (empty.sum(0) + 1)
    empties = emptied / ((1 - empty).sum(0) + 1)
    return Model.checked(centre, noise, size, fills, empties)


def _model(analysis: TelegraphAnalysis, before: Model) -> Model:
    """Where the next fit begins: where the last one ended."""
    traps = analysis.traps
    size = np.array([trap.amplitude.value for trap in traps])
    interval = analysis.interval
    fills = [interval / trap.capture_time.value for trap in traps]
    empties = [interval / trap.emission_time.value for trap in traps]
    return Model.checked(
        before.base, analysis.noise, size, np.array(fills), np.array(empties)
    )


def smooth(values: Array) -> Array:
    """Mean over a window around each sample, less of it at the ends. Shape (samples,)."""
    half = min(_WINDOW, len(values)) // 2
    total = np.concatenate(([0.0], np.cumsum(values)))
    place = np.arange(len(values))
    low = np.maximum(place - half, 0)
    high = np.minimum(place + half + 1, len(values))
    mean: Array = (total[high] - total[low]) / (high - low)
    return mean
