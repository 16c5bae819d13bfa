"""A file of text as lines, whatever its encoding, ends of lines and packing."""

import gzip
import re
import zlib
from pathlib import Path

from mho.checks import one_line

MOST_BYTES = 96 * 2**20
"""Text that is read at most, unpacked (bytes): a table of some million numbers."""
_LONGEST_LINE = 200_000
"""Letters in a line at most (1): a row of a large array."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save the table as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the table as CSV",
    b"BZh": "packed by bzip2; unpack it, or pack it by gzip",
    b"\xfd7zXZ": "packed by xz; unpack it, or pack it by gzip",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it, or pack it by gzip",
    b"\x93NUMPY": "a NumPy array; save the table as CSV",
    b"%PDF": "a PDF page; save the table as CSV",
}
"""First bytes of files that people mistake for tables, and what they are."""


def read_bytes(path: Path) -> bytes:
    """All of a file, unpacked if it is packed by gzip, as far as memory is planned for.

    Args:
        path: The file.

    Raises:
        ValueError: It is too large or damaged.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(8)
        file.seek(0)
        if not start.startswith(b"\x1f\x8b"):
            return _bounded(path, file.read(MOST_BYTES + 1))
        try:
            with gzip.GzipFile(fileobj=file) as packed:
                return _bounded(path, packed.read(MOST_BYTES + 1))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise ValueError(
                f"File `{path}` must be a whole file of gzip, but is cut off or damaged; copy it"
                " again."
            ) from None


def _bounded(path: Path, found: bytes) -> bytes:
    if len(found) > MOST_BYTES:
        raise ValueError(
            f"File `{path}` must hold {MOST_BYTES >> 20} MiB of text at most, but holds more; cut"
            " it into parts."
        )
    return found


def read_lines(path: Path) -> tuple[list[str], list[str]]:
    """Lines of a text file without their ends, and remarks on how it is written.

    Args:
        path: The file.

    Raises:
        ValueError: It is no text, empty, too large or damaged.
        OSError: It cannot be read.
    """
    found = read_bytes(path)
    if not found.strip(b" \t\r\n\xef\xbb\xbf\0"):
        raise ValueError(f"File `{path}` must hold measurements, but is empty.")
    for start, what in _FOREIGN.items():
        if found.startswith(start):
            raise ValueError(
                f"File `{path}` must be a table of text, but is {what}."
            )
    text, remarks = _decoded(path, found.rstrip(b"\x1a"))
    control = _CONTROL.search(text)
    if control is not None:
        line = text[: control.start()].count("\n") + 1
        raise ValueError(
            f"File `{path}` must be text, but line {line} holds bytes that are none."
        )
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = unified.split("\n")
    for number, whole in enumerate(lines, 1):
        if len(whole) > _LONGEST_LINE:
            raise ValueError(
                f"File `{path}` line {number} must have {_LONGEST_LINE:,} letters at most, but has"
                f" {len(whole):,}."
            )
    return lines, remarks


def _decoded(path: Path, found: bytes) -> tuple[str, list[str]]:
    """The text; UTF-8 is usual, and says nothing."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if found.startswith(mark):
            return _with(path, found, encoding), []
    start = found[:2000]
    zeros = start.count(0)
    if zeros > len(start) // 4:
        little = start[1::2].count(0) >= start[::2].count(0)
        encoding = "utf-16-le" if little else "utf-16-be"
        return _with(path, found, encoding), []
    try:
        return found.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = found[: error.start].count(b"\n") + 1
        text = found.decode("latin-1")
        letter = one_line(text[error.start])
        return text, [
            f"line {line}: not UTF-8, so the file was read as Latin-1 (first odd letter:"
            f" `{letter}`)"
        ]


def _with(path: Path, found: bytes, encoding: str) -> str:
    try:
        return found.decode(encoding)
    except UnicodeDecodeError:
        raise ValueError(
            f"File `{path}` must be text, but is no whole {encoding.upper()}; save it as UTF-8."
        ) from None
