"""Creep after switching: the law in time and conductance, and how steps renew it."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from mho.device.laws import Relaxation
from mho.device.published import preset
from reference import deviation, renewed


def _law(**changes: float) -> Relaxation:
    return replace(preset("rao2023").cell().relaxation, **changes)


def _sigma(law: Relaxation, conductance: float, age: float) -> float:
    one = torch.ones(1, dtype=torch.float64)
    return float(deviation(law, one * conductance, one * age))


def test_the_deviation_after_one_second_is_relative_plus_absolute() -> None:
    """σ(G, 1 s) = k(rG + a): the logarithms cancel and ln 1 = 0. Exact to 1e-12."""
    law = _law(scale=2.0)
    expected = 2.0 * (0.003 * 1e-3 + 0.4e-6)
    assert _sigma(law, 1e-3, 1.0) == pytest.approx(expected, rel=1e-12)


def test_relaxation_starts_at_nothing_and_never_falls() -> None:
    """σ(G, 0) = 0 and σ grows with time and with conductance. Exact."""
    law = _law()
    assert _sigma(law, 1e-3, 0.0) == 0.0
    ages = torch.logspace(-9, 6, 301, dtype=torch.float64)
    creep = deviation(law, torch.full_like(ages, 1e-3), ages)
    assert (creep.diff() >= 0).all()
    assert _sigma(law, 2e-3, 1e-3) > _sigma(law, 1e-3, 1e-3)


def test_below_one_second_every_decade_adds_alike() -> None:
    """ln(1 + t/t₀)/ln(1 + 1 s/t₀): from 10t₀ on equal increments per decade, t₀ = 1 µs.

    The 1 in the logarithm leaves t₀/t: 1 % of an e-fold at 100 µs, hence 1 % from there on.
    """
    law = _law()
    steps = [_sigma(law, 1e-3, 10.0**k) for k in range(-4, 1)]
    gained = [b - a for a, b in pairwise(steps)]
    expected = (
        law.scale * (0.003 * 1e-3 + 0.4e-6) * math.log(10) / math.log(1 + 1e6)
    )
    assert gained == pytest.approx([expected] * 4, rel=0.01)
    half = _sigma(law, 1e-3, 1e-6) / _sigma(law, 1e-3, 1.0)
    assert half == pytest.approx(math.log(2) / math.log(1 + 1e6), rel=1e-9)


def test_after_one_second_every_e_fold_adds_the_growth() -> None:
    """σ(G, e·t) − σ(G, t) = k·g for t ≥ 1 s, at any conductance. To 1e-9."""
    law = _law()
    for conductance in (50e-6, 4e-3):
        gained = _sigma(law, conductance, 100 * math.e) - _sigma(
            law, conductance, 100.0
        )
        assert gained == pytest.approx(law.scale * 0.042e-6, rel=1e-9)


def test_without_strength_nothing_creeps() -> None:
    """Strength 0 gives exactly 0 at any age."""
    assert _sigma(_law(scale=0.0), 1e-3, 1e6) == 0.0


def test_a_step_renews_by_its_size() -> None:
    """1 − e^(−|ΔG|/ΔG_s): none for no step, 63 % for one ΔG_s of either sign. To 1e-12."""
    law = _law()
    step = law.renewal_step * torch.tensor(
        [0.0, 1.0, -1.0, 0.01, 40.0], dtype=torch.float64
    )
    expected = [
        0.0,
        1 - math.exp(-1),
        1 - math.exp(-1),
        1 - math.exp(-0.01),
        1.0,
    ]
    assert renewed(law, step).tolist() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("field", ["onset", "renewal_step"])
def test_a_law_refuses_what_must_be_positive(field: str) -> None:
    """The house sentence names the argument."""
    with pytest.raises(ValueError, match=f"Argument `{field}` must"):
        _law(**{field: 0.0})
