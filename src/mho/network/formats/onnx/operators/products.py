"""ONNX products of matrices; with constant weights they are linear layers."""

import numpy as np

from mho.network.formats.building import Array, Builder, Constant, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.graph import Ref


def _gemm(builder: Builder, node: OnnxNode) -> Value:
    """A product of matrices, scaled and shifted; with constant weights a linear layer."""
    factor = node.needed(0)
    weight = node.needed(1)
    if node.whole_attribute("transA", 0):
        factor = builder.emit("aten.t.default", self=factor)
    alpha = node.real_attribute("alpha", 1.0)
    kept = bool(node.whole_attribute("transB", 0))
    stored = isinstance(weight, Constant) and weight.array.ndim == 2
    if stored and isinstance(weight, Constant) and isinstance(factor, Ref):
        return _layer(builder, node, factor, weight)
    if kept:
        weight = builder.emit("aten.t.default", self=weight)
    product = builder.emit("aten.matmul.default", self=factor, other=weight)
    return _shifted(builder, node, _times(builder, product, alpha))


def _layer(
    builder: Builder, node: OnnxNode, factor: Ref, weight: Constant
) -> Value:
    kept = bool(node.whole_attribute("transB", 0))
    matrix = weight.array if kept else weight.array.T
    change = "" if kept else "transposed"
    label = node.label(weight, "weight")
    alpha = node.real_attribute("alpha", 1.0)
    ref = _scaled(builder, weight, matrix, change, alpha, label)
    bias = node.input(2)
    outputs = matrix.shape[0]
    own = isinstance(bias, Constant) and _one_row(bias.array, outputs)
    shift: Ref | None = None
    if own and isinstance(bias, Constant):
        beta = node.real_attribute("beta", 1.0)
        wide = np.broadcast_to(bias.array, (1, outputs)).reshape(-1)
        change = (
            "" if bias.array.shape == wide.shape else f"spread over {wide.size}"
        )
        shift = _scaled(builder, bias, wide, change, beta)
    product = builder.emit(
        "aten.linear.default", input=factor, weight=ref, bias=shift
    )
    return product if own else _shifted(builder, node, product)


def _one_row(array: Array, outputs: int) -> bool:
    """Whether every sample gets the same shift."""
    return array.ndim < 2 or array.shape in ((1, outputs), (1, 1))


def _shifted(builder: Builder, node: OnnxNode, product: Ref) -> Ref:
    shift = node.input(2)
    if shift is None:
        return product
    beta = node.real_attribute("beta", 1.0)
    added = _times(builder, builder.ref(shift), beta)
    return builder.emit("aten.add.Tensor", self=product, other=added)


def _times(builder: Builder, value: Ref, factor: float) -> Ref:
    if factor == 1.0:
        return value
    return builder.emit("aten.mul.Scalar", self=value, other=factor)


def _scaled(
    builder: Builder,
    source: Constant,
    array: Array,
    change: str,
    factor: float,
    label: str = "",
) -> Ref:
    if factor == 1.0:
        return builder.store(source, change, array, label)
    return builder.store(
        source, f"{change} times {factor}".strip(), array * factor, label
    )


def _matmul(builder: Builder, node: OnnxNode) -> Value:
    """A linear layer if the second factor is a constant matrix, else a digital product."""
    factor = node.needed(0)
    weight = node.needed(1)
    stored = isinstance(weight, Constant) and weight.array.ndim == 2
    if stored and isinstance(weight, Constant) and isinstance(factor, Ref):
        label = node.label(weight, "weight")
        # Layers have their outputs first, products their inputs.
        turned = weight.array.T
        ref = builder.store(weight, "transposed", turned, label)
        return builder.emit(
            "aten.linear.default", input=factor, weight=ref, bias=None
        )
    return builder.emit("aten.matmul.default", self=factor, other=weight)


def _einsum(builder: Builder, node: OnnxNode) -> Value:
    """A sum over named axes."""
    equation = str(node.attributes.get("equation", ""))
    parts = [builder.ref(node.needed(k)) for k in range(len(node.inputs))]
    return builder.emit("aten.einsum.default", equation=equation, tensors=parts)


HANDLERS: dict[str, Handler] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Einsum": _einsum,
}
"""Operators of this family."""
