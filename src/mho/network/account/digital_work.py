"""Multiply-adds of operations that run digitally, from the shapes that they really see."""

import math
from collections.abc import Callable, Mapping

from torch import Tensor

from mho.network.fates import kind_of
from mho.network.graph import Node
from mho.network.operations import RECURRENT_OPERATORS, multiply_adds

Arguments = Mapping[str, object]


def digital_work(node: Node, arguments: Arguments, result: object) -> int:
    """Multiply-adds of one digital operation, per sample (1).

    Args:
        node: The operation.
        arguments: Its arguments, with values in the place of references.
        result: What it returned.
    """
    if node.operator in RECURRENT_OPERATORS:
        return multiply_adds(node, arguments)
    return _COUNTS.get(kind_of(node), _none)(arguments, result)


def _none(_: Arguments, __: object) -> int:
    return 0


def _each(_: Arguments, result: object) -> int:
    """One for each value."""
    return result.numel() if isinstance(result, Tensor) else 0


def _tensors(arguments: Arguments, *names: str) -> list[Tensor]:
    return [
        value
        for name in names
        if isinstance(value := arguments.get(name), Tensor)
    ]


def _matrices(arguments: Arguments, result: object) -> int:
    """Every value of the result is a sum over the last axis of the first factor."""
    first = _tensors(arguments, "mat1", "batch1", "self")[0]
    return _each(arguments, result) * first.shape[-1]


def _linear(arguments: Arguments, result: object) -> int:
    (weight,) = _tensors(arguments, "weight")
    return _each(arguments, result) * weight.shape[-1]


def _convolution(arguments: Arguments, result: object) -> int:
    """Every value of the result is a sum over one kernel."""
    (weight,) = _tensors(arguments, "weight")
    return _each(arguments, result) * weight[0].numel()


def _spread(arguments: Arguments, _: object) -> int:
    """Every value of the input goes through one kernel."""
    values, weight = _tensors(arguments, "input", "weight")
    return values.numel() * weight[0].numel()


def _bilinear(arguments: Arguments, result: object) -> int:
    """Each weight times the first factor, then those sums times the second."""
    (weight,) = _tensors(arguments, "weight")
    samples = _each(arguments, result) // weight.shape[0]
    return samples * (weight.numel() + weight.shape[0] * weight.shape[2])


def _bag(arguments: Arguments, _: object) -> int:
    """Rows are added; only weighted ones are multiplied."""
    weights = _tensors(arguments, "per_sample_weights")
    table = _tensors(arguments, "weight")
    return weights[0].numel() * table[0].shape[-1] if weights else 0


def _named_axes(arguments: Arguments, result: object) -> int:
    """One for each combination of places on the axes, for each product of two factors."""
    equation = arguments["equation"]
    tensors = arguments["tensors"]
    assert isinstance(equation, str)
    assert isinstance(tensors, tuple)
    factors = equation.replace(" ", "").split("->")[0].split(",")
    sizes: dict[str, int] = {}
    for letters, tensor in zip(factors, tensors, strict=True):
        before, _, after = letters.partition("...")
        sizes |= dict(zip(before, tensor.shape, strict=False))
        sizes |= dict(
            zip(reversed(after), reversed(tensor.shape), strict=False)
        )
    named = math.prod(sizes.values())
    if "..." in equation:
        # All that is left in the result are the axes without a name.
        named *= _each(arguments, result) // max(
            1, math.prod(_kept(equation, sizes))
        )
    return named * (len(factors) - 1)


def _kept(equation: str, sizes: Mapping[str, int]) -> list[int]:
    result = equation.replace(" ", "").partition("->")[2]
    return [sizes[letter] for letter in result if letter != "."]


def _cell(arguments: Arguments, result: object, gates: int, scaled: int) -> int:
    """Both matrices for every sample, and the gates."""
    matrices = sum(
        matrix.numel() for matrix in _tensors(arguments, "w_ih", "w_hh")
    )
    state = result[0] if isinstance(result, tuple) else result
    assert isinstance(state, Tensor)
    hidden = _tensors(arguments, "w_ih")[0].shape[0] // gates
    return (state.numel() // hidden) * (matrices + hidden * scaled)


def _attention(arguments: Arguments, _: object) -> int:
    """Scores of all queries with all keys, and as many weighted sums of values."""
    query, key, value = _tensors(arguments, "query", "key", "value")
    return (
        query.shape[:-1].numel()
        * key.shape[-2]
        * (query.shape[-1] + value.shape[-1])
    )


_COUNTS: Mapping[str, Callable[[Arguments, object], int]] = {
    **dict.fromkeys(("matmul", "bmm", "mm", "addmm", "baddbmm"), _matrices),
    **dict.fromkeys(("mul", "div", "batch_norm", "layer_norm"), _each),
    **dict.fromkeys(("group_norm", "instance_norm"), _each),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys((f"conv_transpose{axes}d" for axes in (1, 2, 3)), _spread),
    **dict.fromkeys(
        ("rnn_tanh_cell", "rnn_relu_cell"), lambda a, r: _cell(a, r, 1, 0)
    ),
    "lstm_cell": lambda a, r: _cell(a, r, 4, 3),
    "gru_cell": lambda a, r: _cell(a, r, 3, 2),
    "linear": _linear,
    "bilinear": _bilinear,
    "embedding_bag": _bag,
    "einsum": _named_axes,
    "scaled_dot_product_attention": _attention,
}
