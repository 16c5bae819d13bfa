"""Batch norm becomes part of the layer before it: the same outputs, no digital operation."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from mho.network.graph import Graph, Node, Ref, replace_refs
from mho.network.operations import DENSE_OPERATORS, stored_tensor

_BATCH_NORM = "aten.batch_norm.default"


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A batch norm in evaluation mode, as what it does to every channel.

    Args:
        norm: Name of the operation.
        scale: Factor of each channel (1). Shape (channels,), float64.
        shift: Added to each channel after that (1). Shape (channels,), float64.
    """

    norm: str
    scale: Tensor
    shift: Tensor


def foldable(
    graph: Graph, on_tiles: Collection[str], digital: Collection[str]
) -> dict[str, Fold]:
    """Batch norms right after a layer that nothing else uses, by the name of its operation.

    A layer that is used twice keeps its weights, and its batch norms stay digital.

    Args:
        graph: The network.
        on_tiles: Operations whose weights are on tiles.
        digital: Operations that shall stay digital.
    """
    uses = Counter(name for node in graph.nodes for name in node.refs())
    uses.update(output.value for output in graph.outputs)
    dense = {
        node.name: node
        for node in graph.nodes
        if node.operator in DENSE_OPERATORS and node.name in on_tiles
    }
    found = {}
    for node in graph.nodes:
        if node.operator != _BATCH_NORM or node.name in digital:
            continue
        layer = dense.get(node.refs()[0])
        if layer is None or uses[layer.name] != 1 or not _by_channel(layer):
            continue
        weight = layer.arguments["weight"]
        constant = all(name in graph.tensors for name in node.refs()[1:])
        if constant and isinstance(weight, Ref) and uses[weight.name] == 1:
            found[layer.name] = _fold(node, graph)
    return found


def _by_channel(layer: Node) -> bool:
    """Whether the axis that batch norm takes for channels, the second, is the layer's outputs."""
    return (
        layer.operator != "aten.linear.default" or len(layer.shape or ()) == 2
    )


def _fold(node: Node, graph: Graph) -> Fold:
    values = {
        key: stored_tensor(node.arguments.get(key), key, graph)
        for key in ("weight", "bias", "running_mean", "running_var")
    }
    mean = values["running_mean"]
    variance = values["running_var"]
    assert mean is not None
    assert variance is not None
    epsilon = node.arguments["eps"]
    assert isinstance(epsilon, float)
    scale = (variance.double() + epsilon).rsqrt()
    weight = values["weight"]
    if weight is not None:
        scale = scale * weight.double()
    shift = -mean.double() * scale
    bias = values["bias"]
    if bias is not None:
        shift = shift + bias
    return Fold(node.name, scale, shift)


def without_norms(graph: Graph, folds: Mapping[str, Fold]) -> Graph:
    """The graph without folded batch norms; what read them reads the layer before."""
    instead = {fold.norm: layer for layer, fold in folds.items()}

    def lookup(name: str) -> object:
        return Ref(instead.get(name, name))

    nodes = [
        replace(
            node,
            arguments={
                k: replace_refs(v, lookup) for k, v in node.arguments.items()
            },
        )
        for node in graph.nodes
        if node.name not in instead
    ]
    used = {name for node in nodes for name in node.refs()}
    return replace(
        graph,
        nodes=tuple(nodes),
        outputs=tuple(
            replace(output, value=instead.get(output.value, output.value))
            for output in graph.outputs
        ),
        tensors={
            name: tensor
            for name, tensor in graph.tensors.items()
            if name in used
        },
    )
