"""Networks from ONNX files, as the same graphs that other files become.

Every operation of the file turns into operations of torch, as `torch.export` would have recorded
them; everything later is the same for all sources. A file is data: nothing in it is run.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mho.checks import RefusedError
from mho.network.formats.onnx.builder import (
    Builder,
    Constant,
    Handler,
    OnnxNode,
    Value,
)
from mho.network.formats.onnx.constants import FOLDED, folded
from mho.network.formats.onnx.elementwise import HANDLERS as ELEMENTWISE
from mho.network.formats.onnx.file import onnx_module, open_model, read_array
from mho.network.formats.onnx.layers import HANDLERS as LAYERS
from mho.network.formats.onnx.shapes import HANDLERS as SHAPES
from mho.network.graph import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    Graph,
    GraphInput,
    GraphOutput,
    Ref,
)
from mho.network.tracing import first_line

KINDS_OF_INPUTS = {
    **dict.fromkeys((1, 10, 11), FLOAT),
    **dict.fromkeys((2, 3, 4, 5, 6, 7, 12, 13), INTEGER),
    9: BOOLEAN,
}
"""Kind of numbers of an input by the number that the standard gives its type."""
_HANDLERS: dict[str, Handler] = {**LAYERS, **ELEMENTWISE, **SHAPES}


class OnnxNetwork:
    """A file that has been read.

    Args:
        model: Content of the file, with all numbers inside.
        graph: The network.
        names: Value in the graph for each value of the file that is computed from the input.
    """

    __slots__ = ("graph", "model", "names")

    def __init__(
        self, model: Any, graph: Graph, names: Mapping[str, str]
    ) -> None:
        self.model = model
        self.graph = graph
        self.names = names


def read_onnx(path: str | Path) -> Graph:
    """Read a network exported to ONNX.

    Args:
        path: The file, of opset 13 to 21; numbers may lie in other files of its folder.

    Raises:
        ValueError: The file is damaged, or holds what mho cannot run, in one sentence.
    """
    return read_onnx_file(path).graph


def read_onnx_file(path: str | Path) -> OnnxNetwork:
    """As `read_onnx`, with what a comparison needs.

    Raises:
        ValueError: As `read_onnx`.
    """
    try:
        return _network(Path(path))
    except RefusedError as error:
        raise ValueError(_sentence(path, str(error))) from error
    # A hostile file can break every assumption about it, hence every kind of error.
    except Exception as error:
        raise ValueError(
            _sentence(path, f"is damaged ({type(error).__name__})")
        ) from error


def _sentence(path: str | Path, reason: str) -> str:
    # Names come from the file, and may hold line breaks or commands to a terminal.
    reason = "".join(
        letter if letter.isprintable() else "?" for letter in reason
    )
    return f"Argument `network` must name an ONNX file that mho can run, but `{path}` {reason}."


def _network(path: Path) -> OnnxNetwork:
    model = open_model(path)
    constants = {
        tensor.name: Constant(tensor.name, read_array(tensor, path.parent))
        for tensor in model.graph.initializer
    }
    builder = Builder(_inputs(model, constants))
    values: dict[str, Value] = {
        **constants,
        **{entry.name: Ref(entry.name) for entry in builder.inputs},
    }
    for item in _nodes(model, path.parent, values):
        for name, value in zip(
            item.outputs, _results(builder, item), strict=False
        ):
            if name in values:
                raise RefusedError(f"computes `{name}` twice")
            values[name] = value
        values.pop("", None)
    outputs = _outputs(model, values)
    names = {
        name: v.name
        for name, v in values.items()
        if not isinstance(v, Constant)
    }
    return OnnxNetwork(model, builder.finished(outputs), names)


def _inputs(
    model: Any, constants: Mapping[str, Constant]
) -> tuple[GraphInput, ...]:
    """What the file takes; old files list their weights among the inputs."""
    entries = tuple(
        _input(entry)
        for entry in model.graph.input
        if entry.name not in constants
    )
    names = {entry.name for entry in entries}
    if not entries or len(names) < len(entries):
        raise RefusedError(
            f"takes {len(entries)} inputs of {len(names)} names, where each needs its own"
        )
    return entries


def _input(entry: Any) -> GraphInput:
    """Name, sizes and kind of numbers of an input."""
    described = entry.type.tensor_type
    sizes = [
        dim.dim_value if dim.HasField("dim_value") else None
        for dim in described.shape.dim
    ]
    fixed = [size for size in sizes if size is not None]
    impossible = any(not 0 < size < 2**31 for size in fixed)
    if not sizes or impossible:
        raise RefusedError(
            f"takes an input `{entry.name}` of shape {tuple(sizes)}, without samples"
        )
    kind = KINDS_OF_INPUTS.get(described.elem_type)
    if kind is None:
        raise RefusedError(
            f"takes an input `{entry.name}` of number type {described.elem_type}, where a network"
            " must take real or whole numbers"
        )
    return GraphInput(entry.name, tuple(sizes[1:]), sizes[0], kind)


def _outputs(
    model: Any, values: Mapping[str, Value]
) -> tuple[GraphOutput, ...]:
    """What the file returns, all of which must be computed from its inputs."""
    found = []
    for item in model.graph.output:
        value = values.get(item.name)
        if value is None or isinstance(value, Constant):
            raise RefusedError(
                f"returns `{item.name}`, which it does not compute from its inputs"
            )
        found.append(GraphOutput(item.name, value.name))
    names = {output.name for output in found}
    if not found or len(names) < len(found):
        raise RefusedError(
            f"returns {len(found)} tensors of {len(names)} names, where each needs its own"
        )
    return tuple(found)


def _nodes(model: Any, folder: Path, values: Mapping[str, Value]) -> Any:
    """Operations in the order of the file, each once its inputs are there."""
    for item in model.graph.node:
        names = [name or f"output {k}" for k, name in enumerate(item.output)]
        label = names[0] if names else item.name
        standard = item.domain in ("", "ai.onnx")
        operator = (
            item.op_type if standard else f"{item.domain}::{item.op_type}"
        )
        missing = [name for name in item.input if name and name not in values]
        if missing:
            raise RefusedError(
                f"has a node `{label}` (`{operator}`) that uses `{missing[0]}` before it is"
                " computed"
            )
        inputs = tuple(values[name] if name else None for name in item.input)
        known = standard and (
            item.op_type in _HANDLERS or item.op_type in FOLDED
        )
        attributes = _attributes(item, folder) if known else {}
        yield OnnxNode(
            label,
            operator,
            inputs,
            tuple(item.output),
            attributes,
            _place(item),
        )


def _place(item: Any) -> str:
    """The user's module that an operation came from, in the words of torch's two exporters."""
    name: str = item.name
    for note in item.metadata_props:
        if note.key == "pkg.torch.onnx.name_scopes":
            scopes: list[str] = re.findall(r"'([^']*)'", note.value)
            return ["", "", *scopes][-2]
    return ".".join(name.split("/")[1:-1])


def _attributes(item: Any, folder: Path) -> dict[str, Any]:
    onnx = onnx_module()
    found: dict[str, Any] = {}
    for attribute in item.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        # Tensors become arrays, and texts, which lie there as bytes, texts.
        if isinstance(value, onnx.TensorProto):
            value = read_array(value, folder)
        elif isinstance(value, bytes):
            value = value.decode()
        elif isinstance(value, list):
            value = [v.decode() if isinstance(v, bytes) else v for v in value]
        found[attribute.name] = value
    return found


def _results(builder: Builder, item: OnnxNode) -> tuple[Value, ...]:
    if item.operator not in _HANDLERS and item.operator not in FOLDED:
        raise item.refused(
            "mho cannot run; it knows layers, activations, arithmetic, pooling and reshapes"
        )
    builder.current = item.name
    constant = folded(builder, item)
    if constant is not None:
        return (constant,)
    if item.operator not in _HANDLERS:
        raise item.refused(
            "works on the input, where mho computes it only for constants"
        )
    try:
        results = _HANDLERS[item.operator](builder, item)
    except RefusedError:
        raise
    # torch refuses shapes that do not fit with errors of many kinds.
    except Exception as error:
        raise item.refused(
            f"cannot be computed: {first_line(error)}"
        ) from error
    return results if isinstance(results, tuple) else (results,)
