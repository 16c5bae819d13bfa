"""Open an ONNX file from anywhere: a network's description and plain numbers, no code.

The `onnx` package parses the file; it is imported when a file is opened, not before. Numbers that
lie in files beside the model are read here, since the file says where they are and may lie.
"""

import importlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from mho.checks import RefusedError, one_line
from mho.network.formats.onnx.lifting import lifted

OPSETS = range(7, 22)
"""Versions of the standard operators that mho knows."""

Array = npt.NDArray[Any]
_LARGEST = 2**31
"""Bytes that one tensor may take; the format itself allows no more inside a file."""


def onnx_module(name: str = "onnx") -> Any:
    """The `onnx` package, or a part of it.

    Raises:
        RefusedError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        reason = "is an ONNX file, and the package that reads those is missing"
        raise RefusedError(f"{reason}; install `mho[onnx]`") from error


def open_model(path: Path) -> Any:
    """The content of a file, with all its numbers inside.

    Raises:
        RefusedError: The file is damaged, of another type, or of an unknown version.
    """
    onnx = onnx_module()
    content = path.read_bytes()
    model = _parsed(onnx, content)
    opset = opset_of(model)
    if 0 < opset < OPSETS[0]:
        model = _parsed(onnx, lifted(content, opset))
    elif opset not in OPSETS:
        raise _of_opset(opset)
    if model.graph.sparse_initializer:
        raise RefusedError(
            "holds sparse weights, which mho does not read; export them as dense"
        )
    # Only nodes of other domains may call them, and those are refused one by one.
    del model.functions[:]
    return model


def _parsed(onnx: Any, content: bytes) -> Any:
    try:
        model = onnx.ModelProto.FromString(content)
    # The parser of the day has errors of its own.
    except Exception as error:
        raise RefusedError("is no ONNX file, or is truncated") from error
    if not model.graph.node or not model.opset_import:
        raise RefusedError("is no ONNX file, or is truncated")
    return model


def opset_of(model: Any) -> int:
    """Version of the standard operators that a file uses.

    Raises:
        RefusedError: It states none, or several.
    """
    versions = [
        item.version
        for item in model.opset_import
        if item.domain in ("", "ai.onnx")
    ]
    # Other domains have operators of their own, which are refused one by one.
    if not versions:
        others = ", ".join(
            f"`{one_line(item.domain)}`" for item in model.opset_import
        )
        raise RefusedError(
            f"uses none of the standard's operators, only those of {others}, which mho does not"
            " know; export the network itself with `opset_version=18`"
        )
    if len(versions) != 1:
        raise _of_opset(", ".join(map(str, versions)))
    return int(versions[0])


def _of_opset(found: object) -> RefusedError:
    return RefusedError(
        f"has opset {found} where mho reads {OPSETS[0]} to {OPSETS[-1]}, and older ones as far as"
        " they can be converted; export it with `opset_version=18`"
    )


def read_array(tensor: Any, folder: Path) -> Array:
    """The numbers of a stored tensor; those of a file beside the model come inside.

    Args:
        tensor: A `TensorProto`, changed in place if its numbers lie in another file.
        folder: Folder of the model, the only one that is read from.

    Raises:
        RefusedError: Numbers are missing, of an unknown type, or in a file out of bounds.
    """
    onnx = onnx_module()
    kinds = (
        "FLOAT",
        "DOUBLE",
        "FLOAT16",
        "BFLOAT16",
        "INT8",
        "INT16",
        "INT32",
        "INT64",
        "UINT8",
        "UINT16",
        "UINT32",
        "BOOL",
    )
    if tensor.data_type not in [
        getattr(onnx.TensorProto, kind) for kind in kinds
    ]:
        raise RefusedError(
            f"has a tensor `{tensor.name}` of a number type that mho does not read"
        )
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    count = _count(tensor.dims, dtype.itemsize, tensor.name)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        tensor.raw_data = _external(tensor, folder, count * dtype.itemsize)
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]
    _check_present(tensor, count, dtype.itemsize)
    array = cast(Array, onnx.numpy_helper.to_array(tensor))
    return (
        array.astype(np.float32)
        if tensor.data_type == onnx.TensorProto.BFLOAT16
        else array
    )


def _count(dims: Sequence[int], itemsize: int, name: str) -> int:
    """How many numbers a shape claims (1)."""
    if any(size < 0 for size in dims) or math.prod(dims) * itemsize > _LARGEST:
        raise RefusedError(
            f"has a tensor `{name}` of impossible shape {tuple(dims)}"
        )
    return math.prod(dims)


def _check_present(tensor: Any, count: int, itemsize: int) -> None:
    if tensor.HasField("raw_data"):
        present = len(tensor.raw_data) / itemsize
    else:
        fields = ("float_data", "double_data", "int32_data", "int64_data")
        present = max(len(getattr(tensor, field)) for field in fields)
    if present != count:
        raise RefusedError(
            f"has a tensor `{tensor.name}` of {present:g} numbers where its shape"
            f" {tuple(tensor.dims)} asks for {count}"
        )


def _external(tensor: Any, folder: Path, wanted: int) -> bytes:
    """Bytes of a tensor that lie in another file of the model's folder."""
    entry: dict[str, str] = {
        item.key: item.value for item in tensor.external_data
    }
    location = entry.get("location", "")
    parts = location.replace("\\", "/").split("/")
    strange = (
        "\0" in location or ":" in location or ".." in parts or parts[0] == ""
    )
    path = (folder if strange else folder / location).resolve()
    root = folder.resolve()
    if path == root or not path.is_relative_to(root):
        raise RefusedError(
            f"keeps the tensor `{tensor.name}` in `{location}`, outside its own folder"
        )
    offset = _whole(entry.get("offset", "0"), tensor.name)
    length = _whole(entry.get("length", str(wanted)), tensor.name)
    if not path.is_file():
        raise RefusedError(
            f"keeps the tensor `{tensor.name}` in `{location}`, which is missing"
        )
    with path.open("rb") as file:
        file.seek(min(offset, path.stat().st_size))
        content = file.read(wanted)
    if length != wanted or len(content) != wanted:
        raise RefusedError(
            f"has a tensor `{tensor.name}` with fewer numbers in `{location}` than it claims"
        )
    return content


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise RefusedError(
            f"has a tensor `{name}` at the impossible place `{text}` of its file"
        )
    return int(text)
