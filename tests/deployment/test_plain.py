"""Values that go into a file as JSON and tensors, and come back as they were."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from mho.checks import RefusedError
from mho.deployment.storage import Reader, Writer
from mho.deployment.storage.names import RECORDS
from mho.deployment.storage.record import Record, Records


@dataclass(frozen=True, slots=True)
class Odd:
    """Values that JSON has no word for, and a field with a default."""

    number: float
    several: tuple[float, ...]
    either: float | tuple[int, ...] | None
    named: dict[str, int]
    anything: object
    later: int = 3


@dataclass(frozen=True)
class Odder(Odd):
    """Derived from what is wanted."""

    extra: str = "x"


FIELDS = ("number", "several", "either", "named", "anything", "later")
TABLE = Records(
    (
        Record("Strange", Odd, FIELDS),
        Record("Stranger", Odder, (*FIELDS, "extra")),
        *RECORDS,
    )
)


@pytest.mark.parametrize("either", [None, 2.5, (1, 2), float("inf")])
def test_plain_values_come_back_as_they_were(either: Any) -> None:
    odd = Odd(
        float("-inf"),
        (0.1, 1e-300),
        either,
        {"a": 1},
        (torch.float64, None, "x", True),
    )
    writer = Writer(TABLE)
    plain = json.loads(json.dumps(writer.write(odd, "odd"), allow_nan=False))
    assert Reader(writer.tensors, TABLE).read(Odd, plain, "odd") == odd


def test_a_derived_class_comes_back_as_itself_and_a_strange_one_does_not() -> (
    None
):
    odder = Odder(1.0, (), None, {}, 1, extra="y")
    plain = Writer(TABLE).write(odder, "odd")
    assert Reader({}, TABLE).read(Odd, plain, "odd") == odder
    plain["is"] = "Provenance"
    with pytest.raises(RefusedError):
        Reader({}, TABLE).read(Odd, plain, "odd")


def test_a_field_that_came_later_takes_its_default() -> None:
    plain = Writer(TABLE).write(Odd(1.0, (), None, {}, 1, later=7), "odd")
    del plain["fields"]["later"]
    assert Reader({}, TABLE).read(Odd, plain, "odd").later == 3


@dataclass(frozen=True)
class Renamed:
    """`Odd` as later code might call it and its fields, in another order."""

    anything: object
    value: float
    several: tuple[float, ...]
    choice: float | tuple[int, ...] | None
    named: dict[str, int]
    later: int = 3


CALLED = {"number": "value", "either": "choice"}
RENAMED = Records((Record("Strange", Renamed, FIELDS, CALLED),))


def test_a_class_and_fields_that_are_renamed_leave_files_as_they_are() -> None:
    """Byte by byte, both ways: the table alone says what stands in a file."""
    now = Renamed(True, 1.5, (2.0,), (1,), {"a": 1}, 4)
    plain = Writer(RENAMED).write(now, "odd")
    then = Odd(1.5, (2.0,), (1,), {"a": 1}, True, 4)
    assert json.dumps(plain) == json.dumps(Writer(TABLE).write(then, "odd"))
    assert Reader({}, RENAMED).read(Renamed, plain, "odd") == now
    del plain["fields"]["either"]
    with pytest.raises(RefusedError):
        Reader({}, RENAMED).read(Renamed, plain, "odd")


def test_the_table_notices_a_field_that_it_does_not_name() -> None:
    """Whoever renames or adds a field learns it at once, not from a file that cannot be read."""
    with pytest.raises(TypeError, match="keeps its name in files"):
        Record("Strange", Renamed, FIELDS)
    with pytest.raises(TypeError, match="'extra'"):
        Record("Stranger", Odder, FIELDS)


def test_a_class_without_a_name_in_files_is_not_written() -> None:
    with pytest.raises(TypeError, match="name in files"):
        Writer().write(Odd(1.0, (), None, {}, 1), "odd")
