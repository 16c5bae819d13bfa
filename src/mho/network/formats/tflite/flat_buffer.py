"""Flat buffers, read without trusting a single offset.

The generated readers of that format take every offset for true. A file from a stranger may point
behind its end, in front of its beginning or into the middle of something else; here each number is
compared with the bytes that are there before it is followed.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.checks import RefusedError

Array = npt.NDArray[Any]

_MOST_TABLES = 2**16
"""Tables in a vector that are read (1); a few bytes could name one table any number of times."""
_LONGEST_TEXT = 2**9
"""Bytes of a text that are read (1)."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a flat buffer: numbered fields, each of which may be left out.

    Args:
        content: The whole file.
        position: Where the table lies (bytes).
    """

    content: bytes
    position: int

    def whole(self, field: int, kind: str, default: int = 0) -> int:
        """A whole number.

        Args:
            field: Number of the field in the schema.
            kind: Its type, as in `struct`: `"b"`, `"B"`, `"i"`, `"I"` or `"Q"`.
            default: What the schema says a field is that was left out.

        Raises:
            RefusedError: It lies outside the file.
        """
        place = self._place(field)
        return default if place is None else _number(self.content, place, kind)

    def real(self, field: int, default: float = 0.0) -> float:
        """A real number in single precision; see `whole`."""
        place = self._place(field)
        if place is None:
            return default
        _check_inside(self.content, place, 4)
        value: float = struct.unpack_from("<f", self.content, place)[0]
        return value

    def numbers(self, field: int, kind: npt.DTypeLike) -> Array | None:
        """A vector of numbers, `None` if it is left out.

        Args:
            field: Number of the field in the schema.
            kind: Type of the numbers; they lie in the order of bytes that this processor uses.

        Raises:
            RefusedError: It does not lie inside the file as a whole.
        """
        place = self._followed(field)
        if place is None:
            return None
        kind = np.dtype(kind).newbyteorder("<")
        count = _number(self.content, place, "I")
        _check_inside(self.content, place + 4, count * kind.itemsize)
        return np.frombuffer(self.content, kind, count, place + 4)

    def text(self, field: int) -> str:
        """A text, empty if it is left out; see `numbers`."""
        found = self.numbers(field, np.uint8)
        if found is None:
            return ""
        return found[:_LONGEST_TEXT].tobytes().decode(errors="replace")

    def table(self, field: int) -> "Table | None":
        """Another table, `None` if it is left out; see `numbers`."""
        place = self._followed(field)
        return None if place is None else Table(self.content, place)

    def tables(self, field: int) -> list["Table"]:
        """A vector of tables, empty if it is left out; see `numbers`."""
        offsets = self.numbers(field, np.uint32)
        if offsets is None:
            return []
        if len(offsets) > _MOST_TABLES:
            raise RefusedError(
                f"lists {len(offsets)} things of a kind, where mho reads {_MOST_TABLES}"
            )
        first = self._followed(field)
        assert first is not None
        # An offset counts from where it stands, behind the length.
        return [
            Table(self.content, first + 4 * (number + 1) + int(offset))
            for number, offset in enumerate(offsets)
        ]

    def _place(self, field: int) -> int | None:
        """Where a field lies (bytes), by the table's list of its fields."""
        back = _number(self.content, self.position, "i")
        listing = self.position - back
        length = _number(self.content, listing, "H")
        entry = 4 + 2 * field
        if entry + 2 > length:
            return None
        offset = _number(self.content, listing + entry, "H")
        return self.position + offset if offset else None

    def _followed(self, field: int) -> int | None:
        """Where the offset in a field leads (bytes)."""
        place = self._place(field)
        if place is None:
            return None
        return place + _number(self.content, place, "I")


def root_table(content: bytes, identifier: bytes) -> Table:
    """The table that a flat buffer begins with.

    Args:
        content: The whole file.
        identifier: Four letters that say what it is.

    Raises:
        RefusedError: It is something else.
    """
    if content[4:8] != identifier:
        raise RefusedError("is no TFLite file, or is truncated")
    return Table(content, _number(content, 0, "I"))


def _number(content: bytes, place: int, kind: str) -> int:
    _check_inside(content, place, struct.calcsize(kind))
    value: int = struct.unpack_from(f"<{kind}", content, place)[0]
    return value


def _check_inside(content: bytes, place: int, size: int) -> None:
    if place < 0 or place + size > len(content):
        raise RefusedError(
            f"is damaged: it points to bytes {place} to {place + size} of {len(content)}"
        )
