"""A state that heats, leaks and acts: isolated pulses, decay, sums, facilitation, brute force."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest
import torch

from mho.bench import Pulse
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.compiled import Column, F, Real, Record, Word, normal, normal_purpose
from mho.device import CellModel, Cells, Shot
from mho.device.kinds.second_order import SecondOrder
from mho.device.published import preset
from mho.programming import Outcome, ProgramProtocol, program
from mho.rng import Stream
from mho.units import K, eV, ns, uS, us

Reals = npt.NDArray[np.float64]

BOLTZMANN = 1.380649e-23
AMBIENT = 300 * K
ENERGY = 1.2 * eV
TAU = 500 * ns
RESISTANCE = 5.5e5
_STEP = normal_purpose("step")


@dataclass(frozen=True, slots=True)
class Straight(CellModel):
    """A cell that a pulse moves by a step proportional to its width, whatever it holds."""

    low: float = 1 * uS
    high: float = 1000 * uS
    start: float = 100 * uS
    pace: float = 1.0
    scatter: float = 0.0

    columns: ClassVar[Mapping[str, Column]] = {"conductance": "f4"}

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:  # noqa: ARG004
        """All alike."""
        cell.conductance = p.start

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        """`pace` times the width (S)."""
        step = p.pace * shot.width * (F(1) + p.scatter * normal(draw, _STEP))
        cell.conductance += step if shot.volts > 0 else -step

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:  # noqa: ARG004
        """What it holds (S)."""
        return cell.conductance


FROZEN = Straight(pace=0.0)
"""Never moves: the fast state is alone."""
BASE = Straight(pace=1.0, scatter=0.3)
"""1 µS for a µs."""


def heating(base: CellModel, **changes: float) -> SecondOrder:
    """Cells that all heat alike."""
    own = {"resistance": RESISTANCE, "spread": 0.0, "time": TAU, **changes}
    return SecondOrder(base, activation=ENERGY, **own)


def give(
    cells: Cells,
    volts: Reals | list[float],
    width: float,
    now: float,
    gap: float = 1 * us,
) -> None:
    """The same train for every cell."""
    every = torch.arange(cells.count)
    train = torch.tensor(np.asarray(volts), dtype=torch.float32)
    limit = torch.ones(cells.count)
    many = train[:, None].expand(-1, cells.count)
    cells.pulse(every, many, width, limit, now, gap)


def warmth(cells: Cells) -> float:
    """Temperature of the first cell above the chip's, at its last event (K)."""
    return float(cells.column("fast")[0])


def rate(theta: Reals) -> Reals:
    """Arrhenius rate relative to the chip's temperature (1)."""
    inverse = 1 / AMBIENT - 1 / (AMBIENT + theta)
    return np.exp(ENERGY / BOLTZMANN * inverse)


def ratio(left: float, final: float, width: float, tau: float = TAU) -> float:
    """Quickening by brute force: midpoints of 40,000 substeps in double precision."""
    time = (np.arange(40_000) + 0.5) / 40_000 * width
    fading = np.exp(-time / tau)
    warm = rate(final + (left - final) * fading).mean()
    cold = rate(final - final * fading).mean()
    return float(warm / cold)


def test_an_isolated_pulse_is_that_of_the_base(stream: Stream) -> None:
    """Cold cells: the same bits as the base alone, noise of pulses included.

    A second between pulses is two million time constants.
    """
    plain = Cells(BASE, 1000, stream, AMBIENT)
    fast = Cells(heating(BASE), 1000, stream, AMBIENT)
    for n in range(5):
        for cells in (plain, fast):
            give(cells, [0.9 if n != 3 else -0.7], 1 * us, 1.0 + n)
    assert torch.equal(plain.column("conductance"), fast.column("conductance"))
    assert warmth(fast) > 10


