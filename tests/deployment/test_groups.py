"""Groups of channels in one call give what a call for each gives: outputs, clock, ledger."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip, VectorDraws
from mho.data import answers_of
from mho.deployment import (
    Correction,
    DeployedNetwork,
    Looks,
    RangeRule,
    calibrate_ranges,
)
from mho.ledger import Ledger
from mho.mapping import Placement, lay_out, mapping_for
from mho.network import Network, read_network
from mho.programming import ProgramResult
from mho.rng import Stream

CHANNELS = 12


def network() -> tuple[Network, torch.Tensor]:
    """Twelve channels with kernels of their own, some with a bias of zero, then all mixed."""
    generator = Stream(0).child("weights").generator()
    module = nn.Sequential(
        nn.Conv2d(CHANNELS, CHANNELS, 3, stride=2, padding=1, groups=CHANNELS),
        nn.ReLU(),
        nn.Conv2d(CHANNELS, 6, 1, groups=3, bias=False),
        nn.Flatten(),
    )
    for parameter in module.parameters():
        nn.init.normal_(parameter, generator=generator)
    inputs = torch.rand(5, CHANNELS, 6, 5, generator=generator)
    return read_network(module, inputs), inputs


def deployed(
    kind: str, read_noise: str, *, per_column: bool = False
) -> tuple[DeployedNetwork, torch.Tensor]:
    """The network on a chip as it comes from the factory: nothing need be programmed for this."""
    read, inputs = network()
    bench = SimulatedBench(Chip(tiles=1), Stream(3), read_noise=read_noise)
    placement = lay_out(read, bench.info, mapping_for(kind, bench.info))
    rule = RangeRule.of(bench.info, per_column=per_column)
    volts = bench.info.read_voltage
    ranges = calibrate_ranges(read, placement, inputs, volts, rule)
    ready = DeployedNetwork(read, bench, placement, ranges, nothing(placement))
    ready.correct(4, Correction(torch.tensor([2.0]), torch.tensor([0.5])))
    return ready, inputs


def nothing(placement: Placement) -> ProgramResult:
    """Programming that has not been done."""
    cells = placement.cells
    zero = torch.zeros(cells.numel())
    none = zero.long()
    return ProgramResult(
        cells=cells,
        target=placement.target,
        outcome=none,
        error=zero,
        noise=zero,
        pulses=none,
        denoise_pulses=none,
        reads=none,
        tolerance=1e-6,
        cycles=0,
        ledger=Ledger(),
    )


@pytest.mark.parametrize(
    ("kind", "read_noise", "per_column"),
    [
        ("pairs", "frozen", False),
        ("pairs", "moments", False),
        ("pairs", "sampled", False),
        ("pairs", "frozen", True),
        ("offset", "frozen", False),
        ("four", "frozen", False),
    ],
)
def test_groups_in_one_call_give_what_one_call_each_gives(
    kind: str,
    read_noise: str,
    per_column: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two chips of one seed: outputs, clock and ledger, after a first look and after a second.

    Ranges for each column, and second pairs, go one by one, and give the same. Groups in one call
    have noise with draws of its own, so the fresh part of it is left out. Their sums are rounded
    in another order, to 1e-7: of a thousand results none is so near to the middle between two
    codes that it becomes another one, and all later factors are rounded to 1e-7.
    """

    def silence(draws: VectorDraws, rows: int) -> torch.Tensor:
        return torch.zeros(rows, draws.width)

    monkeypatch.setattr(VectorDraws, "normal", silence)
    together, inputs = deployed(kind, read_noise, per_column=per_column)
    alone, _ = deployed(kind, read_noise, per_column=per_column)
    for _ in range(2):
        found = together.outputs(inputs)
        wanted = alone.network.outputs(inputs, alone.product)
        assert found.keys() == wanted.keys()
        for name in wanted:
            torch.testing.assert_close(
                found[name], wanted[name], rtol=1e-5, atol=1e-5
            )
        assert together.bench.clock == alone.bench.clock
        spent, owed = together.bench.ledger, alone.bench.ledger
        assert spent.read_joules == pytest.approx(owed.read_joules, rel=1e-6)
        assert replace(spent, read_joules=0.0) == replace(owed, read_joules=0.0)


def test_groups_that_were_foreseen_give_the_same_answers() -> None:
    """Looks at three times, told beforehand, and the same looks asked for one by one."""
    told, inputs = deployed("pairs", "frozen")
    asked, _ = deployed("pairs", "frozen")
    moments = [1.0, 10.0, 100.0]
    looks = Looks(told, inputs.flip(0), moments)
    for moment, outputs in zip(moments, looks, strict=True):
        answers = answers_of(outputs)
        asked.bench.wait(moment - asked.bench.clock)
        assert torch.equal(answers, asked.answers(inputs.flip(0)))


def test_a_group_with_wrong_cells_is_refused_as_it_is_alone() -> None:
    """A column named twice in one of two groups: the sentence of `multiply`."""
    bench = SimulatedBench(Chip(rows=8, cols=8), Stream(0))
    plus = torch.tensor([[[0], [8]], [[1], [9]]])
    minus = torch.tensor([[[2], [10]], [[1], [9]]])
    images = torch.zeros(3, 4, 1, 1)
    with pytest.raises(ValueError, match="must follow the lines of the tile"):
        bench.multiply_windows(images, (1, 1), plus, minus, [1e-3, 1e-3])
