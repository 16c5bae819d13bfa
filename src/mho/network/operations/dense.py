"""Linear layers and convolutions, read from recorded nodes."""

import torch
from torch import Tensor

from mho.network.graph import Graph, Node
from mho.network.operations.linear_layer import LinearLayer
from mho.network.operations.on_tiles import (
    Dense,
    LayerTable,
    stored_tensor,
    stored_weight,
    weight_name,
)
from mho.network.operations.refusals import varying
from mho.network.operations.unfolding import Convolution, Pair

DENSE_OPERATORS = frozenset(
    f"aten.{name}"
    for name in (
        *(
            "linear.default",
            "conv1d.default",
            "conv1d.padding",
            "conv2d.default",
        ),
        *(
            "conv2d.padding",
            "conv_transpose1d.default",
            "conv_transpose2d.input",
        ),
    )
)
"""Linear layers and convolutions."""

_MOVES = ("stride", "padding", "output_padding", "groups", "dilation")


def dense_operation(node: Node, graph: Graph, table: LayerTable) -> Dense:
    """The layers behind an analog operation: one, or one for each group of channels.

    Raises:
        NotOnTilesError: Weights or moves depend on the input.
        ValueError: The convolution gets no batch of samples.
    """
    ref = node.arguments["weight"]
    weight = stored_weight(ref, graph)
    bias = stored_tensor(node.arguments.get("bias"), "bias", graph)
    key = _key(node)
    name = weight_name(ref, graph)
    if node.operator == "aten.linear.default":
        return Dense((table.add(key, LinearLayer(name, weight, bias)),))
    groups = _groups(node)
    moves = _convolution(node, weight)
    kernels = weight if moves.spread is None else _turned(weight, groups)
    biases = [None] * groups if bias is None else list(bias.chunk(groups))
    names = (
        [name]
        if groups == 1
        else [f"{name}[{group}]" for group in range(groups)]
    )
    layers = [
        LinearLayer(own, part.flatten(1), shift, moves)
        for own, part, shift in zip(
            names, kernels.chunk(groups), biases, strict=True
        )
    ]
    return Dense(
        tuple(table.add((key, n), layer) for n, layer in enumerate(layers))
    )


def _key(node: Node) -> tuple[object, ...]:
    """What two operations must share to be the same layer: weights, bias and moves."""
    return (
        node.operator,
        *(node.arguments.get(key) for key in ("weight", "bias", *_MOVES)),
    )


def _turned(weight: Tensor, groups: int) -> Tensor:
    """Kernels of a transposed convolution, as those of a convolution on spread pixels.

    From (in, out of a group, ...) to (out, in of a group, ...), turned round.
    """
    kernels = torch.cat([part.transpose(0, 1) for part in weight.chunk(groups)])
    return kernels.flip(list(range(2, kernels.ndim)))


def _groups(node: Node) -> int:
    groups = node.arguments.get("groups", 1)
    if not isinstance(groups, int):
        raise varying("number of groups")
    return groups


def _convolution(node: Node, weight: Tensor) -> Convolution:
    axes = 1 if "1d" in node.operator else 2
    if node.shape is not None and len(node.shape) != axes + 2:
        raise ValueError(
            "Argument `source` must give convolutions a batch of samples, but node"
            f" `{node.name}` returns {len(node.shape)} axes instead of {axes + 2}; add the missing"
            " axis."
        )
    # A signal is an image of one row.
    down, across = (
        (weight.shape[2], weight.shape[3])
        if axes == 2
        else (1, weight.shape[2])
    )
    kernel = (down, across)
    stride = _pair(node, "stride", 1, axes)
    dilation = _pair(node, "dilation", 1, axes)
    reach = (dilation[0] * (down - 1), dilation[1] * (across - 1))
    padding = node.arguments.get("padding", 0)
    if "transpose" in node.operator:
        cut = _pair(node, "padding", 0, axes)
        extra = _pair(node, "output_padding", 0, axes)
        around = (reach[0] - cut[0], reach[1] - cut[1])
        return Convolution(
            kernel, (1, 1), around, dilation, extra, stride, axes
        )
    if padding == "same":
        # torch puts the odd zero behind the signal.
        around = (reach[0] // 2, reach[1] // 2)
        extra = (reach[0] % 2, reach[1] % 2)
        return Convolution(kernel, stride, around, dilation, extra, axes=axes)
    around = (0, 0) if padding == "valid" else _pair(node, "padding", 0, axes)
    return Convolution(kernel, stride, around, dilation, axes=axes)


def _pair(node: Node, key: str, default: int, axes: int) -> Pair:
    """A setting for both axes; that of a signal's missing axis does nothing."""
    value = node.arguments.get(key, default)
    sizes = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(size, int) for size in sizes):
        raise varying(key.replace("_", " "))
    if len(sizes) not in (1, axes):
        raise ValueError(
            f"Argument `source` must have one {key} for each axis of a convolution, but that of"
            f" node `{node.name}` is {value}."
        )
    idle = 0 if "padding" in key else 1
    return (sizes[0], sizes[-1]) if axes == 2 else (idle, sizes[0])
