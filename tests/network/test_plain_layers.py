"""Chains of plain layers are recorded as torch's exporter records them, without it."""

import subprocess
import sys
from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from mho.network.exported_program import graph_of_program
from mho.network.graph import Graph
from mho.network.plain_layers import graph_of_layers
from mho.network.tracing import trace

CHAINS = {
    "perceptron": (
        nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2, bias=False)),
        (4,),
    ),
    "images": (
        nn.Sequential(
            OrderedDict(
                first=nn.Conv2d(2, 4, 3, stride=2, bias=False),
                active=nn.ReLU(),
                grouped=nn.Conv2d(
                    4, 4, (1, 3), padding=(0, 1), dilation=(1, 2), groups=2
                ),
                pooled=nn.MaxPool2d((2, 1), (1, 1)),
                flat=nn.Flatten(),
                dense=nn.Linear(12, 3),
                again=nn.ReLU(),
            )
        ),
        (2, 9, 8),
    ),
    "pooled twice": (
        nn.Sequential(
            nn.Conv2d(2, 3, 1),
            nn.MaxPool2d(3),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(3, 1),
        ),
        (2, 6, 6),
    ),
}


class Derived(nn.ReLU):
    """Looks like a rectifier, and does what it likes."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return -input


def with_hook() -> nn.Module:
    hooked = nn.Sequential(nn.Linear(4, 4))
    hooked[0].register_forward_hook(lambda *_: torch.zeros(1))
    return hooked


def with_tied_weights() -> nn.Module:
    tied = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    tied[1].weight = tied[0].weight
    return tied


TWICE = nn.ReLU()
OTHERS = {
    "no chain": nn.Linear(4, 4),
    "a class of its own": nn.Sequential(nn.Linear(4, 4), Derived()),
    "in place": nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True)),
    "used twice": nn.Sequential(nn.Linear(4, 4), TWICE, TWICE),
    "hook": with_hook(),
    "tied": with_tied_weights(),
    "other layers": nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)),
    "doubles": nn.Sequential(nn.Linear(4, 4).double()),
    "empty": nn.Sequential(),
}


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_is_recorded_as_by_the_exporter(name: str, batch: int) -> None:
    """Every name, argument, shape and tensor, with a free batch. Exact."""
    module, shape = CHAINS[name]
    module.eval()
    found = graph_of_layers(module, torch.rand(batch, *shape))
    assert found is not None
    wanted = graph_of_program(
        torch.export.export(
            module,
            (torch.rand(3, *shape),),
            dynamic_shapes=({0: torch.export.Dim.AUTO},),
            strict=False,
        )
    )
    assert plain(found) == plain(wanted)
    for key, tensor in wanted.tensors.items():
        assert torch.equal(found.tensors[key], tensor)


@pytest.mark.parametrize("name", OTHERS)
def test_everything_else_is_left_to_the_exporter(name: str) -> None:
    """Whatever may do more than its layers say is not guessed at."""
    assert graph_of_layers(OTHERS[name], torch.rand(3, 4)) is None


def test_a_chain_that_does_not_fit_its_example_says_so() -> None:
    with pytest.raises(ValueError, match="must accept the example"):
        trace(nn.Sequential(nn.Linear(4, 3)), torch.rand(2, 5))


def test_the_digits_are_made_ready_without_exporter_and_compiler() -> None:
    """The built-in network loads none of what takes torch and others seconds to load."""
    slow = "torch._dynamo", "sympy", "sklearn", "scipy"
    code = (
        "import sys, mho.runs\n"
        "task = mho.runs.prepare(mho.runs.Job('digits'), lambda *_: None)\n"
        "mho.runs.image_for(mho.runs.Job('digits'), task)\n"
        "import mho.report\n"
        f"print([name for name in {slow} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def plain(graph: Graph) -> list[object]:
    """Everything but the tensors' numbers, in an order."""
    nodes = [
        (n.name, n.operator, list(n.arguments.items()), n.shape)
        for n in graph.nodes
    ]
    return [
        (graph.input, graph.sample_shape, graph.batch, graph.output),
        (list(graph.tensors), dict(graph.labels), graph.untrained),
        nodes,
    ]
