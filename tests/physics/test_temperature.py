"""Temperature: Arrhenius rates for traps and ions, and a coefficient that changes sign."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import mho
from mho.device import Cells
from mho.device.laws import Temperature
from mho.device.published import preset
from mho.rng import Stream
from mho.units import G0, eV
from reference import warming_factor

HOT = 340.0
QUIET = {
    "telegraph__births": 0.0,
    "telegraph__spawning": 0.0,
    "flicker__per_decade": 0.0,
    "cell__stuck_fraction": 0.0,
    "temperature__coefficient": 0.0,
    "temperature__coefficient_spread": 0.0,
    "relaxation__scale": 1.0,
    "retention__scale": 1.0,
}
FASTER = math.exp(1.2 * 1.602176634e-19 / 1.380649e-23 * (1 / 300 - 1 / HOT))
"""A(340 K) for 1.2 eV from 300 K on, written out: 235."""


def _law(**changes: float) -> Temperature:
    return replace(preset("rao2023").cell().temperature, **changes)


def _look(cells: Cells, now: float) -> Tensor:
    return cells.sample(torch.arange(cells.count), now, 1e-6, 0.0, 1)[
        0
    ].double()


def _creeping(stream: Stream, count: int = 200) -> Cells:
    """Cells that creep and do nothing else, switched at 0 s."""
    cells = Cells(
        preset("rao2023").replace(**QUIET).cell(), count, stream, 300.0
    )
    cells.age(torch.arange(count), 1.0, 0.0)
    cells.column("core").fill_(400e-6)
    return cells


def test_rates_follow_arrhenius() -> None:
    """A = exp(E/k_B·(1/T₀ − 1/T)): 1 at T₀, inverse for a mirrored 1/T, e per k_B·Δ(1/T).

    To 1e-9; ion and trap energy are taken each for its own.
    """
    law = _law(ion_energy=1.2 * eV, trap_energy=0.6 * eV)
    assert law.ion_acceleration(300.0) == law.trap_acceleration(300.0) == 1.0
    assert law.ion_acceleration(HOT) == pytest.approx(FASTER, rel=1e-9)
    assert law.trap_acceleration(HOT) == pytest.approx(
        math.sqrt(FASTER), rel=1e-9
    )
    cold = 1 / (2 / 300 - 1 / HOT)
    assert law.ion_acceleration(cold) == pytest.approx(1 / FASTER, rel=1e-9)
    assert _law(ion_energy=0.0).ion_acceleration(HOT) == 1.0


def test_the_coefficient_changes_sign_at_the_crossover() -> None:
    """κ = α(G_x − G)/(G_x + G): α at 0, 0 at G_x, −α/2 at 3G_x, towards −α far above. To 1e-12."""
    law = _law(coefficient=3e-4, crossover=G0)
    g = torch.tensor([0.0, G0, 3 * G0, 1e6 * G0], dtype=torch.float64)
    factor = warming_factor(law, g, torch.zeros(4), 310.0)
    expected = [1 + 3e-3, 1.0, 1 - 1.5e-3, 1 - 3e-3]
    assert factor[:3].tolist() == pytest.approx(expected[:3], rel=1e-12)
    assert float(factor[3]) == pytest.approx(expected[3], rel=1e-8)
    weak, strong = warming_factor(
        law, torch.tensor([0.9 * G0, 1.1 * G0]), torch.zeros(2), 310.0
    )
    assert weak > 1 > strong


def test_cells_differ_in_their_coefficient(stream: Stream) -> None:
    """σ_α·z of each cell's own: at G_x the factor has mean 1 and deviation σ_α·ΔT; n = 20,000."""
    count = 20_000
    kind = replace(
        _creeping(stream, 1).model,
        temperature=_law(coefficient_spread=1e-4, crossover=1e-3),
    )
    cells = Cells(kind, count, stream, 300.0)
    cells.column("core").fill_(1e-3)
    cold = _look(cells, 0.0)
    cells.heat(320.0, 0.0)
    ratio = _look(cells, 0.0) / cold - 1
    assert abs(float(ratio.mean())) <= 5 * 2e-3 / math.sqrt(count)
    assert abs(float(ratio.std()) / 2e-3 - 1) <= 5 / math.sqrt(2 * count) + 1e-3


def test_conductance_never_turns_negative() -> None:
    """Cut at 0 however hot."""
    factor = warming_factor(
        _law(coefficient=0.1), torch.tensor([1e-3]), torch.zeros(1), 500.0
    )
    assert float(factor) == 0.0


