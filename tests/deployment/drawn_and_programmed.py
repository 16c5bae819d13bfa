"""Errors of drawn and of programmed networks: to be run away from checks of shapes, for speed.

Prints the medians over chips of the relative error of the outputs, by example, as JSON: drawn and
programmed. Wires are ideal on both sides, as drawn cells know of none.
"""

import json
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

import mho
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.data import digits_data, train_digits
from mho.deployment import fitting_chip, ready_to_draw
from mho.programming import ErrorTable, ProgramProtocol, measure_errors
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

PROTOCOL = ProgramProtocol(10 * uS, denoise=None)
CHIPS = 8
SIZE = (64, 64)


class LastState(nn.Module):
    """A recurrent layer and a head on its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = nn.LSTM(8, 16, batch_first=True)
        self.head = nn.Linear(16, 6)

    def forward(self, sequence: Tensor) -> Tensor:
        return self.head(self.memory(sequence)[0][:, -1])


def convolutional() -> tuple[nn.Module, Tensor]:
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, stride=2, groups=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(72, 6),
    )
    return module, torch.randn(100, 3, 8, 8)


def recurrent() -> tuple[nn.Module, Tensor]:
    return LastState(), torch.randn(100, 6, 8)


def digits() -> tuple[nn.Module, Tensor]:
    module = train_digits(Stream(0).child("training"))
    return module, digits_data().inputs[:100]


EXAMPLES: dict[str, Callable[[], tuple[nn.Module, Tensor]]] = {
    "convolutional": convolutional,
    "recurrent": recurrent,
    "digits": digits,
}


def relative_error(found: Tensor, wanted: Tensor) -> Tensor:
    return (found - wanted).norm() / wanted.norm()


def medians(
    network: mho.Network, inputs: Tensor, table: ErrorTable
) -> tuple[float, float]:
    """Median relative error of the outputs over chips, drawn and programmed (1)."""
    wanted = network.run(inputs)
    kind = fitting_chip(network.shapes, "rao2023", size=SIZE, wires=WireModel())
    ready = ready_to_draw(
        network, Chip("rao2023", rows=SIZE[0], cols=SIZE[1]), inputs
    )
    drawn = []
    programmed = []
    for seed in range(CHIPS):
        ready.program(table, Stream(seed))
        drawn.append(relative_error(ready(inputs), wanted))
        bench = replace(kind, seed=seed).bench()
        deployed = mho.deploy(network, bench, inputs, PROTOCOL)
        programmed.append(relative_error(deployed(inputs), wanted))
    both = (torch.stack(drawn).median(), torch.stack(programmed).median())
    return float(both[0]), float(both[1])


def main() -> None:
    """All examples."""
    torch.set_num_threads(1)
    tile = SimulatedBench(Chip("rao2023"), Stream(0).child("table"))
    table = measure_errors(tile, Stream(0).child("targets"), PROTOCOL)
    found = {}
    for name, make in EXAMPLES.items():
        torch.manual_seed(0)
        module, inputs = make()
        network = mho.read_network(module.eval(), inputs)
        found[name] = medians(network, inputs, table)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
