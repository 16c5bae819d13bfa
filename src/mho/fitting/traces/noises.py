"""1/f and white noise of a trace as the laws of cells and benches state them."""

from dataclasses import dataclass

import numpy as np

from mho.characterise.history import TraceHistory
from mho.characterise.telegraph import Estimate

FLICKER = "flicker.per_decade"
READ = "array.read_noise_off_chip"
_SURE = 1.96
_PLACES = 200


@dataclass(frozen=True, slots=True)
class FlickerSize:
    """1/f noise of one trace.

    Args:
        conductance: Median of the trace (S).
        deviation: Standard deviation for each decade of frequencies (S).
        relative: As the law states it, at its knee (1).
        error: Standard error of its logarithm (1).
        exponent: Exponent of the spectrum (1).
    """

    conductance: float
    deviation: float
    relative: float
    error: float
    exponent: Estimate


@dataclass(frozen=True, slots=True)
class WhiteSize:
    """White noise of one trace.

    Args:
        value: Standard deviation of a reading (S).
        error: Standard error of its logarithm (1).
    """

    value: float
    error: float


def flicker_of(history: TraceHistory, knee: float) -> FlickerSize | None:
    r"""1/f noise of a trace, `None` if it shows none or conducts nothing.

    Equal variance :math:`v` for each decade is a density :math:`v / (f \ln 10)`. Of a spectrum
    with another exponent it is the mean variance of a decade between the lowest frequency of the
    trace and the corner, above which white noise hides it.

    Args:
        history: What was found in the trace.
        knee: Conductance below which relative noise rises (S).
    """
    spectrum = history.spectrum
    if spectrum.flicker is None or spectrum.exponent is None:
        return None
    low = 1.0 / history.duration
    high = 0.5 / history.interval
    if spectrum.corner is not None:
        high = min(max(spectrum.corner.value, 10 * low), high)
    place = np.linspace(np.log(low), np.log(high), _PLACES)
    density = spectrum.flicker.value * np.exp(-spectrum.exponent.value * place)
    # variance between two frequencies is ∫ S f d ln f
    variance = np.trapezoid(density * np.exp(place), place)
    each = variance / ((place[-1] - place[0]) / np.log(10))
    deviation = float(np.sqrt(each))
    conductance = float(np.median([s.conductance for s in history.stretches]))
    if conductance <= 0:
        return None
    scale = np.sqrt(conductance * max(conductance, knee))
    return FlickerSize(
        conductance,
        deviation,
        deviation / float(scale),
        _error(spectrum.flicker) / 2,
        spectrum.exponent,
    )


def white_of(history: TraceHistory, time: float) -> WhiteSize:
    """White noise of a trace in a reading that averages over some time.

    Args:
        history: What was found in the trace.
        time: Time of a reading (s).
    """
    white = history.spectrum.white
    return WhiteSize(
        float(np.sqrt(white.value / (2 * time))), _error(white) / 2
    )


def _error(found: Estimate) -> float:
    """Standard error of a logarithm, from an interval."""
    if not 0 < found.low < found.high:
        return 0.0
    return float(np.log(found.high / found.low)) / (2 * _SURE)