def test_an_isolated_pulse_of_a_filament_is_that_of_the_filament(
    stream: Stream,
) -> None:
    """Every column and every look the same bits: the base has more streams, columns and laws.

    A millisecond between pulses is 2,000 time constants.
    """
    base = preset("rao2023").cell()
    both = [
        Cells(kind, 200, stream, AMBIENT) for kind in (base, SecondOrder(base))
    ]
    every = torch.arange(200)
    for n, volts in enumerate([1.2, -0.9, 0.5, 1.0]):
        for cells in both:
            give(cells, [volts], 1 * us, 1.0 + n * 1e-3)
    looks = [cells.sample(every, 1.1, 1e-3, 1e-3, 4) for cells in both]
    assert torch.equal(*looks)
    plain, fast = (cells.tensors() for cells in both)
    assert fast.keys() - plain.keys() == {"fast", "fast_at"}
    for name, tensor in plain.items():
        assert torch.equal(tensor, fast[name]), name
    # then two in a row: the second moves it further
    for cells in both:
        give(cells, [1.0, 1.0], 1 * us, 2.0, gap=10 * ns)
    moved = both[1].held(every) > both[0].held(every)
    assert float(moved.double().mean()) > 0.5


def test_a_chip_of_warm_filaments_takes_levels(stream: Stream) -> None:
    """On the bench a train comes with the chip's set-up times, and the loop gets along with it.

    Cells that are not stuck are within the window of half a level of 100 when they converged;
    filaments alone do, and looks take 1 ms, which is 2,000 time constants.
    """
    chip = Chip(SecondOrder(preset("rao2023").cell()), rows=4, cols=4)
    bench = SimulatedBench(chip, stream)
    cells = torch.arange(16)
    bench.pulse(Pulse(torch.full((3, 16), 1.0), 1 * us, 2.5), cells)
    gap = chip.published.array.pulse_setup
    state = bench.state()
    rows = 4
    assert bench.clock == pytest.approx(rows * 3 * (1 * us + gap))
    warm = state["fast"][~bench.stuck]
    assert float(warm.min()) > 0
    assert (state["fast_at"] == bench.clock).all()
    target = torch.linspace(200 * uS, 2000 * uS, 16)
    result = program(bench, target, ProgramProtocol(tolerance=9 * uS))
    converged = result.outcome == Outcome.CONVERGED
    assert int(converged.sum()) >= 15


def test_heat_leaks_exponentially_whatever_happens_between(
    stream: Stream,
) -> None:
    """Weak pulses warm by nothing: θ(Δt₁ + Δt₂) is that of two waits, and ln θ falls by Δt/τ.

    Exponentials in single precision, 1e-6 each; the argument is exact to 6e-8 of 4.
    """
    once = Cells(heating(FROZEN), 1, stream, AMBIENT)
    twice = Cells(heating(FROZEN), 1, stream, AMBIENT)
    for cells in (once, twice):
        give(cells, [0.5], 1 * us, 1.0)
    start = warmth(once)
    assert start == pytest.approx(13.75 * -math.expm1(-2), rel=1e-5)
    # so short and weak that only the waiting is seen
    weak, short = 1e-9, 1e-12
    give(once, [weak], short, 1.0 + 2 * us, gap=0.0)
    give(twice, [weak], short, 1.0 + 0.7 * us, gap=0.0)
    give(twice, [weak], short, 1.0 + 2 * us, gap=0.0)
    assert warmth(once) == pytest.approx(warmth(twice), rel=1e-5)
    assert math.log(warmth(once) / start) == pytest.approx(-4, abs=1e-5)


@pytest.mark.parametrize("number", [1, 2, 3, 10, 300])
def test_heat_of_a_train_is_a_geometric_sum(
    stream: Stream, number: int
) -> None:
    """At the end of n pulses of period Π: θ_∞(1 − e^(−t/τ))(1 − qⁿ)/(1 − q), q = e^(−Π/τ).

    Rounding does not add up, for each pulse forgets most of it: 1e-5.
    """
    width, gap = 200 * ns, 300 * ns
    cells = Cells(heating(FROZEN), 1, stream, AMBIENT)
    give(cells, [0.5] * number, width, 1.0, gap)
    q = math.exp(-(width + gap) / TAU)
    final = RESISTANCE * 0.25 * 100 * uS
    own = final * -math.expm1(-width / TAU)
    wanted = own * (1 - q**number) / (1 - q)
    assert warmth(cells) == pytest.approx(wanted, rel=1e-5)


