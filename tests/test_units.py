"""Units: literals, numbers shown for people, and numbers read from people."""

import math

import pytest

from mho import units
from mho.units import parse, show, show_duration


def test_prefixes_are_powers_of_a_thousand() -> None:
    """Prefix m is 1e-3, u 1e-6, n 1e-9, p 1e-12; the base units are 1. Exact."""
    assert (
        units.S
        == units.V
        == units.A
        == units.s
        == units.J
        == units.Hz
        == units.Ohm
        == 1.0
    )
    assert units.mS == units.mV == units.mA == units.ms == units.mJ == 1e-3
    assert units.uS == units.uA == units.us == units.uJ == 1e-6
    assert units.nS == units.ns == units.nJ == 1e-9
    assert units.pJ == 1e-12


def test_the_conductance_quantum_follows_from_two_exact_constants() -> None:
    """G₀ = 2e²/h with e and h exact since 2019; the literal has eight digits, hence 1e-8."""
    assert (
        pytest.approx(2 * 1.602176634e-19**2 / 6.62607015e-34, rel=1e-8)
        == units.G0
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.5e-4, "S", "150 µS"),
        (-1.5e-4, "S", "-150 µS"),
        (0.0, "V", "0 V"),
        (1.0, "V", "1 V"),
        (999.99e-6, "S", "1 mS"),
        (4.1444e-3, "S", "4.144 mS"),
        (2.5e4, "Ω", "25 kΩ"),
        (1e-18, "J", "1e-18 J"),
        (0.25, "1", "0.25"),
        (131072, "1", "131072"),
        (float("inf"), "V", "inf V"),
        (float("nan"), "S", "nan S"),
        (3.0, "", "3"),
    ],
)
def test_a_number_is_shown_with_the_prefix_that_reads_best(
    value: float, unit: str, text: str
) -> None:
    """Four digits, prefix such that 1 ≤ number < 1,000 after rounding."""
    assert show(value, unit) == text


@pytest.mark.parametrize("exponent", range(-15, 15))
def test_what_is_shown_reads_back(exponent: int) -> None:
    """parse(show(x)) is x to the four digits shown: half a unit of the fourth, 5e-4."""
    for factor in (1.0, -1.2345, 9.9994, 9.9996):
        value = factor * 10.0**exponent
        assert parse(show(value, "S"), "S") == pytest.approx(value, rel=5e-4)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1uS", "S", 1e-6),
        ("1 µS", "S", 1e-6),
        ("1 μS", "S", 1e-6),
        (" 0.2 V ", "V", 0.2),
        ("-1.5e2 ns", "s", -1.5e-7),
        (".5mS", "S", 5e-4),
        ("2.kΩ", "Ω", 2e3),
        ("+3GHz", "Hz", 3e9),
        ("1 ms", "s", 1e-3),
        ("7S", "S", 7.0),
        ("2min", "s", 120.0),
        ("1 h", "s", 3600.0),
        ("30d", "s", 2.592e6),
        ("1week", "s", 604800.0),
        ("1month", "s", 365.25 * 7200),
        ("10y", "s", 365.25 * 864000),
    ],
)
def test_a_number_with_its_unit_is_read_into_si(
    text: str, unit: str, value: float
) -> None:
    """Every prefix, both signs of micro, with and without space; one rounding, 1e-15."""
    assert parse(text, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1", "S"),
        ("1 V", "S"),
        ("uS", "S"),
        ("", "S"),
        ("1 xS", "S"),
        ("1,5 V", "V"),
        ("1 s", "S"),
        ("1 h", "S"),
        ("1 years", "s"),
        ("1 my", "s"),
    ],
)
def test_a_number_without_the_right_unit_is_refused(
    text: str, unit: str
) -> None:
    """A bare number is ambiguous; the sentence quotes what was written and shows an example."""
    with pytest.raises(ValueError, match=f"1u{unit}"):
        parse(text, unit)


def test_dimensionless_numbers_keep_twelve_digits() -> None:
    """Counts are shown whole."""
    assert show(123456789012, "1") == "123456789012"
    assert math.isclose(float(show(math.pi, "1")), math.pi, rel_tol=1e-11)


@pytest.mark.parametrize(
    "text", ["20 ms", "1.5 min", "23.5 h", "30 d", "6 month", "10 y"]
)
def test_a_duration_is_shown_as_people_say_it(text: str) -> None:
    """show_duration(parse(x)) is x: the largest unit that makes the number one or more."""
    assert show_duration(parse(text, "s")) == text
