"""Read what a circuit simulator writes: rawfiles of SPICE, text and binary.

A rawfile comes from somewhere else, so nothing that it says of its own size is believed before
there is as much of it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_finite, one_line

_LARGEST = 1 << 26
"""Largest file that is read (bytes); an operating point of 256×256 cells takes a tenth."""
_MOST = 10_000_000
"""Variables or points at most (1)."""
_HEADER = 64
"""Lines in front of the list of variables at most (1)."""
_MARK = re.compile(rb"^(Values|Binary):[ \t\r]*\n", re.MULTILINE)
_REAL = frozenset({"real", "padded"})


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """The first plot of a rawfile.

    Args:
        title: Title of the circuit.
        analysis: Kind of analysis, such as `Operating Point`.
        names: Name of each variable, in lower case: `v(in0)`, `i(vout3)`.
        values: Values of the variables (V, A, s). Shape (points, variables).
    """

    title: str
    analysis: str
    names: tuple[str, ...]
    values: Float[Tensor, "points variables"]


class _ForeignError(ValueError):
    """Carries the rest of a sentence that begins with the name of the file."""


def read_raw(path: str | Path) -> Plot:
    """Read a rawfile of real numbers, as ngspice's `write` makes it.

    Args:
        path: The file, text or binary.

    Raises:
        ValueError: The file is truncated, of another kind, or too large.
        OSError: It cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return _plot(_checked(file.read(_LARGEST + 1)))
    except _ForeignError as error:
        raise ValueError(
            f"File `{path}` must be a rawfile of real numbers, but it {error}; write it with"
            " ngspice's `write`."
        ) from None


def _checked(content: bytes) -> bytes:
    if len(content) > _LARGEST:
        raise _ForeignError("is larger than 64 MiB")
    return content


def _plot(content: bytes) -> Plot:
    head, names, kind, body = _split(content)
    variables = len(names)
    points = _count(head, "no. points")
    flags = head.get("flags", "").lower().split()
    if not flags or not _REAL.issuperset(flags):
        raise _ForeignError(f"has the flags `{one_line(' '.join(flags))[:40]}`")
    # a number of a text takes two characters at least, its separator included
    least = variables * points * (8 if kind == "Binary" else 2)
    if least > len(body):
        raise _ForeignError(
            f"is truncated: {variables} variables at {points} points do not fit into"
            f" {len(body)} bytes"
        )
    read = _binary if kind == "Binary" else _text
    return Plot(
        head.get("title", ""),
        head.get("plotname", ""),
        names,
        read(body, points, variables),
    )


def _split(
    content: bytes,
) -> tuple[dict[str, str], tuple[str, ...], str, bytes]:
    """Header, names of the variables, kind of the numbers, and the numbers."""
    mark = _mark(content)
    if mark is None:
        raise _ForeignError(
            "has no header that ends with `Values:` or `Binary:`"
        )
    # Bytes are only cut into lines as far as the header says that there are lines.
    front = content[: mark.start()].replace(b"\r", b"")
    *lines, rest = front.split(b"\n", _HEADER + 1)
    cut = next(
        (
            n
            for n, line in enumerate(lines)
            if line.lower().startswith(b"variables:")
        ),
        None,
    )
    if cut is None:
        raise _ForeignError("does not list its variables")
    pairs = (line.decode("latin-1").partition(":") for line in lines[:cut])
    head = {key.strip().lower(): value.strip() for key, _, value in pairs}
    listed = b"\n".join([*lines[cut + 1 :], rest])
    count = _count(head, "no. variables")
    names = _names(listed, count)
    values = content[mark.end() :]
    return head, names, mark[1].decode(), values


def _mark(content: bytes) -> "re.Match[bytes] | None":
    """The line between header and numbers.

    Its words are looked for first: an expression alone would be tried at every line of a file
    that is nothing but lines.
    """
    place = 0
    for _ in range(_HEADER):
        found = [content.find(word, place) for word in (b"Values:", b"Binary:")]
        ahead = [start for start in found if start >= 0]
        if not ahead:
            return None
        # Only at the start of a line, and alone on it.
        place = min(ahead)
        mark = _MARK.match(content, place)
        if mark is not None:
            return mark
        place += 1
    return None


def _names(listed: bytes, expected: int) -> tuple[str, ...]:
    """Names of the variables: a line each, with its number, its name and its kind."""
    # Twice as many lines leaves room for empty ones.
    if listed.count(b"\n") > 2 * expected + _HEADER:
        raise _ForeignError(f"does not list {expected} variables")
    lines = listed.decode("latin-1").split("\n")
    words = [line.split() for line in lines if line.strip()]
    numbers = [line[0] for line in words]
    # Counted first, as a header may promise millions.
    complete = len(numbers) == expected
    if not complete or numbers != [str(number) for number in range(expected)]:
        raise _ForeignError(f"does not list {expected} variables")
    # A line without a name has an empty one.
    names = ["".join(line[1:2]) for line in words]
    return tuple(name.lower() for name in names)


def _count(head: dict[str, str], name: str) -> int:
    text = head.get(name, "")
    if not (
        text.isascii()
        and text.isdigit()
        and len(text) < 12
        and 0 < int(text) <= _MOST
    ):
        raise _ForeignError(f"does not say `{name}`")
    return int(text)


def _binary(
    body: bytes, points: int, variables: int
) -> Float[Tensor, "points variables"]:
    found = np.frombuffer(body, "<f8", points * variables)
    return torch.from_numpy(found.astype(np.float64)).view(points, variables)


def _text(
    body: bytes, points: int, variables: int
) -> Float[Tensor, "points variables"]:
    """Every point is its number and then one value of each variable."""
    words = body.partition(b"Title:")[0].split()
    if len(words) != points * (variables + 1):
        raise _ForeignError(
            f"has {len(words)} numbers instead of {points * (variables + 1)}"
        )
    try:
        table = np.array([float(word) for word in words]).reshape(
            points, variables + 1
        )
    except ValueError:
        raise _ForeignError("holds words where numbers should be") from None
    if not (table[:, 0] == np.arange(points)).all():
        raise _ForeignError("does not number its points from 0 on")
    return torch.from_numpy(table[:, 1:].copy())


def line_values(raw: Plot, kind: str, prefix: str) -> Float[Tensor, " lines"]:
    """Values of the numbered variables `kind(prefix0)`, `kind(prefix1)`, … of an operating point.

    Args:
        raw: What was read.
        kind: `v` for voltages (V), `i` for currents (A).
        prefix: Name in front of the numbers: `in`, `vout`.

    Raises:
        ValueError: The plot has more than one point, none of these variables, or gaps among them.
    """
    place = {name: n for n, name in enumerate(raw.names)}
    found: list[int] = []
    while (name := f"{kind}({prefix.lower()}{len(found)})") in place:
        found.append(place[name])
    if not found or raw.values.shape[0] != 1:
        raise ValueError(
            f"Argument `raw` must be an operating point with `{kind}({prefix}0)`,"
            f" `{kind}({prefix}1)` and so on, but is `{one_line(raw.analysis)[:40]}` of"
            f" {len(raw.names)} variables at {raw.values.shape[0]} points; run the netlist"
            " of `mho export spice`."
        )
    values = raw.values[0, found]
    check_finite(values, "raw", "The simulation did not converge.")
    return values
