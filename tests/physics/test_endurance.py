"""Endurance: cycles are counted, and only beyond the onset do they leave more channels behind."""

import math

import pytest
import torch

import mho
from mho.device import Cells
from mho.device.filament import CellParameters
from mho.device.laws import Endurance
from mho.device.published import preset
from mho.rng import Stream
from reference import births_factor


def _kind(**changes: float) -> CellParameters:
    return preset("rao2023").replace(cell__stuck_fraction=0.0, **changes).cell()


def _aged(
    kind: CellParameters, count: int, cycles: float, stream: Stream
) -> Cells:
    cells = Cells(kind, count, stream, 300.0)
    cells.age(torch.arange(count), cycles, 0.0)
    return cells


def test_births_grow_by_e_per_decade_beyond_the_onset() -> None:
    """1 + e·log₁₀(N/N₀): 1 up to N₀ = 10⁶, then 0.1 more for every decade. To 1e-12."""
    law = preset("rao2023").cell().endurance
    assert (law.onset, law.growth) == (1e6, 0.1)
    cycles = torch.tensor(
        [0.0, 1.0, 999_999.0, 1e6, 1e7, 1e8, 1e6 * math.e], dtype=torch.float64
    )
    expected = [1.0, 1.0, 1.0, 1.0, 1.1, 1.2, 1 + 0.1 / math.log(10)]
    assert births_factor(law, cycles).tolist() == pytest.approx(
        expected, rel=1e-12
    )


def test_a_million_cycles_leave_a_cell_as_ten_do(stream: Stream) -> None:
    """The same stream draws the same channels: bitwise, but for the count of cycles."""
    few, many = (
        _aged(_kind(), 500, cycles, stream).tensors() for cycles in (10.0, 1e6)
    )
    assert set(few["cycles"].tolist()) == {10.0}
    assert set(many["cycles"].tolist()) == {1e6}
    for name in few.keys() - {"cycles"}:
        assert torch.equal(few[name], many[name]), name


def test_worn_cells_have_fewer_quiet_states(stream: Stream) -> None:
    """P(no channel) = exp(−λ₀(1 + e·log₁₀ N/N₀)): Poisson, after a swing over the whole range.

    λ₀ = 1.5 and e = 0.5, so exp(−1.5) fresh and exp(−3) at 10⁸ cycles. The share of n cells has
    standard error √(p(1 − p)/n). The swing of 4,400 µS is 73 birth steps: saturated.
    """
    count = 100_000
    kind = _kind(endurance__growth=0.5)
    for cycles, mean in ((0.0, 1.5), (1e6, 1.5), (1e7, 2.25), (1e8, 3.0)):
        cells = _aged(kind, count, cycles, stream.child(str(cycles)))
        share = float((cells.column("amplitude") == 0).all(0).double().mean())
        p = math.exp(-mean)
        assert abs(share - p) <= 5 * math.sqrt(p * (1 - p) / count)


def test_steps_of_a_worn_cell_leave_more_channels(stream: Stream) -> None:
    """As above, for one SET that follows: channels of the past are removed before it.

    The SET of 800 µS is 13 birth steps; e^(−13) is far below the bounds.
    """
    count = 50_000
    kind = _kind(endurance__growth=0.5)
    cells = _aged(kind, count, 1e8, stream)
    cells.column("amplitude").zero_()
    volts = torch.full((1, count), 2.5)
    open_gate = torch.full((count,), 4e-3)
    cells.pulse(torch.arange(count), volts, 1e-7, open_gate, 1.0)
    share = float((cells.column("amplitude") == 0).all(0).double().mean())
    p = math.exp(-3)
    assert abs(share - p) <= 5 * math.sqrt(p * (1 - p) / count)


def test_every_switching_pulse_is_half_a_cycle(stream: Stream) -> None:
    """SET and RESET make a cycle; sub-threshold pulses, 0 V and stuck cells count nothing."""
    cells = Cells(
        preset("rao2023").replace(cell__stuck_fraction=0.5).cell(),
        400,
        stream,
        300.0,
    )
    train = (
        torch.tensor([1.5, -1.5, 0.0, 0.2, -0.2, 1.5])[:, None]
        .expand(6, 400)
        .contiguous()
    )
    cells.pulse(torch.arange(400), train, 1e-7, torch.full((400,), 4e-3), 1.0)
    assert set(
        cells.column("cycles")[~cells.column("stuck").bool()].tolist()
    ) == {1.5}
    assert set(
        cells.column("cycles")[cells.column("stuck").bool()].tolist()
    ) == {0.0}


def test_a_past_does_nothing_to_stuck_cells(stream: Stream) -> None:
    """They were never switched: core, channels and count stay bitwise; others count.

    Only their operations go on: they name draws, and a cell that is addressed has had one more.
    """
    cells = Cells(
        preset("rao2023").replace(cell__stuck_fraction=0.5).cell(),
        400,
        stream,
        300.0,
    )
    before = {
        name: t[..., cells.column("stuck").bool()].clone()
        for name, t in cells.tensors().items()
    }
    cells.age(torch.arange(400), 1e8, 5.0)
    for name, tensor in cells.tensors().items():
        assert name == "event" or torch.equal(
            tensor[..., cells.column("stuck").bool()], before[name]
        ), name
    assert set(
        cells.column("cycles")[~cells.column("stuck").bool()].tolist()
    ) == {1e8}


def test_ageing_on_the_bench_costs_nothing_and_spares_the_others(
    stream: Stream,
) -> None:
    """Clock and ledger stay; only the cells named go back to where forming left them."""
    bench = mho.SimulatedBench(mho.Chip(rows=8, cols=8), stream)
    target = torch.full((64,), 300e-6)
    mho.program(bench, target, mho.ProgramProtocol(denoise=None))
    clock = bench.clock
    ledger = bench.ledger
    every = torch.arange(64)
    bench.age(1e7, torch.arange(32))
    assert (bench.clock, bench.ledger) == (clock, ledger)
    core = bench.state()["core"]
    aged = ~bench.stuck & (every < 32)
    assert (core[aged] < 50e-6 + 4 * 77.5e-6).all()
    assert (core[~bench.stuck & (every >= 32)] > 200e-6).all()


@pytest.mark.parametrize(
    ("onset", "growth"), [(0.0, 0.1), (-1.0, 0.1), (1e6, -0.1)]
)
def test_a_law_refuses_what_makes_no_sense(onset: float, growth: float) -> None:
    """The house sentence names the argument."""
    with pytest.raises(ValueError, match=r"Argument `(onset|growth)` must"):
        Endurance(onset, growth)