@pytest.mark.parametrize("seconds", [1e-3, 1.0, 100.0, 1e5])
def test_a_second_in_the_heat_creeps_like_many_at_the_reference(
    stream: Stream, seconds: float
) -> None:
    """A time t at T is A(T)·t at T₀: relaxation and, at 1e5 s, retention; draw for draw.

    Readings of 400 µS in single precision: 1e-10 S; the time in single precision is good to 1e-7,
    which moves a logarithm by 1e-7 of 0.13 µS.
    """
    warm = _creeping(stream)
    long = _creeping(stream)
    warm.heat(HOT, 0.0)
    found = _look(warm, seconds)
    expected = _look(long, FASTER * seconds)
    assert float((expected - 400e-6).abs().max()) > 1e-7
    torch.testing.assert_close(found, expected, rtol=0.0, atol=2e-10)


def test_creep_goes_on_through_heating_and_cooling(stream: Stream) -> None:
    """10 s, then 50 s at 340 K, then 30 s: as 10 + 50A + 30 s at the reference. Bounds as above.

    Heating itself changes nothing: a look right after it is the look right before.
    """
    cells = _creeping(stream)
    long = _creeping(stream)
    before = _look(cells, 10.0)
    cells.heat(HOT, 10.0)
    torch.testing.assert_close(_look(cells, 10.0), before, rtol=0.0, atol=2e-10)
    hot = _look(cells, 60.0)
    cells.heat(300.0, 60.0)
    torch.testing.assert_close(_look(cells, 60.0), hot, rtol=0.0, atol=2e-10)
    found = _look(cells, 90.0)
    expected = _look(long, 40 + 50 * FASTER)
    torch.testing.assert_close(found, expected, rtol=0.0, atol=2e-10)
    assert float((found - before).abs().max()) > 1e-7


def _filled_share(
    stream: Stream, count: int, *stages: tuple[float, float]
) -> float:
    """Filled traps (τc 2,000 s, τe 500 s, empty at first) after times (s) at temperatures (K)."""
    kind = (
        preset("rao2023").replace(**QUIET | {"relaxation__scale": 0.0}).cell()
    )
    cells = Cells(kind, count, stream, 300.0)
    cells.column("amplitude")[0] = 5e-6
    cells.column("capture_time")[0] = 2000.0
    cells.column("emission_time")[0] = 500.0
    now = 0.0
    for seconds, temperature in stages:
        cells.heat(temperature, now)
        now += seconds
    _look(cells, now)
    return float(cells.column("filled")[0].double().mean())


@pytest.mark.parametrize(
    "stages",
    [
        ((1.5, HOT),),
        ((FASTER * 1.5, 300.0),),
        ((100.0, 300.0), (1.0, HOT), (50.0, 300.0)),
    ],
)
def test_traps_live_faster_in_the_heat(
    stream: Stream, stages: tuple[tuple[float, float], ...]
) -> None:
    """P(filled) = 0.2(1 − e^(−λx)), λ = 2.5e-3/s, x = Σ A(T)·t, whatever the order.

    The share of n = 100,000 traps has standard error √(p(1 − p)/n). A look takes 1 µs, nothing.
    """
    count = 100_000
    lived = sum(
        t * (FASTER if temperature == HOT else 1.0) for t, temperature in stages
    )
    p = 0.2 * -math.expm1(-2.5e-3 * lived)
    assert 0.05 < p < 0.19
    found = _filled_share(stream, count, *stages)
    assert abs(found - p) <= 5 * math.sqrt(p * (1 - p) / count)


def test_a_warm_bench_reads_what_its_cells_carry(stream: Stream) -> None:
    """A chip of 1-mS cells, all alike: 20 K more read α(G_x − G)/(G_x + G)·20 less.

    Reads have 0.02 µS of noise in 100 samples and a code of 0.076 µS; 2,000 cells average both.
    """
    quiet = preset("rao2023").replace(
        **QUIET
        | {
            "temperature__coefficient": 3e-4,
            "relaxation__scale": 0.0,
            "cell__formed": 1e-3,
            "retention__scale": 0.0,
        }
    )
    bench = mho.SimulatedBench(mho.Chip(quiet, rows=8, cols=250), stream)
    every = torch.arange(2000)
    cold = bench.read(every, samples=100, window=0.0).mean.double().mean()
    bench.heat(320.0)
    assert bench.temperature == 320.0
    warm = bench.read(every, samples=100, window=0.0).mean.double().mean()
    kappa = 3e-4 * (G0 - 1e-3) / (G0 + 1e-3)
    assert float(warm / cold) - 1 == pytest.approx(20 * kappa, rel=0.02)


@pytest.mark.parametrize("temperature", [0.0, -3.0, math.nan])
def test_a_bench_refuses_what_is_no_temperature(
    stream: Stream, temperature: float
) -> None:
    """The house sentence names the argument."""
    bench = mho.SimulatedBench(mho.Chip(rows=2, cols=2), stream)
    with pytest.raises(ValueError, match="Argument `temperature` must"):
        bench.heat(temperature)
