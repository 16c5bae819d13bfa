"""A description of wires: what it accepts, and what it makes of it."""

import math

import pytest
import torch

from mho.units import mS
from mho.wires import WireModel


def test_resistances_compare_and_print_whatever_they_came_as() -> None:
    """Tensors, lists and numbers become tuples and numbers, so equal lines are equal."""
    one = WireModel(torch.tensor([1.0, 2.0], dtype=torch.float64), 0.5)
    two = WireModel([1.0, 2.0], torch.tensor(0.5, dtype=torch.float64))
    assert one == two
    assert hash(one) == hash(two)


def test_ideal_means_every_resistance_is_zero() -> None:
    """Also in lists; one segment of one line suffices for the contrary."""
    assert WireModel([0.0, 0.0], 0.0, sides="both").ideal
    assert not WireModel(driver=[0.0, 1e-6]).ideal


def test_ideal_wires_change_nothing() -> None:
    """The short cut returns the conductances themselves."""
    g = torch.full((2, 3), 1 * mS, dtype=torch.float64)
    assert WireModel().effective_matrix(g) is g


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (-1.0, "must be a resistance of 0 Ω or more, but is"),
        (math.nan, "must be a number, but is NaN"),
    ],
)
def test_what_is_no_resistance_is_named(bad: float, sentence: str) -> None:
    """The field, and in a list the place."""
    with pytest.raises(ValueError, match=rf"`sense` {sentence}"):
        WireModel(sense=bad)
    with pytest.raises(ValueError, match=rf"`driver\[1\]` {sentence}"):
        WireModel(driver=[1.0, bad])


def test_an_unknown_side_is_named() -> None:
    """House sentence of a choice."""
    with pytest.raises(
        ValueError, match="`sides` must be one of `both`, `one`, but is `two`"
    ):
        WireModel(sides="two")


def test_the_driver_is_at_column_zero_and_the_sense_below_the_last_row() -> (
    None
):
    """A corner each: cells near both ends keep most, cells far from both least.

    With equal cells the matrix falls along a word line and rises down a bit line, everywhere.
    """
    g = torch.full((5, 6), 1 * mS, dtype=torch.float64)
    w = WireModel(1.0, 1.0, 1.0, 1.0).effective_matrix(g)
    assert (w.diff(dim=1) < 0).all()
    assert (w.diff(dim=0) > 0).all()


def test_voltages_times_the_matrix_are_the_currents_of_a_divider() -> None:
    """Two rows that share a column through a sense r: i = (v₁ + v₂) G / (1 + 2 G r)."""
    g = torch.full((2, 1), 1 * mS, dtype=torch.float64)
    voltage = torch.tensor([0.1, 0.2], dtype=torch.float64)
    current = voltage @ WireModel(sense=100.0).effective_matrix(g)
    assert current.item() == pytest.approx(0.3 * 1e-3 / 1.2, rel=1e-14)
