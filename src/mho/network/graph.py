"""The recorded operations of a network as plain values: no code, only names and numbers.

A `Graph` comes from a program that `torch.export` traced, or from a file (`mho.network.formats`).
All use the operator names of torch, such as `aten.linear.default`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Shaped
from torch import Tensor

TRANSPOSED = ".transposed"
"""Ends the name of a matrix that was turned."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of another node, of a stored tensor or of an input, by name."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation.

    Args:
        name: Name of the result, unique in the graph.
        operator: What is called, such as `"aten.linear.default"`.
        arguments: Arguments by their names in the operator's schema; `Ref` stands for a value.
        shape: Recorded shape of the result, `None` where it is free or unknown.
    """

    name: str
    operator: str
    arguments: Mapping[str, object]
    shape: tuple[int | None, ...] | None = None

    @property
    def in_place(self) -> bool:
        """Whether the operation overwrites its first argument, by torch's naming rule."""
        return any(part.endswith("_") for part in self.operator.split(".")[1:2])

    def refs(self) -> tuple[str, ...]:
        """Names of all values that the operation reads, in the order of the arguments."""
        found: list[str] = []
        replace_refs(self.arguments, found.append)
        return tuple(found)


FLOAT = "float"
DOUBLE = "double"
INTEGER = "integer"
BOOLEAN = "bool"
KINDS = {
    FLOAT: torch.float32,
    DOUBLE: torch.float64,
    INTEGER: torch.int64,
    BOOLEAN: torch.bool,
}
"""Kinds of numbers that an input may take, and how they are computed with."""


def kind_of_numbers(dtype: torch.dtype) -> str:
    """The kind, one of `KINDS`, of numbers of a type.

    >>> kind_of_numbers(torch.uint8), kind_of_numbers(torch.float64)
    ('integer', 'float')
    """
    if dtype.is_floating_point:
        return FLOAT
    return BOOLEAN if dtype == torch.bool else INTEGER


@dataclass(frozen=True, slots=True)
class GraphInput:
    """What a network takes under one name. Samples lie on its first axis.

    Args:
        name: Name of the input, and of its value in the graph.
        sample_shape: Shape of one sample, `None` where it is free.
        batch: Batch size that the recording is tied to (1); `None` if it is free.
        kind: One of `KINDS`: real numbers, whole numbers, or yes and no; real ones of double
            precision only where somebody asks how far rounding goes.
    """

    name: str
    sample_shape: tuple[int | None, ...]
    batch: int | None = None
    kind: str = FLOAT


