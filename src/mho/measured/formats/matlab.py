"""Arrays of MATLAB files up to version 7: levels 4 and 5 of the format.

The file is walked by the lengths that it states, each checked against what is there, and packed
parts are unpacked as far as memory is planned for. Numbers, structures and cells are data; objects
and functions are not, and are told and left out.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.checks import one_line
from mho.measured.formats.arrays import Values, as_real, check_cells, sheet_of
from mho.measured.sheets import MOST_BYTES, Sheet

_HEADER = 128
_DEPTH = 8
"""Structures within structures that are followed (1)."""
_NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
"""Types of numbers as stored."""
_MATRIX = 14
_PACKED = 15
_CELL = 1
_STRUCT = 2
_CHAR = 4
_SPARSE = 5
_NUMERIC = range(6, 16)
_COMPLEX = 0x0800
_OLD_NUMBERS = ("f8", "f4", "i4", "i2", "u2", "u1")


class _DamagedError(Exception):
    """The file does not keep what its lengths promise."""


@dataclass(slots=True)
class _Found:
    """What has been read so far.

    Args:
        arrays: Real arrays by name.
        left_out: Names of what is no data.
        unpacked: Bytes that were unpacked (bytes).
    """

    arrays: dict[str, Values]
    left_out: list[str]
    unpacked: int = 0


def read_matlab(path: Path) -> Sheet:
    """The table that a MATLAB file holds.

    Args:
        path: The file, of level 4 or 5; files of version 7.3 are HDF5.

    Raises:
        ValueError: It is damaged, too large, or holds no table.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(
            f"File `{path}` must hold {MOST_BYTES >> 20} MiB at most, but holds more; cut it into"
            " parts."
        )
    found = _Found({}, [])
    try:
        if data[:_HEADER].startswith(b"MATLAB"):
            _level_5(path, data, found)
        else:
            _level_4(path, data, found)
    except (_DamagedError, struct.error, zlib.error):
        raise ValueError(
            f"File `{path}` must be a whole MATLAB file, but is damaged or cut off; save it again."
        ) from None
    remarks: tuple[str, ...] = ()
    if found.left_out:
        named = ", ".join(
            f"`{one_line(name)[:30]}`" for name in found.left_out[:6]
        )
        remarks = (f"no arrays of real numbers, left out: {named}",)
    return sheet_of(path, found.arrays, None, remarks)


def _level_5(path: Path, data: bytes, found: _Found) -> None:
    mark = data[126:128]
    if mark not in (b"IM", b"MI"):
        raise _DamagedError
    order = "<" if mark == b"IM" else ">"
    for kind, content in _elements(data[_HEADER:], order):
        if kind == _PACKED:
            content = _unpacked(path, content, found)
            for inner, part in _elements(content, order):
                if inner == _MATRIX:
                    _matrix(path, part, order, found, "", 0)
                break
        elif kind == _MATRIX:
            _matrix(path, content, order, found, "", 0)


