"""The recorded operations of a network as plain values: no code, only names and numbers.

A `Graph` comes from a program that `torch.export` traced, or from a `.pt2` file
(`mho.deployment.archive`). Both use the operator names of the file format, such as
`aten.linear.default`.
"""

from collections.abc import Callable, Mapping
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
    """The value of another node, of a stored tensor or of the input, by name."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """The operations between one input and one output.

    Args:
        input: Name of the input.
        sample_shape: Shape of one sample, `None` where it is free.
        batch: Batch size that the recording is tied to (1); `None` if it is free.
        nodes: Operations in order of execution.
        output: Name of the value returned.
        tensors: Parameters, buffers and constants, by their names in the graph.
        labels: Names of those tensors in the user's module, such as `"conv.weight"`.
        untrained: Names of the tensors that are no parameters: buffers and constants.
    """

    input: str
    sample_shape: tuple[int | None, ...]
    batch: int | None
    nodes: tuple[Node, ...]
    output: str
    tensors: Mapping[str, Shaped[Tensor, "..."]]
    labels: Mapping[str, str]
    untrained: tuple[str, ...] = ()


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


def _check_one_input_and_output(inputs: int, outputs: int) -> None:
    """Refuse a network with several inputs or outputs.

    Raises:
        ValueError: In the house sentence.
    """
    if (inputs, outputs) != (1, 1):
        raise ValueError(
            "Argument `source` must take one tensor and return one tensor, but takes"
            f" {inputs} and returns {outputs}; wrap it in a module that picks one of each."
        )


def graph_of_program(program: ExportedProgram) -> Graph:
    """Read what `torch.export.export` recorded.

    Raises:
        ValueError: The program has several inputs or outputs, or objects that are no tensors.
    """
    signature = program.graph_signature
    _check_one_input_and_output(
        len(signature.user_inputs), len(signature.user_outputs)
    )
    entry = signature.user_inputs[0]
    result = signature.user_outputs[0]
    if not (isinstance(entry, str) and isinstance(result, str)):
        raise ValueError(  # noqa: TRY004 - a value of the user's, as all refusals here
            "Argument `source` must take a tensor and return a tensor, but takes or returns a"
            " constant."
        )
    tensors, labels = _stored_tensors(program)
    nodes = {node.name: node for node in program.graph.nodes}
    shape = _shape(nodes[entry]) or ()
    return Graph(
        input=entry,
        sample_shape=shape[1:],
        batch=shape[0] if shape else None,
        nodes=tuple(
            _node(node)
            for node in program.graph.nodes
            if node.op not in ("placeholder", "output")
        ),
        output=result,
        tensors=tensors,
        labels=labels,
        untrained=tuple(
            name
            for name in tensors
            if name not in signature.inputs_to_parameters
        ),
    )


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
