"""Goes through the operations of an ONNX file: each is computed in advance, or becomes nodes."""

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mho.checks import RefusedError
from mho.network.formats.building import Builder, Constant, Value
from mho.network.formats.onnx.entries import Entries, Wish, entries_of
from mho.network.formats.onnx.file import onnx_module, opset_of, read_array
from mho.network.formats.onnx.folding import FOLDED, folded
from mho.network.formats.onnx.node import OnnxNode
from mho.network.formats.onnx.operators import HANDLERS
from mho.network.graph import Ref
from mho.network.tracing import first_line


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What became of a file's operations.

    Args:
        builder: The nodes, and what they compute with.
        entries: Inputs.
        outputs: Names of what the network returns.
        needed: Names of what the outputs depend on.
        values: All values of the file, by their names.
    """

    builder: Builder
    entries: Entries
    outputs: tuple[str, ...]
    needed: frozenset[str]
    values: Mapping[str, Value]

    @property
    def names(self) -> dict[str, str]:
        """Value in the graph for each value of the file that is computed from the inputs."""
        return {
            name: value.name
            for name, value in self.values.items()
            if not isinstance(value, Constant)
        }


def read_model(model: Any, folder: Path, wish: Wish) -> Reading:
    """Follow a file's operations.

    Args:
        model: Content of the file.
        folder: Where it lies; numbers beside it are read from there.
        wish: What it is read for.

    Raises:
        RefusedError: It holds what mho cannot run.
    """
    return _Walk(model, folder).reading(wish)


class _Walk:
    """Goes through the operations of a file in their order."""

    def __init__(self, model: Any, folder: Path) -> None:
        self.model = model
        self.folder = folder
        self.opset = opset_of(model)
        self.builder = Builder(())

    def reading(self, wish: Wish) -> Reading:
        """The network between its inputs and outputs."""
        graph = self.model.graph
        _check_made_once(graph)
        wanted = wish.outputs or tuple(item.name for item in graph.output)
        needed = _needed(graph, wanted)
        entries = entries_of(self.model, wish, needed)
        self.builder = Builder(entries.inputs, wish.single)
        values = entries.enter(self.builder)
        self.run(graph, values, needed)
        missing = [name for name in wanted if name not in values]
        if missing:
            raise RefusedError(
                f"has no tensor `{missing[0]}` that it could return"
            )
        return Reading(self.builder, entries, wanted, needed, values)

    def run(
        self,
        graph: Any,
        values: MutableMapping[str, Value],
        needed: frozenset[str] | None = None,
    ) -> None:
        """Add all operations of a graph, or those whose results are needed."""
        for tensor in graph.initializer:
            if needed is None or tensor.name in needed:
                array = read_array(tensor, self.folder)
                values[tensor.name] = Constant(tensor.name, array)
        for item in graph.node:
            if needed is not None and needed.isdisjoint(item.output):
                continue
            node = self.node(item, values)
            if node.operator == "If":
                results = self.branch(item, node, values)
            else:
                results = _results(self.builder, node)
            for name, value in zip(item.output, results, strict=False):
                if name:
                    values[name] = value

    def branch(
        self, item: Any, node: OnnxNode, values: Mapping[str, Value]
    ) -> tuple[Value, ...]:
        """The branch that is taken; the other one is not looked at."""
        chosen = node.needed(0)
        if isinstance(chosen, Ref) or chosen.sized or chosen.array.size != 1:
            raise node.refused(
                "chooses by what it computes from the input; fix that input by"
                " `--input NAME=VALUE` if it is a setting"
            )
        taken = bool(chosen.array.reshape(()).item())
        name = "then_branch" if taken else "else_branch"
        for attribute in item.attribute:
            if attribute.name == name:
                body = attribute.g
                inner = dict(values)
                self.run(body, inner)
                names = [output.name for output in body.output]
                missing = [name for name in names if name not in inner]
                if missing:
                    raise node.refused(
                        f"returns `{missing[0]}`, which its branch does not compute"
                    )
                return tuple(inner[name] for name in names)
        raise node.refused(f"lacks its branch `{name}`")

    def node(self, item: Any, values: Mapping[str, Value]) -> OnnxNode:
        """An operation with its inputs, once these are there."""
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
        known = operator in HANDLERS or operator in FOLDED
        attributes = _attributes(item, self.folder) if known else {}
        return OnnxNode(
            label,
            operator,
            inputs,
            tuple(item.output),
            attributes,
            _place(item),
            self.opset,
        )


def _check_made_once(graph: Any) -> None:
    """Refuse a file in which a name stands for two tensors."""
    seen = {tensor.name for tensor in graph.initializer}
    for item in graph.node:
        for name in item.output:
            if name and name in seen:
                raise RefusedError(f"computes `{name}` twice")
            seen.add(name)


def _needed(graph: Any, outputs: Sequence[str]) -> frozenset[str]:
    """All tensors that the outputs depend on, by their names."""
    needed = set(outputs)
    for item in reversed(graph.node):
        if not needed.isdisjoint(item.output):
            needed.update(_read_by(item))
    return frozenset(needed - {""})


def _read_by(item: Any) -> Iterator[str]:
    """Names of what an operation reads, those inside its branches too."""
    yield from item.input
    for attribute in item.attribute:
        for inner in attribute.g.node:
            yield from _read_by(inner)
        yield from (output.name for output in attribute.g.output)


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
    handler = HANDLERS.get(item.operator)
    if handler is None and item.operator not in FOLDED:
        raise item.refused(
            "mho cannot run; it knows layers, activations, arithmetic, pooling and reshapes"
        )
    builder.current = item.name
    try:
        known = folded(builder, item, handler)
        if known is not None:
            return known
        results = (handler or _only_for_constants)(builder, item)
    except RefusedError:
        raise
    # torch refuses shapes that do not fit with errors of many kinds.
    except Exception as error:
        raise item.refused(
            f"cannot be computed: {first_line(error)}"
        ) from error
    return results if isinstance(results, tuple) else (results,)


def _only_for_constants(_: Builder, item: OnnxNode) -> Value:
    raise item.refused(
        "works on the input, where mho computes it only for constants"
    )
