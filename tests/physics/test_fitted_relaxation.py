"""Relaxation as fitted early and late: the polynomials, what lies between, and its shape."""

import math
from dataclasses import replace

import pytest
import torch

from mho.device import Cells
from mho.device.laws import FittedRelaxation
from mho.device.published import preset
from mho.rng import Stream
from reference import deviation
from reference import shift as shifted

DAY = 86_400.0
EARLY = (0.348, 16.030, -43.853, 45.393, -16.815)
LATE = (0.701, 22.086, -50.773, 47.095, -16.458)
"""The published polynomials in G/40 µS, µS."""


def _law(**changes: float) -> FittedRelaxation:
    law = preset("wan2022_polynomials").cell().relaxation
    assert isinstance(law, FittedRelaxation)
    return replace(law, **changes)


def _poly(c: tuple[float, ...], x: float) -> float:
    return 1e-6 * sum(k * x**n for n, k in enumerate(c))


def _sigma(law: FittedRelaxation, conductance: float, age: float) -> float:
    one = torch.ones(1, dtype=torch.float64)
    return float(deviation(law, one * conductance, one * age))


@pytest.mark.parametrize("x", [0.0, 0.025, 0.25, 0.5, 0.9, 1.0])
def test_the_deviation_is_the_fit_at_both_times(x: float) -> None:
    """σ(G, 1 s) = P₁ and σ(G, 1 day) = P₂, with the published coefficients. To 1e-9."""
    law = _law()
    assert _sigma(law, 40e-6 * x, 1.0) == pytest.approx(
        _poly(EARLY, x), rel=1e-9
    )
    assert _sigma(law, 40e-6 * x, DAY) == pytest.approx(
        _poly(LATE, x), rel=1e-9
    )


@pytest.mark.parametrize(
    ("conductance", "first", "second"),
    [
        (0, 0.35, 0.70),
        (1, 0.72, 1.22),
        (10, 2.26, 3.72),
        (20, 2.02, 3.91),
        (40, 1.10, 2.65),
    ],
)
def test_the_fit_is_the_published_table(
    conductance: int, first: float, second: float
) -> None:
    """The table is the polynomials rounded to 0.01 µS; no coefficient is misprinted here."""
    law = _law()
    assert _sigma(law, conductance * 1e-6, 1.0) == pytest.approx(
        first * 1e-6, abs=0.0055e-6
    )
    assert _sigma(law, conductance * 1e-6, DAY) == pytest.approx(
        second * 1e-6, abs=0.0055e-6
    )


def test_in_between_every_e_fold_adds_alike_and_then_nothing() -> None:
    """Half way in ln t half of P₂ − P₁; after the second fit nothing grows. To 1e-9."""
    law = _law()
    x = 0.5
    middle = (_poly(EARLY, x) + _poly(LATE, x)) / 2
    assert _sigma(law, 20e-6, math.sqrt(DAY)) == pytest.approx(middle, rel=1e-9)
    assert _sigma(law, 20e-6, 1e9) == _sigma(law, 20e-6, DAY)


def test_before_the_first_fit_it_starts_from_nothing() -> None:
    """P₁·ln(1 + t/t₀)/ln(1 + t₁/t₀): 0 at 0, and ln 2/ln 11 of it at t₀ = 0.1 s. To 1e-9."""
    law = _law(onset=0.1)
    assert _sigma(law, 20e-6, 0.0) == 0.0
    expected = _poly(EARLY, 0.5) * math.log(2) / math.log(11)
    assert _sigma(law, 20e-6, 0.1) == pytest.approx(expected, rel=1e-9)


def test_beyond_the_fitted_range_its_end_holds() -> None:
    """A polynomial is not to be trusted beyond its data: G > 40 µS counts as 40 µS. Exact."""
    assert _sigma(_law(), 60e-6, 1.0) == _sigma(_law(), 40e-6, 1.0)


