"""ONNX normalizations: by batch statistics, layer, instance, group, length and neighbourhood."""

import numpy as np

from mho.network.formats.building import Builder, Constant, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.graph import Ref

_NEIGHBOURS = 256
"""Channels that a local normalization may look at (1)."""


def _batch_norm(builder: Builder, node: OnnxNode) -> Value:
    """Batch normalization with stored statistics."""
    if node.whole_attribute("training_mode", 0):
        raise node.refused("still trains; call `eval()` before exporting")
    if not node.whole_attribute("spatial", 1):
        raise node.refused("has statistics for every pixel")
    if node.returns_more_than(1):
        raise node.refused("returns its statistics, as in training")
    return builder.emit(
        "aten.batch_norm.default",
        input=node.needed(0),
        weight=node.constant(1),
        bias=node.constant(2),
        running_mean=node.constant(3),
        running_var=node.constant(4),
        training=False,
        momentum=0.1,
        eps=node.real_attribute("epsilon", 1e-5),
        cudnn_enabled=False,
    )


def _layer_norm(builder: Builder, node: OnnxNode) -> tuple[Value, ...]:
    """Layer normalization over the last axes, with mean and inverse deviation if asked for."""
    value = node.needed(0)
    stated = node.whole_attribute("axis", -1)
    axis = node.axis(builder, value, stated)
    shape = builder.fixed_shape(value)[axis:]
    if None in shape:
        raise node.refused("normalizes over a free axis")
    epsilon = node.real_attribute("epsilon", 1e-5)
    weight = _shaped(builder, node, 1, shape)
    result = builder.emit(
        "aten.layer_norm.default",
        input=value,
        normalized_shape=shape,
        weight=weight,
        bias=_shaped(builder, node, 2, shape),
        eps=epsilon,
        cudnn_enable=False,
    )
    if not node.returns_more_than(1):
        return (result,)
    axes = tuple(range(axis, builder.rank(value)))
    mean = builder.emit("aten.mean.dim", self=value, dim=axes, keepdim=True)
    away = builder.emit("aten.sub.Tensor", self=value, other=mean)
    spread = _mean_square(builder, away, axes)
    shifted = builder.emit("aten.add.Scalar", self=spread, other=epsilon)
    inverse = builder.emit("aten.rsqrt.default", self=shifted)
    return result, mean, inverse


def _shaped(
    builder: Builder,
    node: OnnxNode,
    index: int,
    shape: tuple[int | None, ...],
) -> Ref | None:
    """A scale or shift in the shape that torch insists on."""
    given = node.constant(index)
    if given is None or given.array.shape == shape:
        return None if given is None else builder.store(given)
    wide = np.broadcast_to(given.array, [size or 0 for size in shape])
    return builder.store(given, f"spread over {shape}", wide)


def _mean_square(builder: Builder, value: Value, axes: tuple[int, ...]) -> Ref:
    square = builder.emit("aten.mul.Tensor", self=value, other=value)
    return builder.emit("aten.mean.dim", self=square, dim=axes, keepdim=True)


def _instance_norm(builder: Builder, node: OnnxNode) -> Value:
    """Every channel of every sample by itself: as many groups as channels."""
    value = node.needed(0)
    channels = builder.fixed_shape(value)[1]
    return _grouped(builder, node, channels, node.constant(1), node.constant(2))


