"""Traps that are there are found, and no others."""

import math

import numpy as np
import pytest
import torch
from synthetic_trace import (
    BASE,
    INTERVAL,
    NOISE,
    TWO,
    coloured,
    fine,
    noisy,
    watched,
)

from mho.characterise.telegraph import TelegraphAnalysis, Trace, analyse_noise
from mho.characterise.telegraph.result import NoiseOptions
from mho.rng import Stream
from mho.units import uS


def truths(
    traps: tuple[tuple[float, float, float], ...],
) -> list[tuple[float, float, float]]:
    return sorted(((a * uS, c, e) for a, c, e in traps), reverse=True)


def in_codes(conductance: torch.Tensor, step: float) -> torch.Tensor:
    """What a converter with this step (S) makes of it (S)."""
    return (conductance / step).round() * step


def assert_close(
    found: TelegraphAnalysis,
    traps: tuple[tuple[float, float, float], ...],
    standard: float = 5.0,
) -> None:
    """Times within some standard errors, 1/√(dwells) of the logarithm, and amplitudes within 2 %.

    The fewest samples in a level are hundreds, so that noise moves an amplitude by less than
    0.2 µS/√100 = 0.02 µS, which is 2 % of 1 µS.
    """
    assert len(found.traps) == len(traps)
    for trap, (amplitude, capture, emission) in zip(
        found.traps, truths(traps), strict=True
    ):
        assert trap.amplitude.value == pytest.approx(amplitude, rel=0.02)
        dwells = found.duration / (capture + emission)
        for estimate, truth in (
            (trap.capture_time, capture),
            (trap.emission_time, emission),
        ):
            assert abs(math.log(estimate.value / truth)) < standard / math.sqrt(
                dwells
            )
        # Ends that agree count one jump fewer at most; pairs within a sample are not seen.
        assert trap.transitions == pytest.approx(
            dwells, rel=0.15, abs=5 * math.sqrt(dwells)
        )


@pytest.mark.parametrize("seed", range(3))
def test_two_traps_are_recovered(seed: int) -> None:
    """Number, amplitudes, times within five standard errors; noise to 5/√(2n) and 1 %."""
    found = analyse_noise(watched(Stream(seed), TWO))
    assert_close(found, TWO)
    assert found.noise == pytest.approx(
        NOISE, rel=0.01 + 5 / math.sqrt(2 * 10_000)
    )
    expected = [BASE + a * uS for a in (0.0, 3.0, 8.0, 11.0)]
    assert found.levels == pytest.approx(expected, rel=0, abs=0.1 * uS)
    assert found.complete
    assert all(trap.resolved for trap in found.traps)


def test_two_traps_of_one_size_and_three_of_similar_sizes_are_told_apart() -> (
    None
):
    """Equal amplitudes make three levels, of which the middle one is no jump within a sample."""
    equal = ((3.0, 10e-3, 15e-3), (3.0, 40e-3, 30e-3))
    found = analyse_noise(watched(Stream(1), equal))
    assert len(found.traps) == 2
    for trap in found.traps:
        assert trap.amplitude.value == pytest.approx(3 * uS, rel=0.02)
    three = ((3.0, 30e-3, 20e-3), (4.0, 100e-3, 50e-3), (5.0, 60e-3, 33e-3))
    assert_close(analyse_noise(watched(Stream(1), three, 6_000)), three)


@pytest.mark.parametrize("times", [(1.5, 2.0), (1.0, 4.0), (4.0, 4.0)])
def test_averaging_over_a_sample_biases_nothing(
    times: tuple[float, float],
) -> None:
    """A trap as fast as the sampling, simulated in steps of 1/100 of a sample, not by our law.

    Jumps within a sample are unseen, so 1/√(dwells) is too little: eight of them; below three
    samples the numbers are limits that the intervals say.
    """
    trap = (6.0, times[0] * INTERVAL, times[1] * INTERVAL)
    found = analyse_noise(fine(Stream(2), trap, 10_000, 100))
    assert len(found.traps) == 1
    one = found.traps[0]
    dwells = found.duration / sum(trap[1:])
    assert one.amplitude.value == pytest.approx(6 * uS, rel=0.01)
    for estimate, truth in (
        (one.capture_time, trap[1]),
        (one.emission_time, trap[2]),
    ):
        assert (
            abs(math.log(estimate.value / truth)) < 8 / math.sqrt(dwells) + 0.01
        )
        assert (estimate.low == 0) == (min(times) < 3)
    assert one.resolved == (min(times) >= 3)


@pytest.mark.parametrize("seed", range(5))
def test_noise_without_jumps_has_no_traps(seed: int) -> None:
    """White noise and 1/f noise with 5 seeds each: none in any of the ten."""
    stream = Stream(seed)
    white = analyse_noise(noisy(stream, torch.zeros(10_000)))
    assert white.traps == ()
    assert white.complete
    pink = analyse_noise(coloured(stream, 2_500))
    assert pink.traps == ()
    assert not pink.complete


def test_drift_is_no_trap(stream: Stream) -> None:
    for size in (0.3, 3.0):
        drift = torch.linspace(0, size * uS, 4_000, dtype=torch.float64)
        assert analyse_noise(noisy(stream, drift)).traps == ()


