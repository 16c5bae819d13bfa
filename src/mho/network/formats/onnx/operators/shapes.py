"""ONNX operations that give numbers another shape or order, and make new ones of a shape."""

import math

import numpy as np

from mho.network.formats.building import Builder, Constant, Size, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.graph import Ref

_IDENTITY = 2**24
"""Numbers in a matrix of ones on a diagonal (1)."""


def _reshape(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    target = node.whole(1, "shape")
    if target is None:
        raise node.refused("lacks its shape")
    sizes = list(target)
    kept = bool(node.whole_attribute("allowzero", 0))
    if not kept and any(size == 0 for size in sizes if isinstance(size, int)):
        own = builder.shape(value)
        sizes = [
            own[axis] if isinstance(size, int) and size == 0 else size
            for axis, size in enumerate(sizes)
        ]
    return builder.emit(
        "aten.reshape.default", self=builder.ref(value), shape=sizes
    )


def _flatten(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    rank = builder.rank(value)
    axis = node.whole_attribute("axis", 1)
    axis = axis + rank if axis < 0 else axis
    if axis == 1 and rank > 1:
        return builder.emit("aten.flatten.using_ints", self=value, start_dim=1)
    behind = builder.fixed_shape(value)[axis:]
    if None in behind:
        ahead = math.prod(
            size for size in builder.fixed_shape(value)[:axis] if size
        )
        sizes: tuple[int, int] = (ahead, -1)
    else:
        sizes = (-1, math.prod(size for size in behind if size is not None))
    return builder.emit(
        "aten.reshape.default", self=builder.ref(value), shape=sizes
    )


def _transpose(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axes = range(builder.rank(value))
    order = tuple(node.attributes.get("perm", reversed(axes)))
    return builder.emit("aten.permute.default", self=value, dims=order)


def _concat(builder: Builder, node: OnnxNode) -> Value:
    parts = [builder.ref(node.needed(k)) for k in range(len(node.inputs))]
    return builder.emit(
        "aten.cat.default", tensors=parts, dim=node.whole_attribute("axis", 1)
    )


def _squeeze(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axes = node.plain(1, "axes")
    if axes is None:
        axes = tuple(
            k for k, size in enumerate(builder.fixed_shape(value)) if size == 1
        )
    return builder.emit("aten.squeeze.dims", self=value, dim=axes)


def _unsqueeze(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axes = node.plain(1, "axes") or ()
    rank = builder.rank(value) + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        value = builder.emit(
            "aten.unsqueeze.default", self=builder.ref(value), dim=axis
        )
    return value


def _expand(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    target = node.constant(1)
    if target is None:
        raise node.refused("lacks its shape")
    wanted = target.whole()
    if isinstance(value, Constant) and builder.is_zero(value):
        sizes = wanted
        if builder.real(value) and not _plain(wanted):
            return _zeros(builder, sizes)
    shape = builder.fixed_shape(value)
    missing = len(wanted) - len(shape)
    own = (*[1] * missing, *shape)
    # In ONNX a 1 keeps the size of the tensor; in torch -1 does.
    ahead = own[: len(own) - len(wanted)]
    sizes = tuple(
        -1 if _is_one(size) and place >= missing else size
        for place, size in enumerate(wanted)
    )
    kept = [-1] * len(ahead)
    return builder.emit(
        "aten.expand.default",
        self=builder.ref(value),
        size=(*kept, *sizes),
    )


def _is_one(size: int | Size) -> bool:
    return isinstance(size, int) and size == 1


def _plain(sizes: tuple[int | Size, ...]) -> bool:
    return all(isinstance(size, int) for size in sizes)


def _zeros(builder: Builder, sizes: tuple[int | Size, ...]) -> Ref:
    zeros = builder.emit("aten.zeros.default", size=sizes)
    builder.zeros.add(zeros.name)
    return zeros


def _filled(builder: Builder, node: OnnxNode) -> Value:
    target = node.constant(0)
    if target is None:
        raise node.refused("lacks its shape")
    stated = node.attributes.get("value")
    number = 0.0 if stated is None else stated.reshape(()).item()
    if isinstance(number, float) and number == 0:
        return _zeros(builder, target.whole())
    return builder.emit(
        "aten.full.default", size=target.whole(), fill_value=number
    )


def _range(builder: Builder, node: OnnxNode) -> Value:
    """Whole numbers up to one that depends on the batch."""
    bounds = [node.constant(k) for k in range(3)]
    numbers = [None if bound is None else bound.whole()[0] for bound in bounds]
    if None in numbers:
        raise node.refused("lacks its bounds")
    first, last, step = numbers
    return builder.emit(
        "aten.arange.start_step", start=first, end=last, step=step
    )


def _tile(builder: Builder, node: OnnxNode) -> Value:
    times = node.constant(1)
    if times is None:
        raise node.refused("lacks its repeats")
    return builder.emit(
        "aten.repeat.default",
        self=builder.ref(node.needed(0)),
        repeats=times.whole(),
    )


def _depth_to_space(builder: Builder, node: OnnxNode) -> Value:
    """Channels become blocks of pixels."""
    value = node.needed(0)
    block = node.whole_attribute("blocksize", 1)
    batch, channels, height, width = builder.shape(value)
    if not isinstance(channels, int) or block < 1 or channels % block**2:
        raise node.refused(f"makes blocks of {block}² of {channels} channels")
    rest = channels // block**2
    by_column = node.attributes.get("mode", "DCR") == "CRD"
    inner = (rest, block, block) if by_column else (block, block, rest)
    order = (0, 1, 4, 2, 5, 3) if by_column else (0, 3, 4, 1, 5, 2)
    split = builder.emit(
        "aten.reshape.default",
        self=builder.ref(value),
        shape=(batch, *inner, height, width),
    )
    turned = builder.emit("aten.permute.default", self=split, dims=order)
    shape = (batch, rest, height * block, width * block)
    return builder.emit("aten.reshape.default", self=turned, shape=shape)


def _space_to_depth(builder: Builder, node: OnnxNode) -> Value:
    """Blocks of pixels become channels."""
    value = node.needed(0)
    block = node.whole_attribute("blocksize", 1)
    batch, channels, height, width = builder.shape(value)
    if block < 1:
        raise node.refused(f"makes channels of blocks of {block}²")
    rows = height // block
    columns = width // block
    split = builder.emit(
        "aten.reshape.default",
        self=builder.ref(value),
        shape=(batch, channels, rows, block, columns, block),
    )
    by_column = node.attributes.get("mode", "DCR") == "CRD"
    order = (0, 1, 3, 5, 2, 4) if by_column else (0, 3, 5, 1, 2, 4)
    turned = builder.emit("aten.permute.default", self=split, dims=order)
    shape = (batch, channels * block**2, rows, columns)
    return builder.emit("aten.reshape.default", self=turned, shape=shape)


def _triangle(builder: Builder, node: OnnxNode) -> Value:
    """The upper or lower triangle of matrices."""
    offset = node.constant(1)
    kind = "triu" if node.whole_attribute("upper", 1) else "tril"
    return builder.emit(
        f"aten.{kind}.default",
        self=node.needed(0),
        diagonal=0 if offset is None else int(offset.number()),
    )


def _identity_like(builder: Builder, node: OnnxNode) -> Value:
    """Ones on a diagonal, in the shape of a matrix."""
    shape = builder.fixed_shape(node.needed(0))
    if len(shape) != 2 or None in shape:
        raise node.refused("has the shape of no fixed matrix")
    rows, columns = (size or 0 for size in shape)
    offset = node.whole_attribute("k", 0)
    if rows * columns > _IDENTITY:
        raise node.refused(f"makes a constant of impossible shape {shape}")
    ones = np.eye(rows, columns, offset, dtype=np.float32)
    return Constant(node.name, ones)


HANDLERS: dict[str, Handler] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Concat": _concat,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Expand": _expand,
    "ConstantOfShape": _filled,
    "Range": _range,
    "Tile": _tile,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Trilu": _triangle,
    "EyeLike": _identity_like,
}
"""Operators of this family."""
