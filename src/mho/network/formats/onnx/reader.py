"""Networks from ONNX files, as the same graphs that other files become.

Every operation of the file turns into operations of torch, as `torch.export` would have recorded
them; everything later is the same for all sources. A file is data: nothing in it is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mho.checks import RefusedError
from mho.network.formats.building import Array
from mho.network.formats.onnx.entries import Wish, results_of
from mho.network.formats.onnx.file import open_model
from mho.network.formats.onnx.walk import Reading, read_model
from mho.network.graph import Graph


@dataclass(frozen=True, slots=True, eq=False)
class OnnxNetwork:
    """A file that has been read.

    Args:
        model: Content of the file, with all numbers inside.
        graph: The network.
        constants: Inputs that were known in advance, by name.
        names: Value in the graph for each value of the file that is computed from the inputs.
        axes: On which axis the file has the samples of an input or output, by name.
        alone: Axis on which the file has the one sample that goes through it at a time; `None` if
            it has none such, or takes several.
    """

    model: Any
    graph: Graph
    constants: Mapping[str, Array]
    names: Mapping[str, str]
    axes: Mapping[str, int]
    alone: int | None = None


def read_onnx(path: str | Path) -> Graph:
    """Read a network exported to ONNX.

    Args:
        path: The file; numbers may lie in other files of its folder.

    Raises:
        ValueError: The file is damaged, or holds what mho cannot run, in one sentence.
    """
    return read_onnx_file(path).graph


def read_onnx_file(path: str | Path, wish: Wish | None = None) -> OnnxNetwork:
    """As `read_onnx`, with what a comparison needs.

    Args:
        path: The file; numbers may lie in other files of its folder.
        wish: What it is read for: sizes of free axes, inputs that are known in advance, outputs.

    Raises:
        ValueError: As `read_onnx`.
    """
    try:
        model = open_model(Path(path))
        reading = read_model(model, Path(path).parent, wish or Wish())
        return _network(model, reading)
    except RefusedError as error:
        raise ValueError(_sentence(path, str(error))) from error
    # A hostile file can break every assumption about it, hence every kind of error.
    except Exception as error:
        raise ValueError(
            _sentence(path, f"is damaged ({type(error).__name__})")
        ) from error


def file_inputs(path: str | Path) -> dict[str, int]:
    """How many axes each input of a file has, by name; nothing else is read.

    Args:
        path: The file.

    Raises:
        ValueError: It is damaged, of another type or of an unknown version.
    """
    try:
        graph = open_model(Path(path)).graph
    except RefusedError as error:
        raise ValueError(_sentence(path, str(error))) from error
    stored = {tensor.name for tensor in graph.initializer}
    return {
        item.name: len(item.type.tensor_type.shape.dim)
        for item in graph.input
        if item.name not in stored
    }


def _network(model: Any, reading: Reading) -> OnnxNetwork:
    builder = reading.builder
    results = results_of(builder, reading.outputs, reading.values)
    _cut(model, reading)
    if not builder.inputs:
        raise RefusedError("takes no input that its outputs depend on")
    return OnnxNetwork(
        model,
        builder.finished(results.outputs),
        {
            name: constant.array
            for name, constant in reading.entries.constants.items()
        },
        reading.names,
        {**reading.entries.axes, **results.axes},
    )


def _cut(model: Any, reading: Reading) -> None:
    """Leave out of the content of a file what was not read, so that it can be compared."""
    kept = [
        item
        for item in model.graph.node
        if not reading.needed.isdisjoint(item.output)
    ]
    if len(kept) < len(model.graph.node):
        del model.graph.node[:]
        model.graph.node.extend(kept)


def _sentence(path: str | Path, reason: str) -> str:
    # Names come from the file, and may hold line breaks or commands to a terminal.
    reason = "".join(
        letter if letter.isprintable() else "?" for letter in reason
    )
    return f"Argument `network` must name an ONNX file that mho can run, but `{path}` {reason}."
