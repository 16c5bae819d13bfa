"""Mean and variance of a sample: against closed forms and against samples themselves."""

import pytest
import torch

from mho.device import Cells
from mho.device.published import preset
from mho.rng import Stream
from mho.units import uS
from reference import Traps, channel_moments, scale, warming_factor


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


def test_cells_have_the_moments_of_their_channels(stream: Stream) -> None:
    """The compiled law against the one above, for integrations of 1e-6 to 1e4 memory times.

    From x = 0.02 on x − 1 + e^−x is a difference of numbers near 1: 2·6e-8/x² of the variance,
    3e-4 at the border to the series, whose next term is x³/60. The mean is good to 1e-6.
    """
    kind = preset("rao2023").replace(
        cell__stuck_fraction=0.0,
        flicker__per_decade=0.0,
        relaxation__scale=0.0,
        telegraph__births=0.0,
    )
    x = torch.logspace(-6, 4, 201)
    cells = Cells(kind.cell(), x.numel(), stream, 300.0)
    cells.column("core").zero_()
    cells.column("amplitude")[1] = 3e-6
    cells.column("capture_time")[1] = 5 / x
    cells.column("emission_time")[1] = 1.25 / x
    found = cells.moments(torch.arange(x.numel()), 1.0, 1.0)
    one = torch.ones(1, x.numel(), dtype=torch.float64)
    times = cells.column("capture_time")[1:2].double()
    traps = Traps(3e-6 * one, times, times / 4, one, one > 0)
    mean, variance = channel_moments(traps, 1.0)
    torch.testing.assert_close(found[0].double(), mean[0], rtol=1e-6, atol=0.0)
    off = (found[1] / variance[0] - 1).abs()
    allowed = torch.where(x < 0.02, 1e-6, 1e-6 + 2.4e-7 / x.square())
    assert (off <= allowed).all()


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
    cells = Cells(kind, origin.numel(), stream, 300.0, origin)
    every = torch.arange(origin.numel())
    cells.pulse(
        every,
        torch.full((1, every.numel()), 1.5),
        1e-6,
        torch.full((every.numel(),), 9e-3),
        0.0,
    )
    state = cells.tensors()
    first = (every // count) * count
    for name, tensor in state.items():  # one life each, noise of their own
        if name not in ("flicker", "event", "traps.filled"):
            tensor.copy_(tensor.index_select(-1, first))
    mean, variance = cells.moments(every, 1e5, 1e-3)
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
    one = Cells(kind, 50, stream, 300.0)
    other = Cells(kind, 50, stream, 300.0)
    every = torch.arange(50)
    mean, variance = one.moments(every, 10.0, 1e-3)
    assert bool((mean > 0).all())
    assert bool((variance > 0).all())
    assert torch.equal(
        *(c.sample(every, 10.0, 1e-3, 0.0, 1) for c in (one, other))
    )


def test_heat_moves_mean_and_noise_alike(stream: Stream) -> None:
    """A temperature factor f(G) scales the mean by f and the variance by f².

    Without creep the mean is the core, and the variance one per decade. Single precision: 2e-6.
    """
    kind = (
        preset("rao2023")
        .replace(
            cell__stuck_fraction=0.0,
            telegraph__births=0.0,
            relaxation__scale=0.0,
            retention__scale=0.0,
        )
        .cell()
    )
    cells = Cells(kind, 30, stream, temperature=350.0)
    every = torch.arange(30)
    mean, variance = cells.moments(every, 10.0, 1e-3)
    core = cells.column("core")
    own = cells.column("temperature_draw")
    factor = warming_factor(kind.temperature, core, own, 350.0)
    assert float((factor - 1).abs().max()) > 1e-3
    law = kind.flicker
    decades = len(law.times) + law.white_decades(1e-3)
    expected = scale(law, core).square() * decades * factor.square()
    torch.testing.assert_close(mean, core * factor, rtol=2e-6, atol=0.0)
    torch.testing.assert_close(variance, expected, rtol=2e-6, atol=0.0)
