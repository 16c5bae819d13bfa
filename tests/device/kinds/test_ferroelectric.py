"""Domains switch in the order of their activation: closed forms, brute force, distributions."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch

from mho.bench import Pulse
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device import Cells
from mho.device.kinds.ferroelectric import FEFET, Ferroelectric
from mho.programming import ProgramProtocol, WriteVerify, program
from mho.rng import Stream

Reals = npt.NDArray[np.float64]

TYPICAL = FEFET.cell()
assert isinstance(TYPICAL, Ferroelectric)
ALIKE = replace(
    TYPICAL,
    domains=1e29,
    activation_spread=0.0,
    high_spread=0.0,
    read_spread=0.0,
    stuck_fraction=0.0,
)
"""Cells without any number of their own, of so many domains that none is counted."""
WIDTH = TYPICAL.width
OFFSET = TYPICAL.offset
SCALE = TYPICAL.activation * TYPICAL.domain_spread * math.sqrt(3) / math.pi
STAIRCASE = np.linspace(2.85, 4.45, 32)
ROUNDING = 1e-5
"""Single precision: some ten operations of 6e-8 each on odds of up to e⁶, and their logarithm."""


def after(
    model: Ferroelectric,
    trains: Reals,
    stream: Stream,
    width: float = WIDTH,
    start: float = 0.0,
) -> Reals:
    """Share of domains that are up, after each pulse. Shape (pulses, cells)."""
    cells = Cells(model, trains.shape[1], stream, 300.0)
    every = torch.arange(trains.shape[1])
    if start:
        cells.column("polarisation").fill_(2 * start - 1)
    shares = []
    for volts in torch.tensor(trains, dtype=torch.float32):
        limit = torch.ones(trains.shape[1])
        cells.pulse(every, volts[None], width, limit, 1.0)
        polarisation = cells.column("polarisation").double().numpy()
        shares.append((1 + polarisation) / 2)
    return np.array(shares)


def front(drive: Reals | float, time: float) -> Reals:
    """Activation up to which domains switch within a time (V), from the derivation."""
    lived = np.log1p(time / TYPICAL.attempt) ** (1 / TYPICAL.exponent)
    return np.asarray(drive * lived)


def share_below(activation: Reals) -> Reals:
    """Logistic distribution of activations (1)."""
    return 1 / (1 + np.exp(-(activation - TYPICAL.activation) / SCALE))


def recursion(volts: Reals, share: float, memory: bool = True) -> Reals:
    """Upward pulses in double precision, written as the three lines of the derivation."""
    shares = []
    for drive in volts - OFFSET:
        at = TYPICAL.activation + SCALE * math.log(share / (1 - share))
        lived = (max(at, 0) / drive) ** TYPICAL.exponent
        if memory:
            lived += math.log1p(
                WIDTH / TYPICAL.attempt * math.exp(-min(lived, 700))
            )
            reached = drive * lived ** (1 / TYPICAL.exponent)
            share = max(share, float(share_below(np.array(reached))))
        else:
            chance = float(share_below(front(drive, WIDTH)))
            share += (1 - share) * chance
        shares.append(share)
    return np.array(shares)


@pytest.mark.parametrize("number", [2, 10, 100])
def test_many_pulses_are_one_long_pulse(stream: Stream, number: int) -> None:
    """Pulses of t, n of them, move the front as one of n t, from any start.

    Rounding of each pulse adds up at worst, √n in practice.
    """
    volts = np.linspace(1.0, 6.0, 21)[None]
    short = after(ALIKE, np.repeat(volts, number, 0), stream, start=0.2)
    long = after(ALIKE, volts, stream, number * WIDTH, start=0.2)
    assert short[-1] == pytest.approx(long[-1], abs=ROUNDING)
    assert long[-1].max() > 0.99
    assert long[-1].min() == pytest.approx(0.2, abs=1e-6)


@pytest.mark.parametrize("time", [WIDTH, 1e-6, 1e-3])
def test_a_first_pulse_switches_domains_below_the_front(
    stream: Stream, time: float
) -> None:
    """From a film polarised down: closed form, and a million domains drawn one by one.

    Domains are drawn with logistic activations, and switch where Merz's time is shorter than the
    pulse: five standard errors of a share, 5 √(¼/10⁶) = 2.5e-3. With normal activations of the
    same standard deviation it is at most 0.023 more, the distance of the distributions.
    """
    volts = np.linspace(1.5, 6.0, 13)
    found = after(ALIKE, volts[None], stream, time)[0]
    closed = share_below(front(volts - OFFSET, time))
    # a film starts with 1e-6 of its domains up
    assert found == pytest.approx(closed, abs=ROUNDING)

    draw = np.random.default_rng(1)
    count = 1_000_000
    deviation = TYPICAL.domain_spread * TYPICAL.activation
    logistic = draw.logistic(TYPICAL.activation, SCALE, count)
    normal = draw.normal(TYPICAL.activation, deviation, count)
    for volt, share in zip(volts, found, strict=True):
        for domains, bound in ((logistic, 2.5e-3), (normal, 2.55e-2)):
            exponent = (np.maximum(domains, 0) / (volt - OFFSET)) ** (
                TYPICAL.exponent
            )
            merz = TYPICAL.attempt * np.expm1(np.minimum(exponent, 700))
            assert abs(share - np.mean(merz < time)) <= bound


def test_the_past_counts(stream: Stream) -> None:
    """A staircase up and down again: the way down adds 0.027, not the 0.059 of no memory.

    The reference is the recursion of the derivation in double precision.
    """
    volts = np.concatenate([STAIRCASE, STAIRCASE[::-1]])
    found = after(ALIKE, volts[:, None], stream)[:, 0]
    expected = recursion(volts, 1e-6)
    assert found == pytest.approx(expected, abs=3 * ROUNDING)
    assert expected[31] == pytest.approx(0.940, abs=1e-3)
    assert expected[-1] == pytest.approx(0.967, abs=1e-3)
    forgetful = recursion(volts, 1e-6, memory=False)
    assert forgetful[-1] > 0.999


def test_rising_amplitudes_are_even_and_equal_ones_creep(
    stream: Stream,
) -> None:
    """32 rising pulses: steps within 0.5 … 1.3 of their mean from 0.1 to 0.9 of the range.

    32 equal ones: the last 16 add 15 % of what the first 16 did (both by the recursion, so the
    bounds are numbers of this preset).
    """
    rising = after(ALIKE, STAIRCASE[:, None], stream)[:, 0]
    middle = rising[(rising > 0.1) & (rising < 0.9)]
    steps = np.diff(middle)
    assert steps.min() >= 0.5 * steps.mean()
    assert steps.max() <= 1.3 * steps.mean()

    equal = np.full(32, 3.65)
    found = after(ALIKE, equal[:, None], stream)[:, 0]
    assert found == pytest.approx(recursion(equal, 1e-6), abs=ROUNDING)
    assert (found[31] - found[15]) / found[15] == pytest.approx(0.15, abs=0.02)


def test_up_and_down_are_mirror_images(stream: Stream) -> None:
    """SET with V and RESET with 2 V_off − V are the same law with P turned round.

    The amplitudes are rounded to single precision, 2e-7 V, and so is the film's first state.
    """
    drive = np.concatenate([STAIRCASE, [4.0, 3.0, 4.2]])[:, None] - OFFSET
    up = after(ALIKE, OFFSET + drive, stream)
    down = after(ALIKE, OFFSET - drive, stream, start=1 - 1e-6)
    assert 1 - down == pytest.approx(up, abs=ROUNDING)


def test_weak_pulses_and_the_offset_alone_move_nothing(stream: Stream) -> None:
    """Not by a bit, for then a million reads of a neighbour would be a write.

    At 0.9 V a half-switched film would need e^((4.89/0.55)³) attempts.
    """
    volts = np.array([[0.1, OFFSET, 0.9, -0.2]])
    found = after(ALIKE, np.repeat(volts, 1000, 0), stream, start=0.5)
    assert (found == 0.5).all()


def test_few_domains_scatter_as_binomial(stream: Stream) -> None:
    """Mean and standard deviation of the share after one pulse, from 0.3 of the domains up.

    N(1 − f) free domains switch with q each: mean f + (1 − f)q, variance (1 − f)q(1 − q)/N; five
    standard errors of 10⁵ cells, 1/√(2·10⁵) for a deviation.
    """
    count = 100_000
    model = replace(ALIKE, domains=TYPICAL.domains)
    found = after(model, np.full((1, count), 4.0), stream, start=0.3)[0]
    mean = recursion(np.array([4.0]), 0.3)[0]
    chance = (mean - 0.3) / 0.7
    deviation = math.sqrt(0.7 * chance * (1 - chance) / TYPICAL.domains)
    # the cut at the start is 20 deviations away
    assert mean - 0.3 > 10 * deviation
    assert abs(found.mean() - mean) <= 5 * deviation / math.sqrt(count)
    bound = 5 / math.sqrt(2 * count)
    assert abs(found.std() / deviation - 1) <= bound


def test_programmed_cells_are_distributed_as_the_reference(
    stream: Stream,
) -> None:
    """Conductance after three pulses, 10⁶ cells against as many of numpy in double precision.

    Two-sample Kolmogorov-Smirnov at the 0.1 % level: 1.95 √(2/n) = 2.76e-3; a deviation that is
    off by 1 % would reach that (0.0024 + chance).
    """
    count = 1_000_000
    model = replace(TYPICAL, stuck_fraction=0.0)
    volts = np.array([3.9, -3.0, 3.7])
    cells = Cells(model, count, stream, 300.0)
    every = torch.arange(count)
    train = torch.tensor(volts, dtype=torch.float32)[:, None]
    limit = torch.ones(count)
    cells.pulse(every, train.expand(3, count), WIDTH, limit, 1.0)
    found = cells.sample(every, 2.0, 1e-3, 1e-3, 1)[0].double().numpy()

    draw = np.random.default_rng(2)
    spread = model.activation_spread
    own = model.activation * (1 + spread * draw.normal(size=count))
    high = model.high * (1 + model.high_spread * draw.normal(size=count))
    scale = own * (SCALE / TYPICAL.activation)
    up = np.full(count, 1e-6)
    for volt in volts:
        share = up if volt > 0 else 1 - up
        drive = abs(volt - OFFSET)
        at = np.maximum(own + scale * np.log(share / (1 - share)), 0)
        lived = np.minimum((at / drive) ** model.exponent, 700)
        lived += np.log1p(WIDTH / model.attempt * np.exp(-lived))
        reached = drive * lived ** (1 / model.exponent)
        mean = np.maximum(share, 1 / (1 + np.exp((own - reached) / scale)))
        chance = (mean - share) / (1 - share)
        variance = (1 - share) * chance * (1 - chance) / model.domains
        mean += np.sqrt(variance) * draw.normal(size=count)
        share = np.clip(np.maximum(mean, share), 1e-6, 1 - 1e-6)
        up = share if volt > 0 else 1 - share
    noise = 1 + model.read_spread * draw.normal(size=count)
    expected = (model.low + up * (high - model.low)) * noise

    both = np.concatenate([found, expected])
    order = np.argsort(both, kind="stable")
    side = np.where(order < count, 1, -1)
    distance = np.abs(np.cumsum(side)).max() / count
    assert distance <= 1.95 * math.sqrt(2 / count)


def test_looks_scatter_as_the_moments_say(stream: Stream) -> None:
    """10⁵ looks at one kind of cell: five standard errors of mean and deviation."""
    count = 100_000
    model = replace(ALIKE, read_spread=TYPICAL.read_spread)
    cells = Cells(model, 1, stream, 300.0)
    one = torch.tensor([0])
    cells.column("polarisation").fill_(0.5)
    mean, variance = cells.moments(one, 1.0, 1e-3)
    held = TYPICAL.low + 0.75 * (TYPICAL.high - TYPICAL.low)
    assert float(mean) == pytest.approx(held, rel=1e-6)
    looks = cells.sample(one, 1.0, 1e-3, 1e-3, count)[:, 0].double().numpy()
    deviation = math.sqrt(float(variance))
    assert deviation == pytest.approx(held * TYPICAL.read_spread, rel=1e-5)
    assert abs(looks.mean() - held) <= 5 * deviation / math.sqrt(count)
    bound = 5 / math.sqrt(2 * count)
    assert abs(looks.std() / deviation - 1) <= bound
    white = cells.white_variance(mean, 1e-3)
    assert float(white) == pytest.approx(float(variance), rel=1e-6)


def test_cells_differ_as_the_preset_says(stream: Stream) -> None:
    """Deviations of 10⁵ cells within five standard errors; stuck ones at both ends, for good."""
    count = 100_000
    cells = Cells(TYPICAL, count, stream, 300.0)
    bound = 5 / math.sqrt(2 * count)
    for name, spread in (
        ("activation", TYPICAL.activation_spread),
        ("high", TYPICAL.high_spread),
    ):
        relative = cells.column(name).double() / getattr(TYPICAL, name)
        assert float(relative.std()) == pytest.approx(spread, rel=bound)
    stuck = cells.column("stuck").bool()
    share = TYPICAL.stuck_fraction
    error = math.sqrt(share * (1 - share) / count)
    assert abs(float(stuck.double().mean()) - share) <= 5 * error
    ends = cells.column("polarisation")[stuck].clone()
    half = float((ends > 0).double().mean())
    assert abs(half - 0.5) <= 2.5 / math.sqrt(int(stuck.sum()))
    every = torch.arange(count)
    train = torch.full((1, count), 4.4)
    cells.pulse(every, train, WIDTH, torch.ones(count), 1.0)
    assert torch.equal(cells.column("polarisation")[stuck], ends)
    assert float(cells.column("polarisation")[~stuck].min()) > -0.9


def test_typical_pulses_are_those_of_the_law(stream: Stream) -> None:
    """From a half-switched cell, the typical amplitudes move 1/32; one slope more, e times that.

    Solved by halving to double precision, felt in single.
    """
    typical = ALIKE.typical()
    share = typical.step / (TYPICAL.high - TYPICAL.low)
    assert share == pytest.approx(1 / 32)
    volts = np.array(
        [
            typical.set_voltage,
            typical.set_voltage + typical.slope,
            -typical.reset_voltage,
        ]
    )
    found = after(ALIKE, volts[None], stream, start=0.5)[0] - 0.5
    wanted = np.array([share, math.e * share, -share])
    assert found == pytest.approx(wanted, abs=ROUNDING)


def test_a_gate_divides_no_voltage_and_costs_its_charge() -> None:
    """On a chip: what cells hold costs them nothing, and a pulse ½CV² whatever its width.

    Neither series resistance nor the conductance of the channel come in; amplitudes are codes of
    12 bits, 1 mV off at most, of 4 V.
    """
    chip = Chip("fefet", rows=4, cols=4)
    bench = SimulatedBench(chip, Stream(0))
    cells = torch.arange(16)
    bench.pulse(Pulse(torch.full((16,), 4.0), WIDTH, 0.0), cells)
    bench.pulse(Pulse(torch.full((16,), 4.0), 10 * WIDTH, 0.0), cells)
    wanted = 32 * 8 * TYPICAL.capacitance
    assert bench.ledger.pulse_joules == pytest.approx(wanted, rel=1e-3)
    found = bench.read(cells, samples=1, window=0.0).mean
    assert float(found.median()) > TYPICAL.low + 0.5 * TYPICAL.high


def test_a_chip_is_programmed_to_the_published_levels() -> None:
    """Rising amplitudes bring all cells that switch to levels 56 nS apart, within half of that.

    Up to the 25th of 32: the highest conductance of a cell is 5 % from another's, and the lowest
    of 256 cells may be 20 % below the typical one's.
    """
    bench = SimulatedBench(Chip("fefet", rows=16, cols=16), Stream(1))
    spacing = (TYPICAL.high - TYPICAL.low) / 31
    target = TYPICAL.low + (1 + torch.arange(256) % 24) * spacing
    staircase = WriteVerify(
        start_voltage=2.4, increment=0.1, width=WIDTH, gate=1.0
    )
    half = spacing / 2
    protocol = ProgramProtocol(half, trim=staircase, denoise=None)
    program(bench, target, protocol)
    held = bench.read(torch.arange(256), samples=1, window=0.0).mean
    # a look scatters by 0.3 %, and was taken at half of the window at most
    wrong = (held - target).abs() > half
    assert not (wrong & ~bench.stuck).any()
    assert 1 <= int(bench.stuck.sum()) <= 12
    assert bench.ledger.pulses / 256 < 40
