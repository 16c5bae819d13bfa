"""Spectra of simulated traces: one trap is a Lorentzian, many are 1/f, as samples see them."""

import math

import pytest
import torch
from jaxtyping import Float
from torch import Tensor

from mho.device import Cells
from mho.device.published import preset
from mho.rng import Stream

TRAPS_ALONE = {
    "cell__stuck_fraction": 0.0,
    "flicker__per_decade": 0.0,
    "relaxation__scale": 0.0,
    "retention__scale": 0.0,
    "telegraph__births": 0.0,
    "telegraph__spawning": 1.0,
}
"""Cells that show nothing but their traps, and get one from a weak pulse."""


def one_trap_each(count: int, stream: Stream) -> Cells:
    """Cells with one channel of 1 S each, of the preset's time constants."""
    kind = preset("rao2023").replace(**TRAPS_ALONE)
    cells = Cells(kind.cell(), count, stream, 300.0)
    weak = torch.full((1, count), 0.01)
    width = kind["telegraph.cleaning_width"]
    cells.pulse(torch.arange(count), weak, width, torch.ones(count), 0.0)
    cells.column("core").zero_()
    cells.column("amplitude")[0] = 1.0
    return cells


def spectrum(
    cells: Cells, now: float, spacing: float, samples: int
) -> tuple[Float[Tensor, " bins"], Float[Tensor, " bins"]]:
    """One-sided power spectral density of traces, averaged over cells.

    Samples follow each other without a pause, each integrated over its whole spacing; the
    integration's sinc² is divided out. The window is Hann's.

    Args:
        cells: The cells; their traps move on.
        now: Time of the first sample (s).
        spacing: Time from sample to sample (s).
        samples: Samples of a trace (1).

    Returns:
        Frequencies (Hz) and densities (S²/Hz), of the lower third of the bins.
    """
    every = torch.arange(cells.count)
    trace = cells.sample(every, now, spacing, spacing, samples).double()
    window = torch.hann_window(samples, dtype=torch.float64)[:, None]
    power = (
        torch.fft.rfft((trace - trace.mean()) * window, dim=0)
        .abs()
        .square()
        .mean(1)
    )
    f = torch.fft.rfftfreq(samples, spacing, dtype=torch.float64)
    density = (
        2
        * spacing
        * power
        / window.square().sum()
        / torch.sinc(f * spacing).square()
    )
    few = slice(4, samples // 6)
    return f[few], density[few]


def corner_frequency(
    capture: float, emission: float, count: int, stream: Stream
) -> float:
    """Corner of the spectrum of one trap, measured on traces of many cells (Hz).

    1/S is linear in f² for a Lorentzian: intercept over slope is the corner squared. Every bin is
    weighted by S², since its standard error is proportional to S.
    """
    cells = one_trap_each(count, stream)
    cells.column("capture_time")[0] = capture
    cells.column("emission_time")[0] = emission
    rate = 1 / capture + 1 / emission
    # a hundred memory times on, the traps are in equilibrium
    f, density = spectrum(cells, 100 / rate, 0.2 / rate, 512)
    weight = density.square()
    x = f.square()
    y = 1 / density
    x0 = (weight * x).sum() / weight.sum()
    y0 = (weight * y).sum() / weight.sum()
    slope = (weight * (x - x0) * (y - y0)).sum() / (
        weight * (x - x0).square()
    ).sum()
    return math.sqrt(float((y0 - slope * x0) / slope))


def many_traps(
    count: int, stream: Stream
) -> tuple[Float[Tensor, " points"], Float[Tensor, " points"]]:
    """Spectrum of many fresh channels, 1 S each, over four decades.

    Six sets of traces, each with samples a seventh as far apart as those of the one before; the
    same channels in all. One point for each set.

    Returns:
        Frequencies (Hz) and densities (S²/Hz), rising frequencies.
    """
    cells = one_trap_each(count, stream)
    points = []
    for number in range(6):
        spacing = 1e-4 * 7.0 ** (5 - number)
        f, density = spectrum(cells, 1e4 * (number + 1), spacing, 192)
        points.append(
            (float(f.log().mean().exp()), float(density.log().mean().exp()))
        )
    return torch.tensor(points, dtype=torch.float64).unbind(1)


def slope(
    f: Float[Tensor, " points"], density: Float[Tensor, " points"]
) -> float:
    """Slope of the logarithm of a spectrum over that of the frequency (1)."""
    x = f.log() - f.log().mean()
    return float((x * density.log()).sum() / x.square().sum())


@pytest.mark.parametrize(
    ("capture", "emission"), [(2.0, 0.5), (1e-4, 1e-4), (1.0, 30.0)]
)
def test_the_corner_of_one_trap_is_its_rate_over_two_pi(
    stream: Stream, capture: float, emission: float
) -> None:
    """f_c = (1/τc + 1/τe)/2π. Samples are 0.2 of 1/λ apart, the corner lies in bin 16 of 512.

    Each of 81 bins has a relative standard error 1/√n, n = 4,000 traces; a score of bins around
    the corner makes it 0.5 % in the corner. Below λt = 1/2 a trap flips at most once in a sample,
    which lowers the variance of short averages by up to λt/3 = 7 %: 5 % in all.
    """
    found = corner_frequency(capture, emission, 4_000, stream)
    expected = (1 / capture + 1 / emission) / (2 * math.pi)
    assert abs(found / expected - 1) <= 0.05


def test_many_log_uniform_traps_fluctuate_as_one_over_f(stream: Stream) -> None:
    """Slope −1 ± 0.1 over more than four decades, on simulated traces.

    Times are log-uniform over 1 µs … 1,000 s; 0.05 to 800 Hz lie well inside. 6,000 traps scatter
    by some 5 % from point to point; over 4.2 decades six points with that scatter have a slope
    good to 0.01.
    """
    f, density = many_traps(6_000, stream)
    assert float(f[-1] / f[0]) >= 1e4
    assert abs(slope(f, density) + 1) <= 0.1
