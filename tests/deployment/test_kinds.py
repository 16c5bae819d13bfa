"""Every kind of convolution, and batch norm in the layers before it, against torch's own."""

import pytest
import torch
from ideal_bench import check_ideal, check_same, normal, randomise
from torch import Tensor, nn
from torch.nn import functional

from mho.network import Graph, GraphInput, GraphOutput, Node, Ref, read_network
from mho.network.operations import Convolution, LinearLayer

SIGNALS = [
    nn.Conv1d(6, 4, 3),
    nn.Conv1d(6, 4, 3, stride=2, padding=2, dilation=3, bias=False),
    nn.Conv1d(6, 4, 4, padding="same", dilation=3),
    nn.Conv1d(6, 9, 2, groups=3, padding=1),
    nn.Conv1d(6, 3, 3, padding=1, padding_mode="circular"),
    nn.ConvTranspose1d(6, 4, 4, stride=3, padding=1, output_padding=2),
    nn.ConvTranspose1d(6, 4, 3, stride=2, padding=4, dilation=2, groups=2),
]
IMAGES = [
    nn.Conv2d(6, 4, (2, 3), padding="same", dilation=(1, 2)),
    nn.Conv2d(6, 9, (3, 2), stride=(2, 1), padding=(0, 2), groups=3),
    nn.Conv2d(6, 6, 3, groups=6, padding=1, bias=False),
    nn.Conv2d(6, 12, (1, 3), groups=6, dilation=(1, 2)),
    nn.ConvTranspose2d(
        6, 4, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(0, 2)
    ),
    nn.ConvTranspose2d(
        6, 4, (2, 3), dilation=(3, 2), padding=(0, 3), groups=2, bias=False
    ),
    nn.ConvTranspose2d(6, 6, 2, stride=2, groups=6),
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("module", [*SIGNALS, *IMAGES], ids=str)
def test_every_convolution_is_products_of_its_vectors(
    module: nn.Module,
) -> None:
    """Settings differ on the two axes and groups hold several channels, so none can be swapped.

    Rounding: sums of at most 54 float32 products of order one, hence 1e-5.
    """
    sizes = (
        (11,) if isinstance(module, nn.Conv1d | nn.ConvTranspose1d) else (9, 11)
    )
    inputs = normal(4, 6, *sizes)
    network = read_network(randomise(module), inputs)
    assert len(network.layers) == module.groups
    assert (
        network.layers[0].weight.numel() * module.groups
        == module.weight.numel()
    )
    check_same(network, module, inputs)


def test_a_group_is_a_layer_that_sees_its_own_channels_only() -> None:
    """Layer g of a depthwise convolution holds kernel g, row after row. Exact."""
    module = randomise(nn.Conv2d(5, 5, (3, 2), groups=5))
    network = read_network(module, normal(2, 5, 4, 4))
    assert [layer.name for layer in network.layers] == [
        f"weight[{g}]" for g in range(5)
    ]
    for group, layer in enumerate(network.layers):
        assert torch.equal(layer.weight, module.weight[group].reshape(1, 6))
    changed = normal(2, 5, 4, 4).index_fill(1, torch.tensor([3]), 0.0)
    same = network.run(changed) == network.run(normal(2, 5, 4, 4))
    assert same.all(dim=(0, 2, 3)).tolist() == [True, True, True, False, True]


def test_a_transposed_convolution_is_one_on_spread_pixels() -> None:
    """One pixel of one leaves the kernel itself, at its place times the stride. Exact."""
    module = randomise(
        nn.ConvTranspose2d(1, 1, (3, 2), stride=(2, 3), bias=False)
    )
    network = read_network(module, normal(2, 1, 4, 5))
    image = torch.zeros(1, 1, 4, 5)
    image[0, 0, 1, 2] = 1.0
    found = network.run(image)[0, 0]
    wanted = torch.zeros(9, 14)
    wanted[2:5, 6:8] = module.weight[0, 0].detach()
    assert torch.equal(found, wanted)


def test_a_signal_is_an_image_of_one_row() -> None:
    """5 samples of 7 channels with 9 positions of a kernel of 3: 45 vectors of 21."""
    moves = Convolution((1, 3), padding=(0, 1), axes=1)
    layer = LinearLayer("a", torch.ones(4, 21), None, moves)
    vectors = layer.vectors(normal(5, 7, 9))
    assert vectors.shape == (45, 21)
    assert layer.fold(vectors @ layer.weight.T, (5, 7, 9)).shape == (5, 4, 9)
    assert layer.kind == "conv1d"


NORMED = [
    (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
        (3, 6, 5),
    ),
    (
        nn.Sequential(
            nn.Conv2d(4, 6, 3, groups=2, bias=False), nn.BatchNorm2d(6)
        ),
        (4, 6, 5),
    ),
    (
        nn.Sequential(nn.ConvTranspose1d(4, 6, 3, groups=2), nn.BatchNorm1d(6)),
        (4, 7),
    ),
    (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, affine=False)), (3,)),
    (
        nn.Sequential(
            nn.Conv1d(3, 4, 2), nn.BatchNorm1d(4), nn.Conv1d(4, 2, 2)
        ),
        (3, 8),
    ),
]


