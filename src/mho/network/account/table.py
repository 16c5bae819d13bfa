"""The account of a network as a short table: repeated blocks folded, bookkeeping in one row."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mho.network.fates import DIGITAL, FOLDED, REFUSED, SEVERAL, OperationRecord

OTHERS = "others"
TOTAL = "total"
"""Names of the rows that are no operations."""
_LISTED = 4
"""Kinds of operations that the row of others names (1)."""
_NUMBER = re.compile(r"\d+")


def operations_of(result: Mapping[str, Any]) -> list[OperationRecord]:
    """The operations that a result tells of; none in one from before they were counted.

    Args:
        result: Numbers of a run.
    """
    told = result.get("operations")
    if not isinstance(told, list):
        return []
    return [OperationRecord.of_plain(one) for one in told]


def operation_rows(
    operations: Iterable[OperationRecord],
) -> list[OperationRecord]:
    """A short table of all operations, in the order of the first of their kind.

    Operations that are alike but for numbers in their names are one row, with ranges such as
    `layers.0…5.linear1`. The last row stands for everything digital without parameters and
    products, such as activations and reshapes.

    Args:
        operations: The account.
    """
    groups: dict[object, list[OperationRecord]] = {}
    rest: list[str] = []
    for one in operations:
        if one.runs == DIGITAL and not one.multiply_adds and not one.parameters:
            rest.append(one.kind)
        else:
            groups.setdefault(_likeness(one), []).append(one)
    rows = [_row(group) for group in groups.values()]
    if rest:
        others = OperationRecord(
            OTHERS, _counted(rest), DIGITAL, count=len(rest)
        )
        rows.append(others)
    return rows


def full_rows(operations: Iterable[OperationRecord]) -> list[OperationRecord]:
    """One row for every operation."""
    return [_row([one]) for one in operations]


def total_row(rows: Sequence[OperationRecord]) -> OperationRecord:
    """The sum of all rows."""
    return _summed(rows, OperationRecord(TOTAL, "", SEVERAL))


def refusals(rows: Iterable[OperationRecord]) -> list[tuple[str, str]]:
    """Names and reasons of all refused operations, each reason once."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.runs == REFUSED:
            reasons.setdefault(row.why, []).append(row.name)
    return [(", ".join(names), why) for why, names in reasons.items()]


def _summed(
    operations: Sequence[OperationRecord], named: OperationRecord
) -> OperationRecord:
    """All numbers of some operations together, under the words of one record."""
    # names of the user are unique; from a stranger's file they may not be
    sizes = Counter[str]()
    for one in operations:
        sizes.update(one.parameters)
    return replace(
        named,
        parameters=dict(sizes),
        on_tiles=sum(one.on_tiles for one in operations),
        analog=sum(one.analog for one in operations),
        digital=sum(one.digital for one in operations),
        layers=sum(one.layers for one in operations),
        count=sum(one.count for one in operations),
    )


def _counted(kinds: Sequence[str]) -> str:
    """The most frequent kinds and how many each, and how many kinds there are beside them."""
    counts = Counter(kinds).most_common()
    told = [
        kind if count == 1 else f"{kind} ×{count}"
        for kind, count in counts[:_LISTED]
    ]
    more = len(counts) - _LISTED
    return ", ".join(told) + (f" and {more} kinds more" if more > 0 else "")


def _likeness(one: OperationRecord) -> tuple[object, ...]:
    """What operations must share to stand in one row."""
    name = _NUMBER.sub("#", one.name) if one.parameters else one.kind
    sizes = tuple(one.parameters.values())
    why = _NUMBER.sub("#", one.why) if one.runs == FOLDED else one.why
    return name, one.kind, one.runs, why, one.multiply_adds, sizes


def _row(group: Sequence[OperationRecord]) -> OperationRecord:
    """Operations that are alike as one, in words that a terminal prints as they are."""
    first = group[0]
    joint = first.parameters or len(group) == 1
    name = _ranged([one.name for one in group]) if joint else first.kind
    same = first.name == first.kind and not first.parameters
    named = replace(
        first,
        name=_printable(name),
        kind="" if same else _printable(first.kind),
        why=_printable(_ranged([one.why for one in group])),
    )
    return _summed(group, named)


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
