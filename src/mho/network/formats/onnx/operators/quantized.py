"""ONNX numbers rounded to steps, made real again, and multiplied: networks of whole numbers.

A product of whole numbers becomes the layer of the weights that they stand for. A range that the
file takes from the numbers themselves is that of each sample, which does not depend on others.
"""

from dataclasses import replace

import numpy as np
import torch

from mho.network.formats.building import Array, Builder, Constant, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.formats.onnx.operators import convolutions, products
from mho.network.graph import Ref

_HIGHEST = 255.0
"""Largest of the whole numbers that a range of its own is divided into (1)."""

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


def _dynamic(builder: Builder, node: OnnxNode) -> tuple[Value, ...]:
    """Whole numbers, steps and zero points, for the range of each sample."""
    value = builder.ref(builder.as_real(node.needed(0)))
    sizes = builder.fixed_shape(value)
    within = [axis for axis, size in enumerate(sizes) if size is not None]
    if len(sizes) - len(within) > 1:
        raise node.refused("rounds by a range along several free axes")
    step, zero, scaled = _of_range(builder, value, within)
    rounded = builder.emit("aten.round.default", self=scaled)
    shifted = builder.emit("aten.add.Tensor", self=rounded, other=zero)
    if len(within) == len(sizes) > 0:
        # a single sample: the file's own single numbers
        step = builder.emit("aten.reshape.default", self=step, shape=())
        zero = builder.emit("aten.reshape.default", self=zero, shape=())
    return _whole(builder, shifted), step, zero


def _of_range(
    builder: Builder, value: Ref, within: list[int]
) -> tuple[Ref, Ref, Ref]:
    """Step and zero point of the range that numbers have, and the numbers in such steps."""

    def end(name: str, **cut: float) -> Ref:
        found = (
            builder.emit(
                f"aten.{name}.default", self=value, dim=within, keepdim=True
            )
            if within
            else value
        )
        return builder.emit("aten.clamp.default", self=found, **cut)

    low = end("amin", max=0.0)
    high = end("amax", min=0.0)
    width = builder.emit("aten.sub.Tensor", self=high, other=low)
    step = builder.emit("aten.div.Scalar", self=width, other=_HIGHEST)
    # nothing but zeros: any step will do
    none = builder.emit("aten.eq.Scalar", self=width, other=0.0)
    step = builder.emit("aten.add.Tensor", self=step, other=none)
    below = builder.emit("aten.div.Tensor", self=low, other=step)
    zero = _whole(builder, builder.emit("aten.neg.default", self=below))
    scaled = builder.emit("aten.div.Tensor", self=value, other=step)
    return step, zero, scaled


def by_own_range(builder: Builder, value: Ref, within: list[int]) -> Ref:
    """Numbers rounded to 256 steps of the range that they have, and made real again.

    Args:
        builder: The graph.
        value: The numbers.
        within: Axes that share a range.
    """
    step, zero, scaled = _of_range(builder, value, within)
    rounded = builder.emit("aten.round.default", self=scaled)
    shifted = builder.emit("aten.add.Tensor", self=rounded, other=zero)
    kept = builder.emit(
        "aten.clamp.default", self=shifted, min=0.0, max=_HIGHEST
    )
    back = builder.emit("aten.sub.Tensor", self=kept, other=zero)
    return builder.emit("aten.mul.Tensor", self=back, other=step)


def _whole(builder: Builder, value: Ref) -> Ref:
    rounded = builder.emit("aten.round.default", self=value)
    kept = builder.emit(
        "aten.clamp.default", self=rounded, min=0.0, max=_HIGHEST
    )
    return builder.emit("aten.to.dtype", self=kept, dtype=torch.int64)


def _less_zero(builder: Builder, node: OnnxNode, index: int) -> Value:
    """The activations of a product of whole numbers, less their zero point."""
    value = node.needed(index)
    zero = node.input(index + 2)
    if zero is not None and not builder.is_zero(zero):
        ref = builder.ref(value)
        value = builder.emit("aten.sub.Tensor", self=ref, other=zero)
    return builder.as_real(value)


def _real_weights(
    node: OnnxNode,
    weight: Constant,
    zero: Constant | None,
    step: Constant | None,
    axis: int,
) -> Constant:
    """The weights that whole numbers stand for, rounded once.

    Args:
        node: Their operation.
        weight: The whole numbers.
        zero: Their zero point, one or one for each output.
        step: Their step, likewise.
        axis: Axis of the outputs.
    """
    array = weight.array.astype(np.float64)
    for part, work in ((zero, np.subtract), (step, np.multiply)):
        if part is None:
            continue
        along = [1] * array.ndim
        if part.array.size > 1:
            if part.array.size != array.shape[axis]:
                raise node.refused(
                    f"has steps of shape {part.array.shape} for weights of shape {array.shape}"
                )
            along[axis] = -1
        array = work(array, part.array.astype(np.float64).reshape(along))
    return Constant(weight.name, array.astype(np.float32))


def _integer_product(builder: Builder, node: OnnxNode) -> Value:
    """`ConvInteger` and `MatMulInteger`: a layer whose weights are whole numbers."""
    operator, axis = _LAYERS[node.operator]
    weight = node.needed(1)
    if isinstance(weight, Ref):
        raise node.refused("multiplies whole numbers that are both computed")
    real = _real_weights(node, weight, node.constant(3), None, axis)
    inputs = (_less_zero(builder, node, 0), real)
    return operator(builder, replace(node, inputs=inputs))  # type: ignore[return-value]


def _rounded_product(builder: Builder, node: OnnxNode) -> Value:
    """`QLinearConv` and `QLinearMatMul`: a layer between two roundings."""
    operator, axis = _LAYERS[node.operator]
    weight = node.constant(3)
    step = node.constant(4)
    own = node.constant(1)
    if weight is None or step is None or own is None:
        raise node.refused("lacks its weights or a step")
    value = _dequantize(builder, replace(node, inputs=node.inputs[:3]))
    real = _real_weights(node, weight, node.constant(5), step, axis)
    bias = node.constant(8)
    if bias is not None:
        of_inputs = own.array.astype(np.float64) * step.array
        array = bias.array * of_inputs.reshape(-1)
        bias = Constant(bias.name, array.astype(np.float32))
    product = operator(builder, replace(node, inputs=(value, real, bias)))
    rounding = (product, *node.inputs[6:8])
    return _quantize(builder, replace(node, inputs=rounding))  # type: ignore[arg-type]


_LAYERS = {
    "ConvInteger": (convolutions.HANDLERS["Conv"], 0),
    "MatMulInteger": (products.HANDLERS["MatMul"], -1),
    "QLinearConv": (convolutions.HANDLERS["Conv"], 0),
    "QLinearMatMul": (products.HANDLERS["MatMul"], -1),
}
"""The layer of real numbers for each product of whole ones, and the axis of its outputs."""

HANDLERS: dict[str, Handler] = {
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "DynamicQuantizeLinear": _dynamic,
    "ConvInteger": _integer_product,
    "MatMulInteger": _integer_product,
    "QLinearConv": _rounded_product,
    "QLinearMatMul": _rounded_product,
}
"""Operators of this family."""
