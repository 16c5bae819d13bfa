"""Every refusal is the house sentence: what, where, how bad, what to do."""

import math

import pytest
import torch

from mho.checks import (
    check_between,
    check_choice,
    check_finite,
    check_not_negative,
    check_positive,
    check_shape,
    check_within,
)


@pytest.mark.parametrize("value", [0.0, -1e-6, math.inf, -math.inf, math.nan])
def test_positive_means_finite_and_above_zero(value: float) -> None:
    """0, negative, infinite and NaN are refused; the smallest positive number is not."""
    with pytest.raises(
        ValueError,
        match=r"^Argument `slope` must be finite and above 0 V, but is",
    ):
        check_positive(value, "slope", "V")
    check_positive(5e-324, "slope", "V")


@pytest.mark.parametrize("value", [-5e-324, math.inf, math.nan])
def test_not_negative_allows_zero(value: float) -> None:
    """The boundary itself is allowed."""
    with pytest.raises(
        ValueError, match=r"^Argument `spread` must be finite and not negative"
    ):
        check_not_negative(value, "spread", "1")
    check_not_negative(0.0, "spread", "1")
    check_not_negative(1.0, "spread", "1")


@pytest.mark.parametrize("value", [0.999e-6, 2.001e-6, math.nan, math.inf])
def test_between_includes_both_ends(value: float) -> None:
    """Closed interval; the sentence gives both ends and the value with prefixes."""
    with pytest.raises(
        ValueError, match=r"must lie within 1 µS to 2 µS, but is"
    ):
        check_between(value, "level", 1e-6, 2e-6, "S")
    check_between(1e-6, "level", 1e-6, 2e-6, "S")
    check_between(2e-6, "level", 1e-6, 2e-6, "S")


def test_within_names_how_many_where_and_how_bad() -> None:
    """Three of six lie outside; the worst, by distance, is cell (1, 2) with 9 V."""
    values = torch.tensor([[0.0, 1.0, 2.5], [-2.0, 0.5, 9.0]])
    with pytest.raises(ValueError) as caught:
        check_within(values, "target", 0.0, 2.0, unit="V", hint="Rescale it.")
    assert str(caught.value) == (
        "Argument `target` must lie within 0 V to 2 V, but 3 of 6 cells do not; the worst is cell"
        " (1, 2) with 9 V. Rescale it."
    )
    check_within(values, "target", -2.0, 9.0, unit="V", hint="")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_within_refuses_what_is_not_a_number(bad: float) -> None:
    """NaN and infinities are outside any range and worse than any finite excess."""
    values = torch.tensor([0.0, -7.0, bad])
    with pytest.raises(
        ValueError, match=r"2 of 3 cells do not; the worst is cell \(2\)"
    ):
        check_within(values, "target", 0.0, 1.0, unit="S", hint="")


def test_within_allows_nothing_at_all() -> None:
    """An empty tensor has no element outside."""
    check_within(torch.zeros(0, 3), "target", 0.0, 1.0, unit="S", hint="")


def test_finite_names_the_first_bad_element() -> None:
    """Two of four; the first is (0, 1)."""
    values = torch.tensor([[0.0, math.nan], [math.inf, 1.0]])
    with pytest.raises(
        ValueError,
        match=r"2 of 4 elements are NaN or infinite; .* \(0, 1\)\. Fix",
    ):
        check_finite(values, "weights", "Fix it.")
    check_finite(torch.zeros(2, 2), "weights", "")


@pytest.mark.parametrize(
    "shape", [(2,), (2, 4), (2, 3, 1), (None,), (3, None), ()]
)
def test_shape_refuses_another_rank_or_size(
    shape: tuple[int | None, ...],
) -> None:
    """(2, 3) fits (2, 3), (None, 3) and (None, None), and nothing else here."""
    values = torch.zeros(2, 3)
    with pytest.raises(
        ValueError, match=r"must have shape \(.*\), but has \(2, 3\)"
    ):
        check_shape(values, "weights", shape)
    for fits in ((2, 3), (None, 3), (None, None)):
        check_shape(values, "weights", fits)


def test_a_word_off_the_list_meets_its_nearest_neighbour() -> None:
    """A near miss is suggested; a far one only gets the list; a hit passes."""
    words = ("on_chip", "off_chip")
    with pytest.raises(
        ValueError,
        match=r"one of `off_chip`, `on_chip`, .* Did you mean `on_chip`",
    ):
        check_choice("onchip", "driver", words)
    with pytest.raises(ValueError, match=r"but is `zzz`\.$"):
        check_choice("zzz", "driver", words)
    check_choice("on_chip", "driver", iter(words))


def test_of_many_choices_the_nearest_are_named() -> None:
    words = [f"field{n:02d}" for n in range(40)] + ["births"]
    with pytest.raises(
        ValueError, match=r"one of `births` or 40 others, but is `birth`\. Did"
    ):
        check_choice("birth", "field", words)
