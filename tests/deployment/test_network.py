"""A network taken apart must compute what the module computes, and say no to anything else."""

import re

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mho.network import Network, read_network
from mho.network.network import Convolution, LinearLayer
from mho.rng import Stream


def normal(*shape: int, name: str = "x") -> Tensor:
    return torch.randn(
        shape, generator=Stream(0, ("network", name)).generator()
    )


def exact(_: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
    return vectors @ layer.weight.T


def randomise(module: nn.Module) -> nn.Module:
    """Fill parameters and running statistics, so that no test passes on zeros or symmetry."""
    with torch.no_grad():
        for name, values in module.state_dict().items():
            if values.is_floating_point():
                values.copy_(normal(*values.shape, name=name) * 0.3)
            if name.endswith("running_var"):
                values.abs_().add_(0.5)
    return module.eval()


def check_same(network: Network, module: nn.Module, inputs: Tensor) -> None:
    """Both ways of running agree with the module to float32 rounding of sums of ~100 terms."""
    wanted = module(inputs).detach()
    torch.testing.assert_close(
        network.run(inputs), wanted, rtol=1e-5, atol=1e-5
    )
    torch.testing.assert_close(
        network.run(inputs, exact), wanted, rtol=1e-5, atol=1e-5
    )


class Residual(nn.Module):
    """Convolution, batch norm, an in-place activation, a shortcut, pooling and a softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 6, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.second = nn.Conv2d(6, 6, (3, 1), padding=(1, 0))
        self.act = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.first(x)))
        x = functional.max_pool2d(x, 2)
        x = x + torch.tanh(self.second(x))
        x = functional.adaptive_avg_pool2d(x, 1)
        return self.last(self.drop(x.view(x.size(0), -1))).softmax(-1)


class Static(nn.Module):
    """Every way to write a batch size into a program."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.inner = nn.Linear(6, 5)
        self.last = nn.Linear(120, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv(x.reshape(x.shape[0], 1, 8, 8)))
        x = self.inner(x.view(x.shape[0] * 24, -1))
        return self.last(
            x.view(x.shape[0] // 24, 5, 24).permute(0, 2, 1).reshape(-1, 120)
        )


CONVOLUTIONS = [
    nn.Conv2d(3, 5, (3, 2)),
    nn.Conv2d(3, 5, (2, 3), stride=(2, 1), padding=(0, 2)),
    nn.Conv2d(
        3, 5, (3, 2), stride=(1, 3), padding=(2, 1), dilation=(2, 1), bias=False
    ),
    nn.Conv2d(3, 5, (3, 5), padding="same", dilation=(1, 2)),
    nn.Conv2d(3, 5, 2, padding="valid"),
]


@pytest.mark.parametrize("module", CONVOLUTIONS, ids=str)
def test_unfolded_vectors_times_weights_are_the_convolution(
    module: nn.Module,
) -> None:
    """Kernel, stride, padding, dilation and image differ on the two axes, so none can be swapped.

    Rounding: sums of at most 45 float32 products of order one, hence 1e-5.
    """
    randomise(module)
    inputs = normal(4, 3, 9, 11)
    network = read_network(module, inputs)
    assert network.layers[0].kind == "conv2d"
    assert network.layers[0].weight.shape == (5, module.weight[0].numel())
    check_same(network, module, inputs)


def test_kernels_are_flattened_by_channel_then_row_then_column() -> None:
    """Column c·6 + y·2 + x of a 3 x 2 kernel multiplies channel c at row y, column x. Exact."""
    module = randomise(nn.Conv2d(4, 2, (3, 2)))
    layer = read_network(module, normal(2, 4, 5, 5)).layers[0]
    assert layer.weight[1, 2 * 6 + 1 * 2 + 0] == module.weight[1, 2, 1, 0]
    image = torch.arange(4 * 5 * 5).reshape(1, 4, 5, 5).float()
    position = 2 * 4 + 3  # Row 2 of 3, column 3 of 4.
    assert (
        layer.vectors(image)[position, 2 * 6 + 1 * 2 + 0]
        == image[0, 2, 2 + 1, 3 + 0]
    )


def test_vectors_hold_one_row_per_sample_and_position() -> None:
    """5 samples with 4 x 6 positions give 120 vectors; the product comes back as 5 images."""
    layer = LinearLayer(
        "a", torch.ones(7, 12), None, Convolution((2, 2), (2, 1))
    )
    activation = normal(5, 3, 8, 7)
    vectors = layer.vectors(activation)
    assert vectors.shape == (5 * 4 * 6, 12)
    assert layer.fold(vectors @ layer.weight.T, (5, 3, 8, 7)).shape == (
        5,
        7,
        4,
        6,
    )


def test_a_perceptron_keeps_its_names_and_orientation() -> None:
    """Weights are (out, in) of an asymmetric layer. Rounding as in `check_same`."""
    module = randomise(
        nn.Sequential(
            nn.Linear(7, 5), nn.Sigmoid(), nn.Linear(5, 2, bias=False)
        )
    )
    network = read_network(module, normal(3, 7))
    assert [layer.name for layer in network.layers] == ["0", "2"]
    assert [tuple(layer.weight.shape) for layer in network.layers] == [
        (5, 7),
        (2, 5),
    ]
    assert network.layers[1].bias is None
    check_same(network, module, normal(9, 7, name="more"))


def test_linear_layers_act_on_the_last_axis_of_any_activation() -> None:
    """Four tokens per sample are four vectors per sample."""
    module = randomise(
        nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.GELU(), nn.Flatten())
    )
    inputs = normal(3, 4, 6)
    seen = []

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        seen.append(vectors.shape)
        return exact(index, layer, vectors)

    network = read_network(module, inputs)
    network.run(inputs, product)
    assert seen == [(12, 6)]
    check_same(network, module, inputs)


def test_a_residual_network_keeps_its_shortcut_norm_and_pooling() -> None:
    """Batch norm becomes part of the kernels before it; everything else stays digital."""
    module = randomise(Residual())
    network = read_network(module, normal(2, 2, 8, 8))
    assert [layer.name for layer in network.layers] == [
        "first",
        "second",
        "last",
    ]
    check_same(network, module, normal(7, 2, 8, 8, name="more"))


def test_products_replace_the_layers_and_the_bias_is_added_afterwards() -> None:
    """With all products zero, the last layer returns exactly its bias."""
    module = randomise(
        nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    )
    network = read_network(module, normal(2, 4))
    indices = []

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        indices.append(index)
        return vectors.new_zeros(len(vectors), len(layer.weight))

    outputs = network.run(normal(6, 4), product)
    assert torch.equal(outputs, module[2].bias.detach().expand(6, 2))
    assert indices == [0, 1]


def test_a_layer_used_twice_is_one_layer() -> None:
    """Its weights go to the chip once and are called twice by the same number."""
    shared = nn.Linear(5, 5)
    module = randomise(
        nn.Sequential(shared, nn.ReLU(), shared, nn.Tanh(), nn.Linear(5, 2))
    )
    network = read_network(module, normal(2, 5))
    indices = []

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        indices.append(index)
        return exact(index, layer, vectors)

    network.run(normal(3, 5), product)
    assert (len(network.layers), indices) == (2, [0, 0, 1])
    check_same(network, module, normal(3, 5))


@pytest.mark.parametrize("batch", [1, 2])
def test_a_program_exported_for_one_batch_size_runs_at_any(batch: int) -> None:
    """The module reshapes by batch, by multiples of it and by -1. Rounding as in `check_same`."""
    module = randomise(Static())
    program = torch.export.export(module, (normal(batch, 64),), strict=False)
    network = read_network(program, normal(3, 64))
    assert network.graph.batch == batch
    check_same(network, module, normal(5, 64, name="more"))


def test_one_example_is_enough_for_a_free_batch_size() -> None:
    """torch.export takes a batch of one for a constant; the reader must not."""
    module = randomise(Static())
    network = read_network(module, normal(1, 64))
    assert network.graph.batch is None
    check_same(network, module, normal(5, 64))


def test_reading_leaves_the_module_as_it_was() -> None:
    """Training mode returns, part by part, and later training does not reach the network."""
    module = randomise(Residual()).train()
    module.norm.eval()
    network = read_network(module, normal(2, 2, 8, 8))
    assert module.training
    assert not module.norm.training
    assert module.drop.training
    before = network.layers[2].weight.clone()
    with torch.no_grad():
        module.last.weight.add_(1)
    assert torch.equal(network.layers[2].weight, before)


def test_running_does_not_overwrite_the_inputs() -> None:
    """The first operation of this network is an in-place activation. Exact."""
    module = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 2))
    network = read_network(module, normal(2, 3))
    inputs = normal(4, 3)
    kept = inputs.clone()
    network.run(inputs)
    assert torch.equal(inputs, kept)


