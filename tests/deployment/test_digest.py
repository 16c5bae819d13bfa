"""A digest of all that a network computes; and the same network in double precision."""

from collections import OrderedDict
from dataclasses import replace

import numpy as np
import torch
from ideal_bench import normal, randomise
from torch import Tensor, nn

from mho.data import Data
from mho.deployment.storage import network_digest
from mho.network import Network, read_network
from mho.runs import Task

INPUTS = normal(5, 6, name="inputs")


def perceptron(between: nn.Module, bias: float = 0.0) -> Network:
    """Two layers of the same weights, whatever lies between them."""
    module = nn.Sequential(
        OrderedDict(
            first=nn.Linear(6, 4), between=between, last=nn.Linear(4, 3)
        )
    )
    randomise(module)
    with torch.no_grad():
        module.get_submodule("last").get_parameter("bias").add_(bias)
    return read_network(module.requires_grad_(requires_grad=False), INPUTS)


def test_operations_and_biases_make_another_network() -> None:
    """Weights are those of before in all three, so a fingerprint of weights sees no difference."""
    networks = (
        perceptron(nn.ReLU()),
        perceptron(nn.Tanh()),
        perceptron(nn.ReLU(), bias=1e-6),
    )
    data = Data(INPUTS, torch.zeros(5, dtype=torch.int64), INPUTS, classes=3)
    tasks = [Task(network, data) for network in networks]
    assert len({task.fingerprint for task in tasks}) == 1
    assert len({task.details for task in tasks}) == len(tasks)


def test_the_same_network_read_again_has_the_same_digest() -> None:
    again = perceptron(nn.ReLU())
    assert network_digest(again) == network_digest(perceptron(nn.ReLU()))


def test_notes_of_the_conversion_are_not_part_of_it() -> None:
    network = perceptron(nn.ReLU())
    assert network_digest(replace(network, notes={})) == network_digest(network)


def test_double_precision_is_that_of_the_same_numbers() -> None:
    """Against numpy in double precision; sums of six terms round by some 1e-15 there.

    Single precision would be off by some 1e-7 of the outputs, which are about one.
    """
    network = perceptron(nn.Tanh())
    first, last = (
        (layer.weight.double().numpy(), layer.bias) for layer in network.layers
    )
    assert first[1] is not None
    assert last[1] is not None
    hidden = np.tanh(
        INPUTS.double().numpy() @ first[0].T + first[1].double().numpy()
    )
    wanted = hidden @ last[0].T + last[1].double().numpy()
    found = network.in_float64().run(INPUTS)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), wanted, rtol=0, atol=1e-13)
    assert network.run(INPUTS).dtype == torch.float32


class Counted(nn.Module):
    """Numbers made of whole ones on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense((x > 0).float()) + x[:, :4]


def test_double_precision_has_no_step_in_single_precision() -> None:
    """A truth that becomes a number becomes one of double precision."""
    module = randomise(Counted()).requires_grad_(requires_grad=False)
    network = read_network(module, INPUTS)
    found = network.in_float64().run(INPUTS)
    dense = module.get_submodule("dense").double()
    wanted = dense((INPUTS > 0).double()) + INPUTS[:, :4].double()
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-13)
