"""Attention: projections on tiles, scores and softmax digital."""

import pytest
import torch
from ideal_bench import check_ideal, check_same, normal, randomise
from torch import Tensor, nn

from mho.network import read_network


class Attends(nn.Module):
    def __init__(self, *, weighted: bool) -> None:
        super().__init__()
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)
        self.weighted = weighted

    def forward(self, x: Tensor) -> Tensor:
        return self.heads(x, x, x, need_weights=self.weighted)[0]


class Tokens(nn.Module):
    """Whole numbers to vectors, places added, one block, the mean of all tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(11, 8)
        self.places = nn.Parameter(torch.zeros(5, 8))
        self.block = nn.TransformerEncoderLayer(
            8, 2, 16, batch_first=True, norm_first=True
        )
        self.last = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.block(self.words(x.long()) + self.places).mean(1))


@pytest.mark.parametrize("weighted", [True, False])
def test_projections_of_attention_are_two_layers(weighted: bool) -> None:
    """Queries, keys and values are one layer of three times the size; both ways torch has."""
    module = randomise(Attends(weighted=weighted))
    network = read_network(module, normal(3, 6, 8))
    names = [
        (layer.name, tuple(layer.weight.shape)) for layer in network.layers
    ]
    assert names == [
        ("heads.in_proj_weight", (24, 8)),
        ("heads.out_proj", (8, 8)),
    ]
    check_same(network, module, normal(5, 6, 8, name="more"))


def test_an_encoder_is_four_layers_for_each_block() -> None:
    """Rounding as in `check_same`."""
    block = nn.TransformerEncoderLayer(
        8, 2, 16, batch_first=True, activation="gelu"
    )
    module = randomise(
        nn.TransformerEncoder(block, 2, enable_nested_tensor=False)
    )
    network = read_network(module, normal(3, 6, 8))
    shapes = [tuple(layer.weight.shape) for layer in network.layers]
    assert shapes == [(24, 8), (8, 8), (16, 8), (8, 16)] * 2
    check_same(network, module, normal(5, 6, 8, name="more"))


def test_embedding_is_looked_up_digitally() -> None:
    """Samples are float32, as files of samples are; tokens among them are whole numbers."""
    module = randomise(Tokens())
    inputs = (normal(4, 5) * 3).abs().floor()
    network = read_network(module, inputs)
    assert "block.linear1" in [layer.name for layer in network.layers]
    check_same(network, module, inputs.flip(0))


def test_an_ideal_chip_computes_an_encoder_block() -> None:
    """See `check_ideal`; layer norm keeps the scale of all activations of order one."""
    check_ideal(
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), normal(5, 6, 8)
    )


def test_attention_recorded_for_one_batch_size_is_refused() -> None:
    """Its reshapes mix samples and heads, so another batch size cannot be put in."""
    program = torch.export.export(
        Attends(weighted=False).eval(), (normal(3, 6, 8),)
    )
    with pytest.raises(
        ValueError, match=r"any size.* with a dynamic batch dimension\.$"
    ):
        read_network(program, normal(3, 6, 8))
