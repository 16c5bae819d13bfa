"""Benches for laws: a simulated chip without any imperfection, and one that skews products."""

import torch
from torch import Tensor, nn

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.deployment import DeployedNetwork, calibrate_ranges, program_pairs
from mho.device.published import preset
from mho.ledger import Ledger
from mho.mapping import lay_out
from mho.network import read_network
from mho.programming import ErrorTable, ProgramProtocol
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

QUIET = {
    "telegraph__births": 0.0,
    "telegraph__spawning": 0.0,
    "flicker__per_decade": 0.0,
    "relaxation__scale": 0.0,
    "retention__scale": 0.0,
    "cell__stuck_fraction": 0.0,
    "cell__curvature": 0.0,
    "array__read_noise_off_chip": 0.0,
    "array__dac_bits": 16.0,
    "array__adc_bits": 16.0,
}
COARSE = ProgramProtocol(5 * uS, denoise=None)


def quiet_bench(seed: int = 0, **changes: float) -> SimulatedBench:
    """A small chip without noise, drift, wires or stuck cells, unless `changes` say so."""
    kind = preset("rao2023").replace(**(QUIET | changes))
    ideal = WireModel(word_line=0.0, bit_line=0.0)
    chip = Chip(kind, tiles=2, rows=32, cols=64, wires=ideal)
    return SimulatedBench(chip, Stream(seed).child("chip"))


def perceptron(
    stream: Stream, inputs: int = 8, hidden: int = 12, classes: int = 3
) -> nn.Module:
    """Two linear layers with weights from the stream."""
    network = nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes)
    )
    for name, values in network.named_parameters():
        nn.init.normal_(
            values, std=0.4, generator=stream.child(name).generator()
        )
    return network.eval().requires_grad_(False)


def problem(stream: Stream, count: int = 120) -> tuple[Tensor, Tensor]:
    """Points of eight numbers in three classes that a perceptron can tell apart."""
    generator = stream.child("problem").generator()
    centres = torch.randn(3, 8, generator=generator).abs()
    labels = torch.arange(count) % 3
    return centres[labels] + 0.35 * torch.randn(
        count, 8, generator=generator
    ), labels


def deployed_on(
    bench: SimulatedBench,
    network: nn.Module,
    samples: Tensor,
    protocol: ProgramProtocol = COARSE,
    *,
    repaired: bool = True,
) -> DeployedNetwork:
    """The network programmed into the bench."""
    read = read_network(network, samples)
    placement = lay_out(read, bench.info)
    placement, result = program_pairs(
        bench, placement, protocol, repaired=repaired
    )
    ranges = calibrate_ranges(read, placement, samples, bench.info.read_voltage)
    return DeployedNetwork(read, bench, placement, ranges, result)


def spread(size: float) -> ErrorTable:
    """Statistics of cells that are off by a normal error of one size (S), wherever they are."""
    error = size * torch.randn(
        2, 4096, generator=Stream(0).child("spread").generator()
    )
    return ErrorTable(
        50 * uS,
        500 * uS,
        error,
        torch.zeros_like(error),
        torch.zeros(0),
        8192,
        Ledger(),
    )
