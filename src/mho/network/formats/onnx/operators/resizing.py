"""ONNX resizing: axis by axis, every new pixel a weighted sum of a few old ones.

Which pixels and with which weights is worked out here, in the words of the standard; the network
itself picks and adds. Whole factors of the plainest kind are torch's own operation.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mho.network.formats.building import Array, Builder, Size, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.formats.onnx.operators.slices import taken
from mho.network.graph import Ref

_REPEATING = {
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
    ("half_pixel_symmetric", "round_prefer_floor"),
}
"""Ways to say that every pixel is repeated, for whole factors."""
_PIXELS = 2**18
"""New pixels that an axis may get (1)."""
_TAPS = 64
"""Old pixels that a new one may be made of (1)."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """How one axis is resized.

    Args:
        size: Old pixels (1).
        wanted: New pixels (1).
        scale: New pixels for each old one, as the file states it (1).
        region: Part of the old axis that is looked at, from 0 to 1.
    """

    size: int
    wanted: int
    scale: float
    region: tuple[float, float] = (0.0, 1.0)


def _resize(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    how = _ways(node)
    axes = _axes(builder, node, value)
    if _repeats(how, axes, builder.rank(value)):
        return _repeated(builder, value, axes)
    for axis, own in axes.items():
        if own.size != own.wanted or own.scale != 1:
            value = _along(builder, node, value, axis, (own, how))
    return value


def _ways(node: OnnxNode) -> Mapping[str, str]:
    """How the file wants pixels to be made; opset 10 and older say less."""
    old = node.opset < 11 or node.operator == "Upsample"
    stated = node.attributes
    return {
        "mode": stated.get("mode", "nearest"),
        "places": stated.get(
            "coordinate_transformation_mode",
            "asymmetric" if old else "half_pixel",
        ),
        "nearest": stated.get(
            "nearest_mode", "floor" if old else "round_prefer_floor"
        ),
    }


def _axes(builder: Builder, node: OnnxNode, value: Value) -> dict[int, _Axis]:
    shape = builder.fixed_shape(value)
    stated = node.attributes.get("axes")
    axes = (
        list(range(len(shape)))
        if stated is None
        else [node.axis(builder, value, axis) for axis in stated]
    )
    sizes = _sizes(node)
    scales = _scales(node)
    regions = _regions(node, len(axes))
    found: dict[int, _Axis] = {}
    for k, axis in enumerate(axes):
        size = shape[axis]
        free = size is None
        if free and (scales is None or scales[k] == 1):
            # The batch is never resized.
            continue
        if size is None:
            raise node.refused("resizes a free axis")
        found[axis] = _of_axis(node, size, (sizes, scales), k, regions[k])
    return _in_proportion(node, found)


def _of_axis(
    node: OnnxNode,
    size: int,
    stated: tuple[Sequence[int | Size] | None, Sequence[float] | None],
    k: int,
    region: tuple[float, float],
) -> _Axis:
    sizes, scales = stated
    if sizes is not None and k < len(sizes):
        wanted = sizes[k]
        if isinstance(wanted, Size):
            raise node.refused("resizes to the size of the batch")
        return _Axis(size, wanted, wanted / size, region)
    if scales is None or k >= len(scales) or not scales[k] > 0:
        raise node.refused("lacks sizes and factors")
    kept = region[1] - region[0] if _cropped(node) else 1.0
    return _Axis(size, math.floor(size * kept * scales[k]), scales[k], region)


def _cropped(node: OnnxNode) -> bool:
    mode = node.attributes.get("coordinate_transformation_mode")
    return bool(mode == "tf_crop_and_resize")


def _sizes(node: OnnxNode) -> tuple[int | Size, ...] | None:
    sizes = node.constant(3) if node.opset >= 11 else None
    return None if sizes is None or sizes.array.size == 0 else sizes.whole()


def _scales(node: OnnxNode) -> list[float] | None:
    if (stated := node.attributes.get("scales")) is not None:
        return [float(scale) for scale in stated]
    old = node.opset < 11 or node.operator == "Upsample"
    factors = node.constant(1 if old else 2)
    if factors is None or factors.array.size == 0:
        return None
    return [float(scale) for scale in factors.array.flat]


def _regions(node: OnnxNode, count: int) -> list[tuple[float, float]]:
    region = node.constant(1) if _cropped(node) else None
    if region is None:
        return [(0.0, 1.0)] * count
    numbers = [float(number) for number in region.array.flat]
    if len(numbers) != 2 * count:
        raise node.refused(f"crops by {len(numbers)} numbers")
    return list(zip(numbers[:count], numbers[count:], strict=True))


def _in_proportion(node: OnnxNode, axes: dict[int, _Axis]) -> dict[int, _Axis]:
    """All axes by the same factor, if the file wants the picture in proportion."""
    policy = node.attributes.get("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch" or _sizes(node) is None:
        return axes
    choose = min if policy == "not_larger" else max
    scale = choose(own.wanted / own.size for own in axes.values())
    return {
        axis: _Axis(
            own.size, math.floor(own.size * scale + 0.5), scale, own.region
        )
        for axis, own in axes.items()
    }


def _repeats(
    how: Mapping[str, str], axes: Mapping[int, _Axis], rank: int
) -> bool:
    """Whether the last one or two axes are repeated pixel by pixel, and no others are touched."""
    plain = (
        how["mode"] == "nearest"
        and (how["places"], how["nearest"]) in _REPEATING
    )
    if not plain or rank not in (3, 4):
        return False
    exact = all(
        own.scale == 1 if axis < 2 else own.wanted == own.size * own.scale
        for axis, own in axes.items()
    )
    if not exact:
        return False
    scales = [own.scale for own in axes.values()]
    return all(scale >= 1 and scale % 1 == 0 for scale in scales)


def _repeated(
    builder: Builder, value: Value, axes: Mapping[int, _Axis]
) -> Value:
    scales = [
        axes[axis].scale if axis in axes else 1.0
        for axis in range(2, builder.rank(value))
    ]
    return builder.emit(
        f"aten.upsample_nearest{len(scales)}d.vec",
        input=value,
        output_size=None,
        scale_factors=scales,
    )


def _along(
    builder: Builder,
    node: OnnxNode,
    value: Value,
    axis: int,
    wanted: tuple[_Axis, Mapping[str, str]],
) -> Ref:
    own, how = wanted
    if not 0 < own.wanted <= _PIXELS or own.size < 1:
        raise node.refused(f"resizes {own.size} pixels to {own.wanted}")
    if how["places"] not in _PLACES:
        raise node.refused(f"places pixels by `{how['places']}`")
    new = np.arange(own.wanted, dtype=np.float64)
    places = _PLACES[how["places"]](own, new)
    outside = (places < 0) | (places > own.size - 1)
    if how["mode"] == "nearest":
        nearest = _nearest(places, how["nearest"])
        picked = np.clip(nearest, 0, own.size - 1).astype(np.int64)
        result = taken(builder, value, axis, picked)
    else:
        indices, weights = _taps(own, how["mode"], places, node)
        result = _weighted(builder, value, axis, indices, weights)
    if _cropped(node) and outside.any():
        return _filled(builder, node, result, axis, outside)
    return result


_Places = Callable[[_Axis, Array], Array]


def _asymmetric(own: _Axis, new: Array) -> Array:
    return new / own.scale


def _half_pixel(own: _Axis, new: Array) -> Array:
    return (new + 0.5) / own.scale - 0.5


def _symmetric(own: _Axis, new: Array) -> Array:
    adjusted = own.wanted / (own.size * own.scale)
    return _half_pixel(own, new) + own.size / 2 * (1 - adjusted)


def _of_pytorch(own: _Axis, new: Array) -> Array:
    return _half_pixel(own, new) if own.wanted > 1 else np.zeros_like(new)


def _of_tensorflow(own: _Axis, new: Array) -> Array:
    return (new + 0.5) / own.scale


def _aligned(own: _Axis, new: Array) -> Array:
    # The standard spans the new axis as it is before it is cut to whole pixels.
    span = own.size * own.scale - 1
    return new * (own.size - 1) / span if span > 0 else np.zeros_like(new)


def _cropping(own: _Axis, new: Array) -> Array:
    first, last = own.region
    if own.wanted == 1:
        return np.array([0.5 * (first + last) * (own.size - 1)])
    step = (last - first) * (own.size - 1) / (own.wanted - 1)
    return first * (own.size - 1) + new * step


_PLACES: Mapping[str, _Places] = {
    "asymmetric": _asymmetric,
    "half_pixel": _half_pixel,
    "half_pixel_symmetric": _symmetric,
    "pytorch_half_pixel": _of_pytorch,
    "tf_half_pixel_for_nn": _of_tensorflow,
    "align_corners": _aligned,
    "tf_crop_and_resize": _cropping,
}
"""Where new pixels lie on the old axis (pixels), by the words of the standard."""


def _nearest(places: Array, mode: str) -> Array:
    if mode == "round_prefer_floor":
        return np.ceil(places - 0.5)
    if mode == "round_prefer_ceil":
        return np.floor(places + 0.5)
    return np.ceil(places) if mode == "ceil" else np.floor(places)


def _taps(
    own: _Axis, mode: str, places: Array, node: OnnxNode
) -> tuple[Array, Array]:
    """Old pixels of each new one, and their weights. Shapes (taps, wanted)."""
    if mode not in ("linear", "cubic"):
        raise node.refused(f"resizes by `{mode}`")
    softened = node.whole_attribute("antialias", 0) and own.scale < 1
    shrink = min(own.scale, 1.0) if softened else 1.0
    reach = 1 if mode == "linear" else 2
    count = 2 * math.ceil(reach / shrink)
    if count > _TAPS:
        raise node.refused(f"makes each pixel of {count} others")
    first = np.floor(places) - count // 2 + 1
    taps = first + np.arange(count)[:, None]
    distance = np.abs(places - taps) * shrink
    sharpness = node.real_attribute("cubic_coeff_a", -0.75)
    weights = (
        np.clip(1 - distance, 0, None)
        if mode == "linear"
        else _cubic(distance, sharpness)
    )
    beyond = (taps < 0) | (taps > own.size - 1)
    if node.whole_attribute("exclude_outside", 0):
        weights = np.where(beyond, 0, weights)
    if softened or node.whole_attribute("exclude_outside", 0):
        weights = weights / weights.sum(0)
    return np.clip(taps, 0, own.size - 1).astype(np.int64), weights


def _cubic(distance: Array, sharpness: float) -> Array:
    """Weight of a pixel by its distance, on a curve of third degree."""
    a = sharpness
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((distance - 5) * distance + 8) * distance * a - 4 * a
    inner = np.where(distance <= 1, near, far)
    return np.where(distance < 2, inner, 0)


def _weighted(
    builder: Builder, value: Value, axis: int, indices: Array, weights: Array
) -> Ref:
    """Sum of picked pixels times their weights; pixels of no weight are left out."""
    shape = [1] * builder.rank(value)
    shape[axis] = weights.shape[1]
    total: Ref | None = None
    for k, (own, weight) in enumerate(zip(indices, weights, strict=True)):
        if not weight.any():
            continue
        picked = taken(builder, value, axis, own)
        factors = weight.astype(np.float32).reshape(shape)
        ref = builder.table(f"weights {k} on axis {axis}", factors)
        part = builder.emit("aten.mul.Tensor", self=picked, other=ref)
        total = (
            part
            if total is None
            else builder.emit("aten.add.Tensor", self=total, other=part)
        )
    assert total is not None
    return total


def _filled(
    builder: Builder, node: OnnxNode, value: Ref, axis: int, outside: Array
) -> Ref:
    """What lies outside the old picture, filled with one number."""
    shape = [1] * builder.rank(value)
    shape[axis] = len(outside)
    mask = builder.table(f"outside of axis {axis}", outside.reshape(shape))
    return builder.emit(
        "aten.masked_fill.Scalar",
        self=value,
        mask=mask,
        value=node.real_attribute("extrapolation_value", 0.0),
    )


HANDLERS: dict[str, Handler] = {"Resize": _resize, "Upsample": _resize}
"""Operators of this family."""
