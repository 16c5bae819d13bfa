"""Recurrent layers against torch's own: matrices on tiles, gates and loop digital."""

from pathlib import Path

import pytest
import torch
from ideal_bench import First, check_ideal, check_same, exact, normal, randomise
from torch import Tensor, nn

from mho.network import read_network
from mho.network.formats import read_archive
from mho.network.operations import LinearLayer

CELLS = [
    nn.LSTM(4, 5, batch_first=True),
    nn.LSTM(
        4, 5, batch_first=True, num_layers=2, bidirectional=True, bias=False
    ),
    nn.GRU(4, 5, batch_first=True),
    nn.GRU(4, 5, batch_first=True, num_layers=3, bias=False),
    nn.GRU(
        4, 5, batch_first=True, num_layers=2, bidirectional=True, dropout=0.5
    ),
    nn.RNN(4, 5, batch_first=True),
    nn.RNN(4, 5, batch_first=True, nonlinearity="relu", bidirectional=True),
]


@pytest.mark.parametrize("module", CELLS, ids=str)
def test_a_recurrent_layer_is_two_layers_for_each_direction(
    module: nn.RNNBase,
) -> None:
    """Its weights are those of torch, gate after gate; rounding as in `check_same`."""
    whole = First(module)
    network = read_network(randomise(whole), normal(3, 6, 4))
    wanted = [w for name, w in module.named_parameters() if "weight" in name]
    assert len(network.layers) == len(wanted)
    for layer, weight in zip(network.layers, wanted, strict=True):
        assert torch.equal(layer.weight, weight)
    check_same(network, whole, normal(7, 6, 4, name="more"))


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_a_projection_is_a_third_layer() -> None:
    """What is fed back has the projection's size, the cell state keeps its own."""
    whole = First(
        nn.LSTM(4, 5, batch_first=True, bidirectional=True, proj_size=3)
    )
    network = read_network(randomise(whole), normal(3, 6, 4))
    shapes = [tuple(layer.weight.shape) for layer in network.layers]
    assert shapes == [(20, 4), (20, 3), (3, 5)] * 2
    check_same(network, whole, normal(3, 6, 4))


class Last(nn.Module):
    """The final states, steps on the first axis, from a learned beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTM(4, 5)
        self.start = nn.Parameter(torch.zeros(2, 1, 1, 5))

    def forward(self, x: Tensor) -> Tensor:
        first = self.start.expand(2, 1, x.shape[0], 5).contiguous()
        _, (hidden, cell) = self.cell(x.transpose(0, 1), (first[0], first[1]))
        return torch.cat([hidden, cell], -1).squeeze(0)


def test_final_states_and_learned_beginnings_are_kept() -> None:
    """Both are digital values, for any batch. Rounding as in `check_same`."""
    module = randomise(Last())
    check_same(
        read_network(module, normal(3, 6, 4)),
        module,
        normal(5, 6, 4, name="more"),
    )


def test_inputs_of_all_steps_are_multiplied_at_once_and_states_step_by_step() -> (
    None
):
    """3 samples of 6 steps: one product of 18 vectors, then six of 3."""
    network = read_network(randomise(First(CELLS[0])), normal(3, 6, 4))
    seen = []

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        seen.append((index, len(vectors)))
        return exact(index, layer, vectors)

    network.run(normal(3, 6, 4), product)
    assert seen == [(0, 18)] + [(1, 3)] * 6


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.filterwarnings("ignore:The tensor attributes")
def test_a_saved_recurrent_network_is_read_without_running_it(
    tmp_path: Path, batch: int | None
) -> None:
    """Several results of an operation, as the file lists them; at any batch size."""

    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRU(4, 5, batch_first=True)
            self.last = nn.Linear(5, 2)

        def forward(self, x: Tensor) -> Tensor:
            early, late = self.cell(x)[0].chunk(2, 1)
            return self.last((early - late).sum(1))

    module = randomise(Sum())
    free = None if batch else ({0: torch.export.Dim.AUTO},)
    program = torch.export.export(
        module, (normal(3, 6, 4),), dynamic_shapes=free
    )
    torch.export.save(program, tmp_path / "sum.pt2")
    network = read_network(read_archive(tmp_path / "sum.pt2"), normal(3, 6, 4))
    assert [layer.name for layer in network.layers][2] == "last"
    check_same(network, module, normal(5, 6, 4, name="more"))


@pytest.mark.parametrize("cell", [CELLS[0], CELLS[2]], ids=["lstm", "gru"])
def test_an_ideal_chip_computes_the_network(cell: nn.Module) -> None:
    """Rounding of converters does not pile up over the steps; see `check_ideal`."""
    check_ideal(First(cell), normal(5, 6, 4))


@pytest.mark.filterwarnings("ignore:The tensor attributes")
def test_dropping_between_layers_is_refused_in_training_mode() -> None:
    """Its outputs would differ every time."""
    module = First(
        nn.GRU(4, 5, batch_first=True, num_layers=2, dropout=0.5)
    ).train()
    program = torch.export.export(module, (normal(3, 6, 4),), strict=False)
    with pytest.raises(
        ValueError, match=r"node `gru` still drops activations.*call `eval\(\)`"
    ):
        read_network(program, normal(3, 6, 4))