def _group_norm(builder: Builder, node: OnnxNode) -> Value:
    groups = node.whole_attribute("num_groups", 0)
    channels = builder.fixed_shape(node.needed(0))[1]
    scale = node.constant(1)
    shift = node.constant(2)
    if not channels or groups < 1 or channels % groups:
        raise node.refused(f"has {groups} groups of {channels} channels")
    if node.opset < 21 and any(
        one is not None and one.array.size != groups for one in (scale, shift)
    ):
        raise node.refused(f"has no scale for each of {groups} groups")
    if node.opset < 21:
        # A scale a group, where newer files have one a channel.
        scale = _repeated(scale, channels // groups)
        shift = _repeated(shift, channels // groups)
    return _grouped(builder, node, groups, scale, shift)


def _repeated(given: Constant | None, times: int) -> Constant | None:
    if given is None:
        return None
    name = f"{given.name} {times} times"
    return Constant(name, np.repeat(given.array, times))


def _grouped(
    builder: Builder,
    node: OnnxNode,
    groups: int | None,
    scale: Constant | None,
    shift: Constant | None,
) -> Value:
    if groups is None:
        raise node.refused("normalizes a free number of channels")
    return builder.emit(
        "aten.group_norm.default",
        input=node.needed(0),
        num_groups=groups,
        weight=scale,
        bias=shift,
        eps=node.real_attribute("epsilon", 1e-5),
        cudnn_enabled=False,
    )


def _length_norm(builder: Builder, node: OnnxNode) -> Value:
    """Divided by the length along an axis; vectors of zeros stay what they are."""
    value = node.needed(0)
    axes = (node.whole_attribute("axis", -1),)
    length = lengths(
        builder, node, value, axes, node.whole_attribute("p", 2), keep=True
    )
    nothing = builder.emit("aten.eq.Scalar", self=length, other=0)
    safe = builder.emit(
        "aten.masked_fill.Scalar", self=length, mask=nothing, value=1.0
    )
    return builder.emit("aten.div.Tensor", self=value, other=safe)


def lengths(
    builder: Builder,
    node: OnnxNode,
    value: Value,
    axes: tuple[int, ...],
    power: int,
    *,
    keep: bool,
) -> Ref:
    """Sums of absolute values or Euclidean lengths along axes (1)."""
    if power not in (1, 2):
        raise node.refused(f"measures lengths by the power {power}")
    measured = (
        builder.emit("aten.abs.default", self=value)
        if power == 1
        else builder.emit("aten.mul.Tensor", self=value, other=value)
    )
    total = builder.emit(
        "aten.sum.dim_IntList", self=measured, dim=axes, keepdim=keep
    )
    if power == 1:
        return total
    return builder.emit("aten.sqrt.default", self=total)


def _mean_variance_norm(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axes = tuple(node.attributes.get("axes", (0, 2, 3)))
    mean = builder.emit("aten.mean.dim", self=value, dim=axes, keepdim=True)
    away = builder.emit("aten.sub.Tensor", self=value, other=mean)
    spread = _mean_square(builder, away, axes)
    deviation = builder.emit("aten.sqrt.default", self=spread)
    # The standard adds it to the deviation, not to the variance.
    safe = builder.emit("aten.add.Scalar", self=deviation, other=1e-9)
    return builder.emit("aten.div.Tensor", self=away, other=safe)


def _local_norm(builder: Builder, node: OnnxNode) -> Value:
    """Local response normalization: by the squares of neighbouring channels."""
    value = node.needed(0)
    size = node.whole_attribute("size", 1)
    channels = builder.fixed_shape(value)[1]
    if channels is None or not 1 <= size <= _NEIGHBOURS:
        raise node.refused(f"looks at {size} of {channels} channels")
    square = builder.emit("aten.mul.Tensor", self=value, other=value)
    rest = builder.rank(value) - 2
    before = [(size - 1) // 2, *[0] * rest]
    after = [size - 1 - before[0], *[0] * rest]
    # `constant_pad_nd` pads the last axes; channels are the first of these.
    pads = [n for pair in zip(before, after, strict=True) for n in pair]
    pairs = [pads[k : k + 2] for k in range(0, len(pads), 2)]
    wide = builder.emit(
        "aten.constant_pad_nd.default",
        self=square,
        pad=[n for pair in reversed(pairs) for n in pair],
        value=0.0,
    )
    total: Ref | None = None
    for first in range(size):
        part = builder.emit(
            "aten.slice.Tensor",
            self=wide,
            dim=1,
            start=first,
            end=first + channels,
            step=1,
        )
        total = (
            part
            if total is None
            else builder.emit("aten.add.Tensor", self=total, other=part)
        )
    factor = node.real_attribute("alpha", 1e-4) / size
    scaled = builder.emit("aten.mul.Scalar", self=total, other=factor)
    shifted = builder.emit(
        "aten.add.Scalar",
        self=scaled,
        other=node.real_attribute("bias", 1.0),
    )
    divisor = builder.emit(
        "aten.pow.Tensor_Scalar",
        self=shifted,
        exponent=node.real_attribute("beta", 0.75),
    )
    return builder.emit("aten.div.Tensor", self=value, other=divisor)


HANDLERS: dict[str, Handler] = {
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "InstanceNormalization": _instance_norm,
    "GroupNormalization": _group_norm,
    "LpNormalization": _length_norm,
    "MeanVarianceNormalization": _mean_variance_norm,
    "LRN": _local_norm,
}
"""Operators of this family."""
