"""Call the command line in this process, and a network to call it with."""

import pytest

from mho.cli.main import main

PERCEPTRON = """
import torch
from torch import nn

def mlp():
    network = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network
"""
"""A file `net.py` with a factory `mlp`: two layers, 6 inputs, 3 classes."""


def call(*words: str) -> int:
    """Exit code of `mho` with these words."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    code = ended.value.code
    assert isinstance(code, int)
    return code
