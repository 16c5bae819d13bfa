"""TFLite poolings, whose windows are cut off at the edges of an image."""

import math

import numpy as np

from mho.network.formats.building import Array, Constant
from mho.network.formats.tflite.layers import (
    Handler,
    padding_of,
    strides_of,
)
from mho.network.formats.tflite.translator import (
    Activation,
    TfliteNode,
    Translator,
    Value,
)
from mho.network.graph import Ref


def _window(node: TfliteNode) -> tuple[int, int]:
    window = (node.option("filter_height"), node.option("filter_width"))
    if min(window) < 1:
        raise node.refused(f"pools over a window of {window}")
    return window


def _largest(translator: Translator, node: TfliteNode) -> Value:
    image = translator.as_image(node, node.activation())
    window = _window(node)
    stride = strides_of(node)
    before, after = padding_of(translator, node, image, window, stride)
    if any(before + after):
        image = translator.padded(image, before, after, -math.inf)
    result = translator.emit(
        "aten.max_pool2d.default",
        self=image,
        kernel_size=window,
        stride=stride,
    )
    return Activation(translator.fused(node, result), turned=True)


def _average(translator: Translator, node: TfliteNode) -> Value:
    image = translator.as_image(node, node.activation())
    window = _window(node)
    stride = strides_of(node)
    before, after = padding_of(translator, node, image, window, stride)
    sizes = translator.builder.fixed_shape(image)[2:]
    if any(before + after):
        image = translator.padded(image, before, after)
    result = translator.emit(
        "aten.avg_pool2d.default",
        self=image,
        kernel_size=window,
        stride=stride,
    )
    if any(before + after):
        shares = [
            _share(node, *along)
            for along in zip(sizes, before, after, window, stride, strict=True)
        ]
        result = _weighted(translator, node, result, shares)
    return Activation(translator.fused(node, result), turned=True)


def _share(
    node: TfliteNode,
    size: int | None,
    before: int,
    after: int,
    window: int,
    stride: int,
) -> Array:
    """What share of each window lies on the image (1)."""
    if size is None:
        raise node.refused("averages over padding along a free axis")
    inside = np.zeros(before + size + after, dtype=np.float32)
    inside[before : before + size] = 1.0
    windows = np.lib.stride_tricks.sliding_window_view(inside, window)
    return np.asarray(windows[::stride].mean(1), dtype=np.float32)


def _weighted(
    translator: Translator, node: TfliteNode, pooled: Ref, shares: list[Array]
) -> Ref:
    """Sums over whole windows, as means over what lies on the image."""
    rows, columns = shares
    factor = 1.0 / np.outer(rows, columns)
    constant = Constant(f"{node.name} shares", factor.astype(np.float32))
    return translator.emit("aten.mul.Tensor", self=pooled, other=constant)


HANDLERS: dict[str, Handler] = {
    "MAX_POOL_2D": _largest,
    "AVERAGE_POOL_2D": _average,
}
"""Operators of this family."""
