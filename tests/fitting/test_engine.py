"""The engine of fits: intervals hold what they promise, and what is not known is told so."""

import math
from typing import Any

import numpy as np
import pytest

from mho.fitting import FreeParameter, complex_step, fit_law
from mho.fitting.engine import RISE, Complex, Coordinates, Row, interval

KNOWN = 0.25
"""Variance that every number has besides the spread (1)."""


class Spread:
    """Normal numbers with a spread beside a known variance; and a number that nothing tells."""

    title = "spread"
    data = ("numbers.csv",)
    parameters = (
        FreeParameter("mean", "1", 0.3, -5.0, 5.0, useful=2.0),
        FreeParameter("spread", "1", 1.0, 0.0, 10.0, useful=2.0),
        FreeParameter("other", "1", 0.5, 0.0, 1.0, useful=0.5),
    )

    def __init__(self, numbers: Row) -> None:
        self.numbers = numbers

    @property
    def points(self) -> int:
        return self.numbers.size

    def value(self, p: Complex) -> complex:
        variance = p[1] ** 2 + KNOWN
        square = ((self.numbers - p[0]) ** 2).sum()
        return square / (2 * variance) + self.points / 2 * np.log(variance)

    def loss(self, p: Row) -> float:
        return float(self.value(p.astype(np.complex128)).real)

    def gradient(self, p: Row) -> Row:
        return complex_step(self.value, p)


def numbers(seed: int, spread: float, count: int = 20) -> Row:
    draws = np.random.default_rng(seed).normal(size=count)
    return 0.7 + draws * math.sqrt(spread**2 + KNOWN)


@pytest.mark.parametrize("spread", [1.0, 0.0])
def test_intervals_hold_the_truth_as_often_as_they_say(spread: float) -> None:
    """Of 40 intervals of 95 %, fewer than 33 hold it once in 3,000 times (binomial).

    Also with the truth on a bound, where an interval from second derivatives lies.
    """
    held = {"mean": 0, "spread": 0}
    for seed in range(40):
        fitted = fit_law(Spread(numbers(seed, spread)))
        for name, truth in (("mean", 0.7), ("spread", spread)):
            held[name] += fitted[name].low <= truth <= fitted[name].high
    assert min(held.values()) >= 33


def test_a_number_that_the_data_do_not_touch_is_told_as_not_determined() -> (
    None
):
    """Its likelihood is flat from bound to bound."""
    fitted = fit_law(Spread(numbers(0, 1.0)))
    other = fitted["other"]
    assert (other.low, other.high) == (0.0, 1.0)
    assert not other.determined
    assert fitted["mean"].determined


def test_two_numbers_leave_a_spread_open() -> None:
    """An interval of a spread from two numbers is wider than anything useful."""
    assert not fit_law(Spread(numbers(3, 1.0, count=2)))["spread"].determined


def test_ends_are_those_of_minos() -> None:
    """`iminuit` follows the same profile by other means; both stop within 0.02 of the rise.

    A rise of 1.92 ± 0.02 is an end ± 0.5 % of the half-width; 2 % leaves room for both.
    """
    from iminuit import Minuit

    law = Spread(numbers(1, 2.0))
    fitted = fit_law(law)

    def loss(mean: float, spread: float) -> float:
        return law.loss(np.array([mean, spread, 0.5]))

    search = Minuit(loss, mean=0.5, spread=1.0)
    search.errordef = Minuit.LIKELIHOOD
    search.migrad()
    search.minos(cl=0.95)
    for name in ("mean", "spread"):
        error = search.merrors[name]
        width = error.upper - error.lower
        low = search.values[name] + error.lower
        high = search.values[name] + error.upper
        assert fitted[name].low == pytest.approx(low, abs=0.02 * width)
        assert fitted[name].high == pytest.approx(high, abs=0.02 * width)


def test_slopes_are_exact_to_rounding() -> None:
    """Of e^x sin y, whose slopes are known."""
    found = complex_step(
        lambda p: np.exp(p[0]) * np.sin(p[1]), np.array([0.3, 1.1])
    )
    right = [
        math.exp(0.3) * math.sin(1.1),
        math.exp(0.3) * math.cos(1.1),
    ]
    assert found == pytest.approx(right, rel=1e-15)


def test_a_parameter_refuses_a_start_outside_its_bounds() -> None:
    with pytest.raises(ValueError, match="start of size"):
        FreeParameter("size", "1", 3.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="must be positive"):
        FreeParameter("size", "1", 0.0, 0.0, 1.0, log=True)


def test_a_search_leaves_a_spread_of_nothing() -> None:
    """The slope by a spread is 0 where it is nothing: its square counts.

    Begun there, the search must come to where it comes from elsewhere; an interval whose other
    numbers pass there must not end early either, so the ends of the mean are the same.
    """
    law = Spread(numbers(1, 2.0))
    usual = fit_law(law)
    begun = fit_law(law, start=np.array([0.3, 0.0, 0.5]))
    assert begun["spread"].value == pytest.approx(usual["spread"].value, 1e-2)
    assert begun["spread"].low > 0.5
    for end in ("low", "high"):
        there = getattr(usual["mean"], end)
        assert getattr(begun["mean"], end) == pytest.approx(there, abs=0.02)


