"""The account of multiply-adds, against torch's own counter and counts by hand."""

import pytest
import torch
from ideal_bench import First, normal, randomise
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mho.network import read_network
from mho.network.account import account


class Mixed(nn.Module):
    """Convolutions of every kind, a shortcut and a product of activations."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.deep = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, groups=2)
        self.line = nn.Conv1d(4, 4, 3, dilation=2)
        self.last = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x = self.up((x + self.deep(x)).relu()).flatten(2)
        x = self.line(x)
        return self.last((x @ x.transpose(1, 2)).softmax(-1)).flatten(1)


def test_multiply_adds_are_those_that_torch_counts() -> None:
    """Torch counts two operations for each, on the module itself, for convolutions and products.

    Exact; 5 samples there, one here.
    """
    module = randomise(Mixed())
    inputs = normal(5, 3, 9, 7)
    with FlopCounterMode(display=False) as counter:
        module(inputs)
    found = account(read_network(module, inputs))
    assert 2 * 5 * (found.analog + found.digital) == counter.get_total_flops()
    kinds = {
        entry.kind: (entry.name, entry.runs, entry.layers)
        for entry in found.operations
    }
    assert kinds["conv_transpose2d"] == ("up", "analog", 2)
    assert kinds["matmul"] == ("matmul", "refused", 0)
    assert {"conv2d", "conv1d", "linear", "relu", "softmax"} <= kinds.keys()


def test_an_encoder_counts_its_projections_scores_and_norms() -> None:
    """T = 6 tokens of d = 8 and 16 hidden: T·(4d² + 2·16d) on tiles, 2·T²·d + 2·T·d digitally."""
    module = randomise(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True))
    found = account(read_network(module, normal(3, 6, 8)))
    assert found.analog == 6 * (4 * 64 + 2 * 16 * 8)
    assert found.digital == 2 * 36 * 8 + 2 * 6 * 8
    assert found.analog_share == found.analog / (found.analog + found.digital)
    rows = found.rows()
    assert ("linear2", "linear", "analog", 6 * 128) in rows
    assert ("norm2", "layer_norm", "digital", 48) in rows


@pytest.mark.parametrize(
    ("cell", "gates", "scaled"),
    [(nn.LSTM, 4, 3), (nn.GRU, 3, 2), (nn.RNN, 1, 0)],
    ids=["lstm", "gru", "rnn"],
)
def test_recurrent_layers_count_every_step(
    cell: type[nn.RNNBase], gates: int, scaled: int
) -> None:
    """7 steps, both directions of 5 hidden values: matrices of 4 + 5 inputs for each gate."""
    module = First(cell(4, 5, batch_first=True, bidirectional=True))
    found = account(read_network(randomise(module), normal(3, 7, 4)))
    assert found.analog == 7 * 2 * gates * 5 * (4 + 5)
    assert found.digital == 7 * 2 * 5 * scaled


def test_folded_norms_cost_nothing_and_others_one_for_each_value() -> None:
    """Twelve values of 3 channels; the first norm has no layer before it."""
    module = nn.Sequential(
        nn.BatchNorm1d(3), nn.Conv1d(3, 5, 1), nn.BatchNorm1d(5)
    )
    found = account(read_network(randomise(module), normal(2, 3, 4)))
    assert [
        (entry.name, entry.analog, entry.digital) for entry in found.operations
    ] == [
        ("0", 0, 12),
        ("1", 60, 0),
        ("2", 0, 0),
    ]
    assert found.operations[2].fate == "folded into 1"


def test_samples_of_free_size_have_to_be_given() -> None:
    """Their number of vectors is not in the network."""
    free = {0: torch.export.Dim.AUTO, 2: torch.export.Dim.AUTO}
    module = randomise(nn.Conv1d(2, 3, 2))
    program = torch.export.export(
        module, (normal(3, 2, 9),), dynamic_shapes=(free,)
    )
    network = read_network(program, normal(3, 2, 9))
    with pytest.raises(
        ValueError, match=r"`sample` must be given .* shape \(2, None\)"
    ):
        account(network)
    assert account(network, normal(2, 9)).analog == 8 * 12
