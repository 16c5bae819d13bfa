"""The 1/f remainder: equal variance per decade, followed exactly or white."""

import math
from dataclasses import replace

import pytest
import torch

from mho.device import Cells
from mho.device.laws import Flicker
from mho.device.published import preset
from mho.rng import Stream
from reference import fresh, scale, watch


def _law(**changes: float) -> Flicker:
    return replace(preset("rao2023").cell().flicker, **changes)


def test_one_process_stands_in_the_middle_of_each_slow_decade() -> None:
    """Times are split·10^(k + 1/2), one for every decade up to `longest`. Exact to rounding."""
    assert _law(split=1.0, longest=1000.0).times == pytest.approx(
        [10**0.5, 10**1.5, 10**2.5], rel=1e-12
    )


def test_a_fresh_state_is_in_equilibrium(stream: Stream) -> None:
    """Each process is standard normal: mean ± 1/√n, variance ± √(2/n), five of those."""
    count = 200_000
    law = _law()
    state = fresh(law, stream.cells(torch.arange(count))).double()
    assert state.shape[0] == len(law.times)
    assert state.mean(1).abs().max() <= 5 / math.sqrt(count)
    assert (state.var(1) - 1).abs().max() <= 5 * math.sqrt(2 / count)


@pytest.mark.parametrize("seconds", [0.01, 1.0, 30.0, 1e5])
def test_equilibrium_stays_and_memory_decays(
    stream: Stream, seconds: float
) -> None:
    """Variance stays 1 under x·e^(−t/τ) + √(1 − e^(−2t/τ))·z; the correlation is e^(−t/τ).

    Standard errors at n = 200,000: √(2/n) for a variance, at most 1/√n for a correlation.
    """
    count = 200_000
    law = _law()
    key = stream.cells(torch.arange(count))
    state = fresh(law, key)
    later = watch(law, state, torch.full((count,), seconds), 0.0, key)[0]
    for number, time in enumerate(law.times):
        before = state[number].double()
        after = later[number].double()
        assert abs(float(after.var()) - 1) <= 5 * math.sqrt(2 / count)
        found = float(torch.corrcoef(torch.stack((before, after)))[0, 1])
        assert abs(found - math.exp(-seconds / time)) <= 5 / math.sqrt(count)


def test_no_time_changes_nothing(stream: Stream) -> None:
    """At t = 0 the factor is 1 and the noise 0, bitwise."""
    law = _law()
    key = stream.cells(torch.arange(1000))
    state = fresh(law, key)
    assert torch.equal(watch(law, state, torch.zeros(1000), 0.0, key)[0], state)


def test_scale_falls_with_the_root_of_conductance_below_the_knee() -> None:
    """ΔG = s·G at and above the knee, s·√(G·knee) below: ΔG/G goes as G^(−1/2). To 1e-12."""
    law = _law()
    knee = law.knee
    conductance = torch.tensor(
        [knee / 100, knee / 4, knee, 4 * knee], dtype=torch.float64
    )
    expected = (
        law.per_decade
        * knee
        * torch.tensor([0.1, 0.5, 1.0, 4.0], dtype=torch.float64)
    )
    torch.testing.assert_close(
        scale(law, conductance), expected, rtol=1e-12, atol=0.0
    )


def test_white_decades_count_from_the_integration_time_to_the_split() -> None:
    """log₁₀(split/max(integration, shortest)), and none from the split on. To 1e-12."""
    law = _law(shortest=1e-9, split=1.0)
    assert law.white_decades(1e-3) == pytest.approx(3.0, rel=1e-12)
    assert law.white_decades(1e-12) == pytest.approx(9.0, rel=1e-12)
    assert law.white_decades(1.0) == 0.0
    assert law.white_decades(50.0) == 0.0


def test_samples_of_a_cell_have_the_variance_of_all_their_decades(
    stream: Stream,
) -> None:
    """Var = (scale)²·(followed decades + white decades); samples differ by the white part alone.

    No traps, no creep. n = 100,000 cells of 50 µS: variances ± √(2/n). Between two samples one
    millisecond apart the followed processes move by 2(1 − e^(−t/τ)) ≤ 7e-4 in all, counted here.
    Single precision rounds 50 µS to 4e-12 S, below 1e-4 of the scale.
    """
    count = 100_000
    integration = 1e-3
    kind = preset("rao2023").replace(
        telegraph__births=0.0,
        relaxation__scale=0.0,
        cell__stuck_fraction=0.0,
        flicker__per_decade=1e-3,
    )
    cells = Cells(kind.cell(), count, stream, 300.0)
    law = kind.cell().flicker
    one, two = (
        v.double()
        for v in cells.sample(torch.arange(count), 0.0, integration, 1e-3, 2)
    )
    unit = float(scale(law, torch.tensor([50e-6], dtype=torch.float64))) ** 2
    white = law.white_decades(integration)
    slow = len(law.times)
    error = 5 * math.sqrt(2 / count)
    assert abs(float(one.var()) / unit / (slow + white) - 1) <= error + 1e-3
    moved = sum(2 * -math.expm1(-1e-3 / time) for time in law.times)
    assert (
        abs(float((two - one).var()) / unit / (2 * white + moved) - 1)
        <= error + 1e-3
    )
    variance = cells.white_variance(torch.tensor([50e-6]), integration)
    assert float(variance) == pytest.approx(unit * white, rel=2e-6)


def test_the_followed_processes_make_one_over_f() -> None:
    """A sum of Lorentzians with equal variance per decade has slope −1 ± 0.1 inside its band.

    S = Σ 4τ/(1 + (2πfτ)²); times one decade apart ripple by a few per cent. With three decades
    the band is too short to show it; ten are taken here, and seven fitted.
    """
    times = torch.tensor(
        _law(split=1e-5, longest=1e5).times, dtype=torch.float64
    )
    f = torch.logspace(-4, 3, 71, dtype=torch.float64)[:, None]
    y = (4 * times / (1 + (2 * math.pi * f * times) ** 2)).sum(1).log()
    x = f[:, 0].log() - f.log().mean()
    assert abs(float((x * y).sum() / x.square().sum()) + 1) <= 0.1