class Few(Spread):
    """Numbers of few cells, whose variance is all unknown."""

    parameters = Spread.parameters[:2]

    @property
    def units(self) -> int:
        return self.numbers.size

    def value(self, p: Complex) -> complex:
        square = ((self.numbers - p[0]) ** 2).sum() / p[1] ** 2
        return square / 2 + self.points * np.log(p[1])


def test_the_mean_of_few_cells_has_students_interval() -> None:
    """In closed form: the mean of six, and 2.571 times its standard error either way."""
    six = numbers(3, 1.0, 6)
    fitted = fit_law(Few(six))["mean"]
    half = 2.5706 * six.std(ddof=1) / math.sqrt(6)
    assert fitted.low == pytest.approx(six.mean() - half, abs=0.01 * half)
    assert fitted.high == pytest.approx(six.mean() + half, abs=0.01 * half)


class Kinked:
    """Two numbers that lean on each other; the loss has a fold where the second is nothing."""

    title = "kinked"
    data = ("numbers.csv",)
    points = 2
    fold = 0.3
    parameters = (
        FreeParameter("first", "1", 0.3, -30.0, 30.0),
        FreeParameter("second", "1", 0.2, -30.0, 30.0),
    )

    def loss(self, p: Row) -> float:
        lean = p[1] - 0.8 * p[0]
        return float((p[0] ** 2 + 4 * lean**2) / 2 + self.fold * abs(p[1]))

    def gradient(self, p: Row) -> Row:
        lean = p[1] - 0.8 * p[0]
        second = 4 * lean + self.fold * np.sign(p[1])
        return np.array([p[0] - 3.2 * lean, second])


def test_a_fold_at_the_optimum_leaves_intervals_as_wide_as_they_are() -> None:
    """By brute force: the first number's profile, the second on a fine grid.

    Second derivatives across the fold have no end: steps by them move the second number nowhere,
    and with it held the interval is half as wide.
    """
    law = Kinked()
    second = np.linspace(-4, 4, 16_001)
    first = np.linspace(0, 4, 801)
    lean = second - 0.8 * first[:, None]
    losses = (first[:, None] ** 2 + 4 * lean**2) / 2
    losses += law.fold * np.abs(second)
    rise = losses.min(1)
    end = float(np.interp(RISE, rise, first))
    fitted = fit_law(law)
    assert fitted["first"].value == pytest.approx(0.0, abs=0.02)
    # the loss may be a hundredth short, or a kink's quarter at worst
    assert fitted["first"].high == pytest.approx(end, rel=0.04)
    assert fitted["first"].low == pytest.approx(-end, rel=0.04)


class Bent:
    """Residuals 10 (y − x²) and 1 − x: a valley that turns away from its tangent."""

    title = "bent"
    data = ("points.csv",)
    points = 2
    parameters = (
        FreeParameter("x", "1", 0.5, -4.0, 6.0),
        FreeParameter("y", "1", 0.5, -10.0, 30.0, useful=30.0),
    )

    def residuals(self, p: Row) -> tuple[Row, Row]:
        off = np.array([10 * (p[1] - p[0] ** 2), 1 - p[0]])
        return off, np.array([[-20 * p[0], 10.0], [-1.0, 0.0]])

    def loss(self, p: Row) -> float:
        off, _ = self.residuals(p)
        return float(off @ off) / 2

    def gradient(self, p: Row) -> Row:
        off, slopes = self.residuals(p)
        return off @ slopes

    def information(self, p: Row) -> Row:
        _, slopes = self.residuals(p)
        return slopes.T @ slopes


def test_a_bent_valley_is_followed_by_second_derivatives_of_each_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With x held y follows, y = x²: the profile of x is (1 − x)²/2, whose ends are 1 ± 1.96.

    That of y is brute force; at its low end, where x turns round, the law expects nothing of x,
    and that end alone is searched.
    """
    asked = []
    search = interval.most_likely

    def counted(
        places: Coordinates, start: Row, held: tuple[int, ...], *more: Any
    ) -> Any:
        asked.append(held)
        return search(places, start, held, *more)

    monkeypatch.setattr(interval, "most_likely", counted)
    fitted = fit_law(Bent())
    assert set(asked) == {(1,)}
    assert len(asked) < 20
    half = math.sqrt(2 * RISE)
    assert fitted["x"].low == pytest.approx(1 - half, abs=0.02)
    assert fitted["x"].high == pytest.approx(1 + half, abs=0.02)
    x = np.linspace(-4, 6, 20_001)
    for end in (fitted["y"].low, fitted["y"].high):
        rise = (50 * (end - x**2) ** 2 + (1 - x) ** 2 / 2).min()
        assert rise == pytest.approx(RISE, abs=0.03)
