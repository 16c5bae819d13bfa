"""Products with a stored matrix are linear layers, however they were written down."""

from dataclasses import replace

from torch import Tensor

from mho.network.graph import TRANSPOSED, Graph, Node, Ref

_FACTORS = {
    "aten.matmul.default": ("self", "other"),
    "aten.mm.default": ("self", "mat2"),
    "aten.addmm.default": ("mat1", "mat2"),
}
"""Products, with the names of their two factors."""
OPERATORS = frozenset(_FACTORS)


def as_linear(graph: Graph) -> Graph:
    """The same graph, in which activations times a stored matrix are linear layers.

    The matrix is stored transposed, as linear layers have it. Products of two activations, and
    of stacks of matrices, stay what they are.
    """
    tensors = dict(graph.tensors)
    labels = dict(graph.labels)
    nodes = []
    for node in graph.nodes:
        matrix = _stored_matrix(node, graph)
        if matrix is None:
            nodes.append(node)
            continue
        name = matrix + TRANSPOSED
        tensors[name] = graph.tensors[matrix].T.contiguous()
        labels[name] = graph.labels.get(matrix, matrix)
        activations, _ = _FACTORS[node.operator]
        adds = node.operator == "aten.addmm.default"
        arguments = {
            "input": node.arguments[activations],
            "weight": Ref(name),
            "bias": node.arguments["self"] if adds else None,
        }
        nodes.append(
            replace(node, operator="aten.linear.default", arguments=arguments)
        )
    return replace(graph, nodes=tuple(nodes), tensors=tensors, labels=labels)


def _stored_matrix(node: Node, graph: Graph) -> str | None:
    """Name of the matrix that activations are multiplied by from the right, if it is stored."""
    if node.operator not in OPERATORS:
        return None
    left, right = (node.arguments.get(key) for key in _FACTORS[node.operator])
    if (
        not (isinstance(left, Ref) and isinstance(right, Ref))
        or left.name in graph.tensors
    ):
        return None
    matrix = graph.tensors.get(right.name)
    plain = (
        isinstance(matrix, Tensor)
        and matrix.ndim == 2
        and matrix.is_floating_point()
    )
    if not plain or (
        node.operator == "aten.addmm.default" and not _plain_sum(node, graph)
    ):
        return None
    return right.name


def _plain_sum(node: Node, graph: Graph) -> bool:
    """Whether what is added to the product is a stored bias, neither of them scaled."""
    bias = node.arguments.get("self")
    stored = graph.tensors.get(bias.name) if isinstance(bias, Ref) else None
    scales = (node.arguments.get("alpha", 1), node.arguments.get("beta", 1))
    return stored is not None and stored.ndim == 1 and scales == (1, 1)
