"""Read a `.pt2` file without running anything in it.

`torch.export.load` is not used, because a file can make it run code: it retries refused pickles
without the safety net (sample inputs, weights), and hands size expressions to an evaluator. The
archive is a zip of JSON and raw numbers; here the JSON becomes a `Graph` and the numbers become
tensors. Sample inputs, size expressions, guards and compiled code are never looked at, and the
pickles that old versions of torch wrote are read with `weights_only=True`.
"""

import io
import json
import math
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mho.checks import RefusedError
from mho.network.graph import (
    Graph,
    GraphInput,
    Node,
    Ref,
    kind_of_numbers,
    named_outputs,
)

_SCHEMA = 8
_DTYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
_PLAIN = frozenset({"as_int", "as_float", "as_bool", "as_string"})
_LISTS = frozenset({"as_ints", "as_floats", "as_bools", "as_strings"})


# Where the three generations of the format keep program, weights and constants.
_PROGRAMS = ("models/model.json", "serialized_exported_program.json")


_WEIGHTS = ("data/weights/model.pt", "serialized_state_dict.pt")
_CONSTANTS = ("data/constants/model.pt", "serialized_constants.pt")


def read_archive(path: str | Path) -> Graph:
    """Read a program saved by `torch.export.save`.

    Args:
        path: The file, usually `*.pt2`.

    Raises:
        ValueError: The file is damaged, no such archive, or would need code to be run.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _Archive(archive).graph()
    except zipfile.BadZipFile as error:
        reason = (
            "is no complete zip archive; it may be truncated or of another type"
        )
        raise ValueError(_sentence(path, reason)) from error
    except RefusedError as error:
        raise ValueError(_sentence(path, str(error))) from error
    # A hostile file can break every assumption about it, hence every kind of error.
    except Exception as error:
        raise ValueError(
            _sentence(path, f"is damaged ({type(error).__name__})")
        ) from error


def unpickle_tensors(content: bytes) -> object:
    """Read what `torch.save` wrote, refusing everything but tensors and plain containers.

    Raises:
        RefusedError: The file holds something else, or is damaged.
    """
    try:
        return torch.load(
            io.BytesIO(content), map_location="cpu", weights_only=True
        )
    except Exception as error:
        if "GLOBAL" in str(error) or "Unsupported class" in str(error):
            reason = (
                "holds Python objects that could run code, so it was not opened"
            )
        else:
            reason = "is damaged or of another type"
        raise RefusedError(reason) from error


def _sentence(path: str | Path, reason: str) -> str:
    return (
        "Argument `network` must name a program saved by `torch.export.save`, but"
        f" `{path}` {reason}; export it again."
    )


class _Archive:
    """One open `.pt2` file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = {info.filename: info for info in archive.infolist()}
        found = [name for name in self.names if name.endswith(_PROGRAMS)]
        if len(found) != 1:
            raise RefusedError(
                f"holds {len(found)} programs instead of one named `model`"
            )
        self.program = found[0]
        self.root = (
            found[0].removesuffix(_PROGRAMS[0]).removesuffix(_PROGRAMS[1])
        )

    def graph(self) -> Graph:
        program = self.json(self.program)
        major = program["schema_version"]["major"]
        if major != _SCHEMA:
            raise RefusedError(
                f"has schema version {major} where mho reads {_SCHEMA}"
            )
        byteorder = self.root + "byteorder"
        if byteorder in self.names:
            order = self.read(byteorder).decode()
            if order != sys.byteorder:
                raise RefusedError(
                    "was written on a machine with another byte order"
                )
        weights = self.tensors("weights", _WEIGHTS)
        constants = self.tensors("constants", _CONSTANTS)
        return _graph(program["graph_module"], weights | constants)

    def read(self, name: str) -> bytes:
        info = self.names[name]
        # torch never compresses, and an uncompressed member cannot be larger than its file.
        if info.compress_type != zipfile.ZIP_STORED:
            raise RefusedError(
                f"has a compressed member `{name}`, which torch never writes"
            )
        return self.archive.read(info)

    def json(self, name: str) -> Any:
        return json.loads(self.read(name))

    def tensors(self, part: str, pickles: tuple[str, ...]) -> dict[str, Tensor]:
        """Weights or constants, by the names the user gave them."""
        for name in (self.root + pickle for pickle in pickles):
            if name in self.names:
                loaded = unpickle_tensors(self.read(name))
                if not isinstance(loaded, dict):
                    raise RefusedError(
                        f"has a member `{name}` that is no dictionary of tensors"
                    )
                return {
                    key: value
                    for key, value in loaded.items()
                    if isinstance(value, Tensor)
                }
        folder = f"{self.root}data/{part}/"
        config = self.json(f"{folder}model_{part}_config.json")["config"]
        # Anything but tensors is left out; a program that needs it is refused by name later.
        return {
            label: self.tensor(folder + entry["path_name"], entry)
            for label, entry in config.items()
            if entry["path_name"].startswith(("weight_", "tensor_"))
        }

    def tensor(self, name: str, entry: Mapping[str, Any]) -> Tensor:
        payload = self.read(name)
        if entry["use_pickle"]:
            loaded = unpickle_tensors(payload)
            if not isinstance(loaded, Tensor):
                raise RefusedError(f"has a member `{name}` that is no tensor")
            return loaded
        return _tensor(name, payload, entry["tensor_meta"])


