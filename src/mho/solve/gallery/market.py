"""Matrix Market files, read by hand: nothing that a file says is believed.

The first lines say how many numbers follow: that many must fit into memory, and into the file.
SciPy's own reader is quicker, and is no reader for files of strangers: it crashes the process on
some damaged ones.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mho.checks import one_line
from mho.data import ForeignFileError
from mho.files import check_memory

Table = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64] | npt.NDArray[np.complex128]

MOST = 1_000_000
"""Rows or columns at most (1)."""
_ENTRY = 160
"""Memory for each stored number of a sparse matrix while it is read (bytes)."""
_NUMBER = 80
"""Memory for each number of a dense one (bytes)."""
_LONGEST = 4096
"""Bytes of a line (1)."""
_COMMENTS = 1_000_000
"""Bytes before the line of sizes (1)."""
_PLACES = {"coordinate": 2, "array": 0}
"""Numbers of a line that say where a value stands, by format (1)."""
_VALUES = {"real": 1, "double": 1, "integer": 1, "complex": 2, "pattern": 0}
"""Numbers of a line that are the value, by field (1); an entry of a pattern is 1."""
_SIGNS = {
    "general": 0.0,
    "symmetric": 1.0,
    "hermitian": 1.0,
    "skew-symmetric": -1.0,
}
"""What a number has on the other side of the diagonal, by symmetry; 0 if it stands there."""
_ROOM = 256
"""Bytes of file that an entry may take, comments and blank lines among them (1)."""
_LETTERS = b"0123456789+-.eEdDnNaAiIfFtTyY \t\r\n"
"""What numbers are made of, NaN and infinity among them."""
_EXACT = 2.0**53
"""Whole numbers from here on are rounded in double precision (1)."""
_CHUNK = 1 << 20
"""Bytes that are read at a time (1)."""


@dataclass(frozen=True, slots=True)
class _Header:
    """What a file announces."""

    layout: str
    field: str
    symmetry: str
    rows: int
    cols: int
    entries: int

    @property
    def width(self) -> int:
        """Numbers of a line (1)."""
        return _PLACES[self.layout] + _VALUES[self.field]


def read_market(path: Path, argument: str) -> Any:
    """A matrix from a Matrix Market file: an array, or in compressed rows. Shape (rows, cols).

    Args:
        path: The file; compressed by gzip if its name ends in `.gz`.
        argument: Name of the argument that names it.

    Raises:
        ForeignFileError: It is damaged.
        TooLargeError: It needs more memory than is allowed.
    """
    packed = path.suffix.lower() == ".gz"
    with gzip.open(path) if packed else path.open("rb") as file:
        header = _header(file)
        each = _ENTRY if header.layout == "coordinate" else _NUMBER
        total = header.entries * each + 16 * header.rows + _CHUNK
        check_memory(total, argument, f"`{path}`")
        size = path.stat().st_size
        if not packed and header.entries * 2 * header.width > size + 1:
            raise ForeignFileError(
                f"is cut off: it says it has {header.entries:,} numbers, and has {size:,} bytes"
            )
        table = _numbers(file, header.entries, header.width)
    if header.layout == "array":
        return _filled(header, _values(header, table))
    return _placed(header, table)


def _header(file: BufferedIOBase) -> _Header:
    """Format and sizes that a file announces."""
    banner = _text(_line(file)).lower().split()
    if len(banner) != 5 or banner[:2] != ["%%matrixmarket", "matrix"]:
        raise ForeignFileError(
            "does not begin with a line `%%MatrixMarket matrix …`"
        )
    layout, field, symmetry = banner[2:]
    _check_banner(layout, field, symmetry)
    line = "%"
    while not line.strip() or line.startswith("%"):
        raw = _line(file)
        if not raw or file.tell() > _COMMENTS:
            raise ForeignFileError("has no line of sizes")
        line = _text(raw)
    count = 3 if layout == "coordinate" else 2
    words = line.split()
    if len(words) != count or not all(
        re.fullmatch(r"[0-9]{1,15}", word, re.ASCII) for word in words
    ):
        raise ForeignFileError(
            f"must give {count} sizes, but gives `{one_line(line.strip())[:60]}`"
        )
    return _sized((layout, field, symmetry), [int(word) for word in words])


def _line(file: BufferedIOBase) -> bytes:
    """The next line of the first ones; of a long comment its beginning, but read to its end."""
    line = part = file.readline(_LONGEST)
    while (
        line.startswith(b"%")
        and part
        and not part.endswith(b"\n")
        and file.tell() <= _COMMENTS
    ):
        part = file.readline(_LONGEST)
    return line


def _sized(banner: tuple[str, str, str], sizes: list[int]) -> _Header:
    """Sizes that go together."""
    layout, field, symmetry = banner
    rows, cols = sizes[:2]
    if max(rows, cols) > MOST:
        raise ForeignFileError(
            f"says it has {rows:,} x {cols:,} numbers, more than {MOST:,} rows or columns"
        )
    if _SIGNS[symmetry] and rows != cols:
        raise ForeignFileError(f"is {symmetry}, and says it is {rows} x {cols}")
    if layout == "coordinate":
        entries = sizes[2]
        half = symmetry != "general"
        places = rows * (rows + 1) // 2 if half else rows * cols
        if entries > places:
            where = " of one triangle" if half else ""
            raise ForeignFileError(
                f"says it has {entries:,} entries in {rows:,} x {cols:,} places{where}"
            )
    elif symmetry == "general":
        entries = rows * cols
    else:
        entries = rows * (rows + int(_SIGNS[symmetry])) // 2
    return _Header(layout, field, symmetry, rows, cols, entries)


def _check_banner(layout: str, field: str, symmetry: str) -> None:
    """Refuse what there is no rule for."""
    for name, word, known in (
        ("format", layout, _PLACES),
        ("field", field, _VALUES),
        ("symmetry", symmetry, _SIGNS),
    ):
        if word not in known:
            raise ForeignFileError(
                f"has the unknown {name} `{one_line(word)[:40]}`"
            )
    for one, other in (
        (layout == "array", field == "pattern"),
        (symmetry == "hermitian", field != "complex"),
        (symmetry == "skew-symmetric", field == "pattern"),
    ):
        if one and other:
            raise ForeignFileError(
                f"says it is {layout}, {field} and {symmetry}, which do not go together"
            )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")


def _numbers(file: BufferedIOBase, count: int, width: int) -> Table:
    """So many lines of so many numbers, and nothing else. Shape (count, width)."""
    parts = []
    found = 0
    for lines in _lines(file, count * _ROOM + _COMMENTS):
        words = [line.split() for line in lines]
        if any(len(line) != width for line in words):
            raise ForeignFileError(
                f"has a line that is not of {width} number{'s'[: width - 1]}"
            )
        found += len(words)
        if found > count:
            raise ForeignFileError(
                f"has more than the {count:,} numbers that it says it has"
            )
        try:
            part = np.array(words, dtype=np.float64)
        except ValueError:
            raise ForeignFileError(
                "has a word in the place of a number"
            ) from None
        parts.append(part.reshape(-1, width))
    if found < count:
        raise ForeignFileError(
            f"is cut off: it says it has {count:,} numbers, and has {found:,}"
        )
    return np.concatenate([np.zeros((0, width)), *parts])


def _lines(file: BufferedIOBase, most: int) -> Iterator[list[bytes]]:
    """Lines that are no comments, many at a time.

    Args:
        file: The file.
        most: Bytes that it may have (1): a packed one may have any number.
    """
    for lines in _chunks(file, most):
        kept = [
            line for line in lines if line.strip() and not line.startswith(b"%")
        ]
        together = b"\n".join(kept)
        if together.translate(None, _LETTERS):
            raise ForeignFileError("has letters in the place of numbers")
        # FORTRAN writes 1D-3
        exponents = together.replace(b"d", b"e").replace(b"D", b"E")
        yield exponents.splitlines()


def _chunks(file: BufferedIOBase, most: int) -> Iterator[list[bytes]]:
    """Whole lines, many at a time."""
    rest = b""
    total = 0
    while chunk := file.read(_CHUNK):
        total += len(chunk)
        whole, _, rest = (rest + chunk).rpartition(b"\n")
        if total > most or len(rest) > _LONGEST:
            raise ForeignFileError("has more text than its numbers need")
        yield whole.splitlines()
    yield rest.splitlines()


def _values(header: _Header, table: Table) -> Array:
    """Values from the last numbers of lines. Shape (entries,)."""
    first = _PLACES[header.layout]
    if header.field == "pattern":
        return np.ones(len(table))
    if header.field == "integer":
        _check_exact(table[:, first])
    if header.field != "complex":
        return table[:, first]
    found: npt.NDArray[np.complex128] = (
        table[:, first] + 1j * table[:, first + 1]
    )
    return found


def _check_exact(values: Table) -> None:
    """Refuse whole numbers that would be rounded."""
    rounded = np.abs(values) >= _EXACT
    if rounded.any():
        first = int(rounded.argmax())
        raise ForeignFileError(
            f"has a whole number of 2⁵³ or more, its number {first + 1:,}, which double precision"
            " would round; call the field `real` if that does no harm"
        )


def _check_triangle(
    header: _Header, row: Places, col: Places, value: Array
) -> None:
    """Refuse entries that a symmetry has no place for.

    The format wants those of the lower triangle; programs write those of the upper one as well,
    which is the same matrix, but nobody knows what both together should be.

    Args:
        header: The symmetry.
        row: Row of each entry, from 0.
        col: Column of each entry, from 0.
        value: Its value.
    """
    diagonal = row == col
    mirrored = np.isin(col * header.rows + row, row * header.rows + col)
    problems = [((col > row) & mirrored, "there a second time, mirrored")]
    if header.symmetry == "skew-symmetric":
        problems.append((diagonal & (value != 0), "not 0 on the diagonal"))
    if header.symmetry == "hermitian":
        problems.append(
            (diagonal & (value.imag != 0), "not real on the diagonal")
        )
    for wrong, what in problems:
        if wrong.any():
            first = int(wrong.argmax())
            raise ForeignFileError(
                f"is {header.symmetry}, and its entry {first + 1:,}, the line"
                f" `{row[first] + 1} {col[first] + 1} …`, is {what}"
            )


def _placed(header: _Header, table: Table) -> Any:
    """A sparse matrix from rows, columns and values."""
    places = table[:, :2]
    shape = (header.rows, header.cols)
    whole = bool((places == np.floor(places)).all())
    inside = bool(((places >= 1) & (places <= np.array(shape))).all())
    if not (whole and inside):
        raise ForeignFileError(
            f"has an entry outside its {header.rows} x {header.cols} places"
        )
    row = places[:, 0].astype(np.int64) - 1
    col = places[:, 1].astype(np.int64) - 1
    value = _values(header, table)
    sign = _SIGNS[header.symmetry]
    if sign:
        _check_triangle(header, row, col, value)
        other = row != col
        beyond = sign * _across(header, value[other])
        mirrored = (beyond, col[other], row[other])
        value = np.concatenate([value, mirrored[0]])
        row, col = (
            np.concatenate([row, mirrored[1]]),
            np.concatenate([col, mirrored[2]]),
        )
    return sparse.csr_array(sparse.coo_array((value, (row, col)), shape))


def _filled(header: _Header, values: Array) -> Any:
    """A dense matrix from its columns one after the other, of a symmetric one the lower half."""
    shape = (header.rows, header.cols)
    if header.symmetry == "general":
        return np.asarray(values.reshape(shape, order="F"))
    matrix = np.zeros(shape, values.dtype)
    sign = _SIGNS[header.symmetry]
    col, row = np.triu_indices(header.rows, 1 if sign < 0 else 0)
    _check_triangle(header, row, col, values)
    matrix[col, row] = sign * _across(header, values)
    # the diagonal as it was given
    matrix[row, col] = values
    return matrix


def _across(header: _Header, values: Array) -> Array:
    """What stands on the other side of the diagonal, but for its sign."""
    return values.conj() if header.symmetry == "hermitian" else values
