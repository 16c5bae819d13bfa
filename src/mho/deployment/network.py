"""A trained network as layers of weights, and the digital operations between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.export import ExportedProgram

from mho.checks import check_finite, check_shape
from mho.deployment.graph import Graph
from mho.deployment.layers import Convolution, LinearLayer, layer_key, linear_layer
from mho.deployment.operators import ANALOG, evaluate, prepare
from mho.deployment.tracing import Trace, trace

__all__ = ["Convolution", "LinearLayer", "Network", "Product", "read_network"]

_AGREEMENT = 1e-5
"""Largest accepted difference of two ways to compute the outputs, of their largest value (1)."""


Product = Callable[[int, LinearLayer, Float[Tensor, "vectors in"]], Float[Tensor, "vectors out"]]
"""Multiplies vectors by a layer's weights, without bias: (index, layer, vectors) -> products."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A trained network: layers that go to tiles, and a graph that says what happens between.

    Args:
        layers: Layers in the order of their first use. One used twice appears once.
        graph: All operations, in order of execution.
        calls: Number of the layer that each analog operation uses, by name of the operation.
    """

    layers: tuple[LinearLayer, ...]
    graph: Graph
    calls: Mapping[str, int] = field(repr=False)

    @property
    def sample_shape(self) -> tuple[int | None, ...]:
        """Shape of one input sample, `None` where any size will do."""
        return self.graph.sample_shape

    def run(
        self, inputs: Shaped[Tensor, "batch ..."], product: Product | None = None
    ) -> Float[Tensor, "batch ..."]:
        """Compute the outputs of a batch, in float32.

        Args:
            inputs: Samples (1). Shape (batch, ...).
            product: Multiplies in place of the digital layers; the bias is added afterwards.

        Raises:
            ValueError: The inputs have another shape, or there are none.
        """
        # A copy, as a recording may overwrite its input.
        inputs = inputs.to(torch.float32, copy=True)
        check_shape(inputs, "inputs", (None, *self.sample_shape))
        if inputs.shape[0] == 0:
            raise ValueError("Argument `inputs` must hold at least one sample, but is empty.")
        values: dict[str, object] = {
            name: tensor.to(inputs.device) for name, tensor in self.graph.tensors.items()
        }
        values[self.graph.input] = inputs
        for node in self.graph.nodes:
            if node.name in self.calls:
                activation = values[node.refs()[0]]
                assert isinstance(activation, Tensor)
                values[node.name] = self._layer(self.calls[node.name], activation, product)
            else:
                values[node.name] = evaluate(node, values)
        outputs = values[self.graph.output]
        assert isinstance(outputs, Tensor)
        return outputs

    def _layer(self, index: int, activation: Tensor, product: Product | None) -> Tensor:
        layer = self.layers[index]
        if product is None:
            return layer.forward(activation)
        vectors = layer.vectors(activation)
        products = product(index, layer, vectors)
        check_shape(products, "product", (vectors.shape[0], layer.weight.shape[0]))
        if layer.bias is not None:
            products = products + layer.bias.to(products.device)
        return layer.fold(products, tuple(activation.shape))


def read_network(
    source: nn.Module | ExportedProgram | Graph, example: Shaped[Tensor, "batch ..."]
) -> Network:
    """Take a trained network apart into layers of weights and digital operations.

    The result is compared on the example with the source, with its own im2col path, and with
    itself one sample at a time, before anybody programs a chip from it.

    Args:
        source: Module, program of `torch.export`, or graph read from a `.pt2` file.
        example: Typical inputs (1). Shape (batch, ...), at least one sample.

    Raises:
        ValueError: The network cannot be traced, uses an unsupported operation, has no layer to
            put on a chip, or holds weights that are NaN or infinite.
    """
    traced = trace(source, example)
    network = _network(prepare(traced.graph))
    _check_agreement(network, traced)
    return network


def _network(graph: Graph) -> Network:
    for name, tensor in graph.tensors.items():
        if tensor.is_floating_point():
            hint = "Train the network again, or repair the file."
            check_finite(tensor, graph.labels.get(name, name), hint)
    layers: dict[tuple[object, ...], LinearLayer] = {}
    calls: dict[str, int] = {}
    for node in graph.nodes:
        if node.operator in ANALOG:
            key = layer_key(node)
            if key not in layers:
                layers[key] = linear_layer(node, graph)
            calls[node.name] = list(layers).index(key)
    if not layers:
        raise ValueError(
            "Argument `source` must hold at least one linear or conv2d layer, but has none;"
            " there is nothing to put on a chip."
        )
    return Network(tuple(layers.values()), graph, calls)


def _check_agreement(network: Network, traced: Trace) -> None:
    """Compare with the source, with products of vectors, and with one sample at a time."""
    outputs = network.run(traced.samples)
    if traced.outputs is not None:
        _check_close(
            outputs,
            traced.outputs,
            "must compute the same outputs when it is run operation by operation",
        )
    by_products = network.run(traced.samples, _exact_product)
    _check_close(by_products, outputs, "must compute the same outputs from vectors and weights")
    singly = torch.cat([network.run(sample) for sample in torch.split(traced.samples, 1)])
    _check_close(singly, outputs, "must treat every sample of a batch on its own")


def _exact_product(
    _: int, layer: LinearLayer, vectors: Float[Tensor, "vectors in"]
) -> Float[Tensor, "vectors out"]:
    return vectors @ layer.weight.T


def _check_close(found: Shaped[Tensor, "..."], wanted: Shaped[Tensor, "..."], demand: str) -> None:
    if found.shape != wanted.shape:
        raise ValueError(
            f"Argument `source` {demand}, but the outputs have shape {tuple(found.shape)} instead"
            f" of {tuple(wanted.shape)}."
        )
    scale = max(1.0, float(wanted.abs().nan_to_num(0, 0, 0).max()))
    if not torch.allclose(found, wanted, rtol=0, atol=_AGREEMENT * scale, equal_nan=True):
        worst = float((found - wanted).abs().max())
        raise ValueError(
            f"Argument `source` {demand}, but the outputs differ by up to {worst:.2g}."
        )
