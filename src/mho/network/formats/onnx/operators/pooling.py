"""ONNX pooling: the largest, the mean or the length of what a window covers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mho.network.formats.building import Builder, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.formats.onnx.operators.convolutions import (
    moves_of,
    padded,
    padding_of,
    spans_of,
)
from mho.network.graph import Ref

_PIXELS = 2**20
"""Pixels of an axis whose windows are counted one by one (1)."""
_TAPS = 256
"""Places in a window that are added up one by one (1)."""


@dataclass(frozen=True, slots=True)
class _Window:
    """What a pooling looks at, with one number for every axis (pixels)."""

    kernel: list[int]
    stride: list[int]
    dilation: list[int]
    before: list[int]
    after: list[int]
    ceil: bool

    @property
    def axes(self) -> int:
        return len(self.kernel)

    @property
    def plain(self) -> bool:
        """Whether torch's own poolings move like that."""
        return self.before == self.after and all(
            2 * pad <= size
            for pad, size in zip(self.before, self.kernel, strict=True)
        )


def _window(builder: Builder, node: OnnxNode) -> _Window:
    kernel = list(node.attributes.get("kernel_shape", ()))
    axes = len(kernel)
    if not 1 <= axes <= 3 or axes != builder.rank(node.needed(0)) - 2:
        raise node.refused(f"pools by a kernel of {axes} axes")
    if min(kernel) < 1:
        raise node.refused(f"pools by a kernel of shape {tuple(kernel)}")
    stride, dilation = moves_of(node, axes)
    before, after = padding_of(
        builder, node, spans_of(kernel, dilation), stride
    )
    ceil = bool(node.whole_attribute("ceil_mode", 0))
    return _Window(kernel, stride, dilation, before, after, ceil)


def _max_pool(builder: Builder, node: OnnxNode) -> Value:
    if node.returns_more_than(1):
        raise node.refused("returns where the largest numbers were")
    value = node.needed(0)
    window = _window(builder, node)
    before = window.before
    ceil = window.ceil
    if not window.plain:
        after = _reached(builder, node, window)
        value = padded(builder, value, before, after, -math.inf)
        before = [0] * window.axes
        ceil = False
    return builder.emit(
        f"aten.max_pool{window.axes}d.default",
        self=value,
        kernel_size=window.kernel,
        stride=window.stride,
        padding=before,
        dilation=window.dilation,
        ceil_mode=ceil,
    )


