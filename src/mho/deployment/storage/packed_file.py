"""One flat file of tensors and plain JSON, with a checksum over every byte of it.

It is a safetensors file: eight bytes of length, a JSON header, raw numbers. The header's metadata
say what it is, in which version, and hold everything that is no tensor. Every rule that a reader
may rely on is in docs/reference/image.md. Nothing in it is ever executed.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.checks import RefusedError, one_line
from mho.files import write_whole

VERSION = 1
"""Version of the format that is written and read (1)."""

_LENGTH = 8
_HEADER_MAX = 64 * 2**20
_DIGITS = 64
_BLANK = "0" * _DIGITS
_NAMES = {
    torch.bool: "BOOL",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.int16: "I16",
    torch.int32: "I32",
    torch.int64: "I64",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float32: "F32",
    torch.float64: "F64",
}
_DTYPES = {name: dtype for dtype, name in _NAMES.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """What such a file holds.

    Args:
        kind: What it is, such as `"mho-image"`.
        content: Everything that is no tensor, as JSON.
        tensors: Numbers, by name.
        sha256: Checksum over every byte of the file, in hexadecimal digits.
    """

    kind: str
    content: Mapping[str, Any]
    tensors: Mapping[str, Shaped[Tensor, "..."]]
    sha256: str


def pack(
    kind: str, content: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> tuple[bytes, str]:
    """The bytes of a file, and its checksum; the same content gives the same ones.

    Args:
        kind: What it is.
        content: Plain values.
        tensors: Numbers, by name.
    """
    header: dict[str, Any] = {
        "__metadata__": {
            "content": _dumps(content),
            "format": kind,
            "sha256": _BLANK,
            "version": str(VERSION),
        }
    }
    # Wide numbers first keeps every one of them aligned.
    order = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    parts = []
    start = 0
    for name in order:
        tensor = tensors[name].detach().cpu().contiguous()
        part = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        header[name] = {
            "data_offsets": [start, start + len(part)],
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
        }
        parts.append(part)
        start += len(part)
    text = _dumps(header).encode()
    text += b" " * (-len(text) % 8)
    whole = b"".join((len(text).to_bytes(_LENGTH, "little"), text, *parts))
    place = _digest_place(text)
    digest = hashlib.sha256(whole).hexdigest()
    return whole[:place] + digest.encode() + whole[place + _DIGITS :], digest


def save(
    path: str | Path,
    kind: str,
    content: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
) -> str:
    """Write a file, all or nothing.

    Returns:
        Its checksum, in hexadecimal digits.

    Raises:
        OSError: The disk is full or the folder cannot be written; an older file is untouched.
    """
    whole, digest = pack(kind, content, tensors)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_whole(Path(path), whole)
    return digest


def load(path: str | Path, kinds: tuple[str, ...], argument: str) -> Packed:
    """Read a file that may come from anywhere.

    Args:
        path: The file.
        kinds: Kinds that are accepted.
        argument: Name of the argument, for the error.

    Raises:
        ValueError: It is damaged, or something else; one sentence says so.
        OSError: It cannot be read.
    """
    with Path(path).open("rb") as file:
        # A file of another kind may be too large to be read for nothing.
        start = file.read(_LENGTH)
        size = file.seek(0, 2)
        file.seek(0)
        fits = 2 <= int.from_bytes(start, "little") <= min(size, _HEADER_MAX)
        content = file.read() if fits else start
    with refusing(path, kinds, argument):
        return unpack(content, kinds)


@contextmanager
def refusing(path: str | Path, kinds: tuple[str, ...], argument: str) -> Iterator[None]:
    """Turn whatever a file's content breaks into one sentence.

    Args:
        path: The file.
        kinds: Kinds that are accepted.
        argument: Name of the argument, for the error.

    Raises:
        ValueError: That sentence.
    """
    try:
        yield
    except RefusedError as error:
        raise ValueError(sentence(path, kinds, argument, str(error))) from error
    # A hostile file can break every assumption about it, hence every kind of error.
    except Exception as error:
        reason = f"is damaged ({type(error).__name__})"
        raise ValueError(sentence(path, kinds, argument, reason)) from error


def read_kind(path: str | Path) -> str | None:
    """What a file says of itself, unchecked; `None` if it is no such file.

    Raises:
        OSError: It cannot be read.
    """
    with Path(path).open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        if not 2 <= length <= _HEADER_MAX:
            return None
        text = file.read(length)
    try:
        return str(strict_json(text.decode())["__metadata__"]["format"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def sentence(
    path: str | Path, kinds: tuple[str, ...], argument: str, reason: str
) -> str:
    """Why a file is refused."""
    wanted = " or ".join(f"`{kind}`" for kind in kinds)
    return (
        f"Argument `{argument}` must name a whole file of kind {wanted}, but `{path}`"
        f" {one_line(reason)}."
    )


def unpack(whole: bytes, kinds: tuple[str, ...]) -> Packed:
    """Read the bytes of a file, checking all of them.

    Raises:
        RefusedError: They are not what `pack` makes.
    """
    length = int.from_bytes(whole[:_LENGTH], "little")
    if len(whole) < _LENGTH or not 2 <= length <= min(
        len(whole) - _LENGTH, _HEADER_MAX
    ):
        raise RefusedError("is no safetensors file, or a truncated one")
    text = whole[_LENGTH : _LENGTH + length]
    try:
        header = strict_json(text.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RefusedError(
            f"has no readable header ({type(error).__name__})"
        ) from error
    about = header.pop("__metadata__", None) if isinstance(header, dict) else None
    if not isinstance(about, dict) or not all(
        isinstance(v, str) for v in about.values()
    ):
        raise RefusedError("is another kind of safetensors file")
    if about.get("format") not in kinds:
        raise RefusedError(f"is of kind `{str(about.get('format'))[:40]}`")
    if about.get("version") != str(VERSION):
        raise RefusedError(
            f"has version {str(about.get('version'))[:20]} where this mho reads {VERSION}; use the"
            " mho that wrote it, or write it again"
        )
    _check_digest(whole, text, about.get("sha256", ""))
    content = strict_json(about.get("content", ""))
    if not isinstance(content, dict):
        raise RefusedError("holds no description")
    tensors = _tensors(header, whole[_LENGTH + length :])
    return Packed(about["format"], content, tensors, about["sha256"])


def strict_json(text: str) -> Any:
    """Parse JSON, refusing names given twice and numbers that are none.

    Raises:
        ValueError: It is no JSON, or such JSON.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise RefusedError("has a name twice in its header")
        return found

    def refuse(word: str) -> None:
        raise RefusedError(f"has a number `{word}` in its header")

    return json.loads(text, object_pairs_hook=once, parse_constant=refuse)


