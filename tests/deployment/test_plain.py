"""Values that go into a file as JSON and tensors, and come back as they were."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from mho.checks import RefusedError
from mho.deployment.storage import Reader, Writer


@dataclass(frozen=True, slots=True)
class Odd:
    """Values that JSON has no word for, and a field with a default."""

    number: float
    several: tuple[float, ...]
    either: float | tuple[int, ...] | None
    named: dict[str, int]
    anything: object
    later: int = 3


@pytest.mark.parametrize("either", [None, 2.5, (1, 2), float("inf")])
def test_plain_values_come_back_as_they_were(either: Any) -> None:
    odd = Odd(
        float("-inf"), (0.1, 1e-300), either, {"a": 1}, (torch.float64, None, "x", True)
    )
    writer = Writer()
    plain = json.loads(json.dumps(writer.write(odd, "odd"), allow_nan=False))
    assert Reader(writer.tensors).read(Odd, plain, "odd") == odd


@dataclass(frozen=True)
class Odder(Odd):
    """Derived from what is wanted."""

    extra: str = "x"


def test_a_derived_class_comes_back_as_itself_and_a_strange_one_does_not() -> None:
    odder = Odder(1.0, (), None, {}, 1, extra="y")
    plain = Writer().write(odder, "odd")
    assert Reader({}).read(Odd, plain, "odd") == odder
    plain["is"] = "Provenance"
    with pytest.raises(RefusedError):
        Reader({}).read(Odd, plain, "odd")


def test_a_field_that_came_later_takes_its_default() -> None:
    plain = Writer().write(Odd(1.0, (), None, {}, 1, later=7), "odd")
    del plain["fields"]["later"]
    assert Reader({}).read(Odd, plain, "odd").later == 3
