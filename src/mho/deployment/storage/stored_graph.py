"""A graph with one input and one output as it lies in a file: the record of the first files.

Files have had it from the start, and have it still: an image of such a network is the same file to
the last byte. Others stand in a record of their own, with lists of inputs and outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Shaped
from torch import Tensor

from mho.network import FLOAT, Graph, GraphInput, GraphOutput, Node


@dataclass(frozen=True, slots=True, eq=False)
class StoredGraph:
    """The operations between one input of real numbers and one output.

    Args:
        input: Name of the input.
        sample_shape: Shape of one sample, `None` where it is free.
        batch: Batch size that the recording was tied to (1); `None` if it is free.
        nodes: Operations in order of execution.
        output: Name of the value returned, which is also what users call it.
        tensors: Parameters, buffers and constants, by their names in the graph.
        labels: Names of those tensors in the user's module.
        untrained: Names of the tensors that are no parameters.
    """

    input: str
    sample_shape: tuple[int | None, ...]
    batch: int | None
    nodes: tuple[Node, ...]
    output: str
    tensors: Mapping[str, Shaped[Tensor, "..."]]
    labels: Mapping[str, str]
    untrained: tuple[str, ...] = ()


def stored_graph(graph: Graph) -> StoredGraph | Graph:
    """A graph as files have it: by the first record if that holds all there is to say."""
    entry = graph.inputs[0]
    result = graph.outputs[0]
    several = len(graph.inputs) > 1 or len(graph.outputs) > 1
    one_by_one = graph.single or graph.separate
    if (
        several
        or one_by_one
        or entry.kind != FLOAT
        or result.name != result.value
    ):
        return graph
    return StoredGraph(
        entry.name,
        entry.sample_shape,
        entry.batch,
        graph.nodes,
        result.value,
        graph.tensors,
        graph.labels,
        graph.untrained,
    )


def graph_of(stored: StoredGraph) -> Graph:
    """The graph that the first record stands for."""
    return Graph(
        inputs=(GraphInput(stored.input, stored.sample_shape, stored.batch),),
        nodes=stored.nodes,
        outputs=(GraphOutput(stored.output, stored.output),),
        tensors=stored.tensors,
        labels=stored.labels,
        untrained=stored.untrained,
    )
