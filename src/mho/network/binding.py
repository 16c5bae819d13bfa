"""Inputs that are known before any sample is: they become stored numbers of the graph."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from mho.checks import one_line
from mho.network.graph import KINDS, Graph, GraphInput, Node, Ref


def bound(graph: Graph, constants: Mapping[str, float]) -> Graph:
    """The graph with some inputs fixed to one number each.

    Args:
        graph: The network.
        constants: Number that fills an input, by the input's name.

    Raises:
        ValueError: A name is no input, its size is not fixed, or no input is left.
    """
    if not constants:
        return graph
    names = [entry.name for entry in graph.inputs]
    listed = ", ".join(f"`{one_line(name)}`" for name in names)
    for name in constants:
        if name not in names:
            raise ValueError(
                f"Argument `input` must name inputs of the network, {listed}, but"
                f" `{one_line(name)}` is none."
            )
    rest = tuple(one for one in graph.inputs if one.name not in constants)
    if not rest:
        raise ValueError(
            "Argument `input` must leave an input for the data, but fixes all of them."
        )
    nodes: list[Node] = []
    tensors = dict(graph.tensors)
    for entry in graph.inputs:
        if entry.name in constants:
            stored = f"{entry.name} fixed"
            tensors[stored] = _filled(entry, constants[entry.name])
            nodes += _entered(entry, stored, None if graph.single else rest[0])
    return replace(
        graph,
        inputs=rest,
        nodes=(*nodes, *graph.nodes),
        tensors=tensors,
        untrained=(*graph.untrained, *(tensors.keys() - graph.tensors.keys())),
    )


def _filled(entry: GraphInput, number: float) -> Tensor:
    """One sample of an input, full of one number."""
    sizes = [size for size in entry.sample_shape if size is not None]
    if len(sizes) < len(entry.sample_shape):
        raise ValueError(
            f"Argument `input` must fix inputs of a fixed shape, but `{one_line(entry.name)}` has"
            f" {entry.sample_shape}; give it as an array of the data."
        )
    return torch.full(sizes, number, dtype=KINDS[entry.kind])


def _entered(
    entry: GraphInput, stored: str, like: GraphInput | None
) -> list[Node]:
    """Operations that make of a stored sample what the input was.

    Args:
        entry: The input.
        stored: Name of the sample.
        like: An input with as many samples; `None` if there is no axis of samples.
    """
    sizes = entry.sample_shape
    # a single number fits whatever it meets
    if like is None or not sizes:
        same = {"self": Ref(stored)}
        return [Node(entry.name, "aten.clone.default", same, sizes)]
    count = f"{entry.name} samples"
    whole = {"self": Ref(like.name), "dim": 0}
    wide = {"self": Ref(stored), "size": (Ref(count), *sizes)}
    return [
        Node(count, "aten.sym_size.int", whole),
        Node(entry.name, "aten.expand.default", wide, (None, *sizes)),
    ]
