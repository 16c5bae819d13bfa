"""TFLite operations that move numbers around: reshapes, slices, padding and means."""

import math
from itertools import accumulate, pairwise

import numpy as np

from mho.network.formats.building import Constant
from mho.network.formats.tflite.elementwise import alike
from mho.network.formats.tflite.layers import Handler
from mho.network.formats.tflite.translator import (
    Activation,
    TfliteNode,
    Translator,
    Value,
)
from mho.network.graph import Ref

_IN_IMAGE = (0, 2, 3, 1)
"""Where the axes of the file lie in a turned image."""


def _reshape(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    if node.input(1) is None:
        stated = node.listed_option("new_shape") or node.results[0].shape
    else:
        stated = node.whole(1)
    sizes = _free_of_batch(translator, node, list(stated))
    ref = translator.in_file_order(value)
    return Activation(
        translator.emit("aten.reshape.default", self=ref, shape=sizes)
    )


def _free_of_batch(
    translator: Translator, node: TfliteNode, sizes: list[int]
) -> list[int]:
    """The sizes that a file states for its own number of samples, for any number of them.

    With n times the samples there are n times the numbers, and all sizes but the first stay; so
    the first grows with them.
    """
    if sizes[:1] == [-1]:
        return sizes
    value = node.activation()
    own = translator.shape(value)[1:]
    fixed = [size for size in own if size is not None]
    if not sizes or len(fixed) < len(own) or min(sizes) < -1:
        raise node.refused(f"reshapes {own} of each sample to {tuple(sizes)}")
    count = translator.batch * translator.rows(value) * math.prod(fixed)
    known = math.prod(size for size in sizes if size != -1)
    if -1 in sizes and known:
        sizes[sizes.index(-1)] = count // known
    if math.prod(sizes) != count or sizes[0] % translator.batch:
        raise node.refused(f"reshapes {own} of each sample to {tuple(sizes)}")
    return [-1, *sizes[1:]]


def _squeeze(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    shape = translator.shape(value)
    stated = node.listed_option("squeeze_dims")
    if stated:
        axes = [translator.axis(node, value, axis) for axis in stated]
    else:
        axes = [k for k, size in enumerate(shape) if size == 1]
    # A file of one sample may drop the samples' axis, which has others here.
    if 0 in axes or any(shape[axis] != 1 for axis in axes):
        raise node.refused(f"drops the axes {axes} of {shape}")
    ref = translator.in_file_order(value)
    return Activation(
        translator.emit("aten.squeeze.dims", self=ref, dim=tuple(axes))
    )


def _expand_dims(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    rank = len(translator.shape(value)) + 1
    axis = node.whole(1)[0]
    if not -rank <= axis < rank or axis % rank == 0:
        raise node.refused(f"adds axis {axis} to {rank - 1}")
    ref = translator.in_file_order(value)
    return Activation(
        translator.emit("aten.unsqueeze.default", self=ref, dim=axis % rank)
    )


def _transpose(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    order = node.whole(1)
    rank = len(translator.shape(value))
    if sorted(order) != list(range(rank)) or order[0] != 0:
        raise node.refused(f"turns axes by {order}, where samples stay first")
    ref = translator.in_file_order(value)
    return Activation(
        translator.emit("aten.permute.default", self=ref, dims=order)
    )


def _concatenation(translator: Translator, node: TfliteNode) -> Value:
    values = [node.needed(k) for k in range(len(node.inputs))]
    axis = translator.axis(node, values[0], node.option("axis"))
    if axis == 0:
        raise node.refused("joins samples")
    if any(isinstance(value, Constant) for value in values):
        raise node.refused("joins constants to what depends on the input")
    refs, turned = alike(translator, node, values)
    place = _IN_IMAGE[axis] if turned else axis
    ref = translator.emit("aten.cat.default", tensors=refs, dim=place)
    return Activation(translator.fused(node, ref), turned)


def _pad(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    rank = len(translator.shape(value))
    pads = node.whole(1)
    if len(pads) != 2 * rank or min(pads) < 0 or any(pads[:2]):
        raise node.refused(f"pads {rank} axes by {pads}")
    fill = node.constant(2)
    number = 0.0 if fill is None else fill.number()
    before = list(pads[::2])
    after = list(pads[1::2])
    if value.turned:
        before = _as_in_image(before)
        after = _as_in_image(after)
    ref = translator.padded(value.ref, before, after, number)
    return Activation(ref, value.turned)


def _mirror_pad(translator: Translator, node: TfliteNode) -> Value:
    """Axes that go on as in a mirror, which shows the last number (mode 1) or not (mode 0)."""
    value = node.activation()
    shape = translator.shape(value)
    pads = node.whole(1)
    if len(pads) != 2 * len(shape) or min(pads) < 0 or any(pads[:2]):
        raise node.refused(f"pads {len(shape)} axes by {pads}")
    again = node.option("mode", "b")
    ref = translator.in_file_order(value)
    for axis in range(1, len(shape)):
        before, after = pads[2 * axis : 2 * axis + 2]
        size = shape[axis]
        if not before and not after:
            continue
        if size is None or max(before, after) > size - 1 + again:
            raise node.refused(f"mirrors {pads} of shape {shape}")
        places = np.arange(size)
        front = places[1 - again :][:before][::-1]
        back = places[::-1][1 - again :][:after]
        whole = np.concatenate([front, places, back])
        table = translator.builder.table(f"places of axis {axis}", whole)
        ref = translator.emit(
            "aten.index_select.default", self=ref, dim=axis, index=table
        )
    return Activation(ref)


def _as_in_image(sizes: list[int]) -> list[int]:
    samples, rows, columns, channels = sizes
    return [samples, channels, rows, columns]


def _reduction(operator: str) -> Handler:
    def handle(translator: Translator, node: TfliteNode) -> Value:
        value = node.activation()
        axes = sorted(
            {translator.axis(node, value, axis) for axis in node.whole(1)}
        )
        if 0 in axes or not axes:
            raise node.refused(f"joins samples along the axes {axes}")
        keeps = bool(node.option("keep_dims", "B"))
        # Without rows and columns, channels are behind the samples in either order.
        stays = value.turned and (keeps or axes == [1, 2])
        if stays:
            axes = [_IN_IMAGE[axis] for axis in axes]
        ref = value.ref if stays else translator.in_file_order(value)
        ref = translator.emit(
            f"aten.{operator}", self=ref, dim=tuple(axes), keepdim=keeps
        )
        return Activation(ref, stays and keeps)

    return handle


def _strided_slice(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    first = node.whole(1)
    last = node.whole(2)
    steps = node.whole(3)
    shape = translator.shape(value)
    if node.option("ellipsis_mask") or node.option("new_axis_mask"):
        raise node.refused("slices with an ellipsis or a new axis")
    if not 0 < len(first) == len(last) == len(steps) <= len(shape):
        raise node.refused(f"slices {len(shape)} axes by {len(first)}")
    if min(steps) < 1:
        raise node.refused("slices backwards")
    begins = node.option("begin_mask")
    ends = node.option("end_mask")
    shrinks = node.option("shrink_axis_mask")
    starts = [
        None if begins >> axis & 1 else start
        for axis, start in enumerate(first)
    ]
    stops = [
        None if ends >> axis & 1 else stop for axis, stop in enumerate(last)
    ]
    # The file speaks of its own number of samples; all of them are all of any.
    whole = stops[0] is None or stops[0] >= translator.batch
    if starts[0] not in (None, 0) or not whole or steps[0] != 1 or shrinks & 1:
        raise node.refused("picks some of the samples")
    ref = translator.in_file_order(value)
    dropped = 0
    for axis in range(1, len(first)):
        place = axis - dropped
        if shrinks >> axis & 1:
            ref = translator.emit(
                "aten.select.int", self=ref, dim=place, index=first[axis]
            )
            dropped += 1
        else:
            ref = _cut(
                translator, ref, place, starts[axis], stops[axis], steps[axis]
            )
    return Activation(ref)


def _cut(
    translator: Translator,
    ref: Ref,
    axis: int,
    start: int | None,
    stop: int | None,
    step: int = 1,
) -> Ref:
    """Part of an axis; all of it is the value itself."""
    if start in (None, 0) and stop is None and step == 1:
        return ref
    return translator.emit(
        "aten.slice.Tensor",
        self=ref,
        dim=axis,
        start=start,
        end=stop,
        step=step,
    )


def _slice(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    first = node.whole(1)
    sizes = node.whole(2)
    shape = translator.shape(value)
    if not len(first) == len(sizes) == len(shape) or first[0]:
        raise node.refused(f"slices {len(shape)} axes by {len(first)}")
    if sizes[0] not in (-1, translator.batch):
        raise node.refused("picks some of the samples")
    ref = translator.in_file_order(value)
    for axis in range(1, len(shape)):
        stop = None if sizes[axis] == -1 else first[axis] + sizes[axis]
        ref = _cut(translator, ref, axis, first[axis], stop)
    return Activation(ref)


def _split(translator: Translator, node: TfliteNode) -> tuple[Value, ...]:
    value = node.activation(1)
    axis = translator.axis(node, value, node.whole(0)[0])
    size = translator.shape(value)[axis]
    count = len(node.results)
    if axis == 0 or size is None or not count or size % count:
        raise node.refused(f"splits axis {axis} of {size} into {count}")
    ref = translator.in_file_order(value)
    bounds = range(0, size + 1, size // count)
    return tuple(
        Activation(_cut(translator, ref, axis, start, stop))
        for start, stop in pairwise(bounds)
    )


def _split_by_sizes(
    translator: Translator, node: TfliteNode
) -> tuple[Value, ...]:
    value = node.activation()
    sizes = list(node.whole(1))
    axis = translator.axis(node, value, node.whole(2)[0])
    size = translator.shape(value)[axis]
    if size is not None and sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = size - sum(sizes) - 1
    if axis == 0 or len(sizes) != len(node.results) or sum(sizes) != size:
        raise node.refused(f"splits axis {axis} of {size} into {sizes}")
    ref = translator.in_file_order(value)
    bounds = list(accumulate(sizes, initial=0))
    return tuple(
        Activation(_cut(translator, ref, axis, start, stop))
        for start, stop in pairwise(bounds)
    )


def _unpack(translator: Translator, node: TfliteNode) -> tuple[Value, ...]:
    """One value for each place along an axis, which is gone."""
    value = node.activation()
    axis = translator.axis(node, value, node.option("axis"))
    if axis == 0 or translator.shape(value)[axis] != len(node.results):
        raise node.refused(f"takes axis {axis} apart")
    ref = translator.in_file_order(value)
    return tuple(
        Activation(
            translator.emit("aten.select.int", self=ref, dim=axis, index=number)
        )
        for number in range(len(node.results))
    )


def _pack(translator: Translator, node: TfliteNode) -> Value:
    """Values side by side along a new axis."""
    values = [node.needed(k) for k in range(len(node.inputs))]
    if any(isinstance(value, Constant) for value in values):
        raise node.refused("joins constants to what depends on the input")
    rank = len(translator.shape(values[0])) + 1
    axis = node.option("axis")
    if not -rank <= axis < rank or axis % rank == 0:
        raise node.refused(f"adds axis {axis} to {rank - 1}")
    refs = [translator.in_file_order(value) for value in values]
    return Activation(
        translator.emit("aten.stack.default", tensors=refs, dim=axis % rank)
    )


def _tile(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    times = node.whole(1)
    if len(times) != len(translator.shape(value)) or times[0] != 1:
        raise node.refused(f"repeats {times} times")
    ref = translator.in_file_order(value)
    return Activation(
        translator.emit("aten.repeat.default", self=ref, repeats=times)
    )


HANDLERS: dict[str, Handler] = {
    "RESHAPE": _reshape,
    "SQUEEZE": _squeeze,
    "EXPAND_DIMS": _expand_dims,
    "TRANSPOSE": _transpose,
    "CONCATENATION": _concatenation,
    "PAD": _pad,
    "PADV2": _pad,
    "MIRROR_PAD": _mirror_pad,
    "MEAN": _reduction("mean.dim"),
    "SUM": _reduction("sum.dim_IntList"),
    "REDUCE_MAX": _reduction("amax.default"),
    "REDUCE_MIN": _reduction("amin.default"),
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    "SPLIT": _split,
    "SPLIT_V": _split_by_sizes,
    "UNPACK": _unpack,
    "PACK": _pack,
    "TILE": _tile,
}
"""Operators of this family."""