def test_trains_and_single_pulses_are_alike(stream: Stream) -> None:
    """Five pulses in one train, or one after the other with the same times."""
    width, gap = 200 * ns, 300 * ns
    model = heating(Straight(pace=1.0))
    train = Cells(model, 1, stream, AMBIENT)
    single = Cells(model, 1, stream, AMBIENT)
    give(train, [0.8] * 5, width, 1.0, gap)
    for n in range(5):
        end = 1.0 - (4 - n) * (width + gap)
        give(single, [0.8], width, end, gap)
    held = train.column("conductance").clone()
    assert float(single.column("conductance")) == pytest.approx(
        float(held), rel=1e-6
    )
    assert warmth(single) == pytest.approx(warmth(train), rel=1e-5)


@pytest.mark.parametrize("after", [0.0, 0.25, 0.5, 0.75, 1.0, 3.0])
def test_a_weak_pulse_reads_the_temperature(
    stream: Stream, after: float
) -> None:
    """Short and weak, after a heating pulse: ln ρ = (E/k)(1/T₀ − 1/(T₀ + θe^(−Δt/τ))).

    τ/100 long, the mean is that of its middle but for (t/2τ)² of it; that middle is put in.
    """
    short = TAU / 100
    cells = Cells(heating(Straight(pace=1e-3)), 1, stream, AMBIENT)
    give(cells, [0.5], 1 * us, 1.0)
    left = warmth(cells)
    before = cells.column("conductance").double().clone()
    cells.column("conductance").fill_(0.0)
    end = 1.0 + after * TAU + short
    give(cells, [0.01], short, end, gap=0.0)
    found = float(cells.column("conductance")) / (1e-3 * short)
    at = left * math.exp(-after - short / 2 / TAU)
    assert float(before) == pytest.approx(100 * uS, rel=1e-4)
    assert found == pytest.approx(float(rate(np.array(at))), rel=2e-4)


@pytest.mark.parametrize("width", [0.02, 0.2, 0.5, 1.0, 2.0, 3.0, 20.0])
@pytest.mark.parametrize("volts", [0.3, 0.9, 1.8])
def test_quickening_agrees_with_brute_force(
    stream: Stream, width: float, volts: float
) -> None:
    """ρ of a pulse after 12 K, against 40,000 substeps in double precision.

    Four points were found to err by 2e-5 at most at 0.3 and 0.9 V (θ_∞ of 5 and 45 K), and by
    2.2e-4 at 1.8 V (178 K, where the rate grows 30,000 times within the pulse), at two time
    constants; one point with the mean temperature errs by 13 % at one half.
    """
    left = 12.0
    cells = Cells(heating(Straight(pace=1e-3)), 1, stream, AMBIENT)
    cells.column("fast").fill_(left)
    cells.column("fast_at").fill_(1.0)
    load = cells.column("conductance").double().item()
    seconds = width * TAU
    give(cells, [volts], seconds, 1.0 + seconds, gap=0.0)
    moved = cells.column("conductance").double().item() - load
    found = moved / (1e-3 * seconds)
    final = RESISTANCE * volts**2 * load
    wanted = ratio(left, final, seconds)
    bound = 3e-4 if volts > 1 else 3e-5
    # steps are differences of conductances of 100 µS: 4e-12 S of rounding
    rounding = 8e-12 / (1e-3 * seconds) / wanted
    assert found == pytest.approx(wanted, rel=bound + rounding)


def test_heat_is_capped_and_differs_between_cells(stream: Stream) -> None:
    """No more than `warmest`; deviation of R over 10⁵ cells within five standard errors."""
    count = 100_000
    model = heating(FROZEN, spread=0.1)
    cells = Cells(model, count, stream, AMBIENT)
    relative = cells.column("heating").double()
    bound = 5 / math.sqrt(2 * count)
    assert float(relative.std()) == pytest.approx(0.1, rel=bound)
    give(cells, [30.0], 100 * us, 1.0)
    assert float(cells.column("fast").max()) == pytest.approx(300, rel=1e-6)


