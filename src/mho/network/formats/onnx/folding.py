"""Arithmetic on numbers that are known before any input is: weights and shapes.

Exporters compute the shape of a reshape by a dozen operations on sizes. They are carried out
here: sizes that depend on the batch by a rule of each operator's own, a `Size` in their place;
everything else by the very operations that the network would run, on the numbers at hand.
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mho.checks import RefusedError
from mho.network.formats.building import (
    Array,
    Builder,
    Constant,
    Size,
    Value,
    array_of,
)
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.graph import Ref
from mho.network.operations import arguments_of, evaluate_node

_LARGEST = 2**24
"""Numbers that an operation on constants may take or make (1); a file could ask for any amount."""

_IN_ALL = 2**30
"""Bytes that all of them together may make."""
_SIZES = 2**16
"""Sizes that depend on the batch, in an array of them (1)."""

_Fold = Callable[[OnnxNode, list[Array]], Array]


def folded(
    builder: Builder, node: OnnxNode, handler: Handler | None
) -> tuple[Value, ...] | None:
    """The results of an operation on constants; `None` if the network has to compute it.

    Args:
        builder: Knows the shapes, and counts what is made.
        node: The operation.
        handler: What reads it, if there is one.
    """
    if node.operator in ("Shape", "Size"):
        return (_counted(builder, node, _shape(builder, node)),)
    given = [value for value in node.inputs if value is not None]
    constants = [value for value in given if isinstance(value, Constant)]
    if len(constants) < len(given):
        return None
    if node.operator == "Constant":
        return (_counted(builder, node, _stated(node)),)
    if node.operator == "NonZero" and constants:
        _check_small(node, constants)
        places = np.array(np.nonzero(constants[0].array), dtype=np.int64)
        return (_counted(builder, node, places),)
    if any(constant.sized for constant in constants):
        return _of_sizes(builder, node, constants)
    large = any(constant.array.size > _LARGEST for constant in constants)
    if handler is None or large:
        return None
    return _carried_out(builder, node, handler)


def _check_small(node: OnnxNode, constants: list[Constant]) -> None:
    if any(constant.array.size > _LARGEST for constant in constants):
        raise node.refused("works on a very large constant")


def _counted(builder: Builder, node: OnnxNode, array: Array) -> Constant:
    """A constant, counted to what all of them may take."""
    builder.folded += array.nbytes
    if builder.folded > _IN_ALL:
        raise node.refused(f"brings the constants to {builder.folded} bytes")
    if array.dtype == object and not any(
        isinstance(item, Size) for item in array.flat
    ):
        array = array.astype(np.int64)
    return Constant(node.name, array)


def _carried_out(
    builder: Builder, node: OnnxNode, handler: Handler
) -> tuple[Value, ...]:
    """An operation of the network, done at once. Its size is looked at before it is done."""
    double = any(
        isinstance(value, Constant) and value.array.dtype == np.float64
        for value in node.inputs
    )
    inner = Builder(
        (),
        real_type=torch.float64 if double else torch.float32,
        largest=_LARGEST,
        current=node.name,
    )
    results = handler(inner, node)
    values: dict[str, object] = dict(inner.tensors)
    with torch.no_grad():
        for step in inner.nodes:
            arguments = arguments_of(step, values)
            values[step.name] = evaluate_node(step, arguments)
    own = results if isinstance(results, tuple) else (results,)

    return tuple(_plain(builder, node, one, values) for one in own)


def _plain(
    builder: Builder,
    node: OnnxNode,
    result: Value,
    values: Mapping[str, object],
) -> Value:
    if not isinstance(result, Ref):
        return result
    value = values[result.name]
    assert isinstance(value, Tensor)
    return _counted(builder, node, value.numpy())


def _shape(builder: Builder, node: OnnxNode) -> Array:
    sizes = builder.shape(node.needed(0))
    if node.operator == "Size":
        if any(isinstance(size, Size) for size in sizes):
            return array_of([_product(sizes)]).reshape(())
        fixed = [size for size in sizes if isinstance(size, int)]
        return np.array(prod(fixed), dtype=np.int64)
    first = node.attributes.get("start", 0)
    last = node.attributes.get("end")
    return array_of(sizes[first:last])


def _product(sizes: tuple[int | Size, ...]) -> int | Size:
    total: int | Size = 1
    for size in sizes:
        total = size * total if isinstance(size, Size) else total * size
    return total


def _stated(node: OnnxNode) -> Array:
    for key, value in node.attributes.items():
        if key == "value":
            return np.asarray(value)
        if key in ("value_float", "value_floats"):
            return np.asarray(value, dtype=np.float32)
        if key in ("value_int", "value_ints"):
            return np.asarray(value, dtype=np.int64)
    raise node.refused("holds no numbers")


def _of_sizes(
    builder: Builder, node: OnnxNode, constants: list[Constant]
) -> tuple[Value, ...] | None:
    """Arithmetic on sizes that depend on the batch; `None` where the network has to do it."""
    fold = _FOLDS.get(node.operator)
    if fold is None:
        return None
    _check_small(node, constants)
    try:
        array = fold(node, [constant.array for constant in constants])
    except RefusedError:
        raise
    except (ValueError, IndexError, TypeError) as error:
        raise node.refused("contradicts its own constants") from error
    return (_counted(builder, node, array),)


def _elementwise(function: Callable[..., Any]) -> _Fold:
    def fold(node: OnnxNode, arrays: list[Array]) -> Array:
        wide = np.broadcast_arrays(*arrays)
        if wide[0].size > _SIZES:
            raise node.refused("computes with very many sizes")
        found = np.empty(wide[0].shape, dtype=object)
        for place in np.ndindex(*wide[0].shape):
            found[place] = function(*(array[place] for array in wide))
        return found

    return fold


def _compared(function: Callable[[int, int], bool]) -> _Fold:
    """A comparison that has the same answer whatever the batch."""

    def fold(node: OnnxNode, arrays: list[Array]) -> Array:
        def answer(a: object, b: object) -> bool:
            pairs = zip(_examples(a), _examples(b), strict=True)
            answers = {bool(function(first, second)) for first, second in pairs}
            if len(answers) > 1:
                raise node.refused("depends on how large a batch is")
            return answers.pop()

        return _elementwise(answer)(node, arrays).astype(np.bool_)

    return fold


def _examples(value: object) -> tuple[Any, Any]:
    return value.examples() if isinstance(value, Size) else (value, value)


def _axes(node: OnnxNode, arrays: list[Array]) -> tuple[int, ...]:
    stated = (
        arrays[1].tolist()
        if len(arrays) > 1
        else node.attributes.get("axes", ())
    )
    return tuple(int(axis) for axis in stated)


def _reshape(_: OnnxNode, arrays: list[Array]) -> Array:
    sizes = [
        int(size) or arrays[0].shape[axis]
        for axis, size in enumerate(arrays[1])
    ]
    return arrays[0].reshape(sizes)


def _slice(node: OnnxNode, arrays: list[Array]) -> Array:
    data = arrays[0]
    first = node.plain(1, "starts") or ()
    last = node.plain(2, "ends") or ()
    axes = node.plain(3, "axes") or range(len(first))
    steps = node.plain(4, "steps") or [1] * len(first)
    for axis, start, end, step in zip(axes, first, last, steps, strict=True):
        cut = [slice(None)] * data.ndim
        # Going backwards to the very first element is written as an end far below zero.
        stop = None if step < 0 and end < -data.shape[axis] else end
        cut[axis] = slice(start, stop, step)
        data = data[tuple(cut)]
    return data


def _gather(node: OnnxNode, arrays: list[Array]) -> Array:
    data, places = arrays
    whole = places.astype(np.int64)
    picked = np.take(data, whole, axis=node.whole_attribute("axis", 0))
    if isinstance(picked, np.ndarray):
        return picked
    return array_of([picked]).reshape(())


def _cast(node: OnnxNode, arrays: list[Array]) -> Array:
    # Whole numbers stay whole, also where a file takes a way through real ones.
    if node.whole_attribute("to", 0) not in (1, 6, 7, 10, 11):
        raise node.refused(
            "casts a size to a number type that mho does not read"
        )
    return arrays[0]


def _reduced_product(node: OnnxNode, arrays: list[Array]) -> Array:
    found = np.empty((), dtype=object)
    found[()] = _product(tuple(arrays[0].flat))
    return found.reshape(1) if node.whole_attribute("keepdims", 1) else found


_FOLDS: dict[str, _Fold] = {
    "Identity": lambda _, arrays: arrays[0],
    "Cast": _cast,
    "Add": _elementwise(lambda a, b: a + b),
    "Sub": _elementwise(lambda a, b: a - b),
    "Mul": _elementwise(lambda a, b: a * b),
    "Div": _elementwise(lambda a, b: a // b),
    "Floor": lambda _, arrays: arrays[0],
    "Ceil": lambda _, arrays: arrays[0],
    "Equal": _compared(lambda a, b: a == b),
    "Less": _compared(lambda a, b: a < b),
    "LessOrEqual": _compared(lambda a, b: a <= b),
    "Greater": _compared(lambda a, b: a > b),
    "GreaterOrEqual": _compared(lambda a, b: a >= b),
    "Where": _elementwise(lambda chosen, a, b: a if chosen else b),
    "Concat": lambda node, arrays: np.concatenate(
        arrays, node.attributes["axis"]
    ),
    "Gather": _gather,
    "Slice": _slice,
    "Squeeze": lambda node, arrays: np.squeeze(
        arrays[0], _axes(node, arrays) or None
    ),
    "Unsqueeze": lambda node, arrays: np.expand_dims(
        arrays[0], _axes(node, arrays)
    ),
    "Reshape": _reshape,
    "Transpose": lambda node, arrays: np.transpose(
        arrays[0], node.attributes.get("perm")
    ),
    "ReduceProd": _reduced_product,
}
"""Operators on sizes."""

FOLDED = frozenset({"Shape", "Size", "Constant", "NonZero"})
"""Operators that are only ever computed in advance."""