def test_an_activation_overwritten_in_passing_stays_overwritten() -> None:
    """The result of `relu_` is unused, yet through the view it changes the output. Exact."""

    class Overwrites(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = self.layer(x)
            x.view(-1, 2).relu_()
            return x

    module = randomise(Overwrites())
    outputs = read_network(module, normal(2, 3)).run(normal(5, 3))
    assert torch.equal(outputs, module(normal(5, 3)).detach())
    assert (outputs == 0).any()


def test_weights_computed_from_weights_are_computed_once() -> None:
    """A pruning mask is part of the layer, not a digital operation of every run. Exact."""

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(normal(3, 4))
            self.mask = torch.eye(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            return functional.linear(x, self.weight * self.mask)

    module = Masked()
    network = read_network(module, normal(2, 4))
    assert torch.equal(
        network.layers[0].weight, (module.weight * module.mask).detach()
    )


@pytest.mark.parametrize("way", ["matmul", "mm", "addmm"])
def test_a_product_with_a_stored_matrix_is_a_layer(way: str) -> None:
    """Written (in, out) there, (out, in) here; a product of two activations stays digital."""

    class Multiplies(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.matrix = nn.Parameter(normal(4, 3))
            self.shift = nn.Parameter(normal(3))

        def forward(self, x: Tensor) -> Tensor:
            if way == "addmm":
                return torch.addmm(self.shift, x, self.matrix)
            y = x @ self.matrix if way == "matmul" else torch.mm(x, self.matrix)
            return (y[:, :, None] @ y[:, None]).flatten(1)

    module = Multiplies()
    network = read_network(module, normal(2, 4))
    assert [layer.name for layer in network.layers] == ["matrix"]
    assert torch.equal(network.layers[0].weight, module.matrix.detach().T)
    assert (network.layers[0].bias is None) == (way != "addmm")
    check_same(network, module, normal(5, 4))


def test_weights_in_double_precision_are_read_as_float32() -> None:
    """The module runs in float64, the network in float32; they agree to its rounding."""
    module = randomise(nn.Linear(4, 3).double())
    network = read_network(module, normal(2, 4))
    assert network.layers[0].weight.dtype == torch.float32
    wanted = module(normal(5, 4).double()).float().detach()
    torch.testing.assert_close(
        network.run(normal(5, 4)), wanted, rtol=1e-5, atol=1e-5
    )


class Mixes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) - x.mean(0, keepdim=True)


class Weighs(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, x)


class Counts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.register_buffer("count", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        self.count.add_(1)
        return self.layer(x) * self.count


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, int]:
        return x, 3


def broken(value: float) -> nn.Module:
    module = randomise(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)))
    with torch.no_grad():
        module[1].weight[0, 1:] = value
    return module