@dataclass(frozen=True, slots=True)
class GraphOutput:
    """What a network returns under one name.

    Args:
        name: What users call it.
        value: Name of the value in the graph.
    """

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class State:
    """What a network hands on from one step of a sequence to the next.

    Args:
        input: Name of the input that takes it.
        output: Name of the output that returns it for the next step.
    """

    input: str
    output: str


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """The operations between inputs and outputs.

    Args:
        inputs: What the network takes, at least one.
        nodes: Operations in order of execution.
        outputs: What it returns, at least one; the first is what a network with one is asked for.
        tensors: Parameters, buffers and constants, by their names in the graph.
        labels: Names of those tensors in the user's module, such as `"conv.weight"`.
        untrained: Names of the tensors that are no parameters: buffers and constants.
        states: Inputs that are outputs of the step before: the operations are one step of a
            sequence.
        single: Operations take one sample without an axis of samples: the first axis is time, or
            whatever else belongs to the sample. Shapes of samples are then those of whole inputs.
        separate: Operations take samples one by one, with an axis of one sample.
    """

    inputs: tuple[GraphInput, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[GraphOutput, ...]
    tensors: Mapping[str, Shaped[Tensor, "..."]]
    labels: Mapping[str, str]
    untrained: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    single: bool = False
    separate: bool = False

    @property
    def input(self) -> str:
        """Name of the first input, which most often is the only one."""
        return self.inputs[0].name

    @property
    def sample_shape(self) -> tuple[int | None, ...]:
        """Shape of one sample of the first input, `None` where it is free."""
        return self.inputs[0].sample_shape

    @property
    def batch(self) -> int | None:
        """Batch size that the recording is tied to (1); `None` if it is free."""
        sizes = {entry.batch for entry in self.inputs}
        return sizes.pop() if len(sizes) == 1 else None

    @property
    def output(self) -> str:
        """Name of the value that is returned first."""
        return self.outputs[0].value

    def of_single_samples(self) -> "Graph":
        """The same with the first axis of every input taken for a part of the sample."""
        inputs = tuple(
            GraphInput(
                entry.name,
                (entry.batch, *entry.sample_shape),
                None,
                entry.kind,
            )
            for entry in self.inputs
        )
        return replace(self, inputs=inputs, single=True)

    def in_float64(self) -> "Graph":
        """The same in double precision, inputs and all stored numbers."""
        inputs = tuple(
            replace(entry, kind=DOUBLE) if entry.kind == FLOAT else entry
            for entry in self.inputs
        )
        tensors = {
            name: tensor.double() if tensor.is_floating_point() else tensor
            for name, tensor in self.tensors.items()
        }
        tensors[_ONE] = torch.ones((), dtype=torch.float64)
        nodes = tuple(_in_float64(node) for node in self.nodes)
        return replace(self, inputs=inputs, tensors=tensors, nodes=nodes)

    @property
    def entries(self) -> tuple[GraphInput, ...]:
        """Inputs that are no states."""
        states = {state.input for state in self.states}
        return tuple(one for one in self.inputs if one.name not in states)

    @property
    def results(self) -> tuple[GraphOutput, ...]:
        """Outputs that are no states; all of them where there is no other."""
        states = {state.output for state in self.states}
        others = tuple(one for one in self.outputs if one.name not in states)
        return others or self.outputs

    @property
    def returned(self) -> frozenset[str]:
        """Names of all values that are returned."""
        return frozenset(output.value for output in self.outputs)


_ONE = "one in double precision"
_REAL = (torch.float32, torch.float64)


_NEW_REALS = ("aten.zeros.default", "aten.ones.default")
"""Operations whose results are float32 where nothing else is said, such as first states."""


def _in_float64(node: Node) -> Node:
    """An operation whose real results are in double precision."""
    arguments = {
        key: torch.float64 if value == torch.float32 else value
        for key, value in node.arguments.items()
    }
    to_real = node.operator == "aten.to.dtype"
    if to_real and node.arguments.get("dtype") in _REAL:
        # everywhere else such a conversion is one to float32, whatever a module says
        arguments = {"self": node.arguments["self"], "other": Ref(_ONE)}
        return replace(node, operator="aten.mul.Tensor", arguments=arguments)
    if node.operator in _NEW_REALS and arguments.get("dtype") is None:
        arguments["dtype"] = torch.float64
    return replace(node, arguments=arguments)


def replace_refs(value: object, lookup: Callable[[str], object]) -> object:
    """Put `lookup(name)` in the place of every `Ref` inside tuples and mappings.

    >>> replace_refs((Ref("x"), 3), {"x": 7}.get)
    (7, 3)
    """
    if isinstance(value, Ref):
        return lookup(value.name)
    if isinstance(value, tuple):
        return tuple(replace_refs(item, lookup) for item in value)
    if isinstance(value, Mapping):
        return {key: replace_refs(item, lookup) for key, item in value.items()}
    return value


def named_outputs(
    values: Sequence[str], keys: Sequence[str] | None = None
) -> tuple[GraphOutput, ...]:
    """Outputs under their public names: a single one under its value's, others numbered.

    Args:
        values: Values that are returned, in their order.
        keys: Names that the user's module gives them, if it does.

    >>> [output.name for output in named_outputs(("add", "mul"))]
    ['output0', 'output1']
    """
    if keys is None and len(values) == 1:
        keys = values
    if keys is None:
        keys = [f"output{number}" for number in range(len(values))]
    pairs = zip(keys, values, strict=True)
    return tuple(GraphOutput(key, value) for key, value in pairs)
