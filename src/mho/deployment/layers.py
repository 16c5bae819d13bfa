"""Layers that multiply by stored weights, and the vectors they multiply."""

from dataclasses import dataclass

from jaxtyping import Float, Float32
from torch import Tensor
from torch.nn import functional

from mho.deployment.graph import Graph, Node, Ref


@dataclass(frozen=True, slots=True)
class Convolution:
    """How a 2-D convolution moves its kernel; every pair is (vertical, horizontal).

    Args:
        kernel_size: Size of the kernel (pixels).
        stride: Distance of neighbouring positions (pixels).
        padding: Zeros put around the image on either side (pixels).
        dilation: Distance of neighbouring kernel elements (pixels).
    """

    kernel_size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Positions of the kernel on an image, vertically and horizontally (1).

        >>> Convolution(kernel_size=(3, 3), stride=(2, 1), padding=(1, 0)).output_size(8, 8)
        (4, 6)
        """
        axes = zip(
            (height, width),
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            strict=True,
        )
        down, across = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in axes)
        return down, across


@dataclass(frozen=True, slots=True, eq=False)
class LinearLayer:
    """A layer that multiplies vectors by stored weights: fully connected or convolutional.

    Args:
        name: Name of the layer in the user's module.
        weight: Weights (1). A kernel is flattened by channel, row, column. Shape (out, in).
        bias: Added to every product, digitally (1). Shape (out,).
        convolution: How the kernel moves; `None` for a fully connected layer.
    """

    name: str
    weight: Float32[Tensor, "out in"]
    bias: Float32[Tensor, " out"] | None = None
    convolution: Convolution | None = None

    @property
    def kind(self) -> str:
        """`"linear"` or `"conv2d"`."""
        return "linear" if self.convolution is None else "conv2d"

    def vectors(self, activation: Float[Tensor, "batch ..."]) -> Float[Tensor, "vectors in"]:
        """The vectors to multiply, one per sample and position, samples first (1)."""
        if self.convolution is None:
            return activation.reshape(-1, self.weight.shape[1])
        moves = self.convolution
        columns = functional.unfold(
            activation,
            moves.kernel_size,
            dilation=moves.dilation,
            padding=moves.padding,
            stride=moves.stride,
        )
        return columns.transpose(1, 2).reshape(-1, self.weight.shape[1])

    def fold(
        self, products: Float[Tensor, "vectors out"], activation_shape: tuple[int, ...]
    ) -> Float[Tensor, "batch ..."]:
        """The layer's output, from one product per vector (1).

        Args:
            products: Rows in the order of `vectors` (1). Shape (vectors, out).
            activation_shape: Shape of the layer's input.
        """
        if self.convolution is None:
            return products.reshape(*activation_shape[:-1], -1).contiguous()
        batch, _, height, width = activation_shape
        size = self.convolution.output_size(height, width)
        images = products.reshape(batch, size[0] * size[1], -1).transpose(1, 2)
        # In the order of memory that torch's own layers use, as a recorded view relies on it.
        return images.reshape(batch, -1, *size).contiguous()

    def forward(self, activation: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
        """What the layer computes digitally, bias included (1)."""
        weight = self.weight.to(activation.device)
        bias = None if self.bias is None else self.bias.to(activation.device)
        if self.convolution is None:
            return functional.linear(activation, weight, bias)
        moves = self.convolution
        return functional.conv2d(
            activation,
            weight.reshape(weight.shape[0], -1, *moves.kernel_size),
            bias,
            stride=moves.stride,
            padding=moves.padding,
            dilation=moves.dilation,
        )


_MOVES = ("stride", "padding", "dilation")


def linear_layer(node: Node, graph: Graph) -> LinearLayer:
    """The layer behind an analog operation.

    Raises:
        ValueError: Weights depend on the input, or the convolution cannot be put on tiles.
    """
    weight, bias = _stored("weight", node, graph), _stored("bias", node, graph)
    if weight is None:
        raise ValueError(f"Argument `source` must hold weights for node `{node.name}`.")
    convolution = None
    if node.operator != "aten.linear.default":
        convolution = _convolution(node, (weight.shape[2], weight.shape[3]))
    return LinearLayer(_name(node, graph), weight.flatten(1), bias, convolution)


def layer_key(node: Node) -> tuple[object, ...]:
    """What two operations must share to be the same layer: weights, bias and moves."""
    return tuple(node.arguments.get(key) for key in ("weight", "bias", *_MOVES))


def _name(node: Node, graph: Graph) -> str:
    ref = node.arguments["weight"]
    assert isinstance(ref, Ref)
    return graph.labels.get(ref.name, ref.name).removesuffix(".weight")


def _stored(key: str, node: Node, graph: Graph) -> Tensor | None:
    ref = node.arguments.get(key)
    if ref is None:
        return None
    if not (isinstance(ref, Ref) and ref.name in graph.tensors):
        raise ValueError(
            f"Argument `source` must have layers of constant weights, but the {key} of node"
            f" `{node.name}` depends on the input; a chip cannot be reprogrammed for every sample."
        )
    return graph.tensors[ref.name]


def _convolution(node: Node, kernel_size: tuple[int, int]) -> Convolution:
    groups = node.arguments.get("groups", 1)
    if groups != 1:
        raise ValueError(
            "Argument `source` must use ungrouped convolutions, but node"
            f" `{node.name}` has {groups} groups; groups are not supported."
        )
    stride, dilation = _pair(node, "stride", 1), _pair(node, "dilation", 1)
    padding = node.arguments.get("padding", 0)
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel_size, strict=True)]
        if any(n % 2 for n in total):
            raise ValueError(
                "Argument `source` must pad evenly, but node"
                f" `{node.name}` pads one side more than the other; use an odd kernel size."
            )
        return Convolution(kernel_size, stride, (total[0] // 2, total[1] // 2), dilation)
    if padding == "valid":
        return Convolution(kernel_size, stride, (0, 0), dilation)
    return Convolution(kernel_size, stride, _pair(node, "padding", 0), dilation)


def _pair(node: Node, key: str, default: int) -> tuple[int, int]:
    value = node.arguments.get(key, default)
    sizes = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(size, int) for size in sizes) or len(sizes) not in (1, 2):
        raise ValueError(
            f"Argument `source` must have fixed convolutions, but the {key} of node"
            f" `{node.name}` is {value}."
        )
    return sizes[0], sizes[-1]
