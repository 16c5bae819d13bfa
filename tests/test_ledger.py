"""Costs add, subtract and print."""

from dataclasses import fields

from mho.ledger import Ledger

ONE = Ledger(1, 2, 3, 4, 0.5, 0.25, 0.125, 0.0625)
TWO = Ledger(10, 20, 30, 40, 8.0, 16.0, 32.0, 64.0)


def test_ledgers_add_field_by_field() -> None:
    """Binary fractions: the sums are exact."""
    both = ONE + TWO
    assert both == Ledger(11, 22, 33, 44, 8.5, 16.25, 32.125, 64.0625)
    assert ONE + TWO == TWO + ONE


def test_the_empty_ledger_is_zero() -> None:
    """Adding nothing changes nothing, and `sum` may start from it."""
    assert ONE + Ledger() == ONE
    assert Ledger() + ONE == ONE
    assert sum([ONE, TWO, ONE], Ledger()) == ONE + TWO + ONE
    assert all(getattr(Ledger(), f.name) == 0 for f in fields(Ledger))


def test_subtraction_undoes_addition() -> None:
    """What was spent between two looks; exact for binary fractions."""
    assert (ONE + TWO) - ONE == TWO
    nothing = ONE - ONE
    assert nothing == Ledger()


def test_all_energy_is_the_sum_of_its_three_parts() -> None:
    """0.25 + 0.125 + 0.0625 J; pulses, counts and seconds do not enter."""
    assert ONE.joules == 0.4375


def test_only_what_was_spent_is_printed() -> None:
    """Zeros are left out."""
    assert repr(Ledger()) == "Ledger()"
    assert (
        repr(Ledger(reads=3, read_joules=0.5))
        == "Ledger(reads=3, read_joules=0.5)"
    )
    assert "converter_joules=0.0625" in repr(ONE)
