"""Mean and variance of a sample: against closed forms and against samples themselves."""

import math

import pytest
import torch

from mho.device.filament import Cells, moments
from mho.device.filament.moments import channel_moments
from mho.device.laws import Traps
from mho.device.published import preset
from mho.rng import Stream
from mho.units import uS


def _channel(capture: float, emission: float) -> Traps:
    one = torch.ones(1, 1, dtype=torch.float64)
    return Traps(3 * one, capture * one, emission * one, one, one > 0)


@pytest.mark.parametrize("integration", [1e-9, 1e-3, 0.019, 0.021, 0.5, 30.0])
def test_a_channel_has_the_moments_of_its_correlation(
    integration: float,
) -> None:
    """Var of a mean over T is (2/T²)∫(T − t)·p(1 − p)·e^(−λt) dt, summed here numerically."""
    traps = _channel(2.0, 0.5)
    mean, variance = channel_moments(traps, integration)
    filled = 0.5 / 2.5
    rate = 1 / 2.0 + 1 / 0.5
    assert float(mean) == pytest.approx(3 * (1 - filled), rel=1e-12)
    time = torch.linspace(0, integration, 200_001, dtype=torch.float64)
    inside = (
        (integration - time) * torch.exp(-rate * time) * filled * (1 - filled)
    )
    summed = 2 / integration**2 * float(torch.trapezoid(inside, time))
    assert float(variance) == pytest.approx(9 * summed, rel=2e-6)


def test_samples_scatter_as_the_moments_say(stream: Stream) -> None:
    """Copies of one noisy cell, long after: mean and variance within five standard errors.

    4,000 copies of each of 12 cells, samples of 1 ms; kurtosis K gives the error of a variance,
    √((K − 1)/n).
    """
    kind = (
        preset("rao2023")
        .replace(cell__stuck_fraction=0.0, telegraph__longest=10.0)
        .cell()
    )
    count = 4000
    origin = torch.arange(12).repeat_interleave(count)
    cells = Cells(kind, origin.numel(), stream, origin=origin)
    every = torch.arange(origin.numel())
    cells.pulse(
        every,
        torch.full((1, every.numel()), 1.5),
        1e-6,
        torch.full((every.numel(),), 9e-3),
        0.0,
    )
    state = cells.state.tensors()
    first = (every // count) * count
    for name, tensor in state.items():  # one life each, noise of their own
        if name not in ("flicker", "event", "traps.filled"):
            tensor.copy_(tensor.index_select(-1, first))
    mean, variance = moments(cells, every, 1e5, 1e-3)
    value = cells.sample(every, 1e5, 1e-3, 0.0, 1)[0].double().view(12, count)
    mean, variance = (
        x.double().view(12, count)[:, 0] for x in (mean, variance)
    )
    assert bool(
        ((value.mean(1) - mean).abs() < 5 * (variance / count).sqrt()).all()
    )
    away = value - value.mean(1, keepdim=True)
    kurtosis = away.pow(4).mean(1) / away.pow(2).mean(1).square()
    error = ((kurtosis - 1) / count).sqrt()
    assert bool(((away.pow(2).mean(1) / variance - 1).abs() < 5 * error).all())
    assert float(state["traps.amplitude"].max()) > 0.1 * uS


def test_looking_at_moments_changes_nothing(stream: Stream) -> None:
    """No draw, no state: the next sample is the same bits with and without."""
    kind = preset("rao2023").cell()
    one = Cells(kind, 50, stream)
    other = Cells(kind, 50, stream)
    every = torch.arange(50)
    mean, variance = moments(one, every, 10.0, 1e-3)
    assert bool((mean > 0).all())
    assert bool((variance > 0).all())
    assert torch.equal(
        *(c.sample(every, 10.0, 1e-3, 0.0, 1) for c in (one, other))
    )


def test_heat_moves_mean_and_noise_alike(stream: Stream) -> None:
    """A temperature factor f(G) scales the mean by f and the variance by f²."""
    kind = (
        preset("rao2023")
        .replace(cell__stuck_fraction=0.0, telegraph__births=0.0)
        .cell()
    )
    cells = Cells(kind, 30, stream, temperature=350.0)
    every = torch.arange(30)
    mean, variance = moments(cells, every, 10.0, 1e-3)
    base = cells.crept(every, 10.0, 0.0, 1)
    factor = (cells.warmed(every, base) / base)[0]
    law = kind.flicker
    decades = len(law.times) + law.white_decades(1e-3)
    torch.testing.assert_close(mean, base[0] * factor)
    torch.testing.assert_close(
        variance, law.scale(base[0]).square() * decades * factor.square()
    )
    assert math.isfinite(float(variance.sum()))