def test_strength_multiplies_the_fit() -> None:
    """k·σ; without strength nothing. To 1e-12."""
    assert _sigma(_law(scale=0.5), 10e-6, DAY) == pytest.approx(
        _sigma(_law(), 10e-6, DAY) / 2, rel=1e-12
    )
    assert _sigma(_law(scale=0.0), 10e-6, DAY) == 0.0


@pytest.mark.parametrize("conductance", [2e-6, 10e-6, 35e-6])
@pytest.mark.parametrize("age", [1.0, DAY])
def test_cells_keep_their_mean_and_get_the_stated_deviation(
    conductance: float, age: float
) -> None:
    """ΔG = G(e^(sz − s²/2) − 1) has mean 0 and deviation σ: integrated over the normal law.

    Simpson's rule on 40,001 points from −12 to 12 standard deviations, far below 1e-6.
    """
    law = _law()
    z = torch.linspace(-12, 12, 40_001, dtype=torch.float64)
    weight = torch.full_like(z, 2.0)
    weight[1::2] = 4.0
    weight[0] = 1.0
    weight[-1] = 1.0
    weight = weight * torch.exp(-z.square() / 2)
    weight /= weight.sum()
    shift = shifted(
        law, torch.full_like(z, conductance), torch.full_like(z, age), z
    )
    sigma = _sigma(law, conductance, age)
    assert abs(float((weight * shift).sum())) <= 1e-6 * sigma
    assert float((weight * shift.square()).sum()) ** 0.5 == pytest.approx(
        sigma, rel=1e-6
    )
    assert (shift.diff() >= 0).all()


@pytest.mark.parametrize("conductance", [0.0, 1e-15, 0.1e-6, 1e-6, 40e-6])
def test_no_conductance_turns_negative(conductance: float) -> None:
    """G + ΔG ≥ 0 in single precision too, for normals of ±6.7, the largest there are."""
    g = torch.full((1001,), conductance)
    shift = shifted(
        _law(), g, torch.full_like(g, DAY), torch.linspace(-6.7, 6.7, 1001)
    )
    assert (g + shift >= 0).all()


def test_cells_relax_by_the_fit(stream: Stream) -> None:
    """Cycled cells at 20 µS: the readings' deviation after 1 s and a day is P₁, P₂; mean kept.

    Nothing else moves them. n = 20,000: standard error σ/√n of the mean, and of the deviation
    √((κ − 1)/4n) for the log-normal's κ = w⁴ + 2w³ + 3w² − 3, w = 1 + σ²/G².
    """
    count = 20_000
    kind = (
        preset("wan2022_polynomials")
        .replace(
            telegraph__births=0.0,
            flicker__per_decade=0.0,
            retention__scale=0.0,
            cell__stuck_fraction=0.0,
        )
        .cell()
    )
    cells = Cells(kind, count, stream, 300.0)
    index = torch.arange(count)
    cells.age(index, 1.0, 0.0)
    cells.column("core").fill_(20e-6)
    for age, expected in ((1.0, _poly(EARLY, 0.5)), (DAY, _poly(LATE, 0.5))):
        change = cells.sample(index, age, 1e-6, 0.0, 1)[0].double() - 20e-6
        w = 1 + (expected / 20e-6) ** 2
        error = 5 * math.sqrt((w**4 + 2 * w**3 + 3 * w**2 - 4) / (4 * count))
        assert abs(float(change.mean())) <= 5 * expected / math.sqrt(count)
        assert abs(float(change.std()) / expected - 1) <= error


@pytest.mark.parametrize("field", ["full", "early", "onset", "renewal_step"])
def test_a_law_refuses_what_must_be_positive(field: str) -> None:
    """The house sentence names the argument; the second fit must lie after the first."""
    with pytest.raises(ValueError, match=f"Argument `{field}` must"):
        _law(**{field: 0.0})
    with pytest.raises(ValueError, match="Argument `late - early` must"):
        _law(late=0.5)