def _unpacked(path: Path, content: bytes, found: _Found) -> bytes:
    machine = zlib.decompressobj()
    left = MOST_BYTES - found.unpacked
    result = machine.decompress(content, left + 1)
    if len(result) > left:
        raise ValueError(
            f"File `{path}` must unpack to {MOST_BYTES >> 20} MiB at most, but is larger; cut it"
            " into parts."
        )
    found.unpacked += len(result)
    return result


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of each element of a part of the file."""
    place = 0
    while place + 8 <= len(data):
        first, second = struct.unpack_from(order + "II", data, place)
        if first >> 16:
            size = first >> 16
            if size > 4:
                raise _DamagedError
            yield first & 0xFFFF, data[place + 4 : place + 4 + size]
            place += 8
            continue
        start = place + 8
        if start + second > len(data):
            raise _DamagedError
        yield first, data[start : start + second]
        # packed elements are not padded
        place = start + second + (0 if first == _PACKED else -second % 8)


def _matrix(
    path: Path, data: bytes, order: str, found: _Found, prefix: str, depth: int
) -> None:
    """One array, or all arrays of a structure or cell."""
    if not data:
        return
    parts = _elements(data, order)
    whole, shape = _described(_next(parts)[1], _next(parts)[1], order)
    named = f"{prefix}{_next(parts)[1].decode('latin-1')}"
    kind = whole & 0xFF
    count = math.prod(shape)
    check_cells(path, count)
    if kind in _NUMERIC and not whole & _COMPLEX:
        values = _numbers(_next(parts), order, count)
        real = as_real(values.reshape(shape, order="F"))
        if real is not None:
            _keep(path, named, real, found)
    elif kind == _STRUCT and depth < _DEPTH:
        _structure(path, parts, order, found, named, (count, depth))
    elif kind == _CELL and depth < _DEPTH:
        for number in range(count):
            inner = _next(parts)[1]
            _matrix(
                path, inner, order, found, f"{named}{number + 1}", depth + 1
            )
    elif kind != _CHAR:
        found.left_out.append(named)


def _described(
    flags: bytes, dims: bytes, order: str
) -> tuple[int, tuple[int, ...]]:
    """Flags with the class of an array, and its shape."""
    if len(flags) < 8 or len(dims) % 4:
        raise _DamagedError
    shape = tuple(
        int(n) for n in np.frombuffer(dims, dtype=np.dtype(f"{order}i4"))
    )
    if any(side < 0 for side in shape) or not 2 <= len(shape) <= 8:
        raise _DamagedError
    return struct.unpack_from(order + "I", flags)[0], shape


def _structure(
    path: Path,
    parts: Iterator[tuple[int, bytes]],
    order: str,
    found: _Found,
    named: str,
    size: tuple[int, int],
) -> None:
    """The fields of a structure, one element after the other."""
    count, depth = size
    length_part = _next(parts)[1]
    if len(length_part) < 4:
        raise _DamagedError
    length = struct.unpack_from(order + "i", length_part)[0]
    names = _next(parts)[1]
    if length < 1 or length > 64:
        raise _DamagedError
    fields = [
        names[k : k + length].split(b"\0")[0].decode("latin-1")
        for k in range(0, len(names), length)
    ]
    for number in range(count):
        for field in fields:
            inner = _next(parts)
            place = f"{named}{number + 1}." if count > 1 else f"{named}."
            before = len(found.arrays)
            _matrix(path, inner[1], order, found, f"{place}{field}", depth + 1)
            if len(found.arrays) == before and len(found.arrays) > 10_000:
                raise _DamagedError


def _next(parts: Iterator[tuple[int, bytes]]) -> tuple[int, bytes]:
    try:
        return next(parts)
    except StopIteration:
        raise _DamagedError from None


def _numbers(
    part: tuple[int, bytes], order: str, count: int
) -> npt.NDArray[np.generic]:
    """Numbers as they are stored, which may be narrower than their class."""
    kind, content = part
    if kind not in _NUMBERS:
        raise _DamagedError
    dtype = np.dtype(order + _NUMBERS[kind])
    if len(content) != count * dtype.itemsize:
        raise _DamagedError
    return np.frombuffer(content, dtype=dtype)


def _keep(path: Path, name: str, values: Values, found: _Found) -> None:
    total = sum(array.size for array in found.arrays.values()) + values.size
    check_cells(path, total)
    while name in found.arrays:
        name += "'"
    found.arrays[name] = values


def _level_4(path: Path, data: bytes, found: _Found) -> None:
    """Arrays of the oldest format: a header of five numbers, a name, the numbers."""
    place = 0
    while place < len(data):
        if place + 20 > len(data):
            raise _DamagedError
        dtype, kind, shape, imaginary, length = _old_header(data, place)
        check_cells(path, shape[0] * shape[1])
        start = place + 20 + length
        size = shape[0] * shape[1] * dtype.itemsize * (1 + imaginary)
        if start + size > len(data):
            raise _DamagedError
        name = data[place + 20 : start].split(b"\0")[0].decode("latin-1")
        if kind == 0 and not imaginary:
            stored = np.frombuffer(data, dtype, shape[0] * shape[1], start)
            real = as_real(stored.reshape(shape, order="F"))
            if real is not None:
                _keep(path, name, real, found)
        elif kind != 1:
            found.left_out.append(name)
        place = start + size


def _old_header(
    data: bytes, place: int
) -> tuple[np.dtype[Any], int, tuple[int, int], int, int]:
    """Type, kind, shape, whether there is an imaginary part, and length of the name."""
    code = struct.unpack_from("<i", data, place)[0]
    order = "<" if 0 <= code < 5000 else ">"
    header = struct.unpack_from(order + "5i", data, place)
    code, rows, columns, imaginary, length = header
    machine = code // 1000
    numbers = code // 10 % 10
    kind = code % 10
    fits = machine in (0, 1) and code // 100 % 10 == 0 and numbers <= 5
    sized = min(rows, columns) >= 0 and 0 < length <= 1024
    if not (fits and sized and kind <= 2 and imaginary in (0, 1)):
        raise _DamagedError
    dtype = np.dtype(order + _OLD_NUMBERS[numbers])
    return dtype, kind, (rows, columns), imaginary, length
