"""What makes two values the same: their numbers and units, not their notes or names in the code.

A file or an unfinished run remembers what it belongs to by a checksum of it. The checksum is of a
value's canonical form, so that mending a note, renaming a class or moving a module changes
nothing, and changing a number changes everything.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

NOT_IDENTITY = {"identity": None}
"""Metadata of a dataclass field that says nothing about what a value is, such as a note."""


def named(name: str) -> dict[str, str]:
    """Metadata of a dataclass field that was renamed: the name that it had at first.

    Args:
        name: That name; checksums of earlier times go on to be right.
    """
    return {"identity": name}


def identity(value: object) -> str:
    """Checksum of a value's canonical form, in hexadecimal digits.

    Args:
        value: What `canonical` takes.

    Raises:
        TypeError: It has no canonical form.

    >>> identity({"pulses": 3}) == identity({"pulses": 3.0})
    True
    """
    text = json.dumps(canonical(value), separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: object) -> Any:
    """A value as plain JSON, equal for equal values and for no others.

    Numbers count by what they are, to the last bit: 300 and 300.0 are the same, as are 0 and −0.
    Of a dataclass count its fields, whatever the class is called. Where classes with the same
    fields mean different things they tell themselves apart by an attribute `identity_name`, which
    is also what a class itself is known by.

    Args:
        value: Dataclass, tensor, mapping, sequence, enumeration, class or plain value.

    Raises:
        TypeError: It is none of these.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return canonical(value.value)
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, int | float):
        return {"number": _number(value)}
    if isinstance(value, type):
        return {"class": _class_name(value)}
    return _several(value)


def _several(value: object) -> Any:
    """The canonical form of what has parts."""
    if is_dataclass(value):
        parts = {
            f.metadata.get("identity", f.name): canonical(
                getattr(value, f.name)
            )
            for f in fields(value)
            if f.metadata.get("identity", f.name) is not None
        }
        name = getattr(value, "identity_name", None)
        return {"parts": parts} | ({} if name is None else {"class": name})
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(
                "Argument `value` must have words as keys, but has other ones."
            )
        return {"map": {key: canonical(item) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    # here alone, as it takes a second and few values have tensors
    from torch import Tensor

    if isinstance(value, Tensor):
        return {"tensor": _numbers(value)}
    raise TypeError(
        f"Argument `value` must have a canonical form, but a {type(value).__name__} has none."
    )


def _number(value: int | float) -> str:
    """A number exactly: whole ones in decimal digits, others in binary ones."""
    if math.isfinite(value) and value == int(value):
        return str(int(value))
    return float(value).hex()


def _numbers(tensor: "Tensor") -> list[Any]:
    """Kind, shape and checksum of a tensor's numbers."""
    import torch

    plain = tensor.detach().cpu().contiguous()
    content = plain.reshape(-1).view(torch.uint8).numpy().tobytes()
    kind = str(plain.dtype).removeprefix("torch.")
    return [kind, list(plain.shape), hashlib.sha256(content).hexdigest()]


def _class_name(cls: type) -> str:
    name = getattr(cls, "identity_name", None)
    if not isinstance(name, str):
        raise TypeError(
            f"Argument `value` must have a canonical form, but class {cls.__name__} has no"
            " `identity_name`."
        )
    return name
