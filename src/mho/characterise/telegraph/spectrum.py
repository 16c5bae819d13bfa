"""Spectra of traces: measured, of traps, and the likelihood of noise that never jumps."""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mho.characterise.telegraph.result import TelegraphAnalysis
from mho.characterise.telegraph.trap_model import Array
from mho.measured import Trace

_SEGMENTS = 8
"""Parts of a trace, at least, whose spectra are averaged (1)."""
_BANDS_PER_OCTAVE = 2


def power_spectrum(
    trace: Trace,
) -> tuple[Float[Tensor, " frequencies"], Float[Tensor, " frequencies"]]:
    """Welch's estimate of the one-sided power spectral density (key: welch1967).

    Args:
        trace: The trace.

    Returns:
        Frequencies (Hz), from above zero, and densities (S²/Hz). Shapes (frequencies,).
    """
    # Imported here, as it takes a second that only spectra need.
    from scipy.signal import welch

    values = trace.conductance.double().numpy()
    length = 2 ** int(math.log2(2 * len(values) / (_SEGMENTS + 1)))
    frequency, density = welch(values, 1 / trace.interval, nperseg=length)
    return torch.from_numpy(frequency[1:]), torch.from_numpy(density[1:])


def trap_spectra(
    analysis: TelegraphAnalysis, frequency: Float[Tensor, " frequencies"]
) -> Float[Tensor, "traps frequencies"]:
    r"""One-sided spectrum of each trap as the sampled average shows it (S²/Hz).

    .. math:: \frac{4 A^2 p (1 - p) \tau}{1 + (2 \pi f \tau)^2} \; \mathrm{sinc}^2(f \Delta t)

    with :math:`1/\tau = 1/\tau_c + 1/\tau_e` (key: machlup1954noise) and the average over the
    sampling interval.

    Args:
        analysis: The traps.
        frequency: Where to evaluate (Hz). Shape (frequencies,).
    """
    average = torch.sinc(frequency * analysis.interval).square()
    rows = []
    for trap in analysis.traps:
        time = trap.relaxation_time
        p = trap.occupancy
        power = 4 * trap.amplitude.value**2 * p * (1 - p) * time
        phase = 2 * math.pi * frequency * time
        lorentzian = power / (1 + phase.square())
        rows.append(lorentzian * average)
    return (
        torch.stack(rows) if rows else frequency.new_zeros(0, frequency.numel())
    )


def white_level(analysis: TelegraphAnalysis) -> float:
    """One-sided density of the white noise (S²/Hz)."""
    return 2 * analysis.noise**2 * analysis.interval


def gaussian_bic(values: Array) -> float:
    """Bayesian information criterion of Gaussian noise with the trace's own spectrum, and drift.

    Whittle's likelihood: after a straight line is taken off, Fourier coefficients are independent
    and Gaussian, with one variance in each half octave. Noise without jumps, however coloured, is
    described by it better than by a few traps.

    Args:
        values: The trace, in any unit. Shape (samples,).
    """
    count = len(values)
    time = np.linspace(-1, 1, count)
    flat = values - values.mean() - time * (time @ values) / (time @ time)
    coefficients = np.fft.rfft(flat, norm="ortho")
    power = np.abs(coefficients[1:]) ** 2
    # Every frequency stands for two coefficients, but for the last one of an even number.
    weight = np.full(len(power), 2.0)
    if count % 2 == 0:
        weight[-1] = 1.0
    octave = np.log2(np.arange(1, len(power) + 1))
    band = (_BANDS_PER_OCTAVE * octave).astype(int)
    total = np.bincount(band, weight * power)
    numbers = np.bincount(band, weight)
    used = numbers > 0
    # A band without any power would make the likelihood infinite.
    least = 1e-12 * values.var()
    variance = np.maximum(total[used] / numbers[used], least)
    terms = numbers[used] * (np.log(2 * math.pi * variance) + 1)
    mean = math.log(2 * math.pi * variance[0])
    # The variances, the mean and the slope are fitted.
    parameters = used.sum() + 2
    return float(terms.sum() + mean + parameters * math.log(count))
