"""Inputs and outputs of an ONNX file: which axes are fixed, and which is that of the samples.

Everywhere else samples lie on the first axis. A file may have them on another one, as recurrent
states do; its values are turned round on their way in and out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from mho.checks import RefusedError
from mho.network.formats.building import Array, Builder, Constant, Value
from mho.network.formats.onnx.file import onnx_module
from mho.network.graph import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    GraphInput,
    GraphOutput,
    Ref,
)

KINDS_OF_INPUTS = {
    **dict.fromkeys((1, 10, 11, 16), FLOAT),
    **dict.fromkeys((2, 3, 4, 5, 6, 7, 12, 13), INTEGER),
    9: BOOLEAN,
}
"""Kind of numbers of an input by the number that the standard gives its type."""
_LARGEST = 2**31
_FILLED = 2**24
"""Numbers that an input may be filled with (1)."""

Sizes = list[int | str | None]
"""Sizes as a file states them: numbers, names of free axes, or nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What a network is read for.

    Args:
        shapes: Shapes of the data, samples first, by the inputs' names; may be empty.
        shape: Shape of the data for the first input, where they have no name.
        constants: Inputs that are known in advance, by their names.
        outputs: Names of the tensors that it returns; those that the file says if left out.
        single: Whether all axes of the file belong to one sample.
    """

    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    shape: Sequence[int] | None = None
    constants: Mapping[str, Array] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    single: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """What a network is given.

    Args:
        inputs: Inputs that samples bring along, samples first.
        axes: On which axis the file has the samples of each, by name.
        constants: Inputs that are known in advance, by name.
    """

    inputs: tuple[GraphInput, ...]
    axes: Mapping[str, int]
    constants: Mapping[str, Constant]

    def enter(self, builder: Builder) -> dict[str, Value]:
        """All inputs as the file's operations see them, by name."""
        found: dict[str, Value] = dict(self.constants)
        for entry in self.inputs:
            axis = self.axes.get(entry.name, 0)
            ref = Ref(entry.name)
            builder.current = f"{entry.name} turned"
            found[entry.name] = (
                ref if axis == 0 else _moved(builder, ref, 0, axis)
            )
        return found


def entries_of(model: Any, wish: Wish, needed: frozenset[str]) -> Entries:
    """Inputs of a file; old files list their weights among them.

    Args:
        model: Content of the file.
        wish: What it is read for.
        needed: Names of the tensors that are read.

    Raises:
        RefusedError: An input has no samples, an impossible shape or an unknown number type, or
            data do not fit.
    """
    stored = {tensor.name for tensor in model.graph.initializer}
    own = [item for item in model.graph.input if item.name not in stored]
    _check_names(own, {**wish.shapes, **wish.constants})
    fixed = {
        item.name: _fixed(item, wish.constants[item.name])
        for item in own
        if item.name in wish.constants
    }
    rest = [
        item for item in own if item.name not in fixed and item.name in needed
    ]
    shapes = dict(wish.shapes)
    if wish.shape is not None and rest:
        shapes.setdefault(rest[0].name, wish.shape)
    if wish.single:
        inputs = tuple(
            _of_one_sample(item, shapes.get(item.name)) for item in rest
        )
        return Entries(inputs, {}, fixed)
    batch = _batch(rest)
    axes = {item.name: _sample_axis(item, batch) for item in rest}
    inputs = tuple(
        _of_samples(item, axes[item.name], shapes.get(item.name))
        for item in rest
    )
    return Entries(inputs, axes, fixed)


def _check_names(own: Sequence[Any], given: Mapping[str, object]) -> None:
    names = [item.name for item in own]
    told = ", ".join(f"`{name}`" for name in names)
    if len(set(names)) < len(names):
        raise RefusedError(
            f"takes the inputs {told}, where each needs its own name"
        )
    unknown = [name for name in given if name not in names]
    if unknown:
        raise RefusedError(f"has no input `{unknown[0]}` among {told}")


def _fixed(item: Any, array: Array) -> Constant:
    """An input that the user has fixed, in the type that the file wants."""
    kind = item.type.tensor_type.elem_type
    _kind(item)
    dtype = np.dtype(onnx_module().helper.tensor_dtype_to_np_dtype(kind))
    own = np.asarray(array).astype(dtype)
    if own.size == 1 and item.type.tensor_type.HasField("shape"):
        # One number stands for all; where the file leaves a size free, one is enough.
        sizes = [size if isinstance(size, int) else 1 for size in _sizes(item)]
        if prod(sizes) > _FILLED:
            raise _impossible(item)
        own = np.broadcast_to(own.reshape(()), sizes)
    return Constant(item.name, own)


def _sizes(item: Any) -> Sizes:
    found: Sizes = []
    for dim in item.type.tensor_type.shape.dim:
        size = dim.dim_value if dim.HasField("dim_value") else -1
        if size == 0 or size >= _LARGEST:
            raise _impossible(item)
        # Some exporters write -1 or a question mark where an axis is free.
        name = str(dim.dim_param)
        free = name if name not in ("", "?") else None
        found.append(int(size) if size > 0 else free)
    return found


