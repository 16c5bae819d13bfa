"""A network whose samples lie on another axis than the first, or are mixed on theirs on purpose.

Each sample goes through it alone, with an axis of one sample where the network wants it.
"""

from dataclasses import replace

from torch import Tensor

from mho.checks import one_line
from mho.network.graph import Graph, GraphInput, Node, Ref, replace_refs
from mho.network.tracing import Trace
from mho.samples import Inputs, changed

_WHOLE = " with its axis of samples"
_ALONE = " without its axis of samples"


def widened(example: Inputs, axis: int) -> Inputs:
    """Samples with an axis of one sample each, where a network wants it (1).

    Args:
        example: Samples (1). Shape (samples, ...).
        axis: The network's axis of samples (1).

    Raises:
        ValueError: A sample has too few axes.
    """

    def wide(tensor: Tensor) -> Tensor:
        if axis > tensor.ndim - 1:
            raise ValueError(
                f"Argument `batch_axis` must be one of the {tensor.ndim} axes that an input with"
                f" samples has, 0 to {tensor.ndim - 1}, but is {axis}."
            )
        return tensor.unsqueeze(axis + 1)

    return changed(example, wide)


def trace_on(traced: Trace, axis: int) -> Trace:
    """A recording of single samples that takes them without their axis of one sample.

    Args:
        traced: The recording, and its samples from `widened`.
        axis: The network's axis of samples (1).

    Raises:
        ValueError: As `samples_on`.
    """
    graph = samples_on(traced.graph, axis)
    samples = changed(traced.samples, lambda tensor: tensor.squeeze(axis + 1))
    outputs = traced.outputs
    if outputs is not None:
        outputs = {
            name: _alone(tensor, axis) for name, tensor in outputs.items()
        }
    return replace(traced, graph=graph, samples=samples, outputs=outputs)


def _alone(output: Tensor, axis: int) -> Tensor:
    return output.squeeze(axis + 1) if output.ndim > axis + 1 else output


def samples_on(graph: Graph, axis: int) -> Graph:
    """A graph of single samples that puts their axis where its operations want it.

    Args:
        graph: Operations that take one sample with an axis of one sample in it.
        axis: That axis (1).

    Raises:
        ValueError: An input has no such axis, or more than one sample on it.
    """
    inputs = tuple(_without_axis(entry, axis) for entry in graph.inputs)
    renamed = {entry.name: entry.name + _WHOLE for entry in graph.inputs}
    before = [
        Node(
            renamed[entry.name],
            "aten.unsqueeze.default",
            {"self": Ref(entry.name), "dim": axis},
            entry.sample_shape,
        )
        for entry in graph.inputs
    ]
    nodes = [*before, *(_reading(node, renamed) for node in graph.nodes)]
    shapes = {node.name: node.shape for node in nodes}
    outputs = []
    for output in graph.outputs:
        value = renamed.get(output.value, output.value)
        shape = shapes.get(value)
        if shape is None or len(shape) > axis:
            nodes.append(_squeezed(value, shape, axis))
            value = nodes[-1].name
        outputs.append(replace(output, value=value))
    return replace(
        graph,
        inputs=inputs,
        nodes=tuple(nodes),
        outputs=tuple(outputs),
        single=True,
    )


def _without_axis(entry: GraphInput, axis: int) -> GraphInput:
    """An input as samples come in."""
    shape = entry.sample_shape
    if axis >= len(shape) or shape[axis] not in (1, None):
        raise ValueError(
            "Argument `batch_axis` must be an axis of every input that may hold one sample, but"
            f" `{one_line(entry.name)}` has shape {shape}, and {axis} was given."
        )
    return replace(entry, sample_shape=shape[:axis] + shape[axis + 1 :])


def _reading(node: Node, renamed: dict[str, str]) -> Node:
    """An operation that reads inputs under their new names."""
    arguments = replace_refs(
        node.arguments, lambda name: Ref(renamed.get(name, name))
    )
    assert isinstance(arguments, dict)
    return replace(node, arguments=arguments)


def _squeezed(
    value: str, shape: tuple[int | None, ...] | None, axis: int
) -> Node:
    """An output without the axis of its one sample, if it has that."""
    left = shape
    if shape is not None and shape[axis] == 1:
        left = shape[:axis] + shape[axis + 1 :]
    arguments = {"self": Ref(value), "dim": (axis,)}
    return Node(value + _ALONE, "aten.squeeze.dims", arguments, left)
