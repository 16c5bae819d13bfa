r"""White and 1/f noise of a trace, fitted to its spectrum.

The one-sided density is taken as

.. math:: S(f) = w + k\,(f / 1\,\mathrm{Hz})^{-\alpha} ,

and the coefficients of a Fourier transform are independent and Gaussian, so that the periodogram
:math:`P` has the likelihood of Whittle (key: whittle1953)

.. math:: -\ln L = \sum_i \ln S(f_i) + P_i / S(f_i) .
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mho.characterise.telegraph import Array, Estimate

_SURE = 1.96
"""Half-width of a 95 % interval, in standard errors (1)."""
_EXPONENTS = (0.2, 2.5)
"""Exponents between which one is told from white noise and from a drift (1)."""
_BANDS = 400
"""Bands of frequencies at most; within one the density hardly changes (1)."""
_SMALL = 1e-4
"""Step of a numerical derivative (1)."""
_WIDEST = 5.0
"""Standard error of a logarithm beyond which nothing is known (1)."""


@dataclass(frozen=True, slots=True)
class NoiseSpectrum:
    """Noise of a trace besides its traps and jumps.

    Args:
        white: Density of the white noise (S²/Hz).
        flicker: Density of the 1/f noise at 1 Hz (S²/Hz); `None` if the trace does not show any.
        exponent: Exponent of the 1/f noise (1); `None` if the trace does not show any.
        corner: Frequency at which both are alike (Hz); `None` if the trace does not show it.
    """

    white: Estimate
    flicker: Estimate | None
    exponent: Estimate | None
    corner: Estimate | None

    def density(self, frequency: Array) -> Array:
        """One-sided spectral density (S²/Hz).

        Args:
            frequency: Where (Hz), above 0. Shape (frequencies,).
        """
        total = np.full(len(frequency), self.white.value)
        if self.flicker is not None and self.exponent is not None:
            falling = frequency**-self.exponent.value
            total = total + self.flicker.value * falling
        return total


def fit_spectrum(values: Array, interval: float) -> NoiseSpectrum:
    """Fit white and 1/f noise.

    Args:
        values: The trace without traps and jumps (S). Shape (samples,).
        interval: Time from sample to sample (s).
    """
    from scipy.optimize import minimize

    if float(np.ptp(values)) <= 1e-9 * float(np.abs(values).max()):
        return NoiseSpectrum(Estimate(0.0, 0.0, 0.0), None, None, None)
    frequency, power, number = _bands(values, interval)
    mean = float((power * number).sum() / number.sum())
    high = float(power[frequency > frequency[-1] / 4].mean())
    first = math.log(max(power[0], 1e-3 * mean) * max(frequency[0], 1e-9))

    def misfit(p: Array) -> float:
        density = np.exp(p[0]) + np.exp(p[1] - p[2] * np.log(frequency))
        return float((number * (np.log(density) + power / density)).sum())

    start = np.array([math.log(high), first, 1.0])
    bounds = [(None, None), (None, None), _EXPONENTS]
    found = minimize(misfit, start, method="L-BFGS-B", bounds=bounds)
    error = _errors(misfit, found.x)
    plain = float((number * (np.log(mean) + power / mean)).sum())
    # a criterion for two numbers more
    is_flicker = plain - found.fun > math.log(number.sum())
    if not is_flicker:
        relative = 1 / math.sqrt(number.sum())
        return NoiseSpectrum(
            _scaled(math.log(mean), relative), None, None, None
        )
    white, flicker, exponent = (float(x) for x in found.x)
    corner = None
    if (error[[0, 1]] < _WIDEST).all():
        place = (flicker - white) / exponent
        width = math.hypot(error[0], error[1]) / exponent
        seen = frequency[0] < math.exp(place) < frequency[-1]
        corner = _scaled(place, width) if seen else None
    half = _SURE * float(error[2])
    return NoiseSpectrum(
        white=_scaled(white, float(error[0])),
        flicker=_scaled(flicker, float(error[1])),
        exponent=Estimate(exponent, exponent - half, exponent + half),
        corner=corner,
    )


def _bands(values: Array, interval: float) -> tuple[Array, Array, Array]:
    """Frequencies (Hz), mean density (S²/Hz), and number of coefficients of each band (1)."""
    count = len(values)
    time = np.linspace(-1, 1, count)
    flat = values - values.mean()
    flat = flat - time * (time @ flat) / (time @ time)
    power = np.abs(np.fft.rfft(flat))[1:] ** 2 * 2 * interval / count
    # the last one stands alone, and the first is what a line has not taken away
    power = power[1:-1]
    frequency = np.fft.rfftfreq(count, interval)[2:-1]
    octave = np.log(frequency / frequency[0])
    band = (octave / octave[-1] * (_BANDS - 1)).astype(int)
    number = np.bincount(band, minlength=_BANDS).astype(float)
    used = number > 0
    mean_power = np.bincount(band, power, _BANDS)[used] / number[used]
    mean_frequency = np.bincount(band, frequency, _BANDS)[used] / number[used]
    return mean_frequency, mean_power, number[used]


def _errors(misfit: Callable[[Array], float], at: Array) -> Array:
    """Standard errors from the curvature of the likelihood. Shape (parameters,)."""
    size = len(at)
    curvature = np.empty((size, size))
    steps = _SMALL * np.eye(size)
    for i in range(size):
        for j in range(size):
            corners = (
                misfit(at + steps[i] + steps[j])
                - misfit(at + steps[i] - steps[j])
                - misfit(at - steps[i] + steps[j])
                + misfit(at - steps[i] - steps[j])
            )
            curvature[i, j] = corners / (4 * _SMALL**2)
    variance = np.diag(np.linalg.pinv(curvature))
    return np.sqrt(np.maximum(variance, 0.0))


def _scaled(logarithm: float, error: float) -> Estimate:
    """A number and its interval from its logarithm."""
    half = _SURE * error
    return Estimate(
        math.exp(logarithm),
        math.exp(logarithm - half),
        math.exp(min(logarithm + half, 700.0)),
    )
