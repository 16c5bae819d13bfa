"""The header of a packed file: what it is, in which version, and where its tensors lie."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch

from mho.checks import RefusedError

VERSION = 1
"""Newest version of the format that is read, and the one that is written (1)."""

LENGTH = 8
HEADER_MAX = 64 * 2**20
"""Bytes of the header's length, and of the longest header."""

DIGITS = 64
BLANK = b"0" * DIGITS
"""Digits of a checksum, and what stands in their place while it is taken."""

NAMES = {
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
DTYPES = {name: dtype for dtype, name in NAMES.items()}


@dataclass(frozen=True, slots=True)
class Header:
    """A file's header, parsed and not yet believed.

    Args:
        text: Its bytes.
        about: What the file says of itself: kind, version, checksum, content.
        tensors: What it says of each tensor, by name.
    """

    text: bytes
    about: Mapping[str, str]
    tensors: Mapping[str, Any]


def parse_header(text: bytes, kinds: tuple[str, ...]) -> Header:
    """A header of an accepted kind and version."""
    try:
        header = strict_json(text.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RefusedError(
            f"has no readable header ({type(error).__name__})"
        ) from error
    about = (
        header.pop("__metadata__", None) if isinstance(header, dict) else None
    )
    if not isinstance(about, dict) or not all(
        isinstance(v, str) for v in about.values()
    ):
        raise RefusedError("is another kind of safetensors file")
    if about.get("format") not in kinds:
        raise RefusedError(f"is of kind `{str(about.get('format'))[:40]}`")
    _check_version(about.get("version", ""))
    return Header(text, about, header)


def _check_version(said: str) -> None:
    """Refuse a version of the format that is not known."""
    readable = {str(number) for number in range(1, VERSION + 1)}
    if said in readable:
        return
    if said.isdecimal() and len(said) < 6:
        raise RefusedError(
            f"needs version {said} of the format, and this mho {version('mho')} reads up to"
            f" {VERSION}; use a newer mho"
        )
    raise RefusedError(f"has version {said[:20]}, which no mho writes")


def check_places(tensors: Mapping[str, Any], end: int) -> None:
    """Refuse tensors with gaps, overlaps, or more or fewer numbers than there are.

    Args:
        tensors: What the header says of them.
        end: Bytes behind the header.
    """
    reached = 0
    for name, entry in in_order(tensors):
        if (
            entry.keys() != {"data_offsets", "dtype", "shape"}
            or entry["dtype"] not in DTYPES
        ):
            raise RefusedError(f"has a tensor `{name}` of an unknown kind")
        (start, stop) = entry["data_offsets"]
        sizes = [start, stop, *entry["shape"]]
        whole = all(type(size) is int and size >= 0 for size in sizes)
        if not whole or start != reached:
            raise RefusedError(f"has a tensor `{name}` at no possible place")
        count = math.prod(entry["shape"])
        if (
            stop - start != count * DTYPES[entry["dtype"]].itemsize
            or stop > end
        ):
            raise RefusedError(
                f"has a tensor `{name}` with fewer or more numbers than it claims"
            )
        reached = stop
    if reached != end:
        raise RefusedError("has more bytes than its header describes")


def in_order(tensors: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a header says of tensors, as they lie in the file."""
    return sorted(tensors.items(), key=lambda item: item[1]["data_offsets"])


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


def digest_place(text: bytes) -> int:
    """Where the checksum's digits stand in the file."""
    mark = b'"sha256":"'
    if text.count(mark) != 1:
        raise RefusedError("has not exactly one checksum")
    return LENGTH + text.index(mark) + len(mark)
