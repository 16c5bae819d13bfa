"""The module that some golden images were compiled from."""

import torch
from torch import nn


def mlp():
    """Five inputs, a hidden layer, three classes, and a linear head that can stay digital."""
    network = nn.Sequential()
    network.add_module("body", nn.Linear(5, 4))
    network.add_module("act", nn.Tanh())
    network.add_module("head", nn.Linear(4, 3))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network.eval()
