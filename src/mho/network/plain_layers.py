"""Layers one after the other, recorded without torch's exporter.

What a chain of plain layers does is known from the layers themselves. `torch.export` finds the
same graph; but it has to be loaded, which takes longer than everything else in reading a small
network.
"""

from collections.abc import Callable, Mapping
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mho.network.graph import Graph, GraphInput, Node, Ref, named_outputs

_INPUT = "input"
_ONE = (1, 1)
_NONE = (0, 0)


def graph_of_layers(
    module: nn.Module, example: Float[Tensor, "batch ..."]
) -> Graph | None:
    """The graph that `torch.export` records of a chain of plain layers, name for name.

    Args:
        module: Any module, in evaluation mode.
        example: Inputs that it accepts (1). Shape (batch, ...).

    Returns:
        `None` for anything but an `nn.Sequential` of convolutions, linear layers, rectifiers,
        poolings and a flattening, each used once and as torch made it: its exporter has to look.
    """
    if type(module) is not nn.Sequential or _watched(module):
        return None
    layers = list(module._modules.items())  # noqa: SLF001 - names repeated layers as well
    parameters = list(module.parameters())
    if (
        len({id(layer) for _, layer in layers}) < len(layers)
        or sum(len(list(layer.parameters())) for _, layer in layers)
        > len(parameters)
        or any(
            type(p) is not nn.Parameter
            or p.dtype != torch.float32
            or p.device != example.device
            for p in parameters
        )
    ):
        return None
    nodes: list[Node] = []
    value = example
    for name, layer in layers:
        found = None if layer is None else _recorded(name, layer)
        if found is None or layer is None or value.ndim != _axes(layer, value):
            return None
        operator, arguments = found
        with torch.no_grad():
            value = layer(value)
        before = nodes[-1].name if nodes else _INPUT
        first = "self" if "self" in arguments else "input"
        node = Node(
            _numbered(operator, nodes),
            operator,
            arguments | {first: Ref(before)},
            (None, *value.shape[1:]),
        )
        nodes.append(node)
    if not nodes:
        return None
    labels = {_stored(name): name for name, _ in module.named_parameters()}
    return Graph(
        inputs=(GraphInput(_INPUT, tuple(example.shape[1:])),),
        nodes=tuple(nodes),
        outputs=named_outputs((nodes[-1].name,)),
        tensors={
            _stored(name): parameter.detach()
            for name, parameter in module.named_parameters()
        },
        labels=labels,
    )


def _watched(module: nn.Module) -> bool:
    """Whether anything but the layers' own code runs when they are called."""
    return any(
        getattr(part, name)
        for part in module.modules()
        for name in ("_forward_hooks", "_forward_pre_hooks", "_buffers")
    ) or any("forward" in vars(part) for part in module.modules())


def _axes(layer: nn.Module, value: Tensor) -> int:
    """Axes of the values that a layer is recorded for (1)."""
    if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
        return 4
    return 2 if isinstance(layer, nn.Linear) else value.ndim


def _recorded(
    name: str, layer: nn.Module
) -> tuple[str, dict[str, object]] | None:
    """Operator of a layer, and its arguments; `None` where the exporter has to look."""
    record = _RECORDS.get(type(layer))
    return None if record is None else record(name, layer)


def _convolution(
    name: str, layer: nn.Module
) -> tuple[str, dict[str, object]] | None:
    own = cast(nn.Conv2d, layer)
    if own.padding_mode != "zeros" or isinstance(own.padding, str):
        return None
    weight, bias = _weights(name, own)
    stated = {
        "bias": (bias, None),
        "stride": (tuple(own.stride), _ONE),
        "padding": (tuple(own.padding), _NONE),
        "dilation": (tuple(own.dilation), _ONE),
        "groups": (own.groups, 1),
    }
    return "aten.conv2d.default", {
        "input": None,
        "weight": weight,
        **_stated(stated),
    }


def _linear(
    name: str, layer: nn.Module
) -> tuple[str, dict[str, object]] | None:
    weight, bias = _weights(name, layer)
    stated = _stated({"bias": (bias, None)})
    return "aten.linear.default", {"input": None, "weight": weight, **stated}


def _rectifier(
    name: str,  # noqa: ARG001 - it has no parameters to name
    layer: nn.Module,
) -> tuple[str, dict[str, object]] | None:
    if cast(nn.ReLU, layer).inplace:
        return None
    return "aten.relu.default", {"self": None}


def _pooling(
    name: str,  # noqa: ARG001 - it has no parameters to name
    layer: nn.Module,
) -> tuple[str, dict[str, object]] | None:
    own = cast(nn.MaxPool2d, layer)
    plain = (own.padding, own.dilation) in ((0, 1), (_NONE, _ONE))
    if not plain or own.ceil_mode or own.return_indices:
        return None
    sizes = {"kernel_size": own.kernel_size, "stride": own.stride}
    return "aten.max_pool2d.default", {"self": None} | {
        key: (size, size) if isinstance(size, int) else tuple(size)
        for key, size in sizes.items()
    }


def _flattening(
    name: str,  # noqa: ARG001 - it has no parameters to name
    layer: nn.Module,
) -> tuple[str, dict[str, object]] | None:
    own = cast(nn.Flatten, layer)
    if (own.start_dim, own.end_dim) != (1, -1):
        return None
    return "aten.flatten.using_ints", {"self": None, "start_dim": 1}


_RECORDS: Mapping[
    type, Callable[[str, nn.Module], tuple[str, dict[str, object]] | None]
] = {
    nn.Conv2d: _convolution,
    nn.Linear: _linear,
    nn.ReLU: _rectifier,
    nn.MaxPool2d: _pooling,
    nn.Flatten: _flattening,
}
"""How a layer is recorded, by its very class: what is derived from one may do anything."""


def _weights(name: str, layer: nn.Module) -> tuple[Ref, Ref | None]:
    """Weight and, where there is one, bias."""
    bias = layer.bias is not None
    return (
        Ref(_stored(f"{name}.weight")),
        Ref(_stored(f"{name}.bias")) if bias else None,
    )


def _stated(
    stated: Mapping[str, tuple[object, object]],
) -> dict[str, object]:
    """Arguments up to the last one that is not the default, as the exporter writes them."""
    found = {key: value for key, (value, _) in stated.items()}
    for key, (value, default) in reversed(list(stated.items())):
        if value != default:
            break
        del found[key]
    return found


def _numbered(operator: str, nodes: list[Node]) -> str:
    """Name of the next operation of a kind: `conv2d`, `conv2d_1`, and so on."""
    kind = operator.split(".")[1]
    earlier = sum(node.operator == operator for node in nodes)
    return f"{kind}_{earlier}" if earlier else kind


def _stored(name: str) -> str:
    """Name of a parameter in the graph."""
    return "p_" + name.replace(".", "_")
