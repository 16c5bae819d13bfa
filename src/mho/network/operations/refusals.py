"""Products that could run on tiles, but that mho does not put there: why, operation by operation.

They run digitally, as torch runs them, and the account of the network says so.
"""

from collections.abc import Mapping

from torch import Tensor

from mho.network.graph import Graph, Node, Ref

_VARIES = "it depends on the input, and a chip cannot be reprogrammed for every sample"
_STEP = "single steps of a recurrent layer are not laid out on tiles, whole sequences are"
_VOLUME = "convolutions in three dimensions are not laid out on tiles"

REASONS: Mapping[str, str] = {
    "aten.conv3d.default": _VOLUME,
    "aten.conv3d.padding": _VOLUME,
    "aten.conv_transpose3d.input": _VOLUME,
    "aten.bilinear.default": "each weight multiplies two activations, a cell only one voltage",
    "aten.embedding_bag.padding_idx": "it adds rows that every sample chooses anew",
    "aten.lstm_cell.default": _STEP,
    "aten.gru_cell.default": _STEP,
    "aten.rnn_tanh_cell.default": _STEP,
    "aten.rnn_relu_cell.default": _STEP,
}
"""Operators that are refused whatever their weights are."""

_PRODUCTS: Mapping[str, tuple[str, ...]] = {
    "aten.matmul.default": ("self", "other"),
    "aten.mm.default": ("self", "mat2"),
    "aten.bmm.default": ("self", "mat2"),
    "aten.addmm.default": ("mat1", "mat2"),
    "aten.baddbmm.default": ("batch1", "batch2"),
    "aten.einsum.default": ("tensors",),
    "aten.scaled_dot_product_attention.default": ("query", "key", "value"),
}
"""Products of matrices, with the names of their factors."""

REFUSED_OPERATORS = frozenset(REASONS) | frozenset(_PRODUCTS)
"""All that are refused, once those that are linear layers have been told apart."""


class NotOnTilesError(ValueError):
    """An operation cannot be put on tiles; torch can still compute it.

    Args:
        reason: Why, as the end of a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def varying(what: str) -> NotOnTilesError:
    """The refusal of an operation whose weights or bias depend on the input."""
    return NotOnTilesError(f"its {what} is no constant: {_VARIES}")


def refusal(node: Node, graph: Graph) -> str | None:
    """Why a digital operation is not on tiles, if it is one that could be expected there.

    Args:
        node: An operation that is no linear, convolutional or recurrent layer.
        graph: The network, with everything constant computed.
    """
    if node.operator in REASONS:
        return REASONS[node.operator]
    if node.operator not in _PRODUCTS:
        return None
    factors = [
        ref
        for key in _PRODUCTS[node.operator]
        for ref in _several(node.arguments.get(key))
        if isinstance(ref, Ref)
    ]
    stored = [
        graph.tensors[ref.name] for ref in factors if ref.name in graph.tensors
    ]
    if not stored:
        return "all its factors depend on the input, and a chip cannot be reprogrammed each time"
    return _about_stored(node, stored)


def _about_stored(node: Node, stored: list[Tensor]) -> str:
    """Why a product with stored numbers is no linear layer."""
    if node.operator == "aten.einsum.default":
        return "sums over named axes are not read as layers; a linear layer is"
    if any(tensor.ndim > 2 for tensor in stored):
        return "it multiplies by a stack of matrices; one linear layer for each would be on tiles"
    return "only a stored matrix on the right of a plain product is read as a linear layer"


def _several(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