def _tensor(name: str, payload: bytes, meta: Mapping[str, Any]) -> Tensor:
    """Numbers as they lie in the file, after making sure that they all lie there."""
    if meta["dtype"] not in _DTYPES:
        raise RefusedError(f"has a tensor `{name}` of an unknown number type")
    sizes, strides = (
        [int(n["as_int"]) for n in meta[key]] for key in ("sizes", "strides")
    )
    offset = int(meta["storage_offset"]["as_int"])
    numel = math.prod(sizes)
    dtype = _DTYPES[meta["dtype"]]
    if numel == 0:
        return torch.zeros(sizes, dtype=dtype)
    last = offset + sum(
        (n - 1) * step for n, step in zip(sizes, strides, strict=True)
    )
    available = len(payload) // dtype.itemsize
    if min([offset, *sizes, *strides]) < 0 or max(last + 1, numel) > available:
        raise RefusedError(
            f"has a tensor `{name}` with fewer numbers than it claims"
        )
    flat = torch.frombuffer(bytearray(payload), dtype=dtype, count=available)
    return flat.as_strided(sizes, strides, offset).clone()


def _graph(module: Mapping[str, Any], stored: Mapping[str, Tensor]) -> Graph:
    recorded = module["graph"]
    labels = dict[str, str]()
    inputs = list[str]()
    trained = set[str]()
    for spec in module["signature"]["input_specs"]:
        kind, content = next(iter(spec.items()))
        if kind in ("parameter", "buffer", "tensor_constant"):
            name = content["arg"]["name"]
            labels[name] = content[f"{kind}_name"]
            if kind == "parameter":
                trained.add(name)
        else:
            # Anything else that a program may take counts as an input, to be refused by number.
            argument = content["arg"] if kind == "user_input" else {}
            inputs.append(_tensor_name(argument))
    outputs = [
        _tensor_name(spec["user_output"]["arg"])
        for spec in module["signature"]["output_specs"]
        if "user_output" in spec
    ]
    shapes = {
        name: _sizes(meta) for name, meta in recorded["tensor_values"].items()
    }
    entries = _inputs(inputs, recorded["tensor_values"])
    if not outputs or "no tensor" in outputs:
        raise RefusedError(
            "returns something that is no tensor, where a network must return tensors alone"
        )
    nodes: list[Node] = []
    for node in recorded["nodes"]:
        nodes += _nodes(node, shapes)
    present = {name: label for name, label in labels.items() if label in stored}
    keys = _keys_of_outputs(module, len(outputs))
    untrained = tuple(name for name in labels if name not in trained)
    return Graph(
        inputs=entries,
        nodes=tuple(nodes),
        outputs=named_outputs(outputs, keys),
        tensors={name: stored[label] for name, label in present.items()},
        labels=labels,
        untrained=untrained,
    )