def _dumps(value: object) -> str:
    # In the order given: an operation's arguments have one.
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _digest_place(text: bytes) -> int:
    """Where the checksum's digits stand in the file."""
    mark = b'"sha256":"'
    if text.count(mark) != 1:
        raise RefusedError("has not exactly one checksum")
    return _LENGTH + text.index(mark) + len(mark)


def _check_digest(whole: bytes, text: bytes, digest: str) -> None:
    place = _digest_place(text)
    blank = whole[:place] + _BLANK.encode() + whole[place + _DIGITS :]
    found = hashlib.sha256(blank).hexdigest()
    if whole[place : place + _DIGITS] != digest.encode() or found != digest:
        raise RefusedError(
            "has another checksum than it says; it was damaged or changed"
        )


def _tensors(header: Mapping[str, Any], data: bytes) -> dict[str, Tensor]:
    """Numbers as they lie in the file: without gaps, overlaps or more than there is."""
    found: dict[str, Tensor] = {}
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        if (
            entry.keys() != {"data_offsets", "dtype", "shape"}
            or entry["dtype"] not in _DTYPES
        ):
            raise RefusedError(f"has a tensor `{name}` of an unknown kind")
        dtype = _DTYPES[entry["dtype"]]
        (start, stop) = entry["data_offsets"]
        sizes = [start, stop, *entry["shape"]]
        if not all(type(size) is int and size >= 0 for size in sizes) or start != end:
            raise RefusedError(f"has a tensor `{name}` at no possible place")
        count = math.prod(entry["shape"])
        if stop - start != count * dtype.itemsize or stop > len(data):
            raise RefusedError(
                f"has a tensor `{name}` with fewer or more numbers than it claims"
            )
        part = bytearray(data[start:stop])
        if dtype == torch.bool and any(byte > 1 for byte in set(part)):
            raise RefusedError(f"has a tensor `{name}` of impossible truth values")
        flat = (
            torch.frombuffer(part, dtype=dtype) if part else torch.zeros(0, dtype=dtype)
        )
        found[name] = flat.reshape(entry["shape"])
        end = stop
    if end != len(data):
        raise RefusedError("has more bytes than its header describes")
    return found
