"""ONNX operations become nodes of a `Graph`, one after the other."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mho.checks import RefusedError
from mho.network.graph import (
    KINDS,
    Graph,
    GraphInput,
    GraphOutput,
    Node,
    Ref,
    replace_refs,
)
from mho.network.operations import UNCHANGED_OPERATORS, known_shape

Array = npt.NDArray[Any]
_LARGEST = 2**28
"""Numbers that an operation on two samples may make (1); a file could ask for any amount."""


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """Numbers known before any input is.

    Args:
        name: Name of the tensor in the file.
        array: The numbers; whole numbers may have a `Size` among them.
    """

    name: str
    array: Array

    def whole(self) -> tuple["int | Size", ...]:
        """All elements as whole numbers or sizes."""
        return tuple(
            item if isinstance(item, Size) else int(item)
            for item in self.array.flat
        )

    def number(self) -> float:
        """The only element."""
        return float(self.array.reshape(()).item())


Value = Constant | Ref

_NUMBERED = re.compile(r"val_\d+|onnx::\w+")
"""Names of tensors that torch's exporters make up."""


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """A size that depends on the input, such as that of a batch; arithmetic becomes nodes."""

    ref: Ref
    builder: "Builder"

    def __add__(self, other: object) -> "Size":
        return self.builder.integer("_operator.add", self, other)

    def __radd__(self, other: object) -> "Size":
        return self.builder.integer("_operator.add", other, self)

    def __sub__(self, other: object) -> "Size":
        return self.builder.integer("_operator.sub", self, other)

    def __rsub__(self, other: object) -> "Size":
        return self.builder.integer("_operator.sub", other, self)

    def __mul__(self, other: object) -> "Size":
        return self.builder.integer("_operator.mul", self, other)

    def __rmul__(self, other: object) -> "Size":
        return self.builder.integer("_operator.mul", other, self)

    def __floordiv__(self, other: object) -> "Size":
        return self.builder.integer("_operator.floordiv", self, other)


