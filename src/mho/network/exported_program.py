"""What `torch.export` recorded of a module, as a graph of plain values."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.export import ExportedProgram

from mho.network.graph import (
    Graph,
    GraphInput,
    GraphOutput,
    Node,
    Ref,
    kind_of_numbers,
    named_outputs,
)


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
