"""Relaxation by quantiles: the law, what a cell remembers, and that looking changes nothing.

The reference is in double precision, with scipy's normal distribution.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_ndtr

from mho.compiled import numbers_record
from mho.device import Cells
from mho.device.laws import (
    QuantileRelaxation,
    quantile_relaxation_shift,
    rank_at,
    tail_exponent,
)
from mho.device.published import preset
from mho.rng import Stream
from scalar_laws import numbers

COUNT = 100_000
QUIET = {
    "telegraph__births": 0.0,
    "telegraph__spawning": 0.0,
    "flicker__per_decade": 0.0,
    "retention__scale": 0.0,
    "cell__stuck_fraction": 0.0,
}


def _law(**changes: float) -> QuantileRelaxation:
    law = preset("wan2022").cell().relaxation
    assert isinstance(law, QuantileRelaxation)
    return replace(law, **changes)


def _cells(stream: Stream, **changes: float) -> Cells:
    """Cycled cells at 20 µS that do nothing but relax."""
    kind = preset("wan2022").replace(**QUIET, **changes).cell()
    cells = Cells(kind, COUNT, stream, 300.0)
    cells.age(torch.arange(COUNT), 1.0, 0.0)
    cells.column("core").fill_(20e-6)
    return cells


def _seen(cells: Cells, time: float) -> torch.Tensor:
    index = torch.arange(COUNT)
    return cells.sample(index, time, 1e-9, 0.0, 1)[0].double() - 20e-6


def _poly(law: QuantileRelaxation, name: str, y: float) -> float:
    powers = range(8)
    coefficients = [getattr(law, f"{name}_{k}", 0.0) for k in powers]
    return sum(c * y**k for k, c in zip(powers, coefficients, strict=True))


def _wanted(law: QuantileRelaxation, core: float, time: str, z: float) -> float:
    """The law at one of its three times, as its docstring has it (S)."""
    y = math.log1p(min(core, law.full) / law.knee)
    y /= math.log1p(law.full / law.knee)
    exponential = -float(log_ndtr(-abs(z))) - math.log(2)
    side = "up" if z > 0 else "down"
    scale = 1e-6 * math.exp(_poly(law, f"{time}_{side}", y))
    tail = math.exp(_poly(law, f"{time}_{side}_tail", y))
    beyond = math.copysign(scale * exponential**tail, z)
    return max(_poly(law, f"{time}_median", y) + beyond, -core)


def _own(law: QuantileRelaxation) -> Any:
    """Its numbers as the scalar law wants them."""
    every = numbers("relaxation", "wan2022", relaxation=law)
    return numbers_record(every).view(np.recarray)[0]


@pytest.mark.parametrize("time", ["early", "middle", "late"])
@pytest.mark.parametrize("z", [-4.0, -2.3, -0.7, 0.3, 1.6, 3.1])
@pytest.mark.parametrize("core", [0.0, 0.5e-6, 5e-6, 20e-6, 40e-6, 60e-6])
def test_the_quantiles_are_the_fit_at_its_three_times(
    time: str, z: float, core: float
) -> None:
    """With four numbers of which the rank at that time is z.

    To 5e-5, and 2e-5 of 1 µS: single precision; sums of terms up to 5, of which an exponential is
    taken, and powers up to 3 of what is near 0 in places.
    """
    law = _law()
    own = _own(law)
    age = np.float32(getattr(law, time))
    warped = np.float32(math.log(math.log1p(float(age) / law.onset)))
    ranks = np.ones(4, np.float32)
    ranks *= np.float32(z / float(rank_at(own, warped, ranks)))
    found = quantile_relaxation_shift(own, np.float32(core), age, ranks)
    wanted = _wanted(law, core, time, z)
    assert float(found) == pytest.approx(wanted, rel=5e-5, abs=2e-11)


def test_the_exponent_of_a_tail_is_that_of_the_normal_law() -> None:
    """−ln 2Φ(−|z|) for the largest normal numbers there are: to 3e-7 and 2e-6 of itself."""
    values = np.linspace(-6.7, 6.7, 2001).astype(np.float32)
    found = np.array([float(tail_exponent(z)) for z in values])
    wanted = -log_ndtr(-np.abs(values.astype(np.float64))) - math.log(2)
    assert (np.abs(found - wanted) <= 3e-7 + 2e-6 * wanted).all()


def test_before_the_first_time_all_shrinks_and_after_the_last_nothing_grows() -> (
    None
):
    """In proportion to ln(1 + t/t₀) with rank and shape of the first time; to 1e-5 of it."""
    law = _law()
    own = _own(law)
    ranks = np.array([1.3, -0.4, 0.9, -2.0], np.float32)

    def shift(age: float) -> float:
        core = np.float32(20e-6)
        return float(
            quantile_relaxation_shift(own, core, np.float32(age), ranks)
        )

    share = math.log1p(1e-4 / law.onset) / math.log1p(law.early / law.onset)
    assert shift(1e-4) == pytest.approx(share * shift(law.early), rel=1e-5)
    assert shift(0.0) == 0.0
    assert shift(1e9) == shift(law.late)


def test_no_conductance_turns_negative(stream: Stream) -> None:
    """G + ΔG ≥ 0 in single precision, for the lowest levels and every rank."""
    cells = _cells(stream)
    for core in (0.0, 1e-15, 0.1e-6, 1e-6):
        cells.column("core").fill_(core)
        for time in (1e-3, 1.0, 1e5, 1e9):
            assert (_seen(cells, time) >= -20e-6).all()


def test_a_cell_is_standard_normal_at_any_time_and_keeps_some_of_its_rank(
    stream: Stream,
) -> None:
    """Ranks by the median and both scales of the law: half above, 2.3 % beyond two deviations.

    n = 100,000: five standard errors of a share p are 5√(p(1−p)/n). Four numbers correlated by
    ρ = 0.38 one after the other: from 10 ms to 10⁵ s, three steps, ρ³ = 0.055, to 5/√n.
    """
    cells = _cells(stream)
    law = cells.model.relaxation
    shifts = {t: _seen(cells, t) for t in (0.01, 0.1, 1.0, 30.0, 1e5)}
    for name, time in (("early", 0.01), ("middle", 1.0), ("late", 1e5)):
        for z, share in ((0.0, 0.5), (2.0, 0.02275), (-2.0, 0.97725)):
            bound = _wanted(law, 20e-6, name, z)
            found = float((shifts[time] > bound).double().mean())
            error = 5 * math.sqrt(share * (1 - share) / COUNT)
            assert abs(found - share) <= error, (time, z)
    ranks = cells.column("relaxing").double()
    wanted = (
        law.memory
        ** (torch.arange(4)[:, None] - torch.arange(4)).abs().double()
    )
    assert (torch.corrcoef(ranks) - wanted).abs().max() <= 5 / COUNT**0.5


def test_looks_change_nothing(stream: Stream) -> None:
    """A cell asked a hundred times on the way is where one is that was asked once: to the bit."""
    asked = _cells(stream)
    left_alone = _cells(stream)
    for time in torch.logspace(-6, 4.9, 100).tolist():
        _seen(asked, time)
    assert torch.equal(_seen(asked, 1e5), _seen(left_alone, 1e5))


def test_trimming_renews_and_keeps_the_law(stream: Stream) -> None:
    """Pulses renew the four numbers: variance 1 and their correlations stay, to five errors.

    Steps of about the renewal step leave old and new alike in them.
    """
    cells = _cells(stream)
    index = torch.arange(COUNT)
    before = cells.column("relaxing").clone()
    limit = torch.full((COUNT,), 1.0)
    for number in range(6):
        volts = torch.full((1, COUNT), 1.25 if number % 2 else -1.25)
        cells.pulse(index, volts, 1e-6, limit, 1.0 + number)
    ranks = cells.column("relaxing")
    assert not torch.equal(ranks, before)
    law = cells.model.relaxation
    wanted = (
        law.memory
        ** (torch.arange(4)[:, None] - torch.arange(4)).abs().double()
    )
    found = torch.cov(ranks.double())
    # a variance of normal numbers has standard error √(2/n)
    assert (found - wanted).abs().max() <= 5 * math.sqrt(2 / COUNT)


def test_strength_multiplies_the_fit(stream: Stream) -> None:
    """k: half of everything, where no cell comes near zero."""
    whole = _seen(_cells(stream), 1.0)
    half = _seen(_cells(stream, relaxation__scale=0.5), 1.0)
    far = whole > -15e-6
    torch.testing.assert_close(half[far], whole[far] / 2, rtol=0, atol=5e-12)


@pytest.mark.parametrize("field", ["full", "knee", "early", "onset"])
def test_a_law_refuses_what_must_be_positive(field: str) -> None:
    """The house sentence names the argument; times must follow each other."""
    with pytest.raises(ValueError, match=f"Argument `{field}` must"):
        _law(**{field: 0.0})
    with pytest.raises(ValueError, match="Argument `middle` must be above"):
        _law(middle=0.001)
    with pytest.raises(ValueError, match="Argument `late` must be above"):
        _law(late=0.5)
    with pytest.raises(ValueError, match="Argument `memory` must"):
        _law(memory=1.5)