@pytest.mark.parametrize(("module", "shape"), NORMED, ids=str)
def test_batch_norm_becomes_part_of_the_layer_before_it(
    module: nn.Module, shape: tuple[int, ...]
) -> None:
    """γ(Wx + b − μ)/√(σ² + ε) + β is a layer of weights γW/√(σ² + ε). Rounding of float32."""
    inputs = normal(5, *shape)
    network = read_network(randomise(module), inputs)
    assert not any(
        "batch_norm" in node.operator for node in network.graph.nodes
    )
    check_same(network, module, inputs)


def test_folded_weights_are_those_of_the_formula() -> None:
    """γW/√(σ² + ε) and γ(b − μ)/√(σ² + ε) + β, to float32 rounding."""
    module = randomise(nn.Sequential(nn.Conv1d(3, 4, 2), nn.BatchNorm1d(4)))
    layer = read_network(module, normal(2, 3, 8)).layers[0]
    norm = module[1]
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    wanted = (module[0].weight.flatten(1) * scale[:, None]).detach()
    torch.testing.assert_close(layer.weight, wanted)
    shift = (scale * (module[0].bias - norm.running_mean) + norm.bias).detach()
    torch.testing.assert_close(layer.bias, shift)


class Twice(nn.Module):
    """One layer with two norms, or one whose output is also used without its norm."""

    def __init__(self, *, shared: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.norms = nn.ModuleList(nn.BatchNorm1d(4) for _ in "ab")
        self.shared = shared

    def forward(self, x: Tensor) -> Tensor:
        if self.shared:
            return self.norms[1](
                self.layer(self.norms[0](self.layer(x)).relu())
            )
        found = self.layer(x)
        return self.norms[0](found) + found


class Tokens(nn.Module):
    """Batch norm over tokens, which are not the outputs of the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 5)
        self.norm = nn.BatchNorm1d(5)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.layer(x))


@pytest.mark.parametrize(
    ("module", "inputs"),
    [
        (Twice(shared=True), normal(5, 4)),
        (Twice(shared=False), normal(5, 4)),
        (Tokens(), normal(3, 5, 4)),
        (nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3)), normal(5, 4)),
    ],
    ids=["two norms", "two uses", "other axis", "norm first"],
)
def test_batch_norm_stays_digital_where_folding_would_change_the_network(
    module: nn.Module, inputs: Tensor
) -> None:
    """The trained weights go to the chip as they are. Exact."""
    network = read_network(randomise(module), inputs)
    assert any("batch_norm" in node.operator for node in network.graph.nodes)
    layer = module[1] if isinstance(module, nn.Sequential) else module.layer
    assert torch.equal(network.layers[0].weight, layer.weight)
    check_same(network, module, inputs)


def test_fifty_folded_layers_agree_with_the_module() -> None:
    """Rounding does not pile up past the bound of the check that every reading makes."""
    parts: list[nn.Module] = []
    for _ in range(50):
        parts += [
            nn.Conv1d(4, 4, 3, padding=1, bias=False),
            nn.BatchNorm1d(4),
            nn.ReLU(),
        ]
    module = randomise(nn.Sequential(*parts))
    assert len(read_network(module, normal(2, 4, 8)).graph.nodes) == 100


class Joined(nn.Module):
    """Grouped, depthwise and dilated convolutions, norms, a shortcut and a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU6()
        )
        self.wide = nn.Sequential(
            nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.BatchNorm2d(6)
        )
        self.far = nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=2)
        self.up = nn.Upsample(scale_factor=2)
        self.last = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x = torch.cat([x + self.wide(x), functional.silu(self.far(x))], 1)
        return self.last(self.up(x).mean((2, 3)))


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Conv1d(4, 6, 3, stride=2, padding=1), (4, 9)),
        (
            nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1),
            (4, 4, 5),
        ),
        (Joined(), (2, 6, 5)),
    ],
    ids=["conv1d", "transposed", "groups, norms, shortcut"],
)
def test_an_ideal_chip_computes_the_network(
    module: nn.Module, shape: tuple[int, ...]
) -> None:
    """Tiles, pairs and converters add nothing but rounding; see `check_ideal`."""
    check_ideal(module, normal(5, *shape))


def refusal(
    operator: str, shape: tuple[int, ...] = (2, 1, 3), **arguments: object
) -> str:
    node = Node(
        "conv",
        operator,
        {"input": Ref("x"), "weight": Ref("w"), **arguments},
        shape,
    )
    graph = Graph(
        (GraphInput("x", (1, 4)),),
        (node,),
        (GraphOutput("conv", "conv"),),
        {"w": torch.ones(1, 1, 2)},
        {},
    )
    with pytest.raises(ValueError, match=r"^Argument `source` must") as raised:
        read_network(graph, normal(2, 1, 4))
    return str(raised.value)


def test_convolutions_that_are_not_fixed_are_refused() -> None:
    """A chip is programmed before the network is run."""
    assert "its stride is no constant" in refusal(
        "aten.conv1d.default", stride=(Ref("n"),)
    )
    assert "its number of groups is no" in refusal(
        "aten.conv1d.default", groups=Ref("n")
    )
    assert "that of node `conv` is (1, 2)" in refusal(
        "aten.conv1d.default", stride=(1, 2)
    )


def test_a_convolution_without_an_axis_of_samples_is_refused() -> None:
    """Torch would take the samples for channels."""
    sentence = refusal("aten.conv1d.default", shape=(2, 3))
    assert (
        "`conv` returns 2 axes instead of 3; add the missing axis" in sentence
    )
