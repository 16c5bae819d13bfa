"""Spectra of telegraph noise: a Lorentzian for one trap, 1/f for many."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mho.device import Cells
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
_FORGOTTEN = 1e6
"""So long after their making traps no longer know how they began (s)."""
_TRAPS_ALONE = {
    "cell__stuck_fraction": 0.0,
    "flicker__per_decade": 0.0,
    "relaxation__scale": 0.0,
    "retention__scale": 0.0,
    "telegraph__births": 0.0,
    "telegraph__spawning": 1.0,
}
"""A cell that shows nothing but its traps, and gets one channel from a weak pulse."""


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
        cells = _one_trap_each(setting, traps_per_group, stream)
        spectra.append(_spectrum(cells, _SPACING, chunks, together=True))

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


def _one_trap_each(setting: Setting, count: int, stream: Stream) -> Cells:
    """Cells with one channel of 1 S each, with the time constants of the preset, and no core."""
    kind = setting.preset.replace(**_TRAPS_ALONE)
    width = kind["telegraph.cleaning_width"]
    cells = Cells(kind.cell(), count, stream, kind["temperature.reference"])
    cells.pulse(
        torch.arange(count),
        torch.full((1, count), 0.01),
        width,
        torch.ones(count),
        0.0,
    )
    # the amplitude is independent of the times: equal ones show the times' law alone
    amplitude = cells.column("amplitude")
    amplitude.copy_(amplitude > 0)
    cells.column("core").zero_()
    return cells


def _corner(setting: Setting) -> tuple[float, Spectrum, Tensor]:
    """Fitted corner of one trap's spectrum over the expected one (1); spectrum and law."""
    # a mean over copies: the periodogram of a sum scatters as much as that of one
    copies = 16
    stream = setting.stream.child("one")
    cells = _one_trap_each(setting, copies, stream)
    cells.column("capture_time").fill_(CAPTURE)
    cells.column("emission_time").fill_(EMISSION)

    chunks = setting.size(16, 8)
    of_all = _spectrum(cells, 0.002, chunks, together=False)
    inside = (of_all.frequency > 0.3) & (of_all.frequency < 60)
    within = of_all.where(inside)
    seen = _binned(within)

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
    cells: Cells, spacing: float, chunks: int, *, together: bool
) -> Spectrum:
    """Periodogram of the sum of all cells, or the mean of those of single cells.

    Args:
        cells: The cells; their traps move on.
        spacing: Time from sample to sample, integrated all the time (s).
        chunks: Samples in units of `_CHUNK` (1).
        together: Whether the sum of all cells is looked at.
    """
    every = torch.arange(cells.count)
    parts = []
    for chunk in range(chunks):
        start = _FORGOTTEN + chunk * _CHUNK * spacing
        seen = cells.sample(every, start, spacing, spacing, _CHUNK).double()
        parts.append(seen.sum(1, keepdim=True) if together else seen)

    series = torch.cat(parts)
    samples = series.shape[0]
    window = torch.hann_window(samples, periodic=True, dtype=torch.float64)
    bins = torch.fft.rfft((series - series.mean()) * window[:, None], dim=0)

    power = bins.abs().square().mean(1)
    density = 2 * spacing * power / window.square().sum()
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
