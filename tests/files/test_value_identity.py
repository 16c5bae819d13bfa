"""Identity is of values and units: not of notes, and of no name in the code."""

import math
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, ClassVar

import pytest
import torch

from mho.device.published import PRESETS, preset
from mho.files import NOT_IDENTITY, canonical, identity, named


class Kind(Enum):
    SMALL = "small"


@dataclass(frozen=True)
class Cell:
    low: float
    kind: Kind = Kind.SMALL
    note: str = field(default="", metadata=NOT_IDENTITY)


@dataclass(frozen=True)
class Element:
    """`Cell` as later code might call it."""

    kind: Kind
    lowest: float = field(metadata=named("low"))
    remark: str = field(default="", metadata=NOT_IDENTITY)


def test_notes_and_names_in_the_code_do_not_count() -> None:
    wanted = identity(Cell(50e-6))
    assert identity(Cell(50e-6, note="A typo, mended.")) == wanted
    assert identity(Element(Kind.SMALL, 50e-6)) == wanted
    assert identity(Cell(50e-6, kind=Kind.SMALL)) == wanted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.1, math.nextafter(0.1, 1)),
        (1, 2),
        (1e300, math.inf),
        (2**62, 2**62 + 1),
        (True, 1),
        (False, None),
        (1, "1"),
        ("", None),
        ((), ""),
        ((1, 2), (2, 1)),
        ((1, (2,)), ((1,), 2)),
        ({"a": 1}, {"b": 1}),
        ({"a": {}}, {"a": ()}),
        (torch.zeros(2), torch.zeros(3)),
        (torch.zeros(2), torch.zeros(2, 1)),
        (torch.zeros(2), torch.zeros(2, dtype=torch.float64)),
        (torch.zeros(2), torch.tensor([0.0, 1e-45])),
        (Cell(1.0), Cell(2.0)),
        (Cell(1.0), {"low": 1.0, "kind": "small"}),
    ],
)
def test_different_values_have_different_identities(
    one: Any, other: Any
) -> None:
    assert identity(one) != identity(other)
    assert identity([one]) != identity([other])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (300, 300.0),
        (0.0, -0.0),
        ((1, 2), [1, 2]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (Kind.SMALL, "small"),
        (math.nan, float("nan")),
        (
            torch.arange(6).view(2, 3),
            torch.arange(6).view(3, 2).T.contiguous().T.reshape(2, 3),
        ),
    ],
)
def test_equal_values_have_one_identity(one: Any, other: Any) -> None:
    assert identity(one) == identity(other)


def test_classes_with_the_same_fields_tell_themselves_apart() -> None:
    @dataclass(frozen=True)
    class Fitted:
        low: float
        identity_name: ClassVar = "fitted"

    @dataclass(frozen=True)
    class Drawn:
        low: float
        identity_name: ClassVar = "drawn"

    assert identity(Fitted(1.0)) != identity(Drawn(1.0))
    assert canonical(Fitted) == {"class": "fitted"}


@pytest.mark.parametrize(
    "value", [object(), Cell, {1: 2}, {1, 2}, len, b"bytes", 1j]
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"^Argument `value` must have"):
        identity(value)


@pytest.mark.parametrize("name", PRESETS)
def test_every_number_and_unit_of_a_preset_counts_and_no_word_does(
    name: str,
) -> None:
    """Each number is changed by its last bit, each unit and note by one letter."""
    kind = preset(name)
    wanted = identity(kind)
    for key, value in kind.values.items():
        for change, counts in (
            ({"value": math.nextafter(value.value, math.inf)}, True),
            ({"unit": value.unit + "·"}, True),
            ({"note": value.note + "."}, False),
            ({"source": "elsewhere"}, False),
        ):
            other = replace(
                kind, values={**kind.values, key: replace(value, **change)}
            )
            assert (identity(other) != wanted) == counts, (key, change)
    reworded = replace(kind, name="x", summary="y", validity="z")
    assert identity(reworded) == wanted
    assert (
        identity(replace(kind, biasing="V/3" if kind.biasing else "V/2"))
        != wanted
    )