def _impossible(item: Any) -> RefusedError:
    shape = tuple(
        dim.dim_value if dim.HasField("dim_value") else None
        for dim in item.type.tensor_type.shape.dim
    )
    return RefusedError(
        f"takes an input `{item.name}` of shape {shape}, without samples"
    )


def _kind(item: Any) -> str:
    kind = item.type.tensor_type.elem_type
    if kind not in KINDS_OF_INPUTS:
        raise RefusedError(
            f"takes an input `{item.name}` of number type {kind}, where a network must take real"
            " or whole numbers"
        )
    return KINDS_OF_INPUTS[kind]


def _batch(items: Sequence[Any]) -> int | str | None:
    """Size or name of the axis that samples are counted on: the first of the first input."""
    first = next((sizes for item in items if (sizes := _sizes(item))), [1])
    return first[0]


def _sample_axis(item: Any, batch: int | str | None) -> int:
    """The axis that samples are counted on."""
    sizes = _sizes(item)
    if batch is not None and batch in sizes:
        return sizes.index(batch)
    free = [k for k, size in enumerate(sizes) if not isinstance(size, int)]
    is_number = isinstance(batch, int)
    if free and not is_number:
        return free[0]
    if sizes and is_number:
        return 0
    shape = tuple(sizes)
    raise RefusedError(
        f"takes an input `{item.name}` of shape {shape}, without samples; fix it by `--input"
        f" {item.name}=VALUE` if it is a setting"
    )


def _of_samples(
    item: Any, axis: int, shape: Sequence[int] | None
) -> GraphInput:
    """An input of many samples, which lie on an axis of the file."""
    sizes = _sizes(item)
    batch = sizes[axis]
    rest = sizes[:axis] + sizes[axis + 1 :]
    own = None if shape is None else shape[1:]
    return GraphInput(
        item.name,
        _filled(item, rest, own),
        batch if isinstance(batch, int) else None,
        _kind(item),
    )


def _of_one_sample(item: Any, shape: Sequence[int] | None) -> GraphInput:
    """An input all of whose axes belong to one sample."""
    own = None if shape is None else shape[1:]
    sizes = _filled(item, _sizes(item), own)
    if None in sizes:
        raise RefusedError(
            f"takes an input `{item.name}` of free shape, which no data tell"
        )
    return GraphInput(item.name, sizes, None, _kind(item))


def _filled(
    item: Any, stated: Sizes, shape: Sequence[int] | None
) -> tuple[int | None, ...]:
    """Sizes of one sample; those that the file leaves free are those of the data."""
    if not item.type.tensor_type.HasField("shape") and shape is not None:
        stated = [None] * len(shape)
    if shape is not None and len(shape) != len(stated):
        raise RefusedError(
            f"takes samples of `{item.name}` with {len(stated)} axes, but those of the data have"
            f" shape {tuple(shape)}"
        )
    found: list[int | None] = []
    for axis, size in enumerate(stated):
        own = None if shape is None else int(shape[axis])
        found.append(size if isinstance(size, int) else own)
    return tuple(found)


def _moved(builder: Builder, value: Ref, here: int, there: int) -> Ref:
    """A value with one of its axes at another place."""
    order = list(range(builder.rank(value)))
    order.insert(there, order.pop(here))
    return builder.emit("aten.permute.default", self=value, dims=tuple(order))


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What a network returns.

    Args:
        outputs: Outputs, samples first.
        axes: On which axis the file has the samples of each, by name.
    """

    outputs: tuple[GraphOutput, ...]
    axes: Mapping[str, int]


def results_of(
    builder: Builder, names: Sequence[str], values: Mapping[str, Value]
) -> Results:
    """Outputs of a file, samples first.

    Args:
        builder: Knows shapes, and turns values round.
        names: Names of the outputs.
        values: What the file has computed, by name.

    Raises:
        RefusedError: An output is not computed from the inputs, or named twice.
    """
    if not names or len(set(names)) < len(names):
        raise RefusedError(
            f"returns {len(names)} tensors of {len(set(names))} names, where each needs its own"
        )
    outputs: list[GraphOutput] = []
    axes: dict[str, int] = {}
    for name in names:
        value = values[name]
        if isinstance(value, Constant):
            raise RefusedError(
                f"returns `{name}`, which it does not compute from its inputs"
            )
        axes[name] = _axis_of_result(builder, value)
        builder.current = f"{name} turned"
        if axes[name]:
            value = _moved(builder, value, axes[name], 0)
        outputs.append(GraphOutput(name, value.name))
    return Results(tuple(outputs), axes)


def _axis_of_result(builder: Builder, value: Ref) -> int:
    """The axis that has as many elements as there are samples."""
    if builder.single or not builder.inputs:
        return 0
    batch = builder.inputs[0].batch
    shape = builder.fixed_shape(value)
    return shape.index(batch) if batch in shape else 0
