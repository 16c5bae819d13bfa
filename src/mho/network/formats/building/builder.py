"""Operations of a file become nodes of a `Graph`, one after the other."""

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mho.checks import RefusedError
from mho.network.formats.building.values import (
    Array,
    Constant,
    Size,
    Value,
)
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

_LARGEST = 2**28
"""Numbers that an operation on two samples may make (1); a file could ask for any amount."""
_MOST_NODES = 100_000
"""Nodes that a graph may have (1); a sequence is written out step by step where it has to be."""
_LARGEST_SIZE = 2**62
"""Sizes may be multiplied (1); a chain of squares would fill the memory with digits."""
_FREE = (2, 3)
"""Two sizes of a batch; what is the same for both does not depend on it (1)."""


@dataclass(slots=True, eq=False)
class Builder:
    """A graph that grows, with the shape of every value.

    Shapes come from two runs on tensors without numbers, of two batch sizes: a size that is the
    same in both is fixed.

    Args:
        inputs: What the network takes.
        single: Whether it takes one sample, without an axis for samples.
        real_type: What stored real numbers become.
        largest: Numbers that the result of an operation may have (1).
        nodes: Operations so far.
        tensors: Numbers so far.
        labels: Names of those in the file.
        runs: Values without numbers, by name, for either size.
        zeros: Names of values that are nothing but zeros.
        current: Name for the next operation.
        folded: What arithmetic on constants has made (bytes).
        taken: How often a name was asked for (1).
        sources: Where each of the stored numbers came from.
    """

    inputs: tuple[GraphInput, ...]
    single: bool = False
    real_type: torch.dtype = torch.float32
    largest: int = _LARGEST
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    runs: tuple[dict[str, Any], dict[str, Any]] = field(
        default_factory=lambda: ({}, {})
    )
    zeros: set[str] = field(default_factory=set)
    current: str = ""
    folded: int = 0
    taken: dict[str, int] = field(default_factory=dict)
    sources: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.inputs:
            batch = () if self.single else (entry.batch,)
            for run, free in zip(self.runs, _FREE, strict=True):
                sizes = (*batch, *entry.sample_shape)
                shape = [free if size is None else size for size in sizes]
                self.current = entry.name
                run[entry.name] = torch.empty(
                    shape, dtype=KINDS[entry.kind], device="meta"
                )
                self._check_size(run[entry.name])

    def finished(self, outputs: Sequence[GraphOutput]) -> Graph:
        """Everything that was added, as a graph with these outputs."""
        return Graph(
            self.inputs,
            tuple(self.nodes),
            tuple(outputs),
            self.tensors,
            self.labels,
            self._untrained(),
            single=self.single,
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
        if len(self.nodes) >= _MOST_NODES:
            raise RefusedError(
                f"needs more than {_MOST_NODES} operations, by node `{self.current}`"
            )
        taken = self._unused(self.current)
        node = Node(
            taken,
            operator,
            {key: self._plain(a) for key, a in arguments.items()},
        )
        for run in self.runs:
            run[taken] = _shapes(node, run)
            self._check_size(run[taken])
        self.nodes.append(
            Node(taken, operator, node.arguments, self._recorded(taken))
        )
        return Ref(taken)

    def _check_size(self, result: object) -> None:
        if isinstance(result, int) and abs(result) > _LARGEST_SIZE:
            raise RefusedError(
                f"has a node `{self.current}` that computes an impossible size"
            )
        if isinstance(result, Tensor) and result.numel() > self.largest:
            shape = tuple(result.shape)
            raise RefusedError(
                f"has a node `{self.current}` with a result of shape {shape}"
            )

    def integer(self, operator: str, a: object, b: object) -> Size:
        """Add an operation on sizes."""
        return Size(self.emit(operator, a=_number(a), b=_number(b)), self)

    def both(self, ref: Ref) -> tuple[Any, Any]:
        """A value, without numbers, for either size of the batch."""
        return self.runs[0][ref.name], self.runs[1][ref.name]

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

    def rank(self, value: Value) -> int:
        """How many axes a value has (1)."""
        return len(self.fixed_shape(value))

    def as_real(self, value: Value) -> Value:
        """Real numbers in place of whole ones or truths."""
        if self.real(value):
            return value
        ref = self.ref(value)
        return self.emit("aten.to.dtype", self=ref, dtype=torch.float32)

    def real(self, value: Value) -> bool:
        """Whether a value consists of real numbers, not of whole ones or truths."""
        if isinstance(value, Constant):
            return value.array.dtype.kind == "f"
        return bool(self.runs[0][value.name].is_floating_point())

    def truth(self, value: Value) -> bool:
        """Whether a value consists of truths."""
        if isinstance(value, Constant):
            return value.array.dtype.kind == "b"
        return bool(self.runs[0][value.name].dtype == torch.bool)

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
        if self.sources.get(name) is not constant.array:
            # Bodies of branches may use a name again for something else.
            name = self._unused(name)
            self.sources[name] = constant.array
            array = constant.array if array is None else array
            # `ascontiguousarray` gives a single number an axis that it does not have.
            plain = np.ascontiguousarray(array).reshape(array.shape)
            self.tensors[name] = self._typed(torch.from_numpy(plain.copy()))
            self.labels[name] = label or constant.name
            for run in self.runs:
                run[name] = self.tensors[name].to("meta")
        return Ref(name)

    def _typed(self, tensor: Tensor) -> Tensor:
        """Numbers in one of the three types that a graph has."""
        if tensor.dtype == torch.bool:
            return tensor
        real = tensor.is_floating_point()
        return tensor.to(self.real_type if real else torch.int64)

    def ref(self, value: Value) -> Ref:
        """A value as a node's argument."""
        if not isinstance(value, Constant):
            return value
        return self._of_sizes(value) if value.sized else self.store(value)

    def _of_sizes(self, constant: Constant) -> Ref:
        """Whole numbers, sizes among them, as a tensor that is put together at run time."""
        parts = [
            self.emit("aten.full.default", size=(), fill_value=self._plain(one))
            for one in constant.array.flat
        ]
        stacked = self.emit("aten.stack.default", tensors=parts, dim=0)
        shape = constant.array.shape
        return self.emit("aten.reshape.default", self=stacked, shape=shape)

    def scalar(self, number: float, name: str = "number") -> Constant:
        """A single real number."""
        label = f"{self.current} {name} {number!r}"
        return Constant(label, np.array(number, dtype=np.float32))

    def whole_scalar(self, number: int) -> Constant:
        """A single whole number."""
        label = f"{self.current} whole number {number}"
        return Constant(label, np.array(number, dtype=np.int64))

    def table(self, name: str, array: Array) -> Ref:
        """Numbers that an operation brings along, such as indices."""
        return self.store(Constant(f"{self.current} {name}", array))

    def _plain(self, value: object) -> object:
        if isinstance(value, Constant):
            return self.ref(value)
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
        while candidate in self.runs[0]:
            # Long sequences ask for one name thousands of times.
            self.taken[name] = self.taken.get(name, 0) + 1
            candidate = f"{name}.{self.taken[name]}"
        return candidate


def _shapes(node: Node, values: Mapping[str, Any]) -> Any:
    """The result of an operation on tensors without numbers."""
    arguments: Any = replace_refs(node.arguments, values.__getitem__)
    library, name, *overload = node.operator.split(".")
    if library == "_operator":
        return getattr(operator, name)(arguments["a"], arguments["b"])
    if name in _RECURRENT:
        return _recurrent_shapes(arguments["input"], arguments["hx"])
    if node.operator in UNCHANGED_OPERATORS:
        return next(iter(arguments.values()))
    same = known_shape(node, arguments)
    if same is not None:
        return same
    if name in _NEW:
        arguments = {**arguments, "device": "meta"}
    return getattr(getattr(torch.ops.aten, name), overload[0])(**arguments)


_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_NEW = ("zeros", "full", "arange", "ones")


def _recurrent_shapes(
    sequence: Tensor, start: Tensor | tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Outputs and last states; torch would walk through every step of the sequence."""
    states = start if isinstance(start, tuple) else (start,)
    directions, _, hidden = states[0].shape
    return sequence.new_empty(*sequence.shape[:2], directions * hidden), *states


def _number(value: object) -> object:
    """A size or a whole number, as an operand of arithmetic on sizes."""
    if isinstance(value, Size):
        return value
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number) or number % 1:
        raise RefusedError(f"multiplies the size of a batch by {number}")
    return int(number)
