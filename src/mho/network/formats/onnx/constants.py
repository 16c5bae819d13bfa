"""Arithmetic on numbers that are known before any input is: weights and shapes.

Exporters compute the shape of a reshape by a dozen operations on sizes. They are carried out
here, with a `Size` in the place of a size that is not known yet.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mho.checks import RefusedError
from mho.network.formats.onnx.builder import (
    Array,
    Builder,
    Constant,
    OnnxNode,
    Size,
)

_LARGEST = 2**24
"""Numbers that an operation on constants may make (1); a file could ask for any amount."""

_IN_ALL = 2**28
"""Numbers that all of them together may make (1)."""
_SHAPED = ("Expand", "ConstantOfShape", "Reshape")
"""Operators that end with a shape, and cannot be computed before it is known."""

_Fold = Callable[[OnnxNode, list[Array]], Array]


def folded(builder: Builder, node: OnnxNode) -> Constant | None:
    """The result of an operation whose inputs are all constants; `None` if it is left to torch."""
    if node.operator == "Shape":
        first = node.attributes.get("start", 0)
        last = node.attributes.get("end")
        return _constant(
            builder, node, _array(builder.shape(node.needed(0))[first:last])
        )
    inputs = [value for value in node.inputs if isinstance(value, Constant)]
    given = [value for value in node.inputs if value is not None]
    if node.operator not in _FOLDS or not (
        given or node.operator == "Constant"
    ):
        return None
    if len(inputs) != len(given):
        return None
    arrays = [value.array for value in inputs]
    if node.operator in _SHAPED and arrays[-1].dtype == object:
        return None
    if any(array.dtype != object and array.size > _LARGEST for array in arrays):
        return None
    try:
        result = _FOLDS[node.operator](node, arrays)
    except RefusedError:
        raise
    except (ValueError, IndexError, TypeError) as error:
        raise node.refused("contradicts its own constants") from error
    return _constant(builder, node, result)


def _constant(builder: Builder, node: OnnxNode, array: Array) -> Constant:
    builder.folded += array.size
    if builder.folded > _IN_ALL:
        raise node.refused(f"brings the constants to {builder.folded} numbers")
    if array.dtype == object and not any(
        isinstance(item, Size) for item in array.flat
    ):
        array = array.astype(np.int64)
    return Constant(node.name, array)


def _array(items: tuple[int | Size, ...]) -> Array:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _check_count(node: OnnxNode, shape: tuple[int, ...]) -> None:
    if any(size < 0 for size in shape) or math.prod(shape) > _LARGEST:
        raise node.refused(f"makes a constant of impossible shape {shape}")


def _elementwise(function: Callable[..., Any]) -> _Fold:
    def fold(node: OnnxNode, arrays: list[Array]) -> Array:
        _check_count(
            node, np.broadcast_shapes(*(array.shape for array in arrays))
        )
        return np.asarray(function(*arrays))

    return fold


def _divide(a: Array, b: Array) -> Array:
    whole = a.dtype.kind in "iuO"
    return np.asarray(a // b if whole else a / b)


def _axes(node: OnnxNode, arrays: list[Array]) -> tuple[int, ...]:
    stated = (
        arrays[1].tolist()
        if len(arrays) > 1
        else node.attributes.get("axes", ())
    )
    return tuple(int(axis) for axis in stated)


def _squeeze(node: OnnxNode, arrays: list[Array]) -> Array:
    return np.squeeze(arrays[0], _axes(node, arrays) or None)


def _reshape(_: OnnxNode, arrays: list[Array]) -> Array:
    sizes = [
        int(size) or arrays[0].shape[axis]
        for axis, size in enumerate(arrays[1])
    ]
    return arrays[0].reshape(sizes)


def _slice(_: OnnxNode, arrays: list[Array]) -> Array:
    data, starts, ends = arrays[:3]
    axes = arrays[3].tolist() if len(arrays) > 3 else range(len(starts))
    steps = arrays[4].tolist() if len(arrays) > 4 else [1] * len(starts)
    for axis, first, last, step in zip(
        axes, starts.tolist(), ends.tolist(), steps, strict=True
    ):
        cut = [slice(None)] * data.ndim
        # Going backwards to the very first element is written as an end far below zero.
        end = None if step < 0 and last < -data.shape[axis] else last
        cut[axis] = slice(first, end, step)
        data = data[tuple(cut)]
    return data


def _expand(node: OnnxNode, arrays: list[Array]) -> Array:
    shape = np.broadcast_shapes(
        arrays[0].shape, tuple(int(size) for size in arrays[1])
    )
    _check_count(node, shape)
    return np.broadcast_to(arrays[0], shape)


def _filled(node: OnnxNode, arrays: list[Array]) -> Array:
    shape = tuple(int(size) for size in arrays[0])
    _check_count(node, shape)
    value = node.attributes.get("value", np.zeros(1, np.float32))
    return np.full(shape, value.reshape(()), dtype=value.dtype)


def _range(node: OnnxNode, arrays: list[Array]) -> Array:
    first, last, step = (array.reshape(()).item() for array in arrays)
    _check_count(node, (max(0, math.ceil((last - first) / step)),))
    return np.arange(first, last, step, dtype=arrays[0].dtype)


def _gather(node: OnnxNode, arrays: list[Array]) -> Array:
    data, places = arrays
    _check_count(
        node, (data.size, places.size) if data.ndim > 1 else places.shape
    )
    return np.asarray(
        np.take(data, places, axis=node.attributes.get("axis", 0))
    )


_DTYPES = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    5: np.int16,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
}


def _cast(node: OnnxNode, arrays: list[Array]) -> Array:
    to = node.attributes.get("to")
    if to not in _DTYPES:
        raise node.refused("casts to a number type that mho does not read")
    if arrays[0].dtype == object and _DTYPES[to] in (np.int32, np.int64):
        return arrays[0]
    return arrays[0].astype(_DTYPES[to])


def _stated(node: OnnxNode, _: list[Array]) -> Array:
    for key, value in node.attributes.items():
        if key == "value":
            return np.asarray(value)
        if key in ("value_float", "value_floats"):
            return np.asarray(value, dtype=np.float32)
        if key in ("value_int", "value_ints"):
            return np.asarray(value, dtype=np.int64)
    raise node.refused("holds no numbers")


_FOLDS: dict[str, _Fold] = {
    "Constant": _stated,
    "ConstantOfShape": _filled,
    "Identity": lambda _, arrays: arrays[0],
    "Cast": _cast,
    "Add": _elementwise(lambda a, b: a + b),
    "Sub": _elementwise(lambda a, b: a - b),
    "Mul": _elementwise(lambda a, b: a * b),
    "Div": _elementwise(_divide),
    "Mod": _elementwise(np.mod),
    "Neg": _elementwise(lambda a: -a),
    "Sqrt": _elementwise(np.sqrt),
    "Pow": _elementwise(lambda a, b: a**b),
    "Floor": _elementwise(np.floor),
    "Ceil": _elementwise(np.ceil),
    "Equal": _elementwise(lambda a, b: (a == b).astype(np.bool_)),
    "Not": _elementwise(np.logical_not),
    "Where": _elementwise(np.where),
    "Min": _elementwise(
        lambda *arrays: np.minimum.reduce(np.broadcast_arrays(*arrays))
    ),
    "Max": _elementwise(
        lambda *arrays: np.maximum.reduce(np.broadcast_arrays(*arrays))
    ),
    "Concat": lambda node, arrays: np.concatenate(
        arrays, node.attributes["axis"]
    ),
    "Gather": _gather,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": lambda node, arrays: np.expand_dims(
        arrays[0], _axes(node, arrays)
    ),
    "Reshape": _reshape,
    "Transpose": lambda node, arrays: np.transpose(
        arrays[0], node.attributes.get("perm")
    ),
    "Expand": _expand,
    "Range": _range,
    "ReduceProd": lambda _, arrays: np.asarray(
        np.prod(arrays[0], keepdims=True)
    ),
}

FOLDED = frozenset({"Shape", *_FOLDS})
"""Operators that can be computed in advance."""
