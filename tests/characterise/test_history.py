"""Settling, jumps and telegraph noise of traces that are not the same all along."""

import json

import numpy as np
import numpy.typing as npt
import pytest
import torch

from mho.characterise.history import (
    TraceHistory,
    fit_spectrum,
    history_from_json,
    trace_history,
)
from mho.characterise.history.trap_search import common_sizes
from mho.characterise.telegraph import Trace
from mho.rng import Stream
from mho.units import ms, uS

INTERVAL = 2.5 * ms
NOISE = 0.3 * uS
SAMPLES = 20_000

Array = npt.NDArray[np.float64]


def normals(name: str, samples: int = SAMPLES) -> Array:
    draws = Stream(5).child(name).generator()
    found: Array = torch.randn(
        samples, generator=draws, dtype=torch.float64
    ).numpy()
    return found


def flicker(name: str, deviation: float, samples: int = SAMPLES) -> Array:
    """Gaussian noise of density 1/f, made in the frequency domain."""
    amplitude = np.zeros(samples // 2 + 1)
    amplitude[1:] = np.arange(1, samples // 2 + 1) ** -0.5
    coefficients = normals(name, len(amplitude)) + 1j * normals(
        name + " imaginary", len(amplitude)
    )
    made = np.fft.irfft(amplitude * coefficients, samples)
    scaled: Array = deviation * made / made.std()
    return scaled


def telegraph(name: str, high: float, low: float) -> Array:
    """A state of 0 and 1 with exponential dwells (s)."""
    draws = Stream(5).child(name).generator()
    dwells = torch.empty(SAMPLES, dtype=torch.float64)
    dwells.exponential_(generator=draws)
    lasts = dwells.numpy()
    lasts[0::2] *= high
    lasts[1::2] *= low
    ends = np.cumsum(lasts)
    place = np.searchsorted(ends, np.arange(SAMPLES) * INTERVAL)
    state: Array = 1.0 - place % 2
    return state


def history(values: Array) -> TraceHistory:
    return trace_history(Trace(torch.from_numpy(values), INTERVAL))


@pytest.fixture(scope="module")
def eventful() -> TraceHistory:
    """Settling within 0.5 s, a trap of 2 µS until 30 s, a jump of 6 µS at 40 s, 0.1 µS codes."""
    time = np.arange(SAMPLES) * INTERVAL
    trap = 2 * uS * telegraph("trap", 80 * ms, 120 * ms)
    values = 180 * uS + NOISE * normals("white")
    values += flicker("wander", 0.2 * uS)
    values -= 12 * uS * np.exp(-time / 0.15)
    values += np.where(time < 30, trap, 0.0)
    values += np.where(time < 40, 0.0, 6 * uS)
    return history(np.round(values / (0.1 * uS)) * (0.1 * uS))


def test_settling_is_told_from_what_follows(eventful: TraceHistory) -> None:
    """12 µS e^(-t/0.15 s) is below three times the noise after 0.15 s ln 13 = 0.4 s."""
    settling = eventful.settling
    assert settling is not None
    assert 0.2 < settling.duration < 1.0
    assert settling.end - settling.begin > 8 * uS


def test_a_trap_is_found_where_it_is_active(eventful: TraceHistory) -> None:
    """150 cycles: times within five standard errors of 1/√150 in the logarithm."""
    active = [s for s in eventful.stretches if s.traps]
    assert active
    (trap,) = active[0].traps
    # half a hundred blocks without changes may pass before a border is sure
    assert 29 < active[-1].end < 36
    assert trap.amplitude.value == pytest.approx(2 * uS, rel=0.05)
    for estimate, truth in (
        (trap.emission_time, 120 * ms),
        (trap.capture_time, 80 * ms),
    ):
        assert abs(np.log(estimate.value / truth)) < 5 / np.sqrt(150)


def test_a_jump_is_found_and_no_other(eventful: TraceHistory) -> None:
    """Within a sample or two, and within the noise of 32 samples and the wander."""
    (jump,) = [jump for jump in eventful.jumps if not jump.settling]
    assert jump.time == pytest.approx(40, abs=3 * INTERVAL)
    assert jump.change == pytest.approx(6 * uS, abs=0.5 * uS)


def test_the_converter_shows(eventful: TraceHistory) -> None:
    assert eventful.converter_step == pytest.approx(0.1 * uS, rel=1e-3)
    assert eventful.noise == pytest.approx(NOISE, rel=0.15)


def test_a_history_comes_back_from_json(eventful: TraceHistory) -> None:
    told = eventful.as_json()
    again = history_from_json(json.loads(json.dumps(told)))
    assert again.as_json() == told


@pytest.mark.parametrize("white", [0.0, 0.3, 3.0])
def test_noise_alone_has_no_traps(white: float) -> None:
    """White and 1/f noise are Gaussian, whatever their ratio; three traces of each.

    The largest of some thousand steps of 1/f noise may be five times the noise of a sample.
    """
    for number in range(3):
        values = 100 * uS + white * uS * normals(f"white {number}")
        values += flicker(f"flicker {number}", 1 * uS)
        found = history(values)
        assert not any(stretch.traps for stretch in found.stretches)
        assert len(found.jumps) <= 1


def test_the_spectrum_of_noise_is_fitted() -> None:
    """White noise has the density 2 σ² Δt; an exponent of 1 is inside its own interval."""
    values = NOISE * normals("white only")
    white = fit_spectrum(values, INTERVAL)
    assert white.exponent is None
    assert white.white.value == pytest.approx(
        2 * NOISE**2 * INTERVAL, rel=5 / np.sqrt(SAMPLES / 2)
    )
    both = fit_spectrum(values + flicker("one over f", 0.5 * uS), INTERVAL)
    assert both.exponent is not None
    half = both.exponent.high - both.exponent.value
    assert abs(both.exponent.value - 1) < 2.5 * half
    assert both.corner is not None


def test_the_sizes_of_most_steps_are_found_the_most_frequent_first() -> None:
    """Steps of 5 and of 2, with either sign, and of 0, which are of no size.

    They are the maxima of a density that is summed over all steps at every place of a grid of
    0.001, within half the finder's own step of 0.02.
    """
    large = 5 * np.exp(0.05 * normals("large", 120))
    small = 2 * np.exp(0.05 * normals("small", 80))
    steps = np.concatenate((large, -small, np.zeros(40)))
    found = common_sizes(steps, 4, 8.0)
    assert len(found) == 2
    for size, one in zip(found, (large, small), strict=True):
        axis = np.arange(-0.2, 0.2, 0.001) + np.log(one).mean()
        away = (axis[:, None] - np.log(one)) / 0.08
        top = axis[np.exp(-(away**2) / 2).sum(1).argmax()]
        assert np.log(size) == pytest.approx(top, abs=0.011)
    assert common_sizes(np.zeros(40), 4, 8.0) == []
