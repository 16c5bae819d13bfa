"""A small network, samples for it and the kind of chip that it is compiled for."""

from typing import Any

import torch
from torch import Tensor, nn

from mho.bench import BenchInfo
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.rng import Stream


def network() -> nn.Module:
    """Convolution, batch norm, pooling, linear layer and softmax."""
    generator = torch.Generator().manual_seed(1)
    made = nn.Sequential(
        nn.Conv2d(1, 2, 3),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8, 3),
        nn.Hardtanh(-float("inf"), 4.0),
        nn.Softmax(1),
    )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return made.eval()


def kind_of_chip(**changes: Any) -> BenchInfo:
    chip = Chip(**({"tiles": 2, "rows": 10, "cols": 8} | changes))
    return SimulatedBench(chip, Stream(0)).info


def samples() -> Tensor:
    return torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(0))
