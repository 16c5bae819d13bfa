"""ONNX numbers rounded to steps, and made real again: QDQ, as quantised networks are written."""

import numpy as np
import torch

from mho.network.formats.building import Array, Builder, Constant, Value
from mho.network.formats.onnx.operators.node import Handler, OnnxNode
from mho.network.graph import Ref

_INTEGERS = (
    "multiplies whole numbers; export it as QDQ, with `DequantizeLinear` in front"
    " of layers"
)
REFUSED = {
    "ConvInteger": _INTEGERS,
    "MatMulInteger": _INTEGERS,
    "QLinearConv": _INTEGERS,
    "QLinearMatMul": _INTEGERS,
    "DynamicQuantizeLinear": (
        "rounds by the range of a whole batch, so that samples depend on each other"
    ),
}
"""Operators that are refused, and why."""

_RANGES = {2: (0, 255), 3: (-128, 127), 4: (0, 65535), 5: (-32768, 32767)}
"""Bounds of uint8, int8, uint16 and int16, by ONNX's numbers for them."""


def _spread(
    builder: Builder, node: OnnxNode, value: Value, given: Constant, what: str
) -> Ref:
    """Steps or zero points in a shape that fits: one in all, along an axis, or in blocks."""
    array = given.array
    rank = builder.rank(value)
    # One array may serve values of several ranks, in a shape for each.
    name = f"{what} of {rank} axes"
    if array.ndim == 0 or (array.ndim == 1 and array.size == 1):
        return builder.store(given, name, array.reshape([1] * rank))
    axis = node.axis(builder, value, node.whole_attribute("axis", 1))
    block = node.whole_attribute("block_size", 0)
    if block and array.ndim == rank:
        size = builder.fixed_shape(value)[axis] or 0
        if array.shape[axis] != -(-size // block):
            raise node.refused(f"has {what} of shape {array.shape}")
        wide = np.repeat(array, min(block, size), axis)
        kept = np.take(wide, range(size), axis)
        return builder.store(
            given, f"{name} in {size} along {axis}, blocks of {block}", kept
        )
    if array.ndim != 1:
        raise node.refused(f"has {what} of shape {array.shape}")
    shape = [1] * rank
    shape[axis] = array.size
    return builder.store(given, f"{name} along {axis}", array.reshape(shape))


def _scale(builder: Builder, node: OnnxNode, value: Value) -> Ref:
    scale = node.constant(1)
    if scale is None:
        raise node.refused("lacks its step")
    return _spread(builder, node, value, scale, "step")


def _zero(builder: Builder, node: OnnxNode, value: Value) -> Ref | None:
    zero = node.constant(2)
    if zero is None or not np.any(zero.array):
        return None
    return _spread(builder, node, value, zero, "zero point")


def _dequantize(builder: Builder, node: OnnxNode) -> Value:
    value = builder.ref(node.needed(0))
    scale = _scale(builder, node, value)
    zero = _zero(builder, node, value)
    if zero is not None:
        value = builder.emit("aten.sub.Tensor", self=value, other=zero)
    return builder.emit(
        "aten.mul.Tensor", self=builder.as_real(value), other=scale
    )


def _quantize(builder: Builder, node: OnnxNode) -> Value:
    value = builder.as_real(node.needed(0))
    scaled = builder.emit(
        "aten.div.Tensor", self=value, other=_scale(builder, node, value)
    )
    rounded = builder.emit("aten.round.default", self=scaled)
    zero = _zero(builder, node, value)
    if zero is not None:
        rounded = builder.emit("aten.add.Tensor", self=rounded, other=zero)
    low, high = _range(node)
    kept = builder.emit(
        "aten.clamp.default", self=rounded, min=float(low), max=float(high)
    )
    # Whole numbers that the network computes with are those of 64 bits.
    return builder.emit("aten.to.dtype", self=kept, dtype=torch.int64)


def _range(node: OnnxNode) -> tuple[int, int]:
    """Smallest and largest of the whole numbers that it rounds to."""
    zero = node.constant(2)
    if zero is not None:
        return _bounds(node, zero.array)
    kind = node.whole_attribute("output_dtype", 2) or 2
    if kind not in _RANGES:
        raise node.refused(f"rounds to the number type {kind}")
    return _RANGES[kind]


def _bounds(node: OnnxNode, zero: Array) -> tuple[int, int]:
    if zero.dtype.kind not in "iu" or zero.dtype.itemsize > 2:
        raise node.refused(f"rounds to the number type `{zero.dtype}`")
    limits = np.iinfo(zero.dtype)
    return int(limits.min), int(limits.max)


def _refused(reason: str) -> Handler:
    def handle(_: Builder, node: OnnxNode) -> Value:
        raise node.refused(reason)

    return handle


HANDLERS: dict[str, Handler] = {
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    **{name: _refused(reason) for name, reason in REFUSED.items()},
}
"""Operators of this family."""
