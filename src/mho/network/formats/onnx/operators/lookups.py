"""ONNX operations that pick numbers by their places, or put them there."""

import numpy as np

from mho.network.formats.building import Builder, Constant, Size, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.graph import Ref

_CLASSES = 2**20
"""Classes that a number may be turned into (1)."""


def _gather(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    places = node.needed(1)
    axis = node.axis(builder, value, node.whole_attribute("axis", 0))
    if isinstance(places, Constant) and places.array.ndim == 0:
        place = places.whole()[0]
        return builder.emit(
            "aten.select.int", self=value, dim=axis, index=place
        )
    indices = _counted_from_start(builder, node, value, places, axis)
    table = isinstance(value, Constant) and value.array.ndim == 2 and axis == 0
    if table and builder.real(value):
        # Rows of a table, as an embedding picks them.
        return builder.emit(
            "aten.embedding.default", weight=value, indices=indices
        )
    shape = (
        *builder.shape(value)[:axis],
        *builder.shape(indices),
        *builder.shape(value)[axis + 1 :],
    )
    flat = builder.emit("aten.reshape.default", self=indices, shape=(-1,))
    picked = builder.emit(
        "aten.index_select.default",
        self=builder.ref(value),
        dim=axis,
        index=flat,
    )
    return builder.emit("aten.reshape.default", self=picked, shape=shape)


def _counted_from_start(
    builder: Builder, node: OnnxNode, value: Value, places: Value, axis: int
) -> Ref:
    """Places on an axis, those below zero counted from the end as ONNX has them."""
    size = builder.shape(value)[axis]
    if isinstance(places, Constant) and not places.sized:
        whole = places.array.astype(np.int64)
        if not (whole < 0).any():
            return builder.store(places)
        if isinstance(size, int):
            moved = np.where(whole < 0, whole + size, whole)
            return builder.store(places, f"from the start of {size}", moved)
    ref = builder.ref(places)
    if builder.real(ref):
        raise node.refused("picks by numbers that are not whole")
    below = builder.emit("aten.lt.Scalar", self=ref, other=0)
    moved_ref = builder.emit("aten.add.Scalar", self=ref, other=size)
    return builder.emit(
        "aten.where.self", condition=below, self=moved_ref, other=ref
    )


def _gather_elements(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axis = node.axis(builder, value, node.whole_attribute("axis", 0))
    places = _counted_from_start(builder, node, value, node.needed(1), axis)
    return builder.emit(
        "aten.gather.default", self=builder.ref(value), dim=axis, index=places
    )


def _coordinates(
    builder: Builder, node: OnnxNode, indices: Value, batch_axes: int
) -> tuple[Ref, ...]:
    """A tensor of places for each axis that is looked up in."""
    shape = builder.fixed_shape(indices)
    count = shape[-1] if shape else None
    if count is None or count > 64:
        raise node.refused("looks up along a free number of axes")
    ahead: list[Ref] = []
    for axis in range(batch_axes):
        size = builder.shape(indices)[axis]
        places = builder.emit("aten.arange.default", end=size)
        own: list[int | Size] = [1] * (len(shape) - 1)
        own[axis] = size
        ahead.append(
            builder.emit("aten.reshape.default", self=places, shape=own)
        )
    chosen = [
        builder.emit(
            "aten.select.int",
            self=builder.ref(indices),
            dim=len(shape) - 1,
            index=k,
        )
        for k in range(count)
    ]
    return (*ahead, *chosen)


def _gather_nd(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    batch_axes = node.whole_attribute("batch_dims", 0)
    indices = _coordinates(builder, node, node.needed(1), batch_axes)
    return builder.emit(
        "aten.index.Tensor", self=builder.ref(value), indices=indices
    )


def _scatter_nd(builder: Builder, node: OnnxNode) -> Value:
    kind = node.attributes.get("reduction", "none")
    if kind not in ("none", "add"):
        raise node.refused(f"combines what it scatters by `{kind}`")
    return builder.emit(
        "aten.index_put.default",
        self=builder.ref(node.needed(0)),
        indices=_coordinates(builder, node, node.needed(1), 0),
        values=builder.ref(node.needed(2)),
        accumulate=kind == "add",
    )


_REDUCTIONS = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


def _scatter_elements(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axis = node.axis(builder, value, node.whole_attribute("axis", 0))
    places = _counted_from_start(builder, node, value, node.needed(1), axis)
    kind = node.attributes.get("reduction", "none")
    arguments = {
        "self": builder.ref(value),
        "dim": axis,
        "index": places,
        "src": builder.ref(node.needed(2)),
    }
    if kind == "none":
        return builder.emit("aten.scatter.src", **arguments)
    if kind not in _REDUCTIONS:
        raise node.refused(f"combines what it scatters by `{kind}`")
    return builder.emit(
        "aten.scatter_reduce.two", **arguments, reduce=_REDUCTIONS[kind]
    )


def _one_hot(builder: Builder, node: OnnxNode) -> Value:
    """A one at the place that each number names, zeros elsewhere, or two other values."""
    indices = builder.ref(node.needed(0))
    depth = node.constant(1)
    if depth is None:
        raise node.refused("lacks its depth")
    size = int(depth.number())
    if not 0 < size <= _CLASSES:
        raise node.refused(f"makes {size} classes")
    rank = builder.rank(indices)
    axis = node.whole_attribute("axis", -1) % (rank + 1)
    below = builder.emit("aten.lt.Scalar", self=indices, other=0)
    moved = builder.emit("aten.add.Scalar", self=indices, other=size)
    # What is still outside names no class.
    found = builder.emit(
        "aten.where.self", condition=below, self=moved, other=indices
    )
    one = builder.emit("aten.unsqueeze.default", self=found, dim=axis)
    shape = [1] * (rank + 1)
    shape[axis] = size
    classes = builder.table("classes", np.arange(size).reshape(shape))
    hit = builder.emit("aten.eq.Tensor", self=one, other=classes)
    off, on = (
        builder.emit(
            "aten.select.int", self=builder.ref(node.needed(2)), dim=0, index=k
        )
        for k in range(2)
    )
    return builder.emit("aten.where.self", condition=hit, self=on, other=off)


HANDLERS: dict[str, Handler] = {
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "Scatter": _scatter_elements,
    "ScatterElements": _scatter_elements,
    "ScatterND": _scatter_nd,
    "OneHot": _one_hot,
}
"""Operators of this family."""
