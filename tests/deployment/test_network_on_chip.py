"""What `deploy` and `convert` give can be asked the same, whichever it is."""

import torch
from quiet_chip import perceptron, problem
from torch import nn

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.deployment import NetworkOnChip
from mho.deployment.deploy import deploy
from mho.ledger import Ledger
from mho.programming import ProgramProtocol, measure_errors
from mho.rng import Stream
from mho.statistical import convert
from mho.units import uS

PROTOCOL = ProgramProtocol(20 * uS, denoise=None)


def programmed(module: nn.Module, samples: torch.Tensor) -> NetworkOnChip:
    bench = SimulatedBench(Chip(tiles=2, rows=64, cols=64), Stream(0))
    return deploy(module, bench, samples, PROTOCOL)


def drawn(module: nn.Module, samples: torch.Tensor) -> NetworkOnChip:
    found = convert(module, Chip(rows=64, cols=64))
    assert found.programming_cost == Ledger()
    spare = SimulatedBench(Chip(rows=64, cols=64), Stream(1))
    found.program(measure_errors(spare, Stream(2), PROTOCOL), Stream(3))
    found.calibrate(samples)
    return found


def test_programmed_and_drawn_networks_answer_the_same_questions() -> None:
    """Cells, parameters and software are those of the module for both; accuracy is of `answers`.

    Digital layers put nothing on tiles. Outputs stay within a fifth of the module's own: ±20 µS of
    pairs that reach 400 µS is some percent of each weight.
    """
    samples, labels = problem(Stream(1))
    module = perceptron(Stream(3))
    weights = sum(p.numel() for p in module.parameters() if p.ndim > 1)
    wanted = module(samples)
    for make in (programmed, drawn):
        found = make(module, samples)
        assert isinstance(found, NetworkOnChip)
        assert found.cells == 2 * weights
        assert found.programming_cost.pulses > 0
        assert {one.runs for one in found.operations} == {"analog"}
        assert sum(one.on_tiles for one in found.operations) == weights
        assert sum(one.size for one in found.operations) == sum(
            p.numel() for p in module.parameters()
        )
        torch.testing.assert_close(found.software(samples), wanted)
        outputs = found(samples)
        assert float((outputs - wanted).norm() / wanted.norm()) < 0.2
        right = (found.answers(samples) == labels).double().mean()
        assert abs(found.accuracy(samples, labels) - float(right)) < 0.1
