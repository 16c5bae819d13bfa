"""One flat file of tensors and plain JSON, with a checksum over every byte of it.

It is a safetensors file: eight bytes of length, a JSON header, raw numbers. The header's metadata
say what it is, in which version, and hold everything that is no tensor. Every rule that a reader
may rely on is in docs/reference/image.md. Nothing in it is ever executed, and no memory is taken
for a file before its size is known to be what its header says.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.checks import RefusedError, one_line
from mho.files.memory import TooLargeError, check_memory
from mho.files.packed.header import (
    BLANK,
    DIGITS,
    DTYPES,
    HEADER_MAX,
    LENGTH,
    NAMES,
    VERSION,
    Header,
    check_places,
    digest_place,
    in_order,
    parse_header,
    strict_json,
)
from mho.files.write_whole import write_whole

_PIECE = 2**20
"""Bytes of a file that are hashed at a time."""

_AT_ONCE = 64 * 2**20
"""Size up to which a file is read whole before its checksum is known (bytes)."""


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
            "sha256": BLANK.decode(),
            "version": str(VERSION),
        }
    }
    # Wide numbers first keeps every one of them aligned.
    order = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    parts = []
    start = 0
    for name in order:
        tensor = tensors[name].detach().cpu().contiguous()
        part = _plain(tensor).view(torch.uint8).numpy().tobytes()
        header[name] = {
            "data_offsets": [start, start + len(part)],
            "dtype": NAMES[tensor.dtype],
            "shape": list(tensor.shape),
        }
        parts.append(part)
        start += len(part)
    text = _dumps(header).encode()
    text += b" " * (-len(text) % 8)
    whole = b"".join((len(text).to_bytes(LENGTH, "little"), text, *parts))
    place = digest_place(text)
    digest = hashlib.sha256(whole).hexdigest()
    return whole[:place] + digest.encode() + whole[place + DIGITS :], digest


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
        TooLargeError: It takes more memory than is allowed; see `allow_memory`.
        ValueError: It is damaged, or something else; one sentence says so.
        OSError: It cannot be read.
    """
    with refusing(path, kinds, argument):
        return read(path, kinds, argument)


def read(
    path: str | Path, kinds: tuple[str, ...], argument: str | None = None
) -> Packed:
    """Read a file for somebody who has a sentence of his own; see `load`.

    Args:
        path: The file.
        kinds: Kinds that are accepted.
        argument: What leads to a file from anywhere; `None` for one of our own, of any size.

    Raises:
        TooLargeError: It takes more memory than is allowed.
        RefusedError: It is damaged, too large, or something else; or any other error that a
            hostile file can cause.
        OSError: It cannot be read.
    """
    with Path(path).open("rb") as file:
        size = file.seek(0, 2)
        header = _read_header(file, size, kinds)
        if argument is not None:
            check_memory(size, argument, f"`{path}`")
        if size > _AT_ONCE:
            # A large file that is damaged shall not take memory first.
            _check_digest(_pieces(file), header)
        whole = bytearray(size)
        file.seek(0)
        if file.readinto(whole) != size:
            raise RefusedError("became shorter while it was read")
        return _unpack(whole, header)


@contextmanager
def refusing(
    path: str | Path, kinds: tuple[str, ...], argument: str
) -> Iterator[None]:
    """Turn whatever a file's content breaks into one sentence.

    Args:
        path: The file.
        kinds: Kinds that are accepted.
        argument: Name of the argument, for the error.

    Raises:
        ValueError: That sentence.
        TooLargeError: It takes more memory than is allowed.
        OSError: It cannot be read.
    """
    try:
        yield
    except RefusedError as error:
        raise ValueError(sentence(path, kinds, argument, str(error))) from error
    except (OSError, TooLargeError):
        raise
    # A hostile file can break every assumption about it, hence every kind of error.
    except Exception as error:
        reason = f"is damaged ({type(error).__name__})"
        raise ValueError(sentence(path, kinds, argument, reason)) from error


def read_kind(path: str | Path) -> str | None:
    """What a file says of itself, unchecked; `None` if it is no such file.

    Raises:
        OSError: It cannot be read.
    """
    kind = (read_about(path) or {}).get("format")
    return None if kind is None else str(kind)


