"""The values of a result one by one, each under words that are the same in another run's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Value = float | int | str | bool | None
Path = tuple[str, ...]
"""Words that lead to a value."""

_LONGEST = 8
"""Numbers in a row that are told one by one (1); longer rows are curves."""
_NAMES = (
    "name",
    "figure",
    "claim",
    "step",
    "condition",
    "stuck_fraction",
    "seed",
    "remedy",
    "time_s",
    "share",
)
"""What tells the parts of a list from each other, as far as they have it."""


def leaves(result: Mapping[str, Any]) -> dict[Path, Value]:
    """All values of a result by the words that lead to them.

    Args:
        result: What `result.json` holds.

    >>> leaves({"error": {"median": 2.0}, "steps": [{"name": "a", "cost": 1}]})
    {('error', 'median'): 2.0, ('steps', 'a', 'cost'): 1}
    """
    columns = result.get("columns")
    measured = set(columns) if isinstance(columns, Mapping) else set()
    rest = {
        k: v for k, v in result.items() if not (measured and k == "columns")
    }
    return dict(_below((), rest, measured))


def _below(
    path: Path, held: Any, measured: set[str]
) -> Iterator[tuple[Path, Value]]:
    if isinstance(held, Mapping):
        for name, value in held.items():
            yield from _below((*path, str(name)), value, measured)
    elif isinstance(held, list):
        yield from _of_list(path, held, measured)
    else:
        yield path, held


def _of_list(
    path: Path, held: Sequence[Any], measured: set[str]
) -> Iterator[tuple[Path, Value]]:
    """Parts of a list by what they are called; numbers in a row by their place."""
    if all(isinstance(part, Mapping) for part in held):
        labels = _labels(held, measured)
        for label, (named, part) in zip(
            labels, _named(held, measured), strict=True
        ):
            rest = {k: v for k, v in part.items() if k not in named}
            yield from _below((*path, label), rest, measured)
    elif any(isinstance(part, Mapping | list) for part in held):
        for number, part in enumerate(held, 1):
            yield from _below((*path, str(number)), part, measured)
    elif all(isinstance(part, str) for part in held):
        yield path, ", ".join(held)
    elif len(held) <= _LONGEST:
        for number, part in enumerate(held, 1):
            yield (*path, str(number)), part


def _named(
    held: Sequence[Mapping[str, Any]], measured: set[str]
) -> list[tuple[list[str], Mapping[str, Any]]]:
    """Every part with the names of what it is called by."""
    found = []
    for part in held:
        known = set(part)
        if measured and measured <= known:
            named = [name for name in part if name not in measured]
        else:
            named = [name for name in _NAMES if name in part]
        found.append((named, part))
    return found


def _labels(held: Sequence[Mapping[str, Any]], measured: set[str]) -> list[str]:
    """What parts are called, each with its number where that is not enough."""
    labels = [
        ", ".join(_said(name, part[name]) for name in named)
        for named, part in _named(held, measured)
    ]
    return [
        f"{label} {number}".strip()
        if labels.count(label) > 1 or not label
        else label
        for number, label in enumerate(labels, 1)
    ]


def _said(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items()) or "all"
    if isinstance(value, str):
        return value
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{name.replace('_', ' ')} {shown}"