def _inputs(
    names: Sequence[str], values: Mapping[str, Any]
) -> tuple[GraphInput, ...]:
    """What a program takes, all of which must be tensors."""
    wrong = [name for name in names if name not in values]
    if wrong or not names:
        what = "something that is no tensor" if names else "nothing"
        raise RefusedError(
            f"takes {what}, where a network must take tensors alone"
        )
    found = []
    for name in names:
        shape = _sizes(values[name])
        dtype = _DTYPES.get(values[name]["dtype"])
        if dtype is None:
            raise RefusedError(
                f"takes an input `{name}` of an unknown number type"
            )
        batch = shape[0] if shape else None
        kind = kind_of_numbers(dtype)
        found.append(GraphInput(name, shape[1:], batch, kind))
    return tuple(found)


def _keys_of_outputs(module: Mapping[str, Any], count: int) -> list[str] | None:
    """Names of the outputs of a module that returns a dictionary; `None` for others."""
    calls = module.get("module_call_graph", ())
    signatures = [
        call["signature"]
        for call in calls
        if call.get("fqn") == "" and call.get("signature")
    ]
    if not signatures:
        return None
    # A version of the structure's text, and the structure.
    _, structure = json.loads(signatures[0]["out_spec"])
    if structure.get("type") != "builtins.dict":
        return None
    keys = json.loads(structure["context"])
    if not isinstance(keys, list) or len(keys) != count:
        return None
    return [str(key) for key in keys]


def _tensor_name(argument: Mapping[str, Any]) -> str:
    """Name of the tensor that is passed, or a name that none has."""
    tensor = argument.get("as_tensor", {})
    name: str = tensor.get("name", "no tensor")
    return name


def _sizes(meta: Mapping[str, Any]) -> tuple[int | None, ...]:
    """Fixed sizes; an expression is left unread, as evaluating it could run code."""
    return tuple(size.get("as_int") for size in meta["sizes"])


def _nodes(
    node: Mapping[str, Any], shapes: Mapping[str, tuple[int | None, ...]]
) -> list[Node]:
    """An operation and, if it has several results, the operations that pick them apart."""
    names = [
        name for output in node["outputs"] for name in _result_names(output)
    ]
    arguments = {item["name"]: _value(item["arg"]) for item in node["inputs"]}
    target = str(node["target"]).removeprefix("torch.ops.")
    listed = any("as_tensors" in output for output in node["outputs"])
    if len(names) == 1 and not listed:
        return [Node(names[0], target, arguments, shapes.get(names[0]))]
    own = str(node.get("name") or "without result")
    nodes = [Node(own, target, arguments)]
    for place, name in enumerate(names):
        picked = {"a": Ref(own), "b": place}
        shape = shapes.get(name)
        nodes.append(Node(name, "_operator.getitem", picked, shape))
    return nodes


def _result_names(output: Mapping[str, Any]) -> list[str]:
    kind, result = next(iter(output.items()))
    if kind == "as_tensors":
        return [item["name"] for item in result]
    names = {"as_tensor": "name", "as_sym_int": "as_name"}
    return [result[names[kind]]] if kind in names else []


def _value(argument: Mapping[str, Any]) -> object:
    kind, value = next(iter(argument.items()))
    if kind in _PLAIN:
        return value
    if kind in _LISTS:
        return tuple(value)
    if kind in ("as_tensor", "as_optional_tensor"):
        return _value(value) if "name" not in value else Ref(value["name"])
    if kind in ("as_tensors", "as_optional_tensors"):
        return tuple(_value({"as_tensor": item}) for item in value)
    if kind == "as_sym_int":
        return Ref(value["as_name"]) if "as_name" in value else value["as_int"]
    if kind == "as_sym_ints":
        return tuple(_value({"as_sym_int": item}) for item in value)
    if kind == "as_scalar_type":
        return _DTYPES.get(value)

    # Memory formats, layouts and devices mean nothing here; `None` is their default.
    return None
