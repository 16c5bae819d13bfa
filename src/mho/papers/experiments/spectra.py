"""Spectra of telegraph noise: a Lorentzian for one trap, 1/f for many."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from mho.device.laws import Traps, watch
from mho.papers.claim import Measurement, Setting
from mho.rng import Stream

CAPTURE = 0.05
EMISSION = 0.02
"""Time constants of the one trap (s)."""


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumShown:
    """A measured spectrum and the law it follows.

    Args:
        frequency: Frequencies (Hz). Shape (bins,).
        density: One-sided power spectral density, in units of the variance (1/Hz). Shape (bins,).
        law: The law there (1/Hz). Shape (bins,).
        one_frequency: Frequencies of the single trap (Hz). Shape (others,).
        one_density: Its spectrum (1/Hz). Shape (others,).
        one_law: Its Lorentzian (1/Hz). Shape (others,).
    """

    frequency: Float[Tensor, " bins"]
    density: Float[Tensor, " bins"]
    law: Float[Tensor, " bins"]
    one_frequency: Float[Tensor, " others"]
    one_density: Float[Tensor, " others"]
    one_law: Float[Tensor, " others"]


def slope_of_many(setting: Setting) -> Measurement:
    """Slope of the spectrum of many fresh traps over four decades, and one trap's corner."""
    law = setting.preset.cell().telegraph
    groups = 8
    each = setting.size(64, 32)
    spacing = 0.005
    chunks = setting.size(32, 24)
    spectra = []
    for group in range(groups):
        stream = setting.stream.child("group", group)
        birth = stream.child("birth").cells(torch.arange(each))
        traps = law.new(torch.ones(each), birth)
        # the amplitude is independent of the times: equal ones show the times' law alone
        traps = replace(traps, amplitude=torch.ones(1, each))
        frequency, density = _spectrum(traps, spacing, chunks, stream)
        spectra.append(density)
    shown = (frequency >= 3 / (chunks * _CHUNK * spacing)) & (
        frequency <= 0.2 / spacing
    )
    binned = [_binned(frequency[shown], d[shown]) for d in spectra]
    x = binned[0][0]
    whole = torch.stack([b[1] for b in binned])
    inside = (x >= 4e-3) & (x <= 40.0)
    slopes = torch.stack([_slope(x[inside], one[inside]) for one in whole])
    slope = float(_slope(x[inside], whole.mean(0)[inside]))
    error = 1.96 * float(slopes.std()) / math.sqrt(groups)
    corner, one = _corner(setting)
    density = whole.mean(0)
    middle = int(inside.nonzero()[:, 0].double().mean())
    return Measurement(
        slope,
        slope - error,
        slope + error,
        "95 %, from 8 independent groups",
        holds=abs(slope + 1) <= 0.1 and abs(corner - 1) <= 0.1,
        note=f"From 4 mHz to 40 Hz, {groups * each:,} traps. The corner of one trap's Lorentzian"
        f" is {corner:.3f} of (1/τc + 1/τe)/2π.",
        shown=SpectrumShown(x, density, float(density[middle] * x[middle]) / x, *one),
    )


def _corner(setting: Setting) -> tuple[float, tuple[Tensor, Tensor, Tensor]]:
    """Fitted corner of one trap's spectrum over the expected one (1); spectrum and law."""
    count = 16
    one = torch.ones(1, count)
    traps = Traps(one, CAPTURE * one, EMISSION * one, one, torch.rand(one.shape) < 0)
    frequency, density = _spectrum(
        traps, 0.002, setting.size(16, 8), setting.stream.child("one")
    )
    inside = (frequency > 0.3) & (frequency < 60)
    x, seen = _binned(frequency[inside], density[inside] / count)
    rate = 1 / CAPTURE + 1 / EMISSION
    expected = rate / (2 * math.pi)
    rest = EMISSION / (CAPTURE + EMISSION)
    trial = expected * torch.logspace(-0.5, 0.5, 2001, dtype=torch.float64)
    shape = 1 / (1 + (x[:, None] / trial) ** 2)
    away = (seen[:, None] / shape).log()
    fitted = float(trial[away.var(0).argmin()])
    law = 4 * rest * (1 - rest) / rate / (1 + (x / expected) ** 2)
    return fitted / expected, (x, seen, law)


_CHUNK = 4096
"""Samples simulated at once (1)."""


def _spectrum(
    traps: Traps, spacing: float, chunks: int, stream: Stream
) -> tuple[Float[Tensor, " bins"], Float[Tensor, " bins"]]:
    """Periodogram of the sum of all traps, sampled with the given spacing (s): Hz, 1/Hz."""
    cells = traps.filled.shape[1]
    total = []
    first = torch.full((cells,), 1e6)
    for chunk in range(chunks):
        keys = stream.child("chunk", chunk).cells(torch.arange(_CHUNK * cells))
        traps, seen = watch(traps, first, 0.0, spacing, keys)
        total.append(seen.double().sum(1))
        first = torch.zeros(cells)
    series = torch.cat(total)
    window = torch.hann_window(series.numel(), periodic=True, dtype=torch.float64)
    bins = torch.fft.rfft((series - series.mean()) * window)
    density = 2 * spacing * bins.abs().square() / window.square().sum()
    frequency = torch.fft.rfftfreq(series.numel(), spacing, dtype=torch.float64)
    # samples that integrate all the time damp the spectrum by a known factor, and its images more
    return frequency[1:], density[1:] / torch.sinc(frequency[1:] * spacing).square()


def _binned(
    frequency: Float[Tensor, " bins"], density: Float[Tensor, " bins"]
) -> tuple[Float[Tensor, " groups"], Float[Tensor, " groups"]]:
    """Means over eight groups per decade (Hz, 1/Hz)."""
    group = (8 * frequency.log10()).floor().long()
    group -= group.min()
    count = torch.bincount(group)
    kept = count > 0
    x = torch.bincount(group, frequency.log())[kept] / count[kept]
    return x.exp(), torch.bincount(group, density)[kept] / count[kept]


def _slope(x: Float[Tensor, " bins"], y: Float[Tensor, " bins"]) -> Float[Tensor, ""]:
    """Slope of a straight line through log y over log x (1)."""
    a = x.log()
    b = y.log()
    a = a - a.mean()
    b = b - b.mean()
    return (a * b).sum() / a.square().sum()