def test_the_usual_resistance_is_that_of_the_middle_of_the_range(
    stream: Stream,
) -> None:
    """1 µs of 0.5 V on a cell half way up warms it by 12 K."""
    base = Straight(low=0.0, high=200 * uS, pace=0.0)
    cells = Cells(SecondOrder(base, spread=0.0), 1, stream, AMBIENT)
    give(cells, [0.5], 1 * us, 1.0)
    assert warmth(cells) == pytest.approx(12, rel=1e-5)
    warmer = Cells(SecondOrder(base, spread=0.0), 1, stream, 350.0)
    assert float(warmer.numbers["fast_state"]["ambient"][0]) == 350


def on_read(base: CellModel, **changes: float) -> SecondOrder:
    """Cells of which looks see a share of the last steps for 50 ms."""
    own = {"time": 0.05, "coupling": 0.5, "spread": 0.0, **changes}
    return SecondOrder(base, acts="read", **own)


def test_looks_see_steps_for_a_while(stream: Stream) -> None:
    """Three steps of Δ at a period Π: κΔ(1 − q³)/(1 − q) on top at once, e^(−t/τ) of it later.

    Single precision of conductances of 100 µS is 4e-12 S, and steps are of 1 µS: 1e-5.
    """
    model = on_read(Straight(pace=1.0))
    cells = Cells(model, 1, stream, AMBIENT)
    one = torch.tensor([0])
    width, gap = 1 * us, 0.01
    give(cells, [1.0] * 3, width, 1.0, gap)
    held = float(cells.held(one))
    assert held == pytest.approx(103 * uS, rel=1e-6)
    q = math.exp(-(width + gap) / 0.05)
    on_top = 0.5 * uS * (1 - q**3) / (1 - q)
    spacing = 0.02
    looks = cells.sample(one, 1.0, 1e-3, spacing, 6)[:, 0].double().numpy()
    wanted = held + on_top * np.exp(-np.arange(6) * spacing / 0.05)
    assert looks == pytest.approx(wanted, abs=2e-5 * uS)
    mean, variance = cells.moments(one, 1.0 + 0.05, 1e-3)
    assert float(mean) == pytest.approx(held + on_top / math.e, abs=2e-5 * uS)
    assert float(variance) == 0


def test_a_second_pulse_is_facilitated_the_more_the_sooner(
    stream: Stream,
) -> None:
    """Paired pulses: the second look's gain over the first is κΔe^(−Δt/τ), for RESETs as well.

    Slope of its logarithm over the gap: −1/τ; rounding as above on 0.2 µS, 1e-3 of a slope.
    """
    gaps = np.array([5e-3, 15e-3, 30e-3, 50e-3])
    for volts in (1.0, -1.0):
        gained = []
        for gap in gaps:
            cells = Cells(on_read(Straight(pace=1.0)), 1, stream, AMBIENT)
            one = torch.tensor([0])
            seen = []
            for n in range(2):
                end = 1.0 + n * gap
                give(cells, [volts], 1 * us, end, gap=0.0)
                on_top = cells.sample(one, end, 1e-3, 1e-3, 1) - cells.held(one)
                seen.append(abs(float(on_top)))
            gained.append(seen[1] - seen[0])
        # the wait ends where the second pulse does
        wanted = 0.5 * uS * np.exp(-gaps / 0.05)
        assert np.array(gained) == pytest.approx(wanted, rel=1e-3)
        slope = np.polyfit(gaps, np.log(gained), 1)[0]
        assert slope == pytest.approx(-1 / 0.05, rel=1e-3)


def test_columns_and_files_are_those_of_the_base_and_two_more() -> None:
    """Nothing of the base is lost, and a second fast state is refused in a sentence."""
    model = heating(BASE)
    cells = Cells(model, 2, Stream(0), AMBIENT)
    plain = Cells(BASE, 2, Stream(0), AMBIENT)
    assert cells.tensors().keys() == {*plain.tensors(), "fast", "fast_at"}
    assert model.typical() is None
    with pytest.raises(TypeError, match="must be of another kind"):
        SecondOrder(model)
    with pytest.raises(ValueError, match="Argument `acts` must"):
        SecondOrder(BASE, acts="reed")
