"""What compiled laws draw is distributed as what the eager ones draw: a million draws of each.

The two sides have streams of their own, so nothing but the distributions agrees. By Kolmogorov and
Smirnov the largest distance between two empirical distributions of n and m draws of one law
exceeds 2.69·√(1/n + 1/m) once in a million times (2e^(−2·2.69²)): 0.0038 at a million each. Laws
whose distributions are 0.008 apart anywhere are told apart all but surely: such are normal numbers
whose standard deviations differ by 4 %, or whose means differ by 2 % of it.
"""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import reference
from mho.device import Cells
from mho.device.filament import CellParameters
from mho.device.published import preset
from mho.rng import CellStream, Stream

COUNT = 1_000_000
EVERY = torch.arange(COUNT)
ONE = torch.ones(COUNT)
STILL = {
    "cell__stuck_fraction": 0.0,
    "flicker__per_decade": 0.0,
    "relaxation__scale": 0.0,
    "retention__scale": 0.0,
    "switching__gain_spread": 0.0,
    "switching__voltage_spread": 0.0,
    "telegraph__births": 0.0,
    "telegraph__spawning": 0.0,
}
"""Nothing happens by chance but what a test switches on."""


def kind(name: str = "rao2023", **changes: float) -> CellParameters:
    """A published cell, quiet but for what is given."""
    made = preset(name).replace(**(STILL | changes)).cell()
    assert isinstance(made, CellParameters)
    return made


def compiled(model: CellParameters, stream: Stream) -> Cells:
    """A million cells of the product."""
    return Cells(model, COUNT, stream.child("compiled"), 300.0)


def eager(stream: Stream) -> CellStream:
    """A million streams for the reference, others than those of the product."""
    return stream.child("eager").cells(EVERY)


def pulse(cells: Cells, volts: float | Tensor, width: float) -> None:
    """One pulse for every cell, the selectors fully open."""
    train = (torch.as_tensor(volts) * ONE)[None]
    cells.pulse(EVERY, train, width, 1.0 * ONE, 0.0)


def assert_one_law(found: Tensor, wanted: Tensor) -> None:
    """The largest distance between two empirical distributions is what chance allows."""
    a = found.sort().values
    b = wanted.sort().values
    # the distance is largest at one of the draws: where several are alike, after the last
    below_a = torch.searchsorted(a, a, right=True) / a.numel()
    below_b = torch.searchsorted(b, a, right=True) / b.numel()
    allowed = 2.69 * math.sqrt(1 / a.numel() + 1 / b.numel())
    assert float((below_a - below_b).abs().max()) <= allowed


def assert_as_often(found: Tensor, wanted: Tensor) -> None:
    """Two counts of a million differ by no more than five standard errors of their difference."""
    a = int(found.sum())
    b = int(wanted.sum())
    p = (a + b) / (2 * COUNT)
    assert abs(a - b) <= 5 * math.sqrt(2 * COUNT * p * (1 - p)) + 1


def one_channel_each(stream: Stream, **changes: float) -> Cells:
    """Cells with exactly one channel, which a weak pulse leaves behind; the state is theirs."""
    cells = compiled(kind(telegraph__spawning=1.0, **changes), stream)
    pulse(cells, 0.01, cells.model.telegraph.cleaning_width)
    assert bool((cells.column("amplitude")[0] > 0).all())
    return cells


def test_constants_of_cells(stream: Stream) -> None:
    """Voltages of both polarities and the gain."""
    published = preset("rao2023").cell()
    cells = Cells(published, COUNT, stream.child("compiled"), 300.0)
    own = reference.constants(published.switching, eager(stream))
    working = ~cells.column("stuck").bool()
    for name in ("set_voltage", "reset_voltage", "gain"):
        found = cells.column(name)[working]
        assert_one_law(found, getattr(own, name))


@pytest.mark.parametrize("sign", [1, -1])
def test_sizes_of_steps(stream: Stream, sign: int) -> None:
    """One pulse on cells that are all alike, a slope above their voltage."""
    model = kind()
    law = model.switching
    volts = sign * (law.set_voltage + law.slope)
    cells = compiled(model, stream)
    cells.column("core").fill_(1e-3)
    pulse(cells, volts, law.width)
    alike = reference.SwitchingConstants(
        law.set_voltage * ONE, law.reset_voltage * ONE, ONE
    )
    after = reference.moved(
        law, 1e-3 * ONE, volts * ONE, law.width, ONE, alike, eager(stream)
    )
    assert_one_law(cells.column("core"), after)


