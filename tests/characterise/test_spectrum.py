"""Spectra: what is measured is what the traps make."""

import math

import numpy as np
import pytest
import torch
from synthetic_trace import BASE, INTERVAL, NOISE, coloured, noisy, watched

from mho.characterise.telegraph import (
    analyse_noise,
    power_spectrum,
    trap_spectra,
    white_level,
)
from mho.characterise.telegraph.spectrum import gaussian_bic
from mho.rng import Stream
from mho.units import uS


def test_a_white_spectrum_holds_the_variance(stream: Stream) -> None:
    """Mean density times band is the variance, to 5/√(n/2) and 2 % for the lowest frequencies."""
    trace = noisy(stream, torch.zeros(10_000))
    frequency, density = power_spectrum(trace)
    power = float(density.mean()) / (2 * INTERVAL)
    assert abs(power / NOISE**2 - 1) < 5 / math.sqrt(5_000) + 0.02
    assert math.isclose(float(frequency[-1]), 1 / (2 * INTERVAL))
    # Densities are far below the tolerance that `approx` has by default.
    assert white_level(analyse_noise(trace)) == pytest.approx(
        float(density.mean()), rel=0.09, abs=0.0
    )


def test_lorentzians_of_the_found_trap_lie_on_the_measured_spectrum(
    stream: Stream,
) -> None:
    """In each octave from 1 to 250 Hz; 30 % for chance (8 segments) and 10 % for aliasing.

    An octave has at least 4 frequencies of 15 overlapping segments, some 30 independent numbers:
    five standard errors are 5/√30 = 0.9 at the low end, and 0.2 where there are hundreds.
    """
    trace = watched(stream, [(6.0, 20e-3, 30e-3)], 20_000)
    found = analyse_noise(trace)
    frequency, measured = power_spectrum(trace)
    model = trap_spectra(found, frequency).sum(0) + white_level(found)
    for octave in range(8):
        chosen = (frequency >= 2**octave) & (frequency < 2 ** (octave + 1))
        ratio = float(measured[chosen].sum() / model[chosen].sum())
        independent = 8 * int(chosen.sum())
        assert abs(ratio - 1) < 5 / math.sqrt(independent) + 0.1, octave


def test_the_area_under_a_lorentzian_is_the_variance(stream: Stream) -> None:
    """A² p (1 − p) of a trap much slower than the sampling, to 1 %."""
    found = analyse_noise(watched(stream, [(6.0, 200e-3, 300e-3)], 20_000))
    (trap,) = found.traps
    frequency = torch.logspace(-4, math.log10(500), 4_000, dtype=torch.float64)
    area = float(torch.trapezoid(trap_spectra(found, frequency)[0], frequency))
    expected = trap.amplitude.value**2 * trap.occupancy * (1 - trap.occupancy)
    assert math.isclose(area, expected, rel_tol=0.01)


def test_gaussian_noise_is_best_described_as_such(stream: Stream) -> None:
    """Its criterion is within its penalty of the truth for white noise, and far below for 1/f.

    A straight drift costs nothing more: it is fitted, which changes the noise by one number.
    """
    count = 10_000
    white = (noisy(stream, torch.zeros(count)).conductance - BASE).numpy() / uS
    plain = count * (math.log(2 * math.pi * white.var()) + 1)
    assert -50 < gaussian_bic(white) - plain < 30 * math.log(count)
    tilted = white + np.linspace(-3, 3, count)
    assert abs(gaussian_bic(tilted) - gaussian_bic(white)) < 20
    pink = (coloured(stream).conductance - BASE).numpy() / uS
    assert (
        gaussian_bic(pink)
        < count * (math.log(2 * math.pi * np.var(pink)) + 1) - 1_000
    )
