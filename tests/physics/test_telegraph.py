"""Random telegraph noise: the two-state process, its spectra, and the life of its traps."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mho.device import Cells
from mho.device.laws import TelegraphNoise
from mho.device.published import preset
from mho.rng import CellStream, Stream
from reference import (
    Traps,
    boosted,
    born,
    filled_moments,
    new,
    resolved,
)


def _law(**changes: float) -> TelegraphNoise:
    return replace(preset("rao2023").cell().telegraph, **changes)


TRAPS_ALONE = {
    "cell__stuck_fraction": 0.0,
    "flicker__per_decade": 0.0,
    "relaxation__scale": 0.0,
    "retention__scale": 0.0,
    "telegraph__births": 0.0,
    "telegraph__spawning": 0.0,
}


def _traps(
    count: int, capture: float, emission: float, filled: bool | Tensor
) -> Traps:
    """`count` cells with one channel of 1 S each."""
    one = torch.ones(1, count, dtype=torch.float64)
    state = (
        filled if isinstance(filled, Tensor) else torch.full((1, count), filled)
    )
    return Traps(one, one * capture, one * emission, one.clone(), state)


def _cells(stream: Stream, count: int) -> CellStream:
    return stream.cells(torch.arange(count))


def _trapped(
    stream: Stream,
    count: int,
    capture: float,
    emission: float,
    filled: bool | Tensor,
) -> Cells:
    """Cells of the product that show one channel of 1 S each, and nothing else."""
    kind = preset("rao2023").replace(**TRAPS_ALONE).cell()
    cells = Cells(kind, count, stream, 300.0)
    cells.column("core").zero_()
    cells.column("amplitude")[0] = 1.0
    cells.column("capture_time")[0] = capture
    cells.column("emission_time")[0] = emission
    cells.column("filled")[0] = torch.as_tensor(filled).to(torch.uint8)
    return cells


def _look(
    cells: Cells, now: float, integration: float, spacing: float, samples: int
) -> Tensor:
    """Filled share of the time in every sample. Shape (samples, cells)."""
    every = torch.arange(cells.count)
    seen = cells.sample(every, now, integration, spacing, samples)
    return 1 - seen.double()


def _start(stream: Stream, count: int, occupancy: float) -> Tensor:
    """States in equilibrium. Shape (cells,)."""
    draws = stream.child("start").cells(torch.arange(count)).uniform("start")
    return draws[0] <= occupancy


def _after(
    count: int, start: bool, times: list[float], stream: Stream
) -> float:
    """Share of filled traps (τc 2 s, τe 0.5 s) after several intervals in a row."""
    cells = _trapped(stream, count, 2.0, 0.5, start)
    now = 0.0
    for seconds in times:
        now += seconds
        _look(cells, now, 0.0, 0.0, 1)
    return float(cells.column("filled")[0].double().mean())


@pytest.mark.parametrize("start", [False, True])
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.4, 1.5, 40.0])
def test_a_trap_is_filled_with_the_closed_form_probability(
    stream: Stream, start: bool, seconds: float
) -> None:
    """dp/dt = (1 − p)/τc − p/τe gives p = p∞ + (s − p∞)·exp(−t(1/τc + 1/τe)).

    τc 2 s and τe 0.5 s: p∞ = 0.5/2.5 = 0.2, rate 2.5/s, written out here on purpose. The share
    of n traps has standard error √(p(1 − p)/n); five of them, and n = 200,000.
    """
    count = 200_000
    expected = 0.2 + (start - 0.2) * math.exp(-2.5 * seconds)
    share = _after(count, start, [seconds], stream)
    error = 5 * math.sqrt(expected * (1 - expected) / count)
    assert abs(share - expected) <= error + 1e-6


@pytest.mark.parametrize("start", [False, True])
def test_many_short_waits_are_one_long_wait(
    stream: Stream, start: bool
) -> None:
    """Semigroup: the propagators of 0.3, 0.05 and 0.45 s multiply to that of 0.8 s.

    Both shares are of independent traps; the bound is five standard errors of the closed form.
    """
    count = 200_000
    parts = _after(count, start, [0.3, 0.05, 0.45], stream)
    expected = 0.2 + (start - 0.2) * math.exp(-2.5 * 0.8)
    assert abs(parts - expected) <= 5 * math.sqrt(
        expected * (1 - expected) / count
    )


def test_occupancy_balances_capture_and_emission(stream: Stream) -> None:
    """Detailed balance: (1 − p)/τc = p/τe, as many captures as emissions.

    The flows are counted over a short wait from equilibrium, p = 0.2: both have mean
    n·p(1 − p)(1 − e^(−λt)), and their difference is at most one standard deviation of a sum of n
    terms of variance twice that; five of those.
    """
    count = 200_000
    start = _start(stream, count, 0.2)
    cells = _trapped(stream, count, 2.0, 0.5, start)
    _look(cells, 0.1, 0.0, 0.0, 1)
    later = cells.column("filled")[0].bool()
    captures = (~start & later).sum()
    emissions = (start & ~later).sum()
    flow = count * 0.2 * 0.8 * (1 - math.exp(-2.5 * 0.1))
    assert abs(float(captures - emissions)) <= 5 * math.sqrt(2 * flow)
    assert abs(float(captures) - flow) <= 5 * math.sqrt(flow)


@pytest.mark.parametrize("lag", [0.05, 0.2, 0.8])
def test_autocorrelation_decays_with_both_rates(
    stream: Stream, lag: float
) -> None:
    """ρ(t) = exp(−t(1/τc + 1/τe)), from equilibrium traps at two times.

    The correlation of n pairs of numbers of fourth moment μ₄ has a standard error below
    √(max(1, μ₄/σ⁴)/n); here μ₄/σ⁴ = 1/(p(1 − p)) − 3 = 3.25.
    """
    count = 400_000
    start = _start(stream, count, 0.2)
    cells = _trapped(stream, count, 2.0, 0.5, start)
    _look(cells, lag, 0.0, 0.0, 1)
    pair = torch.stack((start, cells.column("filled")[0])).double()
    found = float(torch.corrcoef(pair)[0, 1])
    assert abs(found - math.exp(-2.5 * lag)) <= 5 * math.sqrt(3.25 / count)


def test_one_trap_has_a_lorentzian_spectrum(stream: Stream) -> None:
    """S(f) = 4p(1 − p)/λ / (1 + (2πf/λ)²) one-sided; corner λ/2π with λ = 1/τc + 1/τe.

    Sampled every h without averaging the spectrum folds to the exact discrete form
    2h·p(1 − p)(1 − r²)/(1 − 2r·cos(2πfh) + r²), r = e^(−λh). A periodogram of N points smears
    that by O(1/(λNh)), 0.5 % here: λNh = 205. One periodogram value is exponential, so the mean
    of n traces has a relative standard error 1/√n; n = 4,000, five of them plus the smear.
    """
    count = 4_000
    points = 1024
    h = 0.08
    rate = 2.5
    p = 0.2
    start = _start(stream, count, p)
    cells = _trapped(stream, count, 1 / (rate * p), 1 / (rate * (1 - p)), start)
    trace = _look(cells, 0.0, 0.0, h, points)
    power = (
        torch.fft.rfft(trace - p, dim=0).abs().square().mean(1) * 2 * h / points
    )
    f = torch.fft.rfftfreq(points, h, dtype=torch.float64)
    r = math.exp(-rate * h)
    folded = 1 - 2 * r * torch.cos(2 * math.pi * f * h) + r * r
    expected = 2 * h * p * (1 - p) * (1 - r * r) / folded
    chosen = torch.tensor([2, 8, 33, 66, 130, 260, 500])
    ratio = (power / expected)[chosen]
    assert (ratio - 1).abs().max() <= 5 / math.sqrt(count) + 0.01
    low = f * h < 0.02
    lorentz = 4 * p * (1 - p) / rate / (1 + (2 * math.pi * f / rate) ** 2)
    torch.testing.assert_close(expected[low], lorentz[low], rtol=0.02, atol=0.0)


def test_many_traps_make_a_one_over_f_spectrum(stream: Stream) -> None:
    """∫ d(ln τ) τ/(1 + (2πfτ)²) = const/f inside the band of time constants.

    Times run from 1 µs to 1,000 s, nine decades; the fit spans 1e-2 to 1e3 Hz, five decades, at
    least a decade inside both ends. 200,000 traps leave some 3 % of scatter a decade (the
    asymmetry spreads the strengths), far less than the 0.1 in the slope that is the claim.
    """
    count = 200_000
    law = _law()
    traps = new(law, torch.ones(count), _cells(stream, count))
    rate = traps.rate.double()
    p = traps.occupancy.double()
    f = torch.logspace(-2, 3, 26, dtype=torch.float64)[:, None]
    power = (4 * p * (1 - p) / rate / (1 + (2 * math.pi * f / rate) ** 2)).sum(
        1
    )
    x = f[:, 0].log()
    y = power.log()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (
        x - x.mean()
    ).square().sum()
    assert abs(float(slope) + 1) <= 0.1
    local = (y[5:] - y[:-5]) / (x[5:] - x[:-5])
    assert (local + 1).abs().max() <= 0.1


def _stepped_mean(
    x: float, start: bool, p: float, stream: Stream, count: int
) -> Tensor:
    """Filled fraction of the time, by 40 exact steps per relaxation time or 100 in all."""
    steps = max(100, int(40 * x)) if x <= 100 else 4000
    memory = math.exp(-x / steps)
    filled = torch.full((count,), start)
    total = torch.zeros(count)
    draws = stream.generator()
    for _ in range(steps):
        here = filled.float()
        chance = p + (here - p) * memory
        filled = torch.rand(count, generator=draws) <= chance
        total += 0.5 * (here + filled.float())
    return total.double() / steps


@pytest.mark.parametrize("start", [False, True])
@pytest.mark.parametrize("x", [1e-2, 0.1, 0.45, 0.55, 2.0, 10.0, 100.0, 1e3])
def test_the_average_has_the_mean_and_variance_of_the_process(
    stream: Stream, x: float, start: bool
) -> None:
    """Mean and variance of the filled time against brute-force stepping, x = λt.

    Below x = 1/2 a trap flips at most once, which misses the flips back: x/6 of the mean way from
    the start (second order of the exact mean 1 − (1 − e^−x)/x against (1 − e^−x)/2), and x/3 of
    the variance. Above, a Beta number has both moments; the cube of a normal number that makes it
    is good to 1 % of them. To these come five standard errors of both samples.
    """
    count = 20_000
    p = 0.3
    # a rate of 1/s: the integration in seconds is x
    cells = _trapped(stream, count, 1 / p, 1 / (1 - p), start)
    found = _look(cells, 0.0, x, x, 1)[0]
    brute = _stepped_mean(x, start, p, stream.child("brute"), count)
    mean = float(brute.mean())
    variance = float(brute.var())
    fourth = float((brute - mean).pow(4).mean())
    mean_off = (
        x / 6 * abs(mean - start) if x < 0.5 else 0.01 * math.sqrt(variance)
    )
    lost = x / 3 if x < 0.5 else 0.01
    assert abs(float(found.mean()) - mean) <= mean_off + 5 * math.sqrt(
        2 * variance / count
    )
    error = 5 * math.sqrt(2 * (fourth - variance**2) / count)
    assert abs(float(found.var()) - variance) <= lost * variance + error


@pytest.mark.parametrize("start", [0.0, 1.0])
@pytest.mark.parametrize("x", [0.5, 1.7, 30.0, 1e3])
def test_the_two_moments_are_the_integrals_of_the_process(
    x: float, start: float
) -> None:
    """E = ∫m and Var = 2∫∫ m(u)(1 − m(u))e^(−(v−u)), u < v, over 0 … x, over x and x².

    m(u) = p + (s − p)e^(−u) is the filled probability and e^(−(v−u)) the memory from u to v. The
    inner integral is 1 − e^(−(x−u)); the outer is done here by Simpson's rule on 20,001 points,
    whose error is far below 1e-6.
    """
    p = 0.3
    u = torch.linspace(0, x, 20_001, dtype=torch.float64)
    weight = torch.full_like(u, 2.0)
    weight[1::2] = 4.0
    weight[0] = 1.0
    weight[-1] = 1.0
    weight *= x / 20_000 / 3
    filled = p + (start - p) * torch.exp(-u)
    mean = float((weight * filled).sum()) / x
    inner = filled * (1 - filled) * -torch.expm1(u - x)
    variance = 2 * float((weight * inner).sum()) / x**2
    one = torch.ones(1, dtype=torch.float64)
    found = filled_moments(one * x, one * start, one * p)
    assert float(found[0]) == pytest.approx(mean, rel=1e-6)
    assert float(found[1]) == pytest.approx(variance, rel=1e-5)


@pytest.mark.parametrize("step_in_scales", [0.0, 0.1, 1.0, -1.0, 20.0])
def test_births_are_poisson_with_a_saturating_mean(
    stream: Stream, step_in_scales: float
) -> None:
    """Mean and variance are both λ₀(1 − e^(−|ΔG|/ΔG_s)); λ₀ = 1.5, so at most 1.5.

    The cut at 8 has a probability of 3e-5 at 1.5 and shifts mean and variance by less than 1e-3,
    inside the bounds. The sample mean has variance λ/n and the sample variance (λ + 2λ²)/n.
    """
    count = 200_000
    law = _law()
    mean = 1.5 * -math.expm1(-abs(step_in_scales))
    step = torch.full((count,), step_in_scales * law.birth_step)
    number = born(law, step, _cells(stream, count)).double()
    assert (
        abs(float(number.mean()) - mean) <= 5 * math.sqrt(mean / count) + 1e-12
    )
    error = 5 * math.sqrt((mean + 2 * mean**2) / count)
    assert abs(float(number.var()) - mean) <= error + 1e-12
    assert int(number.max()) <= 8


def _draw(key: CellStream) -> Tensor:
    """Uniform numbers for one slot and one pulse."""
    return key.uniform("cleaning")[:, None]


def _probability(
    law: TelegraphNoise, volts: float, width: float, key: CellStream
) -> float:
    """Share of channels with cleaning voltage 0.5 V that one pulse resolves."""
    count = key.key.shape[0]
    traps = replace(
        _traps(count, 1.0, 1.0, False),
        cleaning_voltage=torch.full((1, count), 0.5, dtype=torch.float64),
    )
    amplitude = torch.full((count,), volts, dtype=torch.float64)
    return float(
        resolved(law, traps, amplitude[None], width, _draw(key)).double().mean()
    )


@pytest.mark.parametrize("volts", [0.5, -0.5, 0.53, 0.8, 0.3])
def test_two_half_pulses_clean_like_one_full_pulse(
    stream: Stream, volts: float
) -> None:
    """Survival is (1 − p_max)^(σ((|V| − V_c)/V_w)·t/t_d), so half widths multiply exactly.

    At the full width t_d and V = V_c survival is √(1/2) by the formula, written out here; the
    half-width survival, squared, must give the same. Five standard errors of n draws: the square
    doubles that of the share.
    """
    count = 400_000
    law = _law()
    assert law.cleaning_probability == 0.5
    key = _cells(stream, count)
    onset = 1 / (1 + math.exp(-(abs(volts) - 0.5) / law.cleaning_slope))
    keep = 0.5**onset
    full = 1 - _probability(law, volts, law.cleaning_width, key)
    half = 1 - _probability(
        law, volts, law.cleaning_width / 2, key.child("half")
    )
    error = 5 * math.sqrt(keep * (1 - keep) / count)
    assert abs(full - keep) <= error + 5e-6
    assert (
        abs(half**2 - keep)
        <= 10 * math.sqrt(math.sqrt(keep) * (1 - keep**0.5) / count) + 5e-6
    )


def test_pulse_and_two_halves_survive_alike_draw_for_draw(
    stream: Stream,
) -> None:
    """The identity is exact in the exponent: a threshold u ≤ 1 − q² is one that 1 − q allows.

    For every u, u ≤ 1 − √k·√k is the full pulse. With the same draws the full pulse resolves
    every channel the half pulse resolves, and the shares differ by √k(1 − √k), five standard
    errors.
    """
    count = 400_000
    law = _law()
    key = _cells(stream, count)
    traps = _traps(count, 1.0, 1.0, False)
    amplitude = torch.ones(count, dtype=torch.float64)
    full = resolved(
        law, traps, amplitude[None], law.cleaning_width, _draw(key)
    )[:, 0]
    half = resolved(
        law, traps, amplitude[None], law.cleaning_width / 2, _draw(key)
    )[:, 0]
    assert not (half & ~full).any()
    expected = 0.5**0.25 * (1 - 0.5**0.25)
    extra = float((full & ~half).double().mean())
    assert abs(extra - expected) <= 5 * math.sqrt(expected / count)


def test_an_empty_slot_is_never_resolved() -> None:
    """A channel of amplitude 0 is no channel, however strong the pulse."""
    traps = Traps.none(4, 1000)
    gone = resolved(
        _law(),
        traps,
        torch.full((1, 1000), 9.0),
        1.0,
        torch.full((4, 1, 1000), 1e-9),
    )
    assert not gone.any()


def test_channel_conductances_are_log_normal_and_cut(stream: Stream) -> None:
    """Conductance A: ln A is normal around ln A₀ with the stated spread; none exceeds A_max.

    Uncut, the mean of ln A has standard error σ/√n and its standard deviation σ/√(2n). Cut at
    A₀e^σ, the share at the cut is P(z > 1) = 0.15866.
    """
    count = 200_000
    law = _law(amplitude_max=1.0)
    key = _cells(stream, count)
    logs = new(law, torch.ones(count), key).amplitude[0].double().log()
    sigma = law.amplitude_spread
    assert abs(
        float(logs.mean()) - math.log(law.amplitude)
    ) <= 5 * sigma / math.sqrt(count)
    assert abs(float(logs.std()) - sigma) <= 5 * sigma / math.sqrt(2 * count)
    top = law.amplitude * math.exp(sigma)
    cut = new(
        replace(law, amplitude_max=top), torch.ones(count), key
    ).amplitude[0]
    assert float(cut.max()) <= top * (1 + 1e-6)
    share = float((cut >= top * (1 - 1e-6)).double().mean())
    assert abs(share - 0.15866) <= 5 * math.sqrt(0.15866 * 0.84134 / count)


def test_times_are_log_uniform_between_shortest_and_longest(
    stream: Stream,
) -> None:
    """Share u = ln(√(τcτe)/shortest)/ln(longest/shortest) is uniform: mean 1/2, variance 1/12.

    Standard errors √(1/12n) and √(1/180n); the range is that of the uniform numbers, to the
    rounding of single precision (1e-5 of the logarithm).
    """
    count = 200_000
    law = _law()
    traps = new(law, torch.ones(count), _cells(stream, count))
    centre = (
        traps.capture_time.double() * traps.emission_time.double()
    ).sqrt()[0]
    u = (centre / law.shortest).log() / math.log(law.longest / law.shortest)
    assert abs(float(u.mean()) - 0.5) <= 5 / math.sqrt(12 * count)
    assert abs(float(u.var()) - 1 / 12) <= 5 / math.sqrt(180 * count)
    assert float(u.min()) >= -1e-5
    assert float(u.max()) <= 1 + 1e-5


def test_asymmetry_is_the_spread_of_the_log_ratio(stream: Stream) -> None:
    """ln(τc/τe) is normal around 0 with standard deviation `asymmetry`; 0 makes them equal."""
    count = 200_000
    law = _law(asymmetry=1.4)
    key = _cells(stream, count)
    traps = new(law, torch.ones(count), key)
    ratio = (traps.capture_time / traps.emission_time).double().log()[0]
    assert abs(float(ratio.mean())) <= 5 * 1.4 / math.sqrt(count)
    assert abs(float(ratio.std()) - 1.4) <= 5 * 1.4 / math.sqrt(2 * count)
    even = new(_law(asymmetry=0.0), torch.ones(count), key)
    torch.testing.assert_close(
        even.capture_time, even.emission_time, rtol=2e-6, atol=0.0
    )


def test_new_traps_start_in_equilibrium(stream: Stream) -> None:
    """Filled with probability τe/(τc + τe): the excess over the mean occupancy averages to 0.

    Each term has a variance of at most 1/4.
    """
    count = 200_000
    traps = new(_law(asymmetry=2.0), torch.ones(count), _cells(stream, count))
    excess = (traps.filled.double() - traps.occupancy.double())[0]
    assert abs(float(excess.mean())) <= 2.5 / math.sqrt(count)
    high = traps.occupancy[0] > 0.8
    assert abs(float(excess[high].mean())) <= 2.5 / math.sqrt(int(high.sum()))


def test_cleaning_voltages_are_uniform_fractions_of_the_switching_voltage(
    stream: Stream,
) -> None:
    """V_c/V_s is uniform on cleaning_low … cleaning_high: mean in the middle, width²/12."""
    count = 200_000
    law = _law()
    fraction = (
        new(
            law, torch.full((count,), 2.0), _cells(stream, count)
        ).cleaning_voltage[0]
        / 2
    )
    width = law.cleaning_high - law.cleaning_low
    middle = (law.cleaning_high + law.cleaning_low) / 2
    found = fraction.double()
    assert abs(float(found.mean()) - middle) <= 5 * width / math.sqrt(
        12 * count
    )
    assert abs(float(found.var()) - width**2 / 12) <= 5 * width**2 / math.sqrt(
        180 * count
    )


def test_voltage_speeds_trapping_up_by_e_per_boost() -> None:
    """Ageing t·e^((|V| − V₀)/V_b) in all, t of it by the clock: the rest is e − 1 one `boost` up.

    Nothing is left at V₀ and, because the clock never stops, at 0 V.

    Single precision carries 1e-6.
    """
    law = _law()
    volts = torch.tensor([law.boost_from, -law.boost_from - law.boost, 0.0])
    aged = boosted(law, volts, 2e-6)
    torch.testing.assert_close(
        aged, torch.tensor([0.0, 2e-6 * (math.e - 1), 0.0]), rtol=4e-6, atol=0.0
    )


def test_a_filled_trap_blocks_its_channel() -> None:
    """Conductance is the sum over channels whose trap is empty; exact."""
    traps = Traps(
        torch.tensor([[1.0, 2.0], [4.0, 8.0]]),
        torch.ones(2, 2),
        torch.ones(2, 2),
        torch.ones(2, 2),
        torch.tensor([[True, False], [False, False]]),
    )
    assert traps.conductance.tolist() == [4.0, 10.0]
