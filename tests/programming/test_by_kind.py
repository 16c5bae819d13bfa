"""Cells of each kind get the protocol that suits them, from what their bench says of itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import mho
from mho.compiled import numbers_record, record_type
from mho.programming import (
    Denoise,
    IdenticalPulses,
    Outcome,
    Predictive,
    ProgramProtocol,
    WriteVerify,
    suited_protocol,
)
from own_cells import Soft, Steep

CELLS = 256


def bench_of(
    model: mho.CellModel | str, cells: int = CELLS
) -> mho.SimulatedBench:
    chip = mho.Chip(model, rows=cells // 16, cols=16)
    return mho.SimulatedBench(chip, mho.Stream(0))


def spread_targets(info: mho.BenchInfo) -> torch.Tensor:
    """Targets all over the range (S)."""
    part = torch.rand(CELLS, generator=torch.Generator().manual_seed(0))
    return info.array_low + (info.array_high - info.array_low) * part


def test_filaments_are_programmed_as_the_2023_chip_was() -> None:
    """Whatever is new for other kinds: nothing changes where telegraph noise may be."""
    info = bench_of("rao2023", 16).info
    assert (info.telegraph, info.method, info.levels) == (
        True,
        "predictive",
        None,
    )
    assert suited_protocol(info) == ProgramProtocol()
    assert suited_protocol(info, 2e-6, denoise=False) == ProgramProtocol(
        2e-6, denoise=None
    )
    effort = mho.programming.ProgrammingOptions(3e-6)
    assert effort.protocol(info) == ProgramProtocol(3e-6, denoise=Denoise())


def test_methods_have_the_pulses_of_the_typical_cell() -> None:
    """Its width; a ramp begins where a step is as wide as the window: V − V₀ ln(step/window)."""
    info = bench_of(Steep(), 16).info
    law = replace(info.nominal, width=3e-7)
    info = replace(info, nominal=law)
    span = info.array_high - info.array_low
    assert info.usual_tolerance == pytest.approx(span / 20)
    predictive = suited_protocol(info)
    assert isinstance(predictive.trim, Predictive)
    assert predictive.trim.width == 3e-7
    assert predictive.denoise is None
    ramp = suited_protocol(replace(info, method="ramp"), law.step / 10).trim
    assert isinstance(ramp, WriteVerify)
    lowest = min(law.set_voltage, law.reset_voltage)
    assert ramp.start_voltage == pytest.approx(
        lowest - law.slope * torch.tensor(10.0).log().item()
    )
    assert ramp.width == 3e-7
    counted = suited_protocol(replace(info, method="identical pulses")).trim
    assert counted == IdenticalPulses(width=3e-7)
    with pytest.raises(ValueError, match="`method` must be one of `identical"):
        replace(info, method="ramps")


@pytest.mark.parametrize("model", [Soft(), Steep()], ids=["counted", "chosen"])
def test_own_cells_are_programmed_without_choosing_anything(
    model: mho.CellModel,
) -> None:
    """All cells end within the window: they answer, and nothing fluctuates.

    The look that accepts them has a noise of 10⁻⁵ of the range, far below the window.
    """
    bench = bench_of(model)
    target = spread_targets(bench.info)
    result = mho.program(bench, target)
    assert bool((result.outcome == int(Outcome.CONVERGED)).all())
    assert result.tolerance == bench.info.usual_tolerance
    seen = bench.read(torch.arange(CELLS), samples=1, window=0.0).mean
    assert float((seen - target).abs().max()) <= result.tolerance


def test_pulses_are_counted_as_the_steps_take_them() -> None:
    """A soft bound without spread: n pulses from G leave high − (high − G) (1 − sV)ⁿ.

    The first train of a cell aims at 80 % of the way with the typical step; later ones know it
    better. What matters is that a train is as long as the cell's own estimate says, that its
    pulses are alike, and that all of them are on the ledger.
    """
    model = Soft(noise=0.0)
    bench = bench_of(model, 16)
    info = bench.info
    given: list[torch.Tensor] = []

    class Watched(mho.bench.ForwardingBench):
        def pulse(self, pulse: mho.Pulse, cells: torch.Tensor) -> None:
            given.append(pulse.amplitude.clone())
            super().pulse(pulse, cells)

    way = 0.4 * (info.array_high - info.array_low)
    target = torch.full((16,), info.array_low + way)
    trim = IdenticalPulses()
    protocol = replace(suited_protocol(info), trim=trim)
    result = mho.program(Watched(bench), target, protocol)
    first = given[0]
    # all cells are new and alike, and so are their trains
    wanted = trim.aim * way / info.nominal.step
    assert abs(first.shape[0] - wanted) <= 1
    assert torch.equal(first, first[:1, :1].expand_as(first))
    assert float(first[0, 0]) == pytest.approx(info.nominal.set_voltage)
    assert int(result.pulses.sum()) == bench.ledger.pulses
    count = sum(int(torch.count_nonzero(one)) for one in given)
    assert count == bench.ledger.pulses
    assert len(given) <= 6


def test_an_error_below_a_step_takes_a_smaller_pulse() -> None:
    """In proportion for cells whose steps are so: half a step takes half the voltage."""
    model = Soft(noise=0.0)
    bench = bench_of(model, 16)
    law = bench.info.nominal
    columns = {"conductance": "f4", "target": "f4", **IdenticalPulses.columns}
    cell = np.zeros(1, record_type(columns)).view(np.recarray)[0]
    cell.step[:] = law.step
    cell.conductance = 10e-6
    cell.target = 10e-6 + 0.5 * law.step
    protocol = ProgramProtocol(trim=IdenticalPulses(aim=1.0), denoise=None)
    numbers = numbers_record(protocol.numbers(bench.info))
    p = numbers.view(np.recarray)[0].trim
    volts = IdenticalPulses.propose(cell, p)
    assert (cell.count, IdenticalPulses.count(cell, p)) == (1, 1)
    power = law.slope / law.set_voltage
    assert float(volts) == pytest.approx(law.set_voltage * 0.5**power, rel=1e-5)


def test_cells_that_do_not_answer_are_stuck() -> None:
    """Junctions that never turn: 30 full pulses in a row, and no more.

    One that is stuck on its target's side is right by chance. Resistances spread so little here
    that none is beyond the middle.
    """
    kind = mho.preset("mram_jung2022").replace(
        cell__stuck_fraction=0.2, cell__parallel_spread=100.0
    )
    bench = bench_of(kind)
    info = bench.info
    high = torch.rand(CELLS, generator=torch.Generator().manual_seed(0)) > 0.5
    target = torch.where(high, info.array_high, info.array_low)
    middle = (info.array_low + info.array_high) / 2
    every = torch.arange(CELLS)
    born = bench.read(every, samples=8, window=0.0).mean > middle
    result = mho.program(bench, target)
    hopeless = bench.stuck & (born != high)
    assert int(hopeless.sum()) > 10
    assert torch.equal(result.stuck, hopeless)
    done = result.outcome == int(Outcome.CONVERGED)
    assert torch.equal(done, ~hopeless)
    seen = bench.read(every, samples=8, window=0.0).mean > middle
    assert torch.equal(seen[done], high[done])
    assert int(result.pulses[hopeless].min()) >= 30


def test_two_levels_are_two() -> None:
    """One sentence wherever more are asked for."""
    bench = bench_of("mram_jung2022", 16)
    info = bench.info
    assert info.levels == 2
    with pytest.raises(
        ValueError,
        match=r"`target` must be 38.46 µS or 76.92 µS, for cells of `simulated mram_jung2022` have"
        r" two levels, but is 50 µS for one; ask for 2 levels \(`--levels 2`\)\.",
    ):
        mho.program(bench, torch.full((16,), 50e-6))
    more = r"`levels` must be at most 2, as cells of `simulated mram_jung2022` hold no more"
    with pytest.raises(ValueError, match=rf"{more}.* but is 2,048; ask for 2"):
        info.check_levels(2048)
    with pytest.raises(ValueError, match=rf"{more}.* but is any conductance"):
        info.check_levels(None)
    info.check_levels(2)
    with pytest.raises(ValueError, match=more):
        mho.LevelExperiment(mho.Chip("mram_jung2022"), 32)
    with pytest.raises(ValueError, match=more):
        mho.deployment.DeployOptions(levels=4).weight_mapping(info)


def test_a_cell_at_its_end_is_given_up_after_a_few_trains() -> None:
    """Its own bound keeps it outside the window: four trains without an answer, 10 steps each.

    An estimate falls to a tenth of the typical step at most, so that a train aims at the error
    with no more than ten times the pulses that it would take.
    """
    bench = bench_of(Soft(noise=0.0, high=10e-6), 16)
    info = bench.info
    # the bench believes in a range that its cells do not have
    span = info.array_high - info.array_low
    wide = replace(info, conductance_high=20e-6)

    class Hopeful(mho.bench.ForwardingBench):
        @property
        def info(self) -> mho.BenchInfo:
            return wide

    target = torch.full((16,), info.array_high + 0.2 * span)
    result = mho.program(Hopeful(bench), target)
    assert bool(result.stuck.all())
    wanted = 1.2 * span / info.nominal.step
    assert int(result.pulses.max()) < 4 * 10 * wanted
