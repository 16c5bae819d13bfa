"""Calls of mho are checked while tests run; without that, wrong shapes would pass by unseen."""

from dataclasses import dataclass
from typing import Any

import jaxtyping
import pytest
import torch
from beartype import beartype
from jaxtyping import Float, TypeCheckError
from torch import Tensor

from mho.units import show
from mho.wires import WireModel, effective_pair

checked = jaxtyping.jaxtyped(typechecker=beartype)


@checked
def half(number: int) -> int:
    return number / 2  # type: ignore[return-value]


@checked
def outer(
    first: Float[Tensor, " rows"], second: Float[Tensor, " cols"]
) -> Float[Tensor, "rows cols"]:
    return second[:, None] * first


@checked
@dataclass(frozen=True, slots=True)
class Line:
    length: float
    before: "Line | None" = None


def test_functions_of_mho_are_checked_without_shapes() -> None:
    wrong: Any = "1"
    with pytest.raises(TypeCheckError, match="value"):
        show(wrong, "S")


def test_functions_of_mho_are_checked_with_shapes() -> None:
    """Places of a pair of 3 × 4, conductances of one of 3 × 5: each agrees with itself."""
    places = torch.zeros(2, 3, 4, dtype=torch.int64)
    pair = torch.ones(2, 3, 5)
    with pytest.raises(TypeCheckError, match="sides rows cols"):
        effective_pair(WireModel(), (3, 5), places, pair)


def test_what_is_returned_is_checked() -> None:
    """Also against the shapes of what was given."""
    with pytest.raises(TypeCheckError, match="return"):
        half(3)
    outer(torch.ones(3), torch.ones(3))
    with pytest.raises(TypeCheckError, match="return"):
        outer(torch.ones(3), torch.ones(4))


def test_dataclasses_are_checked_as_they_are_made() -> None:
    """A class that names itself is known when the first of it is made."""
    wrong: Any = 1j
    Line(1.0, Line(2.0))
    with pytest.raises(TypeCheckError, match="length"):
        Line(wrong)
    with pytest.raises(TypeCheckError, match="before"):
        Line(1.0, wrong)
