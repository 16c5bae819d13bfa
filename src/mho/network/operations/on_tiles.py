"""Operations of a network that run on tiles, and how they are read from recorded nodes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_shape
from mho.network.graph import Graph, Ref
from mho.network.operations.linear_layer import LinearLayer, forward_groups
from mho.network.operations.refusals import NotOnTilesError, varying

Product = Callable[
    [int, LinearLayer, Float[Tensor, "vectors in"]],
    Float[Tensor, "vectors out"],
]
"""Multiplies vectors by a layer's weights, without bias: (index, layer, vectors) -> products."""


@runtime_checkable
class GroupProduct(Protocol):
    """A product that takes the groups of a convolution in one call, if it is asked to."""

    def __call__(
        self, index: int, layer: LinearLayer, vectors: Tensor
    ) -> Tensor:
        """As `Product`."""

    def of_groups(
        self,
        numbers: Sequence[int],
        layers: Sequence[LinearLayer],
        activation: Float[Tensor, "batch ..."],
    ) -> Float[Tensor, "batch results _ _"] | None:
        """Products of all groups as images; `None` if it wants them one after the other.

        Args:
            numbers: Numbers of the groups' layers.
            layers: The layers, convolutions of one shape.
            activation: Input of all of them, which share its channels evenly (1).
        """


@dataclass(frozen=True, slots=True)
class AnalogOperation(ABC):
    """An operation whose weights are layers on tiles.

    Args:
        layers: Numbers of its layers in the network.
    """

    layers: tuple[int, ...]

    @abstractmethod
    def together(self) -> tuple[tuple[int, ...], ...]:
        """Numbers of layers that one convolution could compute: all groups, or each for itself."""

    @abstractmethod
    def kind(self, layers: Sequence[LinearLayer]) -> str:
        """What it is, such as `"conv2d"`, given all layers of the network."""

    @abstractmethod
    def run(
        self,
        arguments: Mapping[str, object],
        layers: Sequence[LinearLayer],
        product: Product | None,
    ) -> object:
        """Compute the result.

        Args:
            arguments: The node's arguments, with values in the place of references.
            layers: All layers of the network.
            product: Multiplies in place of the digital layers.
        """

    @abstractmethod
    def multiply_adds(
        self, arguments: Mapping[str, object], layers: Sequence[LinearLayer]
    ) -> tuple[int, int]:
        """Multiply-adds on tiles and digitally (1), for these arguments."""

    def steps_first(
        self,
        number: int,  # noqa: ARG002 - as others need it
        arguments: Mapping[str, object],  # noqa: ARG002 - as others need them
    ) -> int:
        """Steps whose vectors a layer multiplies one after the other, samples within (1).

        Args:
            number: Number of the layer.
            arguments: The node's arguments, with values in the place of references.
        """
        return 1


@dataclass(frozen=True, slots=True)
class Dense(AnalogOperation):
    """A linear layer or a convolution; one layer of the chip for each group of channels."""

    def together(self) -> tuple[tuple[int, ...], ...]:
        """All groups of channels together."""
        return (self.layers,)

    def kind(self, layers: Sequence[LinearLayer]) -> str:
        """Kind of its layers."""
        return layers[self.layers[0]].kind

    def run(
        self,
        arguments: Mapping[str, object],
        layers: Sequence[LinearLayer],
        product: Product | None,
    ) -> Tensor:
        """The result, groups one after the other on the channel axis (1)."""
        activation = _tensor(arguments)
        if product is None:
            groups = [layers[number] for number in self.layers]
            return forward_groups(groups, activation)
        if len(self.layers) == 1:
            return multiply(self.layers[0], layers, activation, product)
        # Each group of channels has a layer of its own.
        if isinstance(product, GroupProduct):
            together = multiply_groups(self.layers, layers, activation, product)
            if together is not None:
                return together
        parts = activation.chunk(len(self.layers), 1)
        outputs = [
            multiply(number, layers, part, product)
            for number, part in zip(self.layers, parts, strict=True)
        ]

        return torch.cat(outputs, 1)

    def multiply_adds(
        self, arguments: Mapping[str, object], layers: Sequence[LinearLayer]
    ) -> tuple[int, int]:
        """All of them are on tiles."""
        shape = tuple(_tensor(arguments).shape)
        return sum(
            layers[number].multiply_adds(shape) for number in self.layers
        ), 0


