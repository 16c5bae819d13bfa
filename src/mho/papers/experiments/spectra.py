"""Spectra of telegraph noise: a Lorentzian for one trap, 1/f for many."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mho.device.laws import Traps, watch_traps
from mho.papers.claim import Measurement, Setting
from mho.rng import Stream

CAPTURE = 0.05
EMISSION = 0.02
"""Time constants of the one trap (s)."""
_GROUPS = 8
"""Independent groups of traps (1)."""
_SPACING = 0.005
"""Between samples of many traps (s)."""
_CHUNK = 4096
"""Samples simulated at once (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """A one-sided power spectral density.

    Args:
        frequency: Frequencies (Hz). Shape (bins,).
        density: Density there, in units of the variance (1/Hz). Shape (bins,).
    """

    frequency: Float[Tensor, " bins"]
    density: Float[Tensor, " bins"]

    def where(self, chosen: Bool[Tensor, " bins"]) -> "Spectrum":
        """The part at the chosen frequencies."""
        return Spectrum(self.frequency[chosen], self.density[chosen])


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
    traps_per_group = setting.size(64, 32)
    chunks = setting.size(32, 24)
    spectra = []
    for group in range(_GROUPS):
        stream = setting.stream.child("group", group)
        traps = _fresh_traps(setting, traps_per_group, stream)
        spectra.append(_spectrum(traps, _SPACING, chunks, stream))

    # without the lowest bins, which the window smears, and those near half the sampling rate
    duration = chunks * _CHUNK * _SPACING
    frequency = spectra[0].frequency
    resolved = (frequency >= 3 / duration) & (frequency <= 0.2 / _SPACING)
    binned = [_binned(spectrum.where(resolved)) for spectrum in spectra]
    frequency = binned[0].frequency
    densities = torch.stack([spectrum.density for spectrum in binned])
    density = densities.mean(0)

    four_decades = (frequency >= 4e-3) & (frequency <= 40.0)
    x = frequency[four_decades]
    slope = float(_slope(x, density[four_decades]))
    error = _slope_error(x, densities[:, four_decades])

    corner, one_trap, lorentzian = _corner(setting)

    # 1/f through the middle of the decades, for the eye
    middle = int(four_decades.nonzero()[:, 0].double().mean())
    one_over_f = float(density[middle] * frequency[middle]) / frequency

    return Measurement(
        value=slope,
        low=slope - error,
        high=slope + error,
        interval="95 %, from 8 independent groups",
        holds=abs(slope + 1) <= 0.1 and abs(corner - 1) <= 0.1,
        note=f"From 4 mHz to 40 Hz, {_GROUPS * traps_per_group:,} traps. The corner of one trap's"
        f" Lorentzian is {corner:.3f} of (1/τc + 1/τe)/2π.",
        shown=SpectrumShown(
            frequency=frequency,
            density=density,
            law=one_over_f,
            one_frequency=one_trap.frequency,
            one_density=one_trap.density,
            one_law=lorentzian,
        ),
    )


def _slope_error(
    x: Float[Tensor, " bins"], densities: Float[Tensor, "groups bins"]
) -> float:
    """Half of the 95 % interval of a slope: groups are independent, so their scatter tells (1)."""
    slopes = torch.stack([_slope(x, density) for density in densities])
    return 1.96 * float(slopes.std()) / math.sqrt(_GROUPS)


def _fresh_traps(setting: Setting, count: int, stream: Stream) -> Traps:
    """One trap in each of several cells, with the time constants of the preset."""
    law = setting.preset.cell().telegraph
    birth = stream.child("birth").cells(torch.arange(count))
    traps = law.new(torch.ones(count), birth)
    # the amplitude is independent of the times: equal ones show the times' law alone
    return replace(traps, amplitude=torch.ones(1, count))


def _corner(setting: Setting) -> tuple[float, Spectrum, Tensor]:
    """Fitted corner of one trap's spectrum over the expected one (1); spectrum and law."""
    copies = 16
    one = torch.ones(1, copies)
    traps = Traps(
        amplitude=one,
        capture_time=CAPTURE * one,
        emission_time=EMISSION * one,
        cleaning_voltage=one,
        filled=torch.zeros(1, copies, dtype=torch.bool),
    )

    chunks = setting.size(16, 8)
    of_all = _spectrum(traps, 0.002, chunks, setting.stream.child("one"))
    inside = (of_all.frequency > 0.3) & (of_all.frequency < 60)
    within = of_all.where(inside)
    seen = _binned(Spectrum(within.frequency, within.density / copies))

    rate = 1 / CAPTURE + 1 / EMISSION
    expected = rate / (2 * math.pi)
    occupancy = EMISSION / (CAPTURE + EMISSION)
    # the corner for which the ratio to a Lorentzian is most nearly the same at all frequencies
    trial = expected * torch.logspace(-0.5, 0.5, 2001, dtype=torch.float64)
    shape = 1 / (1 + (seen.frequency[:, None] / trial) ** 2)
    log_ratio = (seen.density[:, None] / shape).log()
    fitted = float(trial[log_ratio.var(0).argmin()])

    plateau = 4 * occupancy * (1 - occupancy) / rate
    lorentzian = plateau / (1 + (seen.frequency / expected) ** 2)
    return fitted / expected, seen, lorentzian


def _spectrum(
    traps: Traps, spacing: float, chunks: int, stream: Stream
) -> Spectrum:
    """Periodogram of the sum of all traps, sampled with the given spacing (s)."""
    cells = traps.filled.shape[1]
    total = []
    # so long before the first sample that the traps have forgotten how they began (s)
    first = torch.full((cells,), 1e6)
    for chunk in range(chunks):
        streams = stream.child("chunk", chunk).cells(
            torch.arange(_CHUNK * cells)
        )
        traps, seen = watch_traps(
            traps,
            first=first,
            pause=0.0,
            integration=spacing,
            stream=streams,
        )
        total.append(seen.double().sum(1))
        first = torch.zeros(cells)

    series = torch.cat(total)
    samples = series.numel()
    window = torch.hann_window(samples, periodic=True, dtype=torch.float64)
    bins = torch.fft.rfft((series - series.mean()) * window)

    density = 2 * spacing * bins.abs().square() / window.square().sum()
    frequency = torch.fft.rfftfreq(samples, spacing, dtype=torch.float64)
    # samples that integrate all the time damp the spectrum by a known factor, and its images more
    damping = torch.sinc(frequency[1:] * spacing).square()
    return Spectrum(frequency[1:], density[1:] / damping)


def _binned(spectrum: Spectrum) -> Spectrum:
    """Means over eight groups per decade."""
    frequency = spectrum.frequency
    group = (8 * frequency.log10()).floor().long()
    group -= group.min()
    count = torch.bincount(group)

    occupied = count > 0
    members = count[occupied]
    log_frequency = torch.bincount(group, frequency.log())[occupied] / members
    density = torch.bincount(group, spectrum.density)[occupied] / members

    return Spectrum(log_frequency.exp(), density)


def _slope(
    x: Float[Tensor, " bins"], y: Float[Tensor, " bins"]
) -> Float[Tensor, ""]:
    """Slope of a straight line through log y over log x (1)."""
    a = x.log()
    b = y.log()
    a = a - a.mean()
    b = b - b.mean()
    covariance = (a * b).sum()
    return covariance / a.square().sum()
