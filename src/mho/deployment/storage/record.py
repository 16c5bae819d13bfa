"""How a class stands in files: under which names, in which order, whatever code calls it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cached_property
from typing import Any, get_type_hints


@dataclass(frozen=True)
class Record:
    """The names of a dataclass and its fields in files. They never change.

    Args:
        name: Name of the class in files.
        kind: The class, whatever its name in the code.
        fields: Names of its fields in files, in the order in which they are written.
        renamed: What the code calls a field by now, by its name in files.
        apart: Fields of the class that stand elsewhere in a file.
        if_said: Names of fields that are written only where they differ from their default, so
            that files which do not need them are what they were before there were any.

    Raises:
        TypeError: A field of the class has no name in files, or a name has no field.
    """

    name: str
    kind: type
    fields: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)
    apart: tuple[str, ...] = ()
    if_said: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        there = {f.name for f in fields(self.kind)}
        named = {self.attribute(name) for name in self.fields} | {*self.apart}
        if named != there:
            raise TypeError(
                f"Record `{self.name}` must name every field of {self.kind.__name__} as files do,"
                f" but differs in {sorted(named ^ there)}; a field that was renamed keeps its name"
                " in files, see `renamed`."
            )

    def attribute(self, name: str) -> str:
        """What the code calls a field.

        Args:
            name: Its name in files.
        """
        return self.renamed.get(name, name)

    def written(self, value: object) -> Iterator[tuple[str, Any]]:
        """Fields of a value as they are written: their names in files, and what they hold.

        Args:
            value: One of the class.
        """
        defaults = {f.name: f.default for f in fields(self.kind)}
        for name in self.fields:
            attribute = self.attribute(name)
            held = getattr(value, attribute)
            if name not in self.if_said or held != defaults[attribute]:
                yield name, held

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Type of each field, by its name in files."""
        found = get_type_hints(self.kind)
        return {name: found[self.attribute(name)] for name in self.fields}

    @cached_property
    def needed(self) -> frozenset[str]:
        """Names in files of the fields that have no default."""
        bare = {
            f.name
            for f in fields(self.kind)
            if f.default is MISSING and f.default_factory is MISSING
        }
        return frozenset(n for n in self.fields if self.attribute(n) in bare)


class Records:
    """A table of records, each class and each name in it once.

    Args:
        records: All of them.

    Raises:
        ValueError: A class or a name stands in it twice.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        every = tuple(records)
        self._by_kind = {record.kind: record for record in every}
        self._by_name = {record.name: record for record in every}
        if not len(every) == len(self._by_kind) == len(self._by_name):
            raise ValueError(
                "Argument `records` must have each class and name once, but has some twice."
            )

    def __iter__(self) -> Any:
        return iter(self._by_kind.values())

    def of(self, kind: type) -> Record | None:
        """The record of a class; `None` if it does not go into files."""
        return self._by_kind.get(kind)

    def named(self, name: object, wanted: type) -> Record | None:
        """The record of this name, if it is of a class wanted or of one derived from it."""
        record = self._by_name.get(name) if isinstance(name, str) else None
        fits = record is not None and issubclass(record.kind, wanted)
        return record if fits else None
