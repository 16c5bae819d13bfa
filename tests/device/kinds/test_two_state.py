"""A junction of two states: every law against its closed form, on many junctions."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from mho.device import Cells
from mho.device.kinds import TwoState
from mho.device.published import preset
from mho.rng import Stream
from mho.units import ns

MANY = 1_000_000
ALIKE = replace(
    preset("mram_jung2022").cell(),
    parallel_spread=0.0,
    antiparallel_spread=0.0,
    stability_spread=0.0,
    critical_spread=0.0,
)
"""Junctions without differences, so that a law stands alone."""
WIDTH = 80 * ns


@pytest.fixture(scope="module")
def junctions() -> Cells:
    """Many junctions, all alike."""
    return Cells(ALIKE, MANY, Stream(12).child("junctions"), 300.0)


def put(cells: Cells, parallel: bool) -> None:
    """Bring all junctions to one state, without a pulse."""
    cells.column("parallel").fill_(int(parallel))
    cells.column("conductance").fill_(ALIKE.high if parallel else ALIKE.low)
    cells.column("moment").zero_()


def pulsed(
    cells: Cells, volts: float, width: float, train: int = 1, now: float = 0.0
) -> float:
    """Share of the junctions that are parallel after pulses (1)."""
    every = torch.arange(cells.count)
    amplitude = torch.full((train, cells.count), volts)
    cells.pulse(every, amplitude, width, torch.ones(cells.count), now)
    return float(cells.column("parallel").double().mean())


def switched(
    volts: float, width: float, kind: TwoState = ALIKE, exponent: float = 1.0
) -> float:
    """The formula of the derivation (1)."""
    lowered = max(0.0, 1 - abs(volts) / kind.critical_voltage) ** exponent
    rate = math.exp(-kind.stability * lowered) / kind.attempt_time
    return -math.expm1(-rate * width)


def binomial(chance: float) -> float:
    """Five standard errors of a share of `MANY`, and what single precision rounds (1)."""
    return 5 * math.sqrt(max(chance * (1 - chance), 1e-9) / MANY) + 1e-6


def test_a_pulse_switches_with_the_probability_of_its_amplitude(
    junctions: Cells,
) -> None:
    """P = 1 − exp(−Γ(V)t) at 20 amplitudes from 1e-3 to 0.999.

    Binomial: 5 standard errors of a million junctions; both ways, which are alike at rest.
    """
    for volts in np.linspace(0.975, 1.16, 20):
        expected = switched(volts, WIDTH)
        put(junctions, parallel=False)
        up = pulsed(junctions, float(volts), WIDTH)
        put(junctions, parallel=True)
        down = 1 - pulsed(junctions, -float(volts), WIDTH)
        assert abs(up - expected) < binomial(expected), volts
        assert abs(down - expected) < binomial(expected), volts


def test_a_pulse_switches_with_the_probability_of_its_width(
    junctions: Cells,
) -> None:
    """The same at one amplitude and 20 widths over three decades; 5 standard errors."""
    for width in np.geomspace(3 * ns, 3000 * ns, 20):
        expected = switched(1.1, width)
        put(junctions, parallel=False)
        found = pulsed(junctions, 1.1, float(width))
        assert abs(found - expected) < binomial(expected), width


def test_above_the_critical_voltage_the_rate_stays(junctions: Cells) -> None:
    """A pulse of ln 2 attempt times switches half of them, however strong it is."""
    for volts in (1.2001, 1.5, 3.0):
        put(junctions, parallel=False)
        found = pulsed(junctions, volts, ALIKE.attempt_time * math.log(2))
        assert abs(found - 0.5) < binomial(0.5)


def test_many_short_pulses_do_what_a_long_one_does(junctions: Cells) -> None:
    """A constant rate has no memory: k pulses leave exp(−kΓt) of the junctions; 5 σ."""
    for train, volts in ((2, 1.1), (5, 1.07), (16, 1.04)):
        expected = switched(volts, train * WIDTH)
        put(junctions, parallel=False)
        found = pulsed(junctions, volts, WIDTH, train)
        assert abs(found - expected) < binomial(expected)


def test_the_median_moves_with_the_logarithm_of_the_width(
    junctions: Cells,
) -> None:
    """V½ falls by V_c ln 10 / Δ a decade.

    ln(−ln(1 − P)) is a line in V. Around P = ½ a share of a million fixes it to 1.4e-3, five
    shares to 7e-4; two medians then differ by V_c/Δ times 1e-3, of which five are 0.22 % of the
    shift of ln 10: 0.3 % with the slope's own error.
    """
    medians = []
    for width in (20 * ns, 200 * ns):
        middle = ALIKE.critical_voltage * (
            1 - math.log(width / ALIKE.attempt_time / math.log(2)) / 60
        )
        volts = middle + np.linspace(-0.015, 0.015, 5)
        seen = []
        for amplitude in volts:
            put(junctions, parallel=False)
            share = pulsed(junctions, float(amplitude), width)
            seen.append(math.log(-math.log1p(-share)))
        slope, offset = np.polyfit(volts, seen, 1)
        medians.append((math.log(math.log(2)) - offset) / slope)
    shift = ALIKE.critical_voltage * math.log(10) / ALIKE.stability
    assert medians[0] - medians[1] == pytest.approx(shift, rel=3e-3)


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_the_typical_amplitude_switches_half(exponent: float) -> None:
    """`typical` inverts the law, whatever the exponent; 5 standard errors of a million."""
    kind = replace(ALIKE, exponent=exponent)
    cells = Cells(kind, MANY, Stream(1).child("exponent"), 300.0)
    typical = kind.typical()
    found = pulsed(cells, typical.set_voltage, typical.width)
    assert switched(
        typical.set_voltage, typical.width, kind, exponent
    ) == pytest.approx(0.5, abs=1e-9)
    # single precision knows the amplitude to 6e-8, times Δ
    assert abs(found - 0.5) < binomial(0.5) + 1e-5


def test_a_pulse_towards_the_present_state_does_nothing(
    junctions: Cells,
) -> None:
    """Exactly: a cell that is there cannot be driven there."""
    put(junctions, parallel=True)
    assert pulsed(junctions, 1.5, WIDTH) == 1.0
    put(junctions, parallel=False)
    assert pulsed(junctions, -1.5, WIDTH) == 0.0


def test_warmth_turns_a_weak_junction_back_and_forth() -> None:
    """After Δt a share ½(1 − exp(−2Δt/τ)) is turned, τ = τ₀ exp(25) = 72 s; 5 standard errors.

    In one wait or two, at reads or at pulses too weak to do anything; a share, its variance and
    the mean conductance are those that `moments` foretells.
    """
    kind = replace(ALIKE, stability=25.0)
    tau = kind.attempt_time * math.exp(25)
    cells = Cells(kind, MANY, Stream(2).child("weak"), 300.0)
    every = torch.arange(MANY)
    for waits in ([10.0], [20.0, 60.0], [500.0]):
        put(cells, parallel=False)
        total = sum(waits)
        expected = -math.expm1(-2 * total / tau) / 2
        mean, variance = cells.moments(every[:3], total, 1e-6)
        step = kind.high - kind.low
        assert float(mean[0]) == pytest.approx(
            kind.low + expected * step, rel=1e-5
        )
        assert float(variance[0]) == pytest.approx(
            expected * (1 - expected) * step**2, rel=1e-4
        )
        now = 0.0
        for wait in waits:
            now += wait
            seen = cells.sample(every, now, 1e-6, 1e-6, 1)[0]
        share = float((seen > (kind.low + kind.high) / 2).double().mean())
        assert abs(share - expected) < binomial(expected)
    put(cells, parallel=False)
    weak = pulsed(cells, 0.01, 1 * ns, now=30.0)
    expected = -math.expm1(-2 * 30.0 / tau) / 2
    assert abs(weak - expected) < binomial(expected)


def test_resistances_are_spread_and_correlated_as_stated() -> None:
    """Mean and spread of both states and their correlation, over 100,000 junctions.

    Standard errors: σ/√N of a mean, σ/√(2N) of a spread, (1 − ρ²)/√N of a correlation; 5 each.
    """
    kind = preset("mram_jung2022").cell()
    count = 100_000
    cells = Cells(kind, count, Stream(3).child("spread"), 300.0)
    resistance = 1 / cells.column("conductances").double()
    given = (
        (kind.resistance_antiparallel, kind.antiparallel_spread),
        (kind.resistance_parallel, kind.parallel_spread),
    )
    for found, (mean, spread) in zip(resistance, given, strict=True):
        assert abs(found.mean() - mean) < 5 * spread / math.sqrt(count)
        assert abs(found.std() - spread) < 5 * spread / math.sqrt(2 * count)
    rho = float(torch.corrcoef(resistance)[0, 1])
    assert abs(rho - kind.correlation) < 5 * 0.75 / math.sqrt(count)
    critical = cells.column("critical").double()
    usual = kind.critical_voltage
    for found in critical:
        error = 5 * kind.critical_spread * usual / math.sqrt(count)
        assert abs(found.mean() - usual) < error
        assert abs(found.std() / usual - kind.critical_spread) < 5 * (
            kind.critical_spread / math.sqrt(2 * count)
        )
    assert abs(float(torch.corrcoef(critical)[0, 1])) < 5 / math.sqrt(count)


def test_a_read_sees_one_of_two_conductances_without_noise() -> None:
    """Sample after sample the junction's own value; whoever writes the other sees the other."""
    cells = Cells(
        preset("mram_jung2022").cell(), 1000, Stream(4).child("read"), 300.0
    )
    every = torch.arange(1000)
    low = cells.sample(every, 1.0, 1e-6, 1e-3, 4)
    assert torch.equal(low, low[:1].expand(4, -1))
    assert torch.equal(low[0], cells.column("conductances")[0])
    assert pulsed(cells, 1.5, WIDTH, 3, now=2.0) == 1.0
    high = cells.sample(every, 3.0, 1e-6, 1e-3, 1)[0]
    assert torch.equal(high, cells.column("conductances")[1])
    assert TwoState.levels == 2


def test_stuck_junctions_stay() -> None:
    """A stated share never switches: binomial, 5 standard errors; and nothing else fails."""
    kind = replace(ALIKE, stuck_fraction=0.1)
    cells = Cells(kind, 100_000, Stream(5).child("stuck"), 300.0)
    share = 1 - pulsed(cells, 1.5, WIDTH, 3)
    assert abs(share - 0.1) < 5 * math.sqrt(0.09 / 100_000)
    stuck = cells.column("stuck").bool()
    assert torch.equal(stuck, cells.column("parallel") == 0)


def test_the_published_write_practically_always_succeeds() -> None:
    """At 1.5 V and 80 ns, over junctions whose critical voltages differ by 5 %.

    To fail half of the time a junction needs a critical voltage 6.5 spreads up, which is one of
    2e10: of 100,000 none.
    """
    kind = preset("mram_jung2022").cell()
    cells = Cells(kind, 100_000, Stream(6).child("write"), 300.0)
    assert pulsed(cells, 1.5, WIDTH) == 1.0
