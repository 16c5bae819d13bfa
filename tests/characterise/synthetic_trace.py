"""Traces with known traps."""

from collections.abc import Sequence

import torch

from mho.characterise.telegraph import Trace
from mho.rng import Stream
from mho.units import ms, uS
from reference import Traps, watch_traps

INTERVAL = 1 * ms
NOISE = 0.2 * uS
BASE = 100 * uS

TWO = ((8.0, 20e-3, 35e-3), (3.0, 12e-3, 9e-3))
"""Amplitude (µS), capture time (s) and emission time (s) of each of two traps."""


def noisy(stream: Stream, clean: torch.Tensor, noise: float = NOISE) -> Trace:
    """A trace with white noise (S)."""
    normal = torch.randn(
        clean.shape,
        generator=stream.child("noise").generator(),
        dtype=torch.float64,
    )
    return Trace(BASE + clean.double() + noise * normal, INTERVAL)


def watched(
    stream: Stream,
    traps: Sequence[tuple[float, float, float]],
    samples: int = 10_000,
    noise: float = NOISE,
) -> Trace:
    """What a cell with these traps shows, by the law of the tests' reference."""
    amplitude, capture, emission = torch.tensor(traps).T[..., None]
    filled = torch.zeros_like(amplitude, dtype=torch.bool)
    cell = Traps(
        amplitude * uS, capture, emission, torch.ones_like(amplitude), filled
    )
    keys = stream.child("watch").cells(torch.arange(samples))
    seen = watch_traps(cell, torch.zeros(1), 0.0, INTERVAL, keys)[1]
    return noisy(stream, seen[:, 0], noise)


def fine(
    stream: Stream, trap: tuple[float, float, float], samples: int, parts: int
) -> Trace:
    """One trap followed in steps much shorter than a sample, then averaged over each sample."""
    amplitude, capture, emission = trap
    step = INTERVAL / parts
    draws = stream.child("fine").generator()
    dwell = torch.empty(2 * samples, dtype=torch.float64).exponential_(
        generator=draws
    )
    dwell[0::2] *= capture
    dwell[1::2] *= emission
    ends = dwell.cumsum(0)
    assert float(ends[-1]) > samples * INTERVAL
    moments = (torch.arange(samples * parts, dtype=torch.float64) + 0.5) * step
    empty = (
        (torch.searchsorted(ends, moments) % 2 == 0)
        .double()
        .view(samples, parts)
    )
    return noisy(stream, amplitude * uS * empty.mean(1))


def coloured(stream: Stream, samples: int = 10_000) -> Trace:
    """Noise with a spectrum of 1/f (1 µS rms) and white noise."""
    draws = stream.child("colour").generator()
    half = samples // 2 + 1
    parts = torch.randn(2, half, generator=draws, dtype=torch.float64)
    frequency = torch.arange(half, dtype=torch.float64).clamp(min=1)
    wave = torch.fft.irfft(torch.complex(*parts) / frequency.sqrt(), samples)
    return noisy(stream, uS * (wave - wave.mean()) / wave.std())
