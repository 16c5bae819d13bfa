"""Arithmetic on numbers that are known before any input is: sizes, and weights that are turned.

Whoever saves a network with a free number of samples writes down how the sizes of a reshape are
worked out. They are worked out here, for the number of samples that the file states.
"""

import math
from collections.abc import Callable

import numpy as np

from mho.checks import RefusedError
from mho.network.formats.building import Array, Constant
from mho.network.formats.tflite import schema
from mho.network.formats.tflite.translator import (
    Activation,
    TfliteNode,
    Translator,
)

_LARGEST = 2**20
"""Numbers that arithmetic on sizes may make (1); a file could ask for any amount."""


def folded(
    translator: Translator, node: TfliteNode
) -> tuple[Constant, ...] | None:
    """The results of an operation on constants alone; `None` if it is left to torch."""
    if node.operator == "SHAPE":
        return (Constant(node.name, _sizes(translator, node)),)
    given = [value for value in node.inputs if value is not None]
    inputs = [value for value in given if isinstance(value, Constant)]
    if node.operator not in _FOLDS or len(inputs) < len(given) or not given:
        return None
    try:
        found = _FOLDS[node.operator](node, [value.array for value in inputs])
    except RefusedError:
        raise
    except (ValueError, IndexError, TypeError) as error:
        raise node.refused("contradicts its own constants") from error
    parts = found if isinstance(found, list) else [found]
    names = [
        f"{node.name} part {k}" if k else node.name for k in range(len(parts))
    ]
    return tuple(map(Constant, names, parts))


def _sizes(translator: Translator, node: TfliteNode) -> Array:
    value = node.needed(0)
    sizes = list(translator.shape(value))
    if isinstance(value, Activation):
        sizes[:1] = [translator.batch]
    if any(size is None for size in sizes):
        raise node.refused("takes the size of a free axis")
    return np.array(sizes, dtype=np.int32)


def _reshaped(node: TfliteNode, arrays: list[Array]) -> Array:
    sizes = (
        [int(size) for size in arrays[1].flat]
        if len(arrays) > 1
        else list(node.listed_option("new_shape") or node.results[0].shape)
    )
    return arrays[0].reshape(sizes)


def _strided(node: TfliteNode, arrays: list[Array]) -> Array:
    data, first, last, steps = arrays
    if node.option("ellipsis_mask") or node.option("new_axis_mask"):
        raise node.refused("slices with an ellipsis or a new axis")
    begins = node.option("begin_mask")
    ends = node.option("end_mask")
    shrinks = node.option("shrink_axis_mask")
    cuts: list[int | slice] = []
    for axis in range(len(first)):
        start = int(first[axis])
        stop = int(last[axis])
        if shrinks >> axis & 1:
            cuts.append(start)
            continue
        begin = None if begins >> axis & 1 else start
        end = None if ends >> axis & 1 else stop
        cuts.append(slice(begin, end, int(steps[axis])))
    return np.asarray(data[tuple(cuts)])


def _packed(node: TfliteNode, arrays: list[Array]) -> Array:
    _check_small(node, arrays)
    return np.stack(arrays, node.option("axis"))


def _joined(node: TfliteNode, arrays: list[Array]) -> Array:
    _check_small(node, arrays)
    return np.concatenate(arrays, node.option("axis"))


def _picked(node: TfliteNode, arrays: list[Array]) -> Array:
    _check_small(node, arrays)
    return np.asarray(np.take(arrays[0], arrays[1], node.option("axis")))


def _split_by_sizes(node: TfliteNode, arrays: list[Array]) -> list[Array]:
    """`SPLIT_V`: parts of an array along an axis, whose sizes are its length together.

    Raises:
        ValueError: They are not, or one is negative.
    """
    _check_small(node, arrays)
    data, sizes, axis = arrays
    bounds = np.cumsum(sizes)
    if (
        bounds.size == 0
        or min(sizes) < 0
        or bounds[-1] != data.shape[int(axis)]
    ):
        raise node.refused("contradicts its own constants")
    return np.split(data, [int(bound) for bound in bounds[:-1]], int(axis))


def _range(node: TfliteNode, arrays: list[Array]) -> Array:
    """`RANGE`: numbers from start to stop, stop left out.

    Raises:
        ValueError: They never come there, or are more than any network needs.
    """
    start, stop, step = (array.reshape(-1)[0] for array in arrays)
    if (
        not step
        or abs(float(stop) - float(start)) / abs(float(step)) > _LARGEST
    ):
        raise node.refused(f"counts from {start} to {stop} by {step}")
    return np.arange(start, stop, step, dtype=arrays[0].dtype)


def _quotient(first: Array, second: Array) -> Array:
    if not np.all(second):
        raise ValueError("division by zero")
    return np.asarray(np.floor_divide(first, second))


def _elementwise(function: Callable[[Array, Array], Array]) -> "_Fold":
    def fold(node: TfliteNode, arrays: list[Array]) -> Array:
        first, second = arrays
        _check_small(node, arrays)
        shape = np.broadcast_shapes(first.shape, second.shape)
        if math.prod(shape) > _LARGEST:
            raise node.refused(f"makes a constant of shape {shape}")
        return _activated(node, np.asarray(function(first, second)))

    return fold


def _activated(node: TfliteNode, array: Array) -> Array:
    """Numbers after the activation that an operation has built in."""
    if node.operator not in schema.OPTIONS:
        return array
    number = node.option("fused_activation_function", "b")
    if number == schema.ACTIVATIONS.index("NONE"):
        return array
    if number not in _CUTS:
        raise node.refused(f"ends with the activation {number} on constants")
    low, high = _CUTS[number]
    return np.clip(array, low, high)


def _check_small(node: TfliteNode, arrays: list[Array]) -> None:
    if sum(array.size for array in arrays) > _LARGEST:
        raise node.refused("computes with large constants")


_CUTS: dict[int, tuple[int, int | None]] = {
    schema.ACTIVATIONS.index("RELU"): (0, None),
    schema.ACTIVATIONS.index("RELU_N1_TO_1"): (-1, 1),
    schema.ACTIVATIONS.index("RELU6"): (0, 6),
}
"""Bounds of the activations that cut off."""

_Fold = Callable[[TfliteNode, list[Array]], Array | list[Array]]
_FOLDS: dict[str, _Fold] = {
    "RESHAPE": _reshaped,
    "SQUEEZE": lambda node, arrays: arrays[0].reshape(node.results[0].shape),
    "EXPAND_DIMS": lambda _, arrays: np.expand_dims(
        arrays[0], int(arrays[1].reshape(-1)[0])
    ),
    "TRANSPOSE": lambda _, arrays: arrays[0].transpose(
        [int(axis) for axis in arrays[1].flat]
    ),
    "STRIDED_SLICE": _strided,
    "PACK": _packed,
    "CONCATENATION": _joined,
    "GATHER": _picked,
    "ADD": _elementwise(np.add),
    "SUB": _elementwise(np.subtract),
    "MUL": _elementwise(np.multiply),
    "FLOOR_DIV": _elementwise(_quotient),
    "MAXIMUM": _elementwise(np.maximum),
    "MINIMUM": _elementwise(np.minimum),
    "SPLIT_V": _split_by_sizes,
    "RANGE": _range,
    "REDUCE_PROD": lambda _, arrays: np.asarray(np.prod(arrays[0])),
}

FOLDED = frozenset({"SHAPE", *_FOLDS})
"""Operators that can be computed in advance."""