@dataclass(frozen=True, slots=True, eq=False)
class OnnxNode:
    """One operation of the file.

    Args:
        name: Name of its first result.
        operator: Such as `"Conv"`; with its domain in front if that is not the standard one.
        inputs: Values, `None` where an optional one is left out.
        outputs: Names of the results, empty where one is left out.
        attributes: Attributes that the file states.
        place: The user's module that it came from, such as `"block.linear1"`, as far as the file
            knows it.
    """

    name: str
    operator: str
    inputs: tuple[Value | None, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    place: str

    def input(self, index: int) -> Value | None:
        """An input, `None` where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def needed(self, index: int) -> Value:
        """An input that cannot be left out."""
        value = self.input(index)
        if value is None:
            raise self.refused(f"lacks its input number {index + 1}")
        return value

    def constant(self, index: int) -> Constant | None:
        """An input that has to be known in advance, `None` where it is left out."""
        value = self.input(index)
        if isinstance(value, Ref):
            raise self.refused(
                f"computes its input number {index + 1}, which must be constant"
            )
        return value

    def whole(
        self, index: int, attribute: str
    ) -> tuple["int | Size", ...] | None:
        """Whole numbers that newer versions pass as an input and older ones as an attribute."""
        if (value := self.constant(index)) is not None:
            return value.whole()
        stated = self.attributes.get(attribute)
        return None if stated is None else tuple(stated)

    def label(self, constant: Constant, part: str) -> str:
        """What to call a layer's numbers if the exporter gave them no name but a number."""
        named = _NUMBERED.fullmatch(constant.name) is None or not self.place
        return constant.name if named else f"{self.place}.{part}"

    def refused(self, reason: str) -> RefusedError:
        """What to raise if mho cannot run the operation as it is."""
        return RefusedError(
            f"has a node `{self.name}` (`{self.operator}`) that {reason}"
        )


@dataclass(slots=True, eq=False)
class Builder:
    """A graph that grows, with the shape of every value.

    Shapes come from two runs on tensors without numbers, of two batch sizes: a size that is the
    same in both is fixed.

    Args:
        inputs: What the network takes.
        free: Two sizes for every free axis (1).
        nodes: Operations so far.
        tensors: Numbers so far.
        labels: Names of those in the file.
        runs: Values without numbers, by name, for either size.
        zeros: Names of values that are nothing but zeros.
        current: Name for the next operation.
        folded: Numbers that arithmetic on constants has made (1).
    """

    inputs: tuple[GraphInput, ...]
    free: tuple[int, int] = (2, 3)
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    runs: tuple[dict[str, Any], dict[str, Any]] = field(
        default_factory=lambda: ({}, {})
    )
    zeros: set[str] = field(default_factory=set)
    current: str = ""
    folded: int = 0

    def __post_init__(self) -> None:
        for run, free in zip(self.runs, self.free, strict=True):
            for entry in self.inputs:
                sizes = (entry.batch, *entry.sample_shape)
                shape = [free if size is None else size for size in sizes]
                run[entry.name] = torch.empty(
                    shape, dtype=KINDS[entry.kind], device="meta"
                )

    def finished(self, outputs: Sequence[GraphOutput]) -> Graph:
        """Everything that was added, as a graph with these outputs."""
        return Graph(
            self.inputs,
            tuple(self.nodes),
            tuple(outputs),
            self.tensors,
            self.labels,
            self._untrained(),
        )

    def _untrained(self) -> tuple[str, ...]:
        """Statistics, single numbers and whole numbers; a file does not tell what was trained."""
        statistics = {
            ref.name
            for node in self.nodes
            for key, ref in node.arguments.items()
            if key in ("running_mean", "running_var") and isinstance(ref, Ref)
        }
        return tuple(
            name
            for name, tensor in self.tensors.items()
            if name in statistics
            or tensor.ndim == 0
            or not tensor.is_floating_point()
        )

    def emit(self, operator: str, /, **arguments: object) -> Ref:
        """Add a node; constants among the arguments are stored, and sizes looked up."""
        taken = self._unused(self.current)
        node = Node(
            taken,
            operator,
            {key: self._plain(a) for key, a in arguments.items()},
        )
        for run in self.runs:
            run[taken] = _shapes(node, run)
            if isinstance(run[taken], Tensor) and run[taken].numel() > _LARGEST:
                shape = tuple(run[taken].shape)
                raise RefusedError(
                    f"has a node `{self.current}` with a result of shape {shape}"
                )
        self.nodes.append(
            Node(taken, operator, node.arguments, self._recorded(taken))
        )
        return Ref(taken)

    def integer(self, operator: str, a: object, b: object) -> Size:
        """Add an operation on sizes."""
        return Size(self.emit(operator, a=_number(a), b=_number(b)), self)

    def shape(self, value: Value) -> tuple[int | Size, ...]:
        """Sizes of a value: numbers where they are fixed, looked up at run time elsewhere."""
        if isinstance(value, Constant):
            return tuple(value.array.shape)
        return tuple(
            Size(self.emit("aten.sym_size.int", self=value, dim=axis), self)
            if size is None
            else size
            for axis, size in enumerate(self.fixed_shape(value))
        )

    def fixed_shape(self, value: Value) -> tuple[int | None, ...]:
        """Sizes of a value, `None` where they depend on the input."""
        if isinstance(value, Constant):
            return tuple(value.array.shape)
        return self._recorded(value.name) or ()

    def _recorded(self, name: str) -> tuple[int | None, ...] | None:
        first, second = (run[name] for run in self.runs)
        if not isinstance(first, Tensor):
            return None
        pairs = zip(first.shape, second.shape, strict=True)
        return tuple(int(a) if a == b else None for a, b in pairs)

    def store(
        self,
        constant: Constant,
        change: str = "",
        array: Array | None = None,
        label: str = "",
    ) -> Ref:
        """Keep numbers in the graph.

        Args:
            constant: Where they come from.
            change: What was done to them, such as `"transposed"`; the same change of the same
                constant is kept once.
            array: The changed numbers.
            label: What the user calls them; the constant's own name if left out.
        """
        name = f"{constant.name} {change}".strip()
        if name not in self.tensors:
            array = constant.array if array is None else array
            if array.dtype == object:
                raise RefusedError(
                    f"computes with sizes in `{constant.name}`, which mho does not"
                )
            # `ascontiguousarray` gives a single number an axis that it does not have.
            plain = np.ascontiguousarray(array).reshape(array.shape)
            tensor = torch.from_numpy(plain.copy())
            real = tensor.is_floating_point()
            self.tensors[name] = tensor.float() if real else tensor
            self.labels[name] = label or constant.name
            for run in self.runs:
                run[name] = self.tensors[name].to("meta")
        return Ref(name)

    def ref(self, value: Value) -> Ref:
        """A value as a node's argument."""
        return self.store(value) if isinstance(value, Constant) else value

    def _plain(self, value: object) -> object:
        if isinstance(value, Constant):
            return self.store(value)
        if isinstance(value, Size):
            return value.ref
        if isinstance(value, tuple | list):
            return tuple(self._plain(item) for item in value)
        return value

    def is_zero(self, value: Value | None) -> bool:
        """Whether a value is left out, or nothing but zeros."""
        if isinstance(value, Ref):
            return value.name in self.zeros
        return value is None or not np.any(value.array != 0)

    def _unused(self, name: str) -> str:
        candidate = name
        number = 0
        while candidate in self.runs[0]:
            number += 1
            candidate = f"{name}.{number}"
        return candidate


Handler = Callable[[Builder, OnnxNode], Value | tuple[Value, ...]]
"""Adds the nodes of one operation and returns its results."""


def _shapes(node: Node, values: Mapping[str, Any]) -> Any:
    """The result of an operation on tensors without numbers."""
    arguments: Any = replace_refs(node.arguments, values.__getitem__)
    library, name, *overload = node.operator.split(".")
    if library == "_operator":
        return getattr(operator, name)(arguments["a"], arguments["b"])
    if name in ("lstm", "gru"):
        return _recurrent_shapes(arguments["input"], arguments["hx"])
    if node.operator in UNCHANGED_OPERATORS:
        return next(iter(arguments.values()))
    same = known_shape(node, arguments)
    if same is not None:
        return same
    if name == "zeros":
        arguments = {**arguments, "device": "meta"}
    return getattr(getattr(torch.ops.aten, name), overload[0])(**arguments)


def _recurrent_shapes(
    sequence: Tensor, start: Tensor | tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Outputs and last states; torch would walk through every step of the sequence."""
    states = start if isinstance(start, tuple) else (start,)
    directions, _, hidden = states[0].shape
    return sequence.new_empty(*sequence.shape[:2], directions * hidden), *states


def _number(value: object) -> object:
    return value if isinstance(value, Size) else int(value)  # type: ignore[call-overload]
