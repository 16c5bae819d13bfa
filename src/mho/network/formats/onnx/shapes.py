"""ONNX operations that move numbers around: reshapes, slices, padding, pooling and resizing."""

import math
from itertools import pairwise

from mho.network.formats.onnx.builder import (
    Builder,
    Constant,
    Handler,
    OnnxNode,
    Size,
    Value,
)
from mho.network.formats.onnx.layers import padded, padding_of
from mho.network.graph import Ref

_ENDLESS = 2**31 - 1


def _reshape(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    target = node.constant(1)
    if target is None:
        raise node.refused("lacks its shape")
    sizes = list(target.whole())
    kept = bool(node.attributes.get("allowzero", 0))
    if not kept and 0 in sizes:
        own = builder.shape(value)
        sizes = [
            own[axis] if size == 0 else size for axis, size in enumerate(sizes)
        ]
    return builder.emit(
        "aten.reshape.default", self=builder.ref(value), shape=sizes
    )


def _flatten(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axis = int(node.attributes.get("axis", 1))
    if axis == 1:
        return builder.emit("aten.flatten.using_ints", self=value, start_dim=1)
    shape = builder.fixed_shape(value)
    behind = shape[axis:] if axis else shape
    if None in behind or axis == 0:
        raise node.refused(f"flattens from axis {axis}")
    size = math.prod(size for size in behind if size is not None)
    return builder.emit(
        "aten.reshape.default", self=builder.ref(value), shape=(-1, size)
    )


def _transpose(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axes = range(len(builder.fixed_shape(value)))
    order = tuple(node.attributes.get("perm", reversed(axes)))
    return builder.emit("aten.permute.default", self=value, dims=order)


def _concat(builder: Builder, node: OnnxNode) -> Value:
    parts = [builder.ref(node.needed(k)) for k in range(len(node.inputs))]
    return builder.emit(
        "aten.cat.default", tensors=parts, dim=int(node.attributes["axis"])
    )


def _slice(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    starts = node.constant(1)
    ends = node.constant(2)
    if starts is None or ends is None:
        raise node.refused("lacks its bounds")
    first = starts.whole()
    last = ends.whole()
    axes = node.constant(3)
    steps = node.constant(4)
    along = range(len(first)) if axes is None else axes.whole()
    by = [1] * len(first) if steps is None else steps.whole()
    for start, end, axis, step in zip(first, last, along, by, strict=True):
        if isinstance(axis, Size) or isinstance(step, Size) or step < 1:
            raise node.refused("slices backwards")
        value = _cut(builder, value, axis, start, end, step)
    return value


def _cut(
    builder: Builder,
    value: Value,
    axis: int,
    start: int | Size,
    end: int | Size,
    step: int,
) -> Value:
    """Part of an axis; all of it is the value itself."""
    size = builder.fixed_shape(value)[axis]
    long = False
    if isinstance(end, int):
        beyond = size is not None and end >= size
        long = beyond or end >= _ENDLESS
        end = min(end, _ENDLESS)
    from_first = isinstance(start, int) and start == 0
    if from_first and long and step == 1:
        return value
    result = builder.emit(
        "aten.slice.Tensor",
        self=value,
        dim=axis,
        start=start,
        end=end,
        step=step,
    )
    if builder.is_zero(value):
        builder.zeros.add(result.name)
    return result


def _split(builder: Builder, node: OnnxNode) -> tuple[Value, ...]:
    value = node.needed(0)
    axis = int(node.attributes.get("axis", 0))
    stated = node.constant(1)
    if stated is None:
        size = builder.fixed_shape(value)[axis]
        count = len(node.outputs)
        if size is None:
            raise node.refused("splits a free axis")
        part = -(-size // count)
        bounds: list[int] = [min(k * part, size) for k in range(count + 1)]
    else:
        bounds = [0]
        for width in stated.whole():
            if isinstance(width, Size):
                raise node.refused("splits a free axis")
            bounds.append(bounds[-1] + width)
    parts: list[Value] = []
    for start, stop in pairwise(bounds):
        piece = builder.emit(
            "aten.slice.Tensor",
            self=value,
            dim=axis,
            start=start,
            end=stop,
            step=1,
        )
        parts.append(piece)
    return tuple(parts)


def _squeeze(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axes = node.whole(1, "axes")
    if axes is None:
        axes = tuple(
            k for k, size in enumerate(builder.fixed_shape(value)) if size == 1
        )
    return builder.emit("aten.squeeze.dims", self=value, dim=axes)


def _unsqueeze(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axes = node.whole(1, "axes") or ()
    rank = len(builder.fixed_shape(value)) + len(axes)
    for axis in sorted(
        int(axis) % rank for axis in axes if isinstance(axis, int)
    ):
        value = builder.emit(
            "aten.unsqueeze.default", self=builder.ref(value), dim=axis
        )
    return value


def _gather(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    places = node.constant(1)
    axis = int(node.attributes.get("axis", 0))
    if places is None or not isinstance(value, Ref):
        raise node.refused("looks up nothing")
    if places.array.ndim == 0:
        place = places.whole()[0]
        return builder.emit(
            "aten.select.int", self=value, dim=axis, index=place
        )
    if places.array.ndim > 1:
        raise node.refused("picks by a table of indices")
    parts = [
        builder.emit("aten.select.int", self=value, dim=axis, index=place)
        for place in places.whole()
    ]
    return builder.emit("aten.stack.default", tensors=parts, dim=axis)


def _expand(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    target = node.constant(1)
    if target is None:
        raise node.refused("lacks its shape")
    wanted = target.whole()
    if isinstance(value, Constant) and builder.is_zero(value):
        zeros = builder.emit("aten.zeros.default", size=wanted)
        builder.zeros.add(zeros.name)
        return zeros
    shape = builder.fixed_shape(value)
    missing = len(wanted) - len(shape)
    own = (*[1] * missing, *shape)
    # In ONNX a 1 keeps the size of the tensor; in torch -1 does.
    ahead = own[: len(own) - len(wanted)]
    sizes = [-1 if size == 1 else size for size in wanted]
    kept = [-1] * len(ahead)
    return builder.emit(
        "aten.expand.default",
        self=builder.ref(value),
        size=(*kept, *sizes),
    )


def _filled(builder: Builder, node: OnnxNode) -> Value:
    target = node.constant(0)
    number = node.attributes.get("value")
    if target is None or (
        number is not None and number.reshape(()).item() != 0
    ):
        raise node.refused(
            "fills a tensor of free size with something else than zeros"
        )
    zeros = builder.emit("aten.zeros.default", size=target.whole())
    builder.zeros.add(zeros.name)
    return zeros


def _pad(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    pads = node.whole(1, "pads")
    fill = node.constant(2)
    if node.attributes.get("mode", "constant") != "constant" or pads is None:
        raise node.refused("pads with something else than a constant")
    rank = len(builder.fixed_shape(value))
    axes = node.constant(3)
    along = (
        range(rank)
        if axes is None
        else [int(a) % rank for a in axes.array.flat]
    )
    sizes = [size for size in pads if isinstance(size, int)]
    if len(sizes) != 2 * len(along):
        raise node.refused(f"pads by {len(sizes)} sizes")
    before = [0] * rank
    after = [0] * rank
    for k, axis in enumerate(along):
        before[axis] = sizes[k]
        after[axis] = sizes[len(along) + k]
    return padded(
        builder, value, before, after, 0.0 if fill is None else fill.number()
    )


def _pool(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    kernel = list(node.attributes["kernel_shape"])
    axes = len(kernel)
    largest = node.operator == "MaxPool"
    dilation = list(node.attributes.get("dilations", [1] * axes))
    stride = list(node.attributes.get("strides", [1] * axes))
    whole = bool(node.attributes.get("count_include_pad", 0))
    ceil = bool(node.attributes.get("ceil_mode", 0))
    if axes > 2 or len([name for name in node.outputs if name]) > 1:
        raise node.refused("pools along three axes, or returns indices")
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    before, after = padding_of(builder, node, spans, stride)
    if before != after or any(
        2 * p > k for p, k in zip(before, kernel, strict=True)
    ):
        if not (largest or whole) or ceil:
            raise node.refused("averages over uneven padding")
        fill = -math.inf if largest else 0.0
        value = padded(builder, value, before, after, fill)
        before = [0] * axes
    moves: dict[str, object] = {
        "kernel_size": kernel,
        "stride": stride,
        "padding": before,
    }
    if largest:
        operator = f"aten.max_pool{axes}d.default"
        return builder.emit(
            operator, self=value, **moves, dilation=dilation, ceil_mode=ceil
        )
    if any(step != 1 for step in dilation):
        raise node.refused("averages a dilated window")
    operator = f"aten.avg_pool{axes}d.default"
    return builder.emit(
        operator, self=value, **moves, ceil_mode=ceil, count_include_pad=whole
    )


def _global_pool(operator: str) -> Handler:
    def handle(builder: Builder, node: OnnxNode) -> Value:
        value = node.needed(0)
        axes = tuple(range(2, len(builder.fixed_shape(value))))
        return builder.emit(
            f"aten.{operator}", self=value, dim=axes, keepdim=True
        )

    return handle


_REPEATING = {
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
}
"""Ways to say that every pixel is repeated, for whole factors."""


def _resize(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    factors = node.constant(2)
    sizes = node.constant(3)
    attributes = node.attributes
    how = (
        attributes.get("coordinate_transformation_mode", "half_pixel"),
        attributes.get("nearest_mode", "round_prefer_floor"),
    )
    plain = how in _REPEATING and "axes" not in attributes
    if attributes.get("mode", "nearest") != "nearest" or not plain:
        raise node.refused("resizes by something else than repeated pixels")
    own = builder.fixed_shape(value)
    if sizes is not None:
        pairs = zip(sizes.whole()[2:], own[2:], strict=True)
        scales = [
            w / s if isinstance(w, int) and s else math.nan for w, s in pairs
        ]
    else:
        scales = (
            []
            if factors is None
            else [float(item) for item in factors.array.flat][2:]
        )
    if len(scales) not in (1, 2) or any(
        scale < 1 or scale % 1 for scale in scales
    ):
        raise node.refused("resizes by factors that are not whole")
    operator = f"aten.upsample_nearest{len(scales)}d.vec"
    return builder.emit(
        operator, input=value, output_size=None, scale_factors=scales
    )


HANDLERS: dict[str, Handler] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Concat": _concat,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Gather": _gather,
    "Expand": _expand,
    "ConstantOfShape": _filled,
    "Pad": _pad,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "GlobalAveragePool": _global_pool("mean.dim"),
    "GlobalMaxPool": _global_pool("amax.default"),
    "Resize": _resize,
}
"""Operators of this family."""
