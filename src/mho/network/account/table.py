"""The account of a network as a short table: repeated blocks folded, bookkeeping in one row."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mho.network.fates import DIGITAL, FOLDED, REFUSED

Plain = Mapping[str, Any]
"""One operation as `OperationAccount.plain` gives it."""

OTHERS = "others"
TOTAL = "total"
"""Names of the rows that are no operations."""
_LISTED = 4
"""Kinds of operations that the row of others names (1)."""
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation, or several that are alike but for numbers in their names.

    Args:
        name: Name, with ranges such as `layers.0…5.linear1`.
        kind: What it does.
        runs: What became of it, in a word or two.
        why: Why it was refused, or what it was folded into.
        count: How many operations they are (1).
        multiply_adds: Of all of them, per sample (1).
        parameters: Numbers in their parameters (1).
        on_tiles: How many of these are on tiles (1).
    """

    name: str
    kind: str
    runs: str
    why: str
    count: int
    multiply_adds: int
    parameters: int
    on_tiles: int


def operation_rows(operations: Iterable[Plain]) -> list[OperationRow]:
    """A short table of all operations, in the order of the first of their kind.

    The last row stands for everything digital without parameters and products, such as
    activations and reshapes.

    Args:
        operations: The account, as plain values.
    """
    groups: dict[object, list[Plain]] = {}
    rest: list[str] = []
    for one in operations:
        if (
            one["runs"] == DIGITAL
            and not one["multiply_adds"]
            and not one["parameters"]
        ):
            rest.append(one["kind"])
        else:
            groups.setdefault(_likeness(one), []).append(one)
    rows = [_row(group) for group in groups.values()]
    if rest:
        rows.append(
            OperationRow(OTHERS, _counted(rest), DIGITAL, "", len(rest), 0, 0, 0)
        )
    return rows


def full_rows(operations: Iterable[Plain]) -> list[OperationRow]:
    """One row for every operation."""
    return [_row([one]) for one in operations]


def total_row(rows: Sequence[OperationRow]) -> OperationRow:
    """The sum of all rows."""
    work, numbers, tiles, count = (
        sum(getattr(row, key) for row in rows)
        for key in ("multiply_adds", "parameters", "on_tiles", "count")
    )
    return OperationRow(TOTAL, "", "", "", count, work, numbers, tiles)


def refusals(rows: Iterable[OperationRow]) -> list[tuple[str, str]]:
    """Names and reasons of all refused operations, each reason once."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.runs == REFUSED:
            reasons.setdefault(row.why, []).append(row.name)
    return [(", ".join(names), why) for why, names in reasons.items()]


def _counted(kinds: Sequence[str]) -> str:
    """The most frequent kinds and how many each, and how many kinds there are beside them."""
    counts = Counter(kinds).most_common()
    told = [
        kind if count == 1 else f"{kind} ×{count}" for kind, count in counts[:_LISTED]
    ]
    more = len(counts) - _LISTED
    return ", ".join(told) + (f" and {more} kinds more" if more > 0 else "")


def _likeness(one: Plain) -> tuple[object, ...]:
    """What operations must share to stand in one row."""
    name = _NUMBER.sub("#", one["name"]) if one["parameters"] else one["kind"]
    sizes = tuple(one["parameters"].values())
    why = _NUMBER.sub("#", one["why"]) if one["runs"] == FOLDED else one["why"]
    return name, one["kind"], one["runs"], why, one["multiply_adds"], sizes


def _row(group: Sequence[Plain]) -> OperationRow:
    first = group[0]
    alone = len(group) == 1
    joint = first["parameters"] or alone
    return OperationRow(
        _printable(_ranged([one["name"] for one in group]) if joint else first["kind"]),
        ""
        if first["name"] == first["kind"] and not first["parameters"]
        else _printable(first["kind"]),
        first["runs"],
        _printable(_ranged([one["why"] for one in group])),
        len(group),
        sum(one["multiply_adds"] for one in group),
        sum(sum(one["parameters"].values()) for one in group),
        sum(one["parameters_on_tiles"] for one in group),
    )


def _ranged(names: Sequence[str]) -> str:
    """Names that differ in numbers only, as one.

    >>> _ranged(["layers.0.linear1", "layers.1.linear1", "layers.2.linear1"])
    'layers.0…2.linear1'
    """
    firsts, lasts = (_NUMBER.findall(names[place]) for place in (0, -1))
    ranges = iter(
        a if a == b else f"{a}…{b}" for a, b in zip(firsts, lasts, strict=True)
    )
    return _NUMBER.sub(lambda _: next(ranges), names[0])


def _printable(text: str) -> str:
    """Without what could command a terminal, as names may come from a stranger's file."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
