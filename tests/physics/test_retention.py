"""Retention: what all cells lose in common, logarithmic in time, never below the floor."""

import math
from dataclasses import replace

import pytest
import torch

import mho
from mho.device import Cells
from mho.device.laws import Retention
from mho.device.published import preset
from mho.rng import Stream
from mho.units import uS
from reference import lost

YEAR = 365.25 * 86_400
QUIET = {
    "telegraph__births": 0.0,
    "telegraph__spawning": 0.0,
    "flicker__per_decade": 0.0,
    "relaxation__scale": 0.0,
    "cell__stuck_fraction": 0.0,
}


def _law(**changes: float) -> Retention:
    return replace(preset("rao2023").cell().retention, **changes)


def _lost(
    law: Retention, conductance: float, age: float, floor: float = 0.0
) -> float:
    one = torch.ones(1, dtype=torch.float64)
    return float(lost(law, one * conductance, one * age, floor))


def test_the_loss_is_the_logarithm_of_time_over_the_onset() -> None:
    """k·d·ln(t/t_r): 0.3·0.089 µS per e-fold after one hour, here written out. To 1e-12."""
    law = _law()
    for folds in (0.5, 1.0, 10.0):
        expected = 0.3 * 0.089e-6 * folds
        assert _lost(law, 1e-3, 3600 * math.exp(folds)) == pytest.approx(
            expected, rel=1e-12
        )
    assert _lost(law, 1e-3, 10 * YEAR) == pytest.approx(
        0.3 * 0.089e-6 * math.log(10 * YEAR / 3600), rel=1e-12
    )


@pytest.mark.parametrize("age", [0.0, 1e-6, 1.0, 3600.0])
def test_nothing_is_lost_before_the_onset(age: float) -> None:
    """The logarithm of max(t/t_r, 1) is 0, exactly."""
    assert _lost(_law(), 1e-3, age) == 0.0


def test_no_cell_loses_more_than_it_has_above_the_floor() -> None:
    """min(loss, G − G_low), and nothing at or below the floor. To 1e-12 of the loss."""
    law = _law(scale=1000.0)
    assert _lost(law, 12 * uS, YEAR, 10 * uS) == pytest.approx(
        2 * uS, rel=1e-12
    )
    assert _lost(law, 10 * uS, YEAR, 10 * uS) == 0.0
    assert _lost(law, 9 * uS, YEAR, 10 * uS) == 0.0


def test_cells_read_what_is_left(stream: Stream) -> None:
    """Every noise and relaxation off: the reading at any age is core − min(k·d·ln, core − low).

    k = 3 makes 0.267 µS per e-fold. Single precision of 1 mS: 1e-10 S. Cells at 10.5 µS reach the
    floor of 10 µS after two e-folds.
    """
    kind = preset("rao2023").replace(**QUIET, retention__scale=3.0).cell()
    cells = Cells(kind, 3, stream, 300.0)
    cells.column("core").copy_(torch.tensor([1e-3, 50e-6, 10.5e-6]))
    for age in (10.0, 3600.0, 3600 * math.e, 86_400.0, 10 * YEAR):
        loss = 0.267e-6 * max(math.log(age / 3600), 0.0)
        seen = cells.sample(torch.arange(3), age, 1e-6, 0.0, 1)[0].double()
        expected = [1e-3 - loss, 50e-6 - loss, 10.5e-6 - min(loss, 0.5e-6)]
        assert seen.tolist() == pytest.approx(expected, rel=0, abs=1.5e-10)


def test_switching_starts_the_loss_anew(stream: Stream) -> None:
    """A step of 13 renewal steps leaves e^(−13) of the age: a day later only 24 hours count."""
    kind = preset("rao2023").replace(**QUIET, retention__scale=3.0).cell()
    cells = Cells(kind, 100, stream, 300.0)
    index = torch.arange(100)
    day = 86_400.0
    cells.pulse(
        index,
        torch.full((1, 100), 2.5),
        1e-7,
        torch.full((100,), 4e-3),
        1000 * day,
    )
    before = cells.sample(index, 1000 * day, 1e-6, 0.0, 1)[0].double()
    after = cells.sample(index, 1001 * day, 1e-6, 0.0, 1)[0].double()
    loss = 0.267e-6 * math.log(24)
    torch.testing.assert_close(
        before - after, torch.full_like(before, loss), rtol=2e-3, atol=0.0
    )


def test_cells_near_zero_stay_above_it_for_ten_years(stream: Stream) -> None:
    """Relaxation and retention together: what is lost comes from what relaxation left.

    NeuRRAM's lowest level deviates by more than itself within a day; without 1/f noise no sample
    of any cell is below 0, and none is not a number.
    """
    quiet = preset("wan2022").replace(flicker__per_decade=0.0)
    bench = mho.SimulatedBench(mho.Chip(quiet, rows=16, cols=256), stream)
    bench.age(1.0)
    cells = bench._cells  # noqa: SLF001
    cells.column("core")[:64] = 0.0
    for age in (1.0, 86_400.0, YEAR, 10 * YEAR):
        seen = cells.sample(torch.arange(4096), age, 1e-6, 0.0, 1)[0]
        assert (seen >= 0).all(), age