def read_about(path: str | Path) -> dict[str, Any] | None:
    """A file's metadata, unchecked; `None` if it has none.

    Raises:
        OSError: It cannot be read.
    """
    with Path(path).open("rb") as file:
        stated = file.read(LENGTH)
        length = int.from_bytes(stated, "little")
        if not 2 <= length <= HEADER_MAX:
            return None
        text = file.read(length)
    try:
        about = strict_json(text.decode())["__metadata__"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return about if isinstance(about, dict) else None


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
    header = _read_header(io.BytesIO(whole), len(whole), kinds)
    return _unpack(bytearray(whole), header)


def _dumps(value: object) -> str:
    # In the order given: an operation's arguments have one.
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _read_header(
    file: io.BufferedIOBase, size: int, kinds: tuple[str, ...]
) -> Header:
    """The header of a file of `size` bytes, whose tensors end where the file does."""
    file.seek(0)
    length = int.from_bytes(file.read(LENGTH), "little")
    if not 2 <= length <= min(size - LENGTH, HEADER_MAX):
        raise RefusedError("is no safetensors file, or a truncated one")
    header = parse_header(file.read(length), kinds)
    check_places(header.tensors, size - LENGTH - length)
    return header


def _unpack(whole: bytearray, header: Header) -> Packed:
    """Check and take apart a file; its tensors lie in the bytes given, uncopied."""
    behind = LENGTH + len(header.text)
    if whole[LENGTH:behind] != header.text:
        raise RefusedError("changed while it was read")
    _check_digest(iter((memoryview(whole),)), header)
    content = strict_json(header.about.get("content", ""))
    if not isinstance(content, dict):
        raise RefusedError("holds no description")
    tensors = {
        name: _tensor(whole, behind, name, entry)
        for name, entry in in_order(header.tensors)
    }

    return Packed(
        header.about["format"], content, tensors, header.about["sha256"]
    )


def _tensor(
    whole: bytearray, behind: int, name: str, entry: Mapping[str, Any]
) -> Shaped[Tensor, "..."]:
    """Numbers as they lie in the file."""
    dtype = DTYPES[entry["dtype"]]
    shape = entry["shape"]
    (start, stop) = entry["data_offsets"]
    if start == stop:
        return torch.zeros(shape, dtype=dtype)
    place = behind + start
    count = (stop - start) // dtype.itemsize
    if dtype == torch.bool:
        bits = torch.frombuffer(
            whole, dtype=torch.uint8, count=count, offset=place
        )
        if int(bits.max()) > 1:
            raise RefusedError(
                f"has a tensor `{name}` of impossible truth values"
            )
    if place % dtype.itemsize:
        # A file of another writer may have numbers where processors do not like them.
        whole = whole[place : behind + stop]
        place = 0
    flat = torch.frombuffer(whole, dtype=dtype, count=count, offset=place)
    return flat.reshape(shape)


def _pieces(file: io.BufferedIOBase) -> Iterator[bytes]:
    """A file from its beginning, piece by piece."""
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _check_digest(pieces: Iterator[bytes | memoryview], header: Header) -> None:
    """Refuse a file whose checksum is not the one that it says.

    Args:
        pieces: The file, from its beginning to its end.
        header: Its header.
    """
    said = header.about.get("sha256", "")
    place = digest_place(header.text)
    found = hashlib.sha256()
    at = 0
    for piece in pieces:
        # the digits stand for themselves in no checksum: zeros stand in their place
        start = min(max(place - at, 0), len(piece))
        stop = min(max(place + DIGITS - at, 0), len(piece))
        found.update(piece[:start])
        found.update(BLANK[: stop - start])
        found.update(piece[stop:])
        at += len(piece)
    written = header.text[place - LENGTH : place - LENGTH + DIGITS]
    if written != said.encode() or found.hexdigest() != said:
        raise RefusedError(
            "has another checksum than it says; it was damaged or changed"
        )


def _plain(tensor: Tensor) -> Tensor:
    """A tensor's elements one behind the other."""
    flat = tensor.reshape(-1)
    # with one element or none the distance to the next may be any, and is contiguous all the same
    if flat.stride(0) == 1:
        return flat
    return torch.empty(flat.shape, dtype=flat.dtype).copy_(flat)