def _tensor(arguments: Mapping[str, object]) -> Tensor:
    activation = arguments["input"]
    assert isinstance(activation, Tensor)
    return activation


def multiply(
    number: int,
    layers: Sequence[LinearLayer],
    activation: Tensor,
    product: Product | None,
) -> Tensor:
    """One layer's output, its products computed by `product` and its bias added digitally (1).

    Raises:
        ValueError: The products have another shape.
    """
    layer = layers[number]
    if product is None:
        return layer.forward(activation)
    vectors = layer.vectors(activation)
    products = product(number, layer, vectors)
    check_shape(products, "product", (vectors.shape[0], layer.weight.shape[0]))
    if layer.bias is not None:
        products = products + layer.bias.to(products.device)
    return layer.fold(products, tuple(activation.shape))


def multiply_groups(
    numbers: Sequence[int],
    layers: Sequence[LinearLayer],
    activation: Tensor,
    product: GroupProduct,
) -> Tensor | None:
    """Output of layers that share the input channels between them, in one product (1).

    Args:
        numbers: Numbers of the layers, one for each group of channels.
        layers: All layers of the network.
        activation: Input of all of them (1). Shape (batch, ...).
        product: Computes their products; `None` comes of it where it wants them one by one.

    Raises:
        ValueError: The products have another shape.
    """
    groups = [layers[number] for number in numbers]
    images = product.of_groups(numbers, groups, activation)
    if images is None:
        return None
    moves = groups[0].convolution
    assert moves is not None
    channels = sum(layer.weight.shape[0] for layer in groups)
    size = moves.positions(tuple(activation.shape))
    check_shape(images, "product", (activation.shape[0], channels, *size))
    if any(layer.bias is not None for layer in groups):
        each = [
            layer.weight.new_zeros(layer.weight.shape[0])
            if layer.bias is None
            else layer.bias
            for layer in groups
        ]
        images = images + torch.cat(each).to(images.device)[:, None, None]
    return moves.shaped(images).contiguous()


@dataclass(slots=True, eq=False)
class LayerTable:
    """Layers found so far, each once, by what makes them the same layer."""

    layers: list[LinearLayer] = field(default_factory=list)
    numbers: dict[object, int] = field(default_factory=dict)

    def add(self, key: object, layer: LinearLayer) -> int:
        """Number of the layer; that of an earlier one with the same key."""
        if key not in self.numbers:
            self.numbers[key] = len(self.layers)
            self.layers.append(layer)
        return self.numbers[key]

    def rescale(
        self, numbers: Sequence[int], scale: Tensor, shift: Tensor
    ) -> None:
        """Let layers return their outputs times `scale` plus `shift`, one pair for each (1)."""
        sizes = [self.layers[number].weight.shape[0] for number in numbers]
        scales = torch.split(scale, sizes)
        shifts = torch.split(shift, sizes)
        for number, times, plus in zip(numbers, scales, shifts, strict=True):
            layer = self.layers[number]
            bias = plus
            if layer.bias is not None:
                bias = layer.bias.double() * times + plus
            weight = layer.weight.double() * times[:, None]
            self.layers[number] = replace(
                layer, weight=weight.float(), bias=bias.float()
            )


def stored_tensor(ref: object, what: str, graph: Graph) -> Tensor | None:
    """The constant behind an argument; `None` if the argument is none.

    Raises:
        NotOnTilesError: It depends on the input.
    """
    if ref is None:
        return None
    if not (isinstance(ref, Ref) and ref.name in graph.tensors):
        raise varying(what)
    return graph.tensors[ref.name]


def stored_weight(ref: object, graph: Graph) -> Tensor:
    """The constant weights behind an argument.

    Raises:
        NotOnTilesError: There are none, or they depend on the input.
    """
    weight = stored_tensor(ref, "weight", graph)
    if weight is None:
        raise NotOnTilesError("it has no weights")
    return weight


def weight_name(ref: object, graph: Graph) -> str:
    """Name of the layer that owns these weights, in the user's module."""
    assert isinstance(ref, Ref)
    return graph.labels.get(ref.name, ref.name).removesuffix(".weight")