def test_a_few_spikes_change_nothing(stream: Stream) -> None:
    """Two samples far off: same traps, and times to their last digits but three."""
    trace = watched(stream, TWO[:1], 4_000)
    spiked = trace.conductance.clone()
    spiked[[500, 3_000]] = (
        BASE + torch.tensor([90.0, -60.0], dtype=torch.float64) * uS
    )
    plain, found = (
        analyse_noise(Trace(g, INTERVAL)) for g in (trace.conductance, spiked)
    )
    assert len(found.traps) == len(plain.traps) == 1
    for name in ("amplitude", "capture_time", "emission_time"):
        one, other = (getattr(a.traps[0], name).value for a in (plain, found))
        assert one == pytest.approx(other, rel=0.03)


def test_codes_of_a_converter_are_no_levels(stream: Stream) -> None:
    """1/f noise that runs over codes 1 µS apart jumps between them, and has no traps.

    A trap of 0.4 codes at the edge of two looks like one of a whole code: its size cannot be
    known, so it is none either.
    """
    pink = coloured(stream, 2_500).conductance
    assert analyse_noise(Trace(in_codes(pink, 1 * uS), INTERVAL)).traps == ()
    edge = watched(
        stream, ((0.4, 20e-3, 20e-3),), 2_500, noise=0.05 * uS
    ).conductance
    coded = in_codes(edge + 0.3 * uS, 1 * uS)
    assert len(coded.unique()) == 2
    assert analyse_noise(Trace(coded, INTERVAL)).traps == ()


def test_a_trap_is_found_among_codes_of_a_converter(stream: Stream) -> None:
    """As a simulated chip shows it: 1/f noise of a code, codes of 0.08 µS, a trap of 5 µS.

    Twenty or so dwells; times within five standard errors, and the amplitude to half a code.
    """
    truth = ((5.0, 6e-3, 77e-3),)
    pink = 0.05 * (coloured(stream, 3_000).conductance - BASE)
    seen = watched(stream, truth, 3_000, noise=0.02 * uS).conductance + pink
    (trap,) = analyse_noise(Trace(in_codes(seen, 0.08 * uS), INTERVAL)).traps
    assert trap.amplitude.value == pytest.approx(5 * uS, abs=0.04 * uS)
    for estimate, wanted in (
        (trap.capture_time, 6e-3),
        (trap.emission_time, 77e-3),
    ):
        assert abs(math.log(estimate.value / wanted)) < 5 / math.sqrt(3 / 0.083)


def test_a_constant_trace_is_an_answer() -> None:
    found = analyse_noise(Trace(torch.full((300,), 1e-4), INTERVAL))
    assert found.traps == ()
    assert found.levels == pytest.approx((1e-4,))
    assert found.as_json()["log_likelihood"] is None


def test_intervals_hold_the_truth() -> None:
    """18 traces of one trap with 95 % intervals: of 54 numbers, five standard errors below.

    A binomial count with p = 0.95: 54 · 0.95 − 5 √(54 · 0.95 · 0.05) = 43.3. Intervals that always
    hold would be worthless, so a few must miss or come close: none reaches over a factor 2.
    """
    truth = ((5.0, 18e-3, 25e-3),)
    held = []
    for seed in range(18):
        found = analyse_noise(watched(Stream(seed), truth, 3_000))
        (trap,) = found.traps
        parts = (trap.amplitude, trap.capture_time, trap.emission_time)
        for part, value in zip(parts, truths(truth)[0], strict=True):
            held.append(part.low <= value <= part.high)
            assert part.high < 2 * part.low
    assert sum(held) >= 43


def test_a_wanted_number_of_traps_is_given(stream: Stream) -> None:
    """One when two are there, and the fit says that it is not complete; two when one is there."""
    trace = watched(stream, TWO, 4_000)
    one = analyse_noise(trace, traps=1)
    assert len(one.traps) == 1
    assert not one.complete
    assert (
        len(analyse_noise(watched(stream, TWO[:1], 2_000), traps=2).traps) == 2
    )


def test_few_jumps_are_no_telegraph_noise(stream: Stream) -> None:
    """Two steps up and down of 20 σ are not enough; with the bar lowered they are a trap."""
    steps = torch.zeros(1_000)
    steps[200:400] = 4 * uS
    steps[700:800] = 4 * uS
    trace = noisy(stream, steps)
    assert analyse_noise(trace).traps == ()
    assert (
        len(
            analyse_noise(
                trace, options=NoiseOptions(transitions_min=1.5)
            ).traps
        )
        == 1
    )


def test_analyses_repeat_to_the_last_bit(stream: Stream) -> None:
    trace = watched(stream, TWO, 2_000)
    one = analyse_noise(trace)
    other = analyse_noise(trace)
    assert one.as_json() == other.as_json()
    assert np.array_equal(one.fitted.numpy(), other.fitted.numpy())


def test_wrong_options_are_refused(stream: Stream) -> None:
    trace = noisy(stream, torch.zeros(300))
    with pytest.raises(ValueError, match="`traps` must lie within"):
        analyse_noise(trace, traps=4)
    with pytest.raises(ValueError, match="`transitions_min`"):
        NoiseOptions(transitions_min=0.0)