@pytest.mark.parametrize("scales", [0.3, 1.0, 20.0])
def test_numbers_of_births(stream: Stream, scales: float) -> None:
    """Channels after one step of so many birth steps: every number as often as by the reference.

    The step is the largest that there is, which a strong pulse makes; eight slots hold them all.
    """
    model = kind(telegraph__births=1.5, telegraph__slots=8.0)
    step = scales * model.telegraph.birth_step
    model = replace(
        model, switching=replace(model.switching, largest_step=step)
    )
    cells = compiled(model, stream)
    cells.column("amplitude").zero_()
    pulse(cells, 3.0, 1e-6)
    found = (cells.column("amplitude") > 0).sum(0)
    wanted = reference.born(model.telegraph, step * ONE, eager(stream))
    for number in range(9):
        assert_as_often(found == number, wanted == number)


def test_channels_of_their_own_kinds(stream: Stream) -> None:
    """Conductance, both times, cleaning voltage, and whether their traps are filled at first."""
    cells = one_channel_each(stream, telegraph__asymmetry=1.4)
    law = cells.model.telegraph
    volts = cells.model.switching.set_voltage
    wanted = reference.new(law, volts * ONE, eager(stream))
    for name in ("amplitude", "capture_time", "emission_time"):
        assert_one_law(
            cells.column(name)[0].log(), getattr(wanted, name)[0].log()
        )
    assert_one_law(
        cells.column("cleaning_voltage")[0], wanted.cleaning_voltage[0]
    )
    assert_as_often(cells.column("filled")[0], wanted.filled[0])


def test_voltages_at_which_channels_are_resolved(stream: Stream) -> None:
    """Pulses of every voltage up to the threshold, on fresh channels: who goes, and at what."""
    cells = one_channel_each(stream)
    law = cells.model.telegraph
    volts = torch.linspace(0.1, 0.67, COUNT)
    before = cells.column("amplitude")[0].clone()
    # this pulse leaves a channel, too: another one where the first is gone, else beside it
    pulse(cells, volts, law.cleaning_width)
    gone = cells.column("amplitude")[0] != before
    draws = eager(stream)
    fresh = reference.new(law, cells.model.switching.set_voltage * ONE, draws)
    wanted = reference.resolved(
        law,
        fresh,
        volts[None],
        law.cleaning_width,
        draws.uniform("cleaning")[:, None],
    )[0, 0]
    assert_as_often(gone, wanted)
    assert_one_law(volts[gone], volts[wanted])


@pytest.mark.parametrize("integration", [1e-6, 1e-3, 1.0])
def test_averages_and_states_of_traps(
    stream: Stream, integration: float
) -> None:
    """Traps of all speeds, from 1 µs to 1,000 s: what a sample sees of them."""
    cells = one_channel_each(stream)
    cells.column("core").zero_()
    cells.column("amplitude")[0] = 1.0
    law = cells.model.telegraph
    found = cells.sample(EVERY, 3.0, integration, integration, 1)[0]
    draws = eager(stream)
    traps = replace(
        reference.new(law, ONE, draws.child("new")), amplitude=ONE[None]
    )
    after, wanted = reference.watch_traps(
        traps, 3.0 * ONE, 0.0, integration, draws
    )
    assert_one_law(found, wanted[0])
    assert_as_often(cells.column("filled")[0], after.filled[0])


def test_increments_of_flicker(stream: Stream) -> None:
    """How far each of the slow processes has moved after 30 s, and where the fastest is."""
    cells = compiled(kind(), stream)
    law = cells.model.flicker
    before = cells.column("flicker").clone()
    cells.sample(EVERY, 30.0, 0.0, 0.0, 1)
    after = cells.column("flicker")
    draws = eager(stream)
    state = reference.fresh(law, draws)
    moved = reference.watch(law, state, 30.0 * ONE, 0.0, draws)[0]
    assert_one_law(after[0], moved[0])
    for k in range(len(law.times)):
        assert_one_law(after[k] - before[k], moved[k] - state[k])


@pytest.mark.parametrize("name", ["rao2023", "wan2022_polynomials"])
@pytest.mark.parametrize("age", [1e-3, 1e5])
def test_creep(stream: Stream, name: str, age: float) -> None:
    """Cycled cells at a tenth of the range, a while after: the change of what is read."""
    model = kind(name, relaxation__scale=1.0)
    core = 0.1 * model.high
    cells = compiled(model, stream)
    cells.age(EVERY, 1.0, 0.0)
    cells.column("core").fill_(core)
    found = cells.sample(EVERY, age, 0.0, 0.0, 1)[0]
    z = eager(stream).normal("relaxation")[0]
    shift = reference.shift(model.relaxation, core * ONE, age * ONE, z)
    assert_one_law(found, core + shift)
