"""Values to plain JSON and tensors, and back: frozen dataclasses field by field, by their hints.

Classes and fields stand in files under the names of a table of records. Reading is driven by the
type hints of the class that is wanted, never by what a file says: a file cannot name a class that
is not expected at that place, and every value is checked against its hint.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import torch
from jaxtyping import AbstractArray
from torch import Tensor

from mho.checks import RefusedError
from mho.deployment.storage.names import RECORDS
from mho.deployment.storage.record import Records
from mho.deployment.storage.stored_block import (
    StoredBlock,
    block_of,
    stored_block,
)
from mho.deployment.storage.stored_graph import (
    StoredGraph,
    graph_of,
    stored_graph,
)
from mho.mapping import Block
from mho.network import Graph, Ref

_CONSTANTS = {
    str(value).removeprefix("torch."): value
    for value in vars(torch).values()
    if isinstance(value, torch.dtype | torch.memory_format)
}
_PLAIN = (NoneType, bool, int, str)


class Writer:
    """Turns values into plain ones and collects their tensors.

    Args:
        records: Names of classes and fields in files.

    Attributes:
        tensors: All tensors so far, by name.
    """

    def __init__(self, records: Records = RECORDS) -> None:
        self._records = records
        self.tensors: dict[str, Tensor] = {}

    def write(self, value: object, name: str) -> Any:
        """The plain value that stands for a value.

        Args:
            value: Dataclass, tensor, mapping, tuple, list or plain value.
            name: Where it stands; names its tensors.

        Raises:
            TypeError: A value that is none of these, or of a class that has no name in files.
        """
        if isinstance(value, Tensor):
            return self._tensor(value, name)
        if isinstance(value, _PLAIN) and not isinstance(value, Enum):
            return value
        if isinstance(value, float | torch.dtype | torch.memory_format):
            return _marked(value)
        if isinstance(value, torch.device | torch.layout):
            return None  # where numbers lie is for the reader to decide
        return self._several(value, name)

    def _several(self, value: object, name: str) -> Any:
        if isinstance(value, Block):
            value = stored_block(value)
        if isinstance(value, Graph):
            value = stored_graph(value)
        record = self._records.of(type(value))
        if record is not None:
            own = {
                stored: self.write(held, f"{name}.{stored}")
                for stored, held in record.written(value)
            }
            return {"is": record.name, "fields": own}
        if isinstance(value, Mapping):
            return {
                "map": {
                    k: self.write(v, f"{name}.{k}") for k, v in value.items()
                }
            }
        if isinstance(value, list | tuple):
            return [self.write(v, f"{name}.{i}") for i, v in enumerate(value)]
        raise TypeError(
            f"Value `{name}` must be plain or have a name in files, but is a"
            f" {type(value).__name__}."
        )

    def _tensor(self, tensor: Tensor, name: str) -> dict[str, str]:
        while name in self.tensors:
            name += "_"
        self.tensors[name] = tensor
        return {"tensor": name}


class Reader:
    """Turns plain values back, each into what its place demands.

    Args:
        tensors: Tensors by name.
        records: Names of classes and fields in files.
    """

    def __init__(
        self, tensors: Mapping[str, Tensor], records: Records = RECORDS
    ) -> None:
        self._tensors = tensors
        self._records = records
        self._used = set[str]()

    @property
    def unused(self) -> list[str]:
        """Names of tensors that nothing refers to."""
        return sorted(self._tensors.keys() - self._used)

    def read(self, hint: Any, plain: Any, name: str, **apart: object) -> Any:
        """The value that a plain one stands for.

        Args:
            hint: Type wanted, as annotated.
            plain: What the file says.
            name: Where it stands, for errors.
            apart: Fields of a dataclass that stood elsewhere in the file.

        Raises:
            RefusedError: It is something else.
        """
        origin = get_origin(hint)
        inner = get_args(hint)
        if hint in (object, Any):
            return self._anything(plain, name)
        if origin in (Union, UnionType):
            return self._one_of(inner, plain, name)
        if isinstance(hint, type) and issubclass(hint, Tensor | AbstractArray):
            return self._tensor(hint, plain, name)
        if hint in (Block, Graph):
            return self._by_record(hint, plain, name)
        if isinstance(hint, type) and is_dataclass(hint):
            return self._dataclass(hint, plain, name, apart)
        if origin is tuple or (
            origin is not None and issubclass(origin, Sequence)
        ):
            return self._items(inner, plain, name)
        if origin is not None and issubclass(origin, Mapping):
            _demand(isinstance(plain, dict) and plain.keys() == {"map"}, name)
            _demand(isinstance(plain["map"], dict), name)
            return {
                k: self.read(inner[1], v, f"{name}.{k}")
                for k, v in plain["map"].items()
            }
        return _scalar(hint, plain, name)

    def _one_of(self, hints: tuple[Any, ...], plain: Any, name: str) -> Any:
        for hint in hints:
            try:
                return self.read(hint, plain, name)
            except RefusedError:
                continue
        raise _refusal(name)

    def _tensor(self, hint: Any, plain: Any, name: str) -> Tensor:
        key = (
            str(plain["tensor"])
            if isinstance(plain, dict) and plain.keys() == {"tensor"}
            else ""
        )
        _demand(key in self._tensors, name)
        tensor = self._tensors[key]
        _demand(isinstance(tensor, hint), name)
        self._used.add(key)
        return tensor

    def _dataclass(
        self, cls: type, plain: Any, name: str, apart: Mapping[str, object]
    ) -> Any:
        _demand(
            isinstance(plain, dict) and plain.keys() == {"is", "fields"}, name
        )
        own = plain["fields"]
        record = self._records.named(plain["is"], cls)
        if record is None or not isinstance(own, dict):
            raise _refusal(name)
        _demand(record.needed <= own.keys() <= {*record.fields}, name)
        values = {
            record.attribute(stored): self.read(
                record.hints[stored], value, f"{name}.{stored}"
            )
            for stored, value in own.items()
        }
        try:
            return record.kind(**values, **apart)
        except (ValueError, TypeError) as error:
            first = (str(error).splitlines() or [""])[0].rstrip(".")
            raise RefusedError(f"has no possible `{name}` ({first})") from error

    def _by_record(self, hint: type, plain: Any, name: str) -> Block | Graph:
        """A value that stands in files as another class than the code's own."""
        if hint is Block:
            return block_of(self._dataclass(StoredBlock, plain, name, {}))
        first = self._records.of(StoredGraph)
        word = plain.get("is") if isinstance(plain, dict) else None
        if first is not None and word == first.name:
            return graph_of(self._dataclass(StoredGraph, plain, name, {}))
        graph: Graph = self._dataclass(Graph, plain, name, {})
        return graph

    def _items(
        self, inner: tuple[Any, ...], plain: Any, name: str
    ) -> tuple[Any, ...]:
        _demand(isinstance(plain, list), name)
        endless = len(inner) == 1 or inner[-1] is Ellipsis
        hints = [inner[0]] * len(plain) if endless else list(inner)
        _demand(len(hints) == len(plain), name)
        pairs = zip(hints, plain, strict=True)
        return tuple(
            self.read(h, v, f"{name}.{i}") for i, (h, v) in enumerate(pairs)
        )

    def _anything(self, plain: Any, name: str) -> object:
        """An argument of an operation: a number, a word, a reference, or several of them."""
        if isinstance(plain, list):
            return tuple(self._anything(item, name) for item in plain)
        if not isinstance(plain, dict):
            return plain
        if plain.keys() == {"float"}:
            return _scalar(float, plain, name)
        if plain.keys() == {"torch"}:
            _demand(
                isinstance(plain["torch"], str)
                and plain["torch"] in _CONSTANTS,
                name,
            )
            return _CONSTANTS[plain["torch"]]
        return self._dataclass(Ref, plain, name, {})


def _marked(value: float | torch.dtype | torch.memory_format) -> Any:
    """What JSON has no word for: infinity, and torch's own constants."""
    if not isinstance(value, float):
        return {"torch": str(value).removeprefix("torch.")}
    return value if math.isfinite(value) else {"float": str(value)}


def _scalar(hint: Any, plain: Any, name: str) -> Any:
    if hint is float:
        if isinstance(plain, dict) and plain.keys() == {"float"}:
            _demand(plain["float"] in ("inf", "-inf", "nan"), name)
            return float(plain["float"])
        _demand(type(plain) in (int, float), name)
        return plain
    wanted = NoneType if hint is None else hint
    _demand(wanted in _PLAIN and type(plain) is wanted, name)
    return plain


def _demand(fits: object, name: str) -> None:
    if not fits:
        raise _refusal(name)


def _refusal(name: str) -> RefusedError:
    return RefusedError(f"has no possible value at `{name[:120]}`")
