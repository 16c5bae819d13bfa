"""ONNX operations that take parts of an axis, or put numbers around it."""

from itertools import pairwise

import numpy as np

from mho.network.formats.building import Array, Builder, Size, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.formats.onnx.operators.convolutions import padded
from mho.network.graph import Ref

_ENDLESS = 2**31 - 1
_PLACES = 2**22
"""Places of an axis that may be listed one by one (1)."""


def _slice(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    first = node.whole(1, "starts")
    last = node.whole(2, "ends")
    if first is None or last is None:
        raise node.refused("lacks its bounds")
    axes = node.plain(3, "axes") or range(len(first))
    steps = node.plain(4, "steps") or [1] * len(first)
    for start, end, axis, step in zip(first, last, axes, steps, strict=True):
        along = node.axis(builder, value, axis)
        if step == 0:
            raise node.refused("slices in steps of zero")
        if step < 0:
            value = _backwards(builder, node, value, along, (start, end, step))
        else:
            value = _cut(builder, value, along, (start, end, step))
    return value


def _backwards(
    builder: Builder,
    node: OnnxNode,
    value: Value,
    axis: int,
    bounds: tuple[int | Size, int | Size, int],
) -> Value:
    """Part of an axis, from its end to its beginning."""
    size = builder.fixed_shape(value)[axis]
    start, end, step = bounds
    if size is None or isinstance(start, Size) or isinstance(end, Size):
        raise node.refused("slices a free axis backwards")
    # Going backwards to the very first element is written as an end far below zero.
    last = None if end < -size else end
    places = range(size)[slice(start, last, step)]
    turned = builder.emit("aten.flip.default", self=value, dims=(axis,))
    first = size - 1 - places.start
    end_of_turned = first + len(places) * -step if places else first
    return builder.emit(
        "aten.slice.Tensor",
        self=turned,
        dim=axis,
        start=first,
        end=min(end_of_turned, size),
        step=-step,
    )


def taken(builder: Builder, value: Value, axis: int, places: Array) -> Ref:
    """Elements of an axis in the order of their indices."""
    indices = places.astype(np.int64)
    ref = builder.table(f"places on axis {axis}", indices)
    return builder.emit(
        "aten.index_select.default",
        self=builder.ref(value),
        dim=axis,
        index=ref,
    )


def _cut(
    builder: Builder,
    value: Value,
    axis: int,
    bounds: tuple[int | Size, int | Size, int],
) -> Value:
    """Part of an axis; all of it is the value itself."""
    start, end, step = bounds
    size = builder.fixed_shape(value)[axis]
    long = False
    if isinstance(end, int):
        beyond = size is not None and end >= size
        long = beyond or end >= _ENDLESS
        end = max(min(end, _ENDLESS), -_ENDLESS)
    if isinstance(start, int):
        start = max(min(start, _ENDLESS), -_ENDLESS)
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
    axis = node.axis(builder, value, node.whole_attribute("axis", 0))
    widths = node.plain(1, "split")
    if widths is None:
        size = builder.fixed_shape(value)[axis]
        count = len(node.outputs)
        if size is None or count < 1:
            raise node.refused("splits a free axis")
        part = -(-size // count)
        bounds = [min(k * part, size) for k in range(count + 1)]
    else:
        bounds = [0]
        for width in widths:
            bounds.append(bounds[-1] + width)
    return tuple(
        builder.emit(
            "aten.slice.Tensor",
            self=value,
            dim=axis,
            start=start,
            end=stop,
            step=1,
        )
        for start, stop in pairwise(bounds)
    )


_MODES = {"reflect": "reflect", "edge": "edge", "wrap": "wrap"}
"""Ways to continue an axis by its own numbers, in ONNX and in numpy."""


def _pad(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    before, after = _pads(builder, node, value)
    mode = node.attributes.get("mode", "constant")
    if mode == "constant":
        return _by_constant(builder, node, before, after)
    if mode not in _MODES:
        raise node.refused(f"pads by `{mode}`")
    for axis, own in enumerate(zip(before, after, strict=True)):
        if own != (0, 0):
            value = _continued(builder, node, value, axis, own)
    return value


def _by_constant(
    builder: Builder,
    node: OnnxNode,
    before: list[int],
    after: list[int],
) -> Value:
    fill = node.constant(2)
    stated = node.real_attribute("value", 0.0)
    number = stated if fill is None else fill.array.reshape(()).item()
    value = node.needed(0)
    if not builder.real(value):
        number = int(number)
    first = next(
        (
            k
            for k, pair in enumerate(zip(before, after, strict=True))
            if any(pair)
        ),
        len(before) - 1,
    )
    # Axes in front that stay as they are need no mention.
    return padded(builder, value, before[first:], after[first:], number)


def _pads(
    builder: Builder, node: OnnxNode, value: Value
) -> tuple[list[int], list[int]]:
    """Numbers in front of and behind every axis (1)."""
    pads = node.plain(1, "pads")
    rank = builder.rank(value)
    stated = node.plain(3)
    axes = (
        range(rank)
        if stated is None
        else [node.axis(builder, value, axis) for axis in stated]
    )
    if pads is None or len(pads) != 2 * len(axes):
        count = "no" if pads is None else len(pads)
        raise node.refused(f"pads by {count} sizes")
    before = [0] * rank
    after = [0] * rank
    for k, axis in enumerate(axes):
        before[axis] = pads[k]
        after[axis] = pads[len(axes) + k]
    return before, after


def _continued(
    builder: Builder,
    node: OnnxNode,
    value: Value,
    axis: int,
    pads: tuple[int, int],
) -> Value:
    """An axis with its own numbers around it, picked by their places."""
    size = builder.fixed_shape(value)[axis]
    mode = str(node.attributes["mode"])
    if size is None or size < 1:
        raise node.refused(f"pads a free axis by `{mode}`")
    if max(size, *pads) > _PLACES:
        raise node.refused(f"pads by {pads} numbers")
    places = np.arange(size)
    # Negative sizes cut off.
    inside = places[max(0, -pads[0]) : size - max(0, -pads[1])]
    around = (max(0, pads[0]), max(0, pads[1]))
    wide = np.pad(inside, around, mode=_MODES[mode])  # type: ignore[call-overload]
    return taken(builder, value, axis, wide)


HANDLERS: dict[str, Handler] = {
    "Slice": _slice,
    "Split": _split,
    "Pad": _pad,
}
"""Operators of this family."""
