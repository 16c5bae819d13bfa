"""Relaxation with barriers: the law against its formula, and cells that bake."""

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_ndtr, ndtr

from configurations import barrier_relaxation
from mho.compiled import numbers_record
from mho.device import Cells
from mho.device.filament import CellParameters
from mho.device.laws import BarrierRelaxation, barrier_relaxation_shift
from mho.device.published import preset
from mho.rng import Stream

COUNT = 4000
QUIET = {
    "telegraph__births": 0.0,
    "telegraph__spawning": 0.0,
    "flicker__per_decade": 0.0,
    "retention__scale": 0.0,
    "cell__stuck_fraction": 0.0,
    "temperature__coefficient": 0.0,
    "temperature__coefficient_spread": 0.0,
}


def _wanted(law: BarrierRelaxation, core: float, age: float, z: float) -> float:
    """The law as its docstring has it (S)."""
    y = min(core, law.full) / law.full

    def poly(name: str) -> float:
        return sum(getattr(law, f"{name}_{k}") * y**k for k in range(4))

    exponent = -float(log_ndtr(-abs(z))) - math.log(2)
    side, tail = ("up", law.up_tail) if z > 0 else ("down", law.down_tail)
    beyond = math.copysign(1e-6 * math.exp(poly(side)) * exponent**tail, z)
    grown = math.log1p(age / law.onset) / math.log1p(law.stated / law.onset)
    drifted = max(core + law.scale * grown * (poly("median") + beyond), 0.0)
    passed = math.log(max(age, 1e-30) / law.lifetime) - law.lifetime_slope * y
    lost = float(ndtr((passed - law.lifetime_spread * z) / law.loss_width))
    return drifted * (1 - lost) - core


@pytest.mark.parametrize("z", [-3.1, -0.7, 0.4, 2.6])
@pytest.mark.parametrize("age", [0.0, 1.0, 1e12, 1e16, 1e18])
def test_the_law_is_its_formula(z: float, age: float) -> None:
    """To 1e-4, and 1e-4 of 1 µS: single precision, of an age with an exponent of 40."""
    law = barrier_relaxation()
    numbers: Any = asdict(law) | dict(law.derived())
    own = numbers_record(numbers).view(np.recarray)[0]
    for core in (0.0, 5e-6, 60e-6, 150e-6):
        found = barrier_relaxation_shift(
            own, np.float32(core), np.float32(age), np.float32(z)
        )
        wanted = _wanted(law, core, age, z)
        assert float(found) == pytest.approx(wanted, rel=1e-4, abs=1e-10)


def test_cells_lose_in_the_heat_what_the_law_says() -> None:
    """An hour at 560 K, as many e-folds longer at the reference as their energy says.

    Median and quartiles of 4,000 cells: each is known to 4 % of the spread between quartiles.
    """
    law = barrier_relaxation()
    base = preset("rao2023").replace(**QUIET)
    kind = base.cell()
    assert isinstance(kind, CellParameters)
    kind = replace(kind, relaxation=law)
    cells = Cells(kind, COUNT, Stream(4), 560.0)
    every = torch.arange(COUNT)
    cells.age(every, 1.0, 0.0)
    cells.column("core").fill_(60e-6)
    seen = cells.sample(every, 3600.0, 1e-9, 0.0, 1)[0].double().numpy() - 60e-6
    age = 3600.0 * kind.temperature.ion_acceleration(560.0)
    ranks = (-0.67449, 0.0, 0.67449)
    wanted = [_wanted(law, 60e-6, age, z) for z in ranks]
    found = np.quantile(seen, (0.25, 0.5, 0.75))
    assert found == pytest.approx(wanted, abs=0.1 * (wanted[2] - wanted[0]))
    assert wanted[1] < -2e-6
