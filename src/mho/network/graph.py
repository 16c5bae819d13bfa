"""The recorded operations of a network as plain values: no code, only names and numbers.

A `Graph` comes from a program that `torch.export` traced, or from a `.pt2` file
(`mho.deployment.archive`). Both use the operator names of the file format, such as
`aten.linear.default`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor
from torch._ops import OpOverload
from torch.export import ExportedProgram

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
INTEGER = "integer"
BOOLEAN = "bool"
KINDS = {
    FLOAT: torch.float32,
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
        kind: One of `KINDS`: real numbers, whole numbers, or yes and no.
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
    """

    inputs: tuple[GraphInput, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[GraphOutput, ...]
    tensors: Mapping[str, Shaped[Tensor, "..."]]
    labels: Mapping[str, str]
    untrained: tuple[str, ...] = ()

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

    @property
    def returned(self) -> frozenset[str]:
        """Names of all values that are returned."""
        return frozenset(output.value for output in self.outputs)


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


def graph_of_program(program: ExportedProgram) -> Graph:
    """Read what `torch.export.export` recorded.

    Raises:
        ValueError: The program takes or returns objects that are no tensors, or nothing.
    """
    signature = program.graph_signature
    tensors, labels = _stored_tensors(program)
    nodes = {node.name: node for node in program.graph.nodes}
    return Graph(
        inputs=tuple(
            _graph_input(name, nodes)
            for name in _tensor_names(signature.user_inputs, "take")
        ),
        nodes=tuple(
            _node(node)
            for node in program.graph.nodes
            if node.op not in ("placeholder", "output")
        ),
        outputs=_outputs_of_program(program),
        tensors=tensors,
        labels=labels,
        untrained=tuple(
            name
            for name in tensors
            if name not in signature.inputs_to_parameters
        ),
    )


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


def _tensor_names(found: Sequence[object], does: str) -> list[str]:
    """Names of values that a program takes or returns, all of which must be tensors."""
    names = [name for name in found if isinstance(name, str)]
    if len(names) < len(found) or not names:
        what = "a constant" if found else "nothing"
        raise ValueError(
            f"Argument `source` must {does} tensors alone, but {does}s {what}."
        )
    return names


def _graph_input(name: str, nodes: Mapping[str, torch.fx.Node]) -> GraphInput:
    shape = _shape(nodes[name]) or ()
    recorded = nodes[name].meta.get("val")
    dtype = recorded.dtype if isinstance(recorded, Tensor) else torch.float32
    return GraphInput(
        name,
        shape[1:],
        shape[0] if shape else None,
        kind_of_numbers(dtype),
    )


def _outputs_of_program(program: ExportedProgram) -> tuple[GraphOutput, ...]:
    """Outputs under the keys of the dictionary that a module returns, if it returns one."""
    values = _tensor_names(program.graph_signature.user_outputs, "return")
    structure = program.call_spec.out_spec
    keys = None
    if structure is not None and structure.type is dict:
        keys = [str(key) for key in structure.context]
    if keys is None or len(keys) != len(values):
        return named_outputs(values)
    return named_outputs(values, keys)


def _stored_tensors(
    program: ExportedProgram,
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Parameters, buffers and constants, and the names the user gave them."""
    signature = program.graph_signature
    labels = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    stored = {**program.constants, **program.state_dict}
    tensors = {
        name: stored[label].detach()
        for name, label in labels.items()
        if isinstance(stored.get(label), Tensor)
    }
    return tensors, labels


def _node(node: torch.fx.Node) -> Node:
    arguments = dict(
        zip(_argument_names(node), map(_value, node.args), strict=False)
    )
    arguments |= {key: _value(value) for key, value in node.kwargs.items()}
    return Node(node.name, _operator_name(node), arguments, _shape(node))


def _operator_name(node: torch.fx.Node) -> str:
    target = node.target
    if node.op != "call_function" or isinstance(target, str):
        return f"{node.op}.{target}"
    if isinstance(target, OpOverload):
        return str(target)
    return f"{target.__module__}.{target.__name__}"


def _argument_names(node: torch.fx.Node) -> list[str]:
    if isinstance(node.target, OpOverload):
        # torch offers no public way to the names of an operator's arguments.
        return [argument.name for argument in node.target._schema.arguments]  # noqa: SLF001
    return ["a", "b", *(f"argument_{i}" for i in range(2, len(node.args)))]


def _value(value: object) -> object:
    if isinstance(value, torch.fx.Node):
        return Ref(value.name)
    if isinstance(value, list | tuple):
        return tuple(_value(item) for item in value)
    return value


def _shape(node: torch.fx.Node) -> tuple[int | None, ...] | None:
    recorded = node.meta.get("val")
    if not isinstance(recorded, Tensor):
        return None
    return tuple(
        size if isinstance(size, int) else None for size in recorded.shape
    )
