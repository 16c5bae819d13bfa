"""TFLite layers with weights: fully connected and convolutional."""

from collections.abc import Callable, Sequence

import numpy as np

from mho.network.formats.building import Constant
from mho.network.formats.tflite import schema
from mho.network.formats.tflite.translator import (
    Activation,
    TfliteNode,
    Translator,
    Value,
)
from mho.network.graph import Ref

Handler = Callable[[Translator, TfliteNode], Value | tuple[Value, ...]]
"""Adds the operations that stand for one of the file, and returns its results."""


def _weights(node: TfliteNode, axes: int) -> Constant:
    weight = node.constant(1)
    if weight is None or weight.array.ndim != axes:
        raise node.refused(f"multiplies by no constant weights of {axes} axes")
    if weight.array.dtype != np.float32:
        raise node.refused(
            "has whole weights without a scale, which say nothing"
        )
    return weight


def _bias(node: TfliteNode, index: int, outputs: int) -> Constant | None:
    bias = node.constant(index)
    if bias is None:
        return None
    if bias.array.shape != (outputs,) or bias.array.dtype != np.float32:
        raise node.refused(
            f"has a bias of shape {bias.array.shape} for {outputs} outputs"
        )
    return bias


def fully_connected(translator: Translator, node: TfliteNode) -> Value:
    """A linear layer on vectors, flattened as they lie in the file."""
    weight = _weights(node, 2)
    if node.option("weights_format", "b"):
        raise node.refused("has shuffled weights")
    outputs, inputs = weight.array.shape
    value = node.activation()
    shape = translator.shape(value)
    ref = translator.in_file_order(value)
    keeps = bool(node.option("keep_num_dims", "B"))
    flat = len(shape) == 2 and shape[-1] == inputs
    if not flat and not (keeps and shape[-1:] == (inputs,)):
        ref = translator.emit(
            "aten.reshape.default", self=ref, shape=(-1, inputs)
        )
    result = translator.emit(
        "aten.linear.default",
        input=ref,
        weight=translator.builder.store(weight),
        bias=_bias(node, 2, outputs),
    )
    return Activation(translator.fused(node, result))


def convolution(translator: Translator, node: TfliteNode) -> Value:
    """A convolution; its groups are as many as its kernel has too few channels."""
    weight = _weights(node, 4)
    outputs, *_, inputs = weight.array.shape
    channels = translator.shape(node.activation())[-1:]
    if not inputs or channels == (None,) or not channels:
        raise node.refused("reads an image of unknown channels")
    groups = (channels[0] or 0) // inputs
    if groups * inputs != channels[0] or outputs % max(groups, 1):
        raise node.refused(
            f"has weights for {inputs} channels, where its input has {channels[0]}"
        )
    kernels = weight.array.transpose(0, 3, 1, 2)
    ref = translator.builder.store(weight, "channels first", kernels)
    return _convolved(translator, node, weight, ref, groups)


def depthwise(translator: Translator, node: TfliteNode) -> Value:
    """A convolution of every channel on its own."""
    weight = _weights(node, 4)
    one, *_, outputs = weight.array.shape
    channels = translator.shape(node.activation())[-1:]
    groups = channels[0] if channels else None
    if one != 1 or not groups or outputs % groups:
        raise node.refused(
            f"has weights of shape {weight.array.shape}, which are none for its input"
        )
    kernels = weight.array.transpose(3, 0, 1, 2)
    ref = translator.builder.store(weight, "channels first", kernels)
    return _convolved(translator, node, weight, ref, groups)


def _convolved(
    translator: Translator,
    node: TfliteNode,
    weight: Constant,
    kernels: Ref,
    groups: int,
) -> Value:
    image = translator.as_image(node, node.activation())
    window = weight.array.shape[1:3]
    outputs = weight.array.shape[0 if node.operator == "CONV_2D" else 3]
    stride = strides_of(node)
    dilation = (
        node.option("dilation_h_factor", default=1),
        node.option("dilation_w_factor", default=1),
    )
    if min(dilation) < 1:
        raise node.refused("moves its kernel in an impossible way")
    spans = [
        d * (size - 1) + 1 for d, size in zip(dilation, window, strict=True)
    ]
    before, after = padding_of(translator, node, image, spans, stride)
    if before != after:
        image = translator.padded(image, before, after)
        before = [0, 0]
    result = translator.emit(
        "aten.conv2d.default",
        input=image,
        weight=kernels,
        bias=_bias(node, 2, outputs),
        stride=stride,
        padding=before,
        dilation=dilation,
        groups=groups,
    )
    return Activation(translator.fused(node, result), turned=True)


def strides_of(node: TfliteNode) -> tuple[int, int]:
    """Distance of neighbouring positions, down and across (pixels)."""
    stride = (node.option("stride_h"), node.option("stride_w"))
    if min(stride) < 1:
        raise node.refused("moves its kernel in an impossible way")
    return stride


def padding_of(
    translator: Translator,
    node: TfliteNode,
    image: Ref,
    spans: Sequence[int],
    strides: Sequence[int],
) -> tuple[list[int], list[int]]:
    """Rows and columns in front of and behind an image (pixels); the odd one comes behind.

    Args:
        translator: Knows the size of the image.
        node: A convolution or pooling.
        image: What it moves over.
        spans: Pixels that the dilated kernel covers on each axis (pixels).
        strides: Distance of neighbouring positions on each axis (pixels).
    """
    if node.option("padding", "b") != schema.SAME:
        return [0, 0], [0, 0]
    before: list[int] = []
    after: list[int] = []
    sizes = translator.builder.fixed_shape(image)[2:]
    for size, span, stride in zip(sizes, spans, strides, strict=True):
        if size is None and stride > 1:
            raise node.refused("pads by `SAME` along a free axis")
        positions = 0 if size is None else -(-size // stride) - 1
        missing = span - (size or 0) + positions * stride
        total = span - 1 if size is None else max(missing, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before, after


def transposed_convolution(translator: Translator, node: TfliteNode) -> Value:
    """A transposed convolution, whose result has the size that the file states."""
    weight = _weights(node, 4)
    image = translator.as_image(node, node.activation(2))
    outputs, *window, _ = weight.array.shape
    stride = strides_of(node)
    own = translator.builder.fixed_shape(image)[2:]
    wanted = node.whole(0)[1:3]
    before: list[int] = []
    extra: list[int] = []
    for size, step, kernel, target in zip(
        own, stride, window, wanted, strict=True
    ):
        if size is None:
            raise node.refused("spreads an axis of free size")
        surplus = (size - 1) * step + kernel - target
        same = node.option("padding", "b") == schema.SAME
        first = max(surplus, 0) // 2 if same else 0
        before.append(first)
        extra.append(2 * first - surplus)
    if any(
        not 0 <= more < step for more, step in zip(extra, stride, strict=True)
    ):
        raise node.refused("cuts its output unevenly")
    kernels = weight.array.transpose(3, 0, 1, 2)
    result = translator.emit(
        "aten.conv_transpose2d.input",
        input=image,
        weight=translator.builder.store(weight, "channels first", kernels),
        bias=_bias(node, 3, outputs),
        stride=stride,
        padding=before,
        output_padding=extra,
        groups=1,
        dilation=(1, 1),
    )
    return Activation(translator.fused(node, result), turned=True)


HANDLERS: dict[str, Handler] = {
    "FULLY_CONNECTED": fully_connected,
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "TRANSPOSE_CONV": transposed_convolution,
}
"""Operators of this family."""