def _reached(builder: Builder, node: OnnxNode, window: _Window) -> list[int]:
    """Pixels to add behind each axis, so that every position is inside (pixels)."""
    if not window.ceil:
        return window.after
    sizes = _sizes(builder, node, window)
    spans = spans_of(window.kernel, window.dilation)
    found = []
    for axis, size in enumerate(sizes):
        before = window.before[axis]
        step = window.stride[axis]
        room = size + before + window.after[axis] - spans[axis]
        places = -(-room // step) + 1
        # A window that would start behind the image and its padding is left out.
        if (places - 1) * step >= size + before:
            places -= 1
        found.append((places - 1) * step + spans[axis] - size - before)
    return found


def _sizes(builder: Builder, node: OnnxNode, window: _Window) -> list[int]:
    sizes = builder.fixed_shape(node.needed(0))[2:]
    known = [size for size in sizes if size is not None]
    if len(known) != window.axes:
        raise node.refused("pools along a free axis")
    return known


def _average_pool(builder: Builder, node: OnnxNode) -> Value:
    window = _window(builder, node)
    value = node.needed(0)
    counted = bool(node.whole_attribute("count_include_pad", 0))
    if window.plain and set(window.dilation) == {1}:
        return builder.emit(
            f"aten.avg_pool{window.axes}d.default",
            self=value,
            kernel_size=window.kernel,
            stride=window.stride,
            padding=window.before,
            ceil_mode=window.ceil,
            count_include_pad=counted,
        )
    after = _reached(builder, node, window)
    total = _window_sum(builder, node, value, window, after)
    covered = _covered(builder, node, window, after, counted=counted)
    return builder.emit("aten.div.Tensor", self=total, other=covered)


def _window_sum(
    builder: Builder,
    node: OnnxNode,
    value: Value,
    window: _Window,
    after: Sequence[int],
) -> Ref:
    """Sum of what the window covers at each position, zeros around the image (1)."""
    wide = padded(builder, value, window.before, after)
    if set(window.dilation) == {1}:
        return _plain_sum(builder, wide, window)
    if math.prod(window.kernel) > _TAPS:
        raise node.refused("averages a large dilated window")
    total: Ref | None = None
    sizes = builder.fixed_shape(wide)[2:]
    spans = spans_of(window.kernel, window.dilation)
    for tap in np.ndindex(*window.kernel):
        part = wide
        for axis, place in enumerate(tap):
            first = place * window.dilation[axis]
            size = sizes[axis] or 0
            part = builder.emit(
                "aten.slice.Tensor",
                self=part,
                dim=axis + 2,
                start=first,
                end=first + size - spans[axis] + 1,
                step=window.stride[axis],
            )
        total = (
            part
            if total is None
            else builder.emit("aten.add.Tensor", self=total, other=part)
        )
    assert total is not None
    return total


def _plain_sum(builder: Builder, wide: Ref, window: _Window) -> Ref:
    mean = builder.emit(
        f"aten.avg_pool{window.axes}d.default",
        self=wide,
        kernel_size=window.kernel,
        stride=window.stride,
    )
    area = float(math.prod(window.kernel))
    return builder.emit("aten.mul.Scalar", self=mean, other=area)


def _covered(
    builder: Builder,
    node: OnnxNode,
    window: _Window,
    after: Sequence[int],
    *,
    counted: bool,
) -> Ref:
    """How many pixels count at each position (1): a table, the same for all images."""
    sizes = _sizes(builder, node, window)
    result = np.ones((1, 1), dtype=np.float32)
    for axis, size in enumerate(sizes):
        before = window.before[axis]
        if size + before + after[axis] > _PIXELS:
            raise node.refused("averages a very long axis unevenly")
        inside = np.zeros(size + before + after[axis], dtype=np.float32)
        # Padding may count; what only the last window reaches never does.
        outer = window.after[axis] if counted else 0
        start = 0 if counted else before
        inside[start : before + size + outer] = 1
        span = window.dilation[axis] * (window.kernel[axis] - 1) + 1
        places = range(0, len(inside) - span + 1, window.stride[axis])
        own = [
            inside[place : place + span : window.dilation[axis]].sum()
            for place in places
        ]
        result = result[..., None] * np.asarray(own, dtype=np.float32)
    return builder.table("pixels in each window", result)


def _length_pool(builder: Builder, node: OnnxNode) -> Value:
    """A power's sum over the window, and the root of it."""
    window = _window(builder, node)
    power = node.whole_attribute("p", 2)
    after = _reached(builder, node, window)
    raised = _raised(builder, node.needed(0), power)
    total = _window_sum(builder, node, raised, window, after)
    return builder.emit(
        "aten.pow.Tensor_Scalar", self=total, exponent=1 / power
    )


def _raised(builder: Builder, value: Value, power: int) -> Ref:
    size = builder.emit("aten.abs.default", self=value)
    return builder.emit("aten.pow.Tensor_Scalar", self=size, exponent=power)


def _pixel_axes(builder: Builder, value: Value) -> tuple[int, ...]:
    return tuple(range(2, builder.rank(value)))


def _global_pool(operator: str) -> Handler:
    def handle(builder: Builder, node: OnnxNode) -> Value:
        value = node.needed(0)
        axes = _pixel_axes(builder, value)
        return builder.emit(
            f"aten.{operator}", self=value, dim=axes, keepdim=True
        )

    return handle


def _global_length_pool(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    power = node.whole_attribute("p", 2)
    total = builder.emit(
        "aten.sum.dim_IntList",
        self=_raised(builder, value, power),
        dim=_pixel_axes(builder, value),
        keepdim=True,
    )
    return builder.emit(
        "aten.pow.Tensor_Scalar", self=total, exponent=1 / power
    )


HANDLERS: dict[str, Handler] = {
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "LpPool": _length_pool,
    "GlobalAveragePool": _global_pool("mean.dim"),
    "GlobalMaxPool": _global_pool("amax.default"),
    "GlobalLpPool": _global_length_pool,
}
"""Operators of this family."""