REFUSED = [
    (nn.ReLU(), "must hold at least one linear, convolutional or rec"),
    (broken(float("nan")), "`1.weight` must be finite, but 2 of 6"),
    (broken(float("-inf")), "`1.weight` must be finite, but 2 of 6"),
    (
        nn.Sequential(nn.Linear(3, 3), nn.CELU(), nn.RReLU()),
        "`celu` calls `aten.celu.default` \\(and others `aten.rrelu.default`\\)",
    ),
    (
        nn.Sequential(
            nn.Unflatten(1, (3, 1)), nn.Flatten(0, 1), nn.Conv1d(3, 3, 1)
        ),
        "accept the",
    ),
    (
        nn.Sequential(
            nn.Linear(3, 3), nn.BatchNorm1d(3, track_running_stats=False)
        ),
        "still trains",
    ),
    (nn.Linear(4, 3), "must accept the example of shape"),
    (Mixes(), "must treat every sample of a batch on its own"),
    (Weighs(), "`linear` is refused \\(its weight is no constant"),
    (Counts(), "overwrites `count`"),
    (Pair(), "must return tensors alone, but returns `int`"),
]


@pytest.mark.parametrize(
    ("module", "sentence"), REFUSED, ids=lambda x: str(x).split("(")[0][:30]
)
def test_what_cannot_run_is_refused_in_one_sentence(
    module: nn.Module, sentence: str
) -> None:
    """Never silence, never a wrong network."""
    with pytest.raises(ValueError, match=sentence) as raised:
        read_network(module, normal(3, 3))
    assert str(raised.value).startswith("Argument `")
    assert str(raised.value).count("\n") == 0


def test_a_program_exported_in_training_mode_is_refused() -> None:
    """Its dropout would drop."""
    module = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)).train()
    program = torch.export.export(module, (normal(2, 3),), strict=False)
    with pytest.raises(ValueError, match="evaluation mode, but node `dropout`"):
        read_network(program, normal(2, 3))


@pytest.mark.parametrize("shape", [(2, 4), (3,), (2, 3, 1), (0, 3)])
def test_inputs_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    """Broadcasting would otherwise turn some of them into an answer."""
    network = read_network(nn.Linear(3, 2), normal(2, 3))
    with pytest.raises(ValueError, match=re.escape("Argument `inputs` must")):
        network.run(torch.zeros(shape))


def test_products_of_another_shape_are_refused() -> None:
    """Here the transpose, which would broadcast against nothing but could be reshaped."""
    network = read_network(nn.Linear(3, 2), normal(2, 3))
    with pytest.raises(ValueError, match="Argument `product` must have shape"):
        network.run(
            normal(4, 3),
            lambda index, layer, vectors: exact(index, layer, vectors).T,
        )


@pytest.mark.parametrize(
    "example",
    [torch.zeros(0, 3), torch.zeros(3), torch.full((1, 3), torch.nan)],
)
def test_an_example_without_usable_samples_is_refused(example: Tensor) -> None:
    """Nothing could be checked with it."""
    with pytest.raises(ValueError, match="Argument `example` must"):
        read_network(nn.Linear(3, 2), example)
