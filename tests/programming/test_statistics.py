"""Statistics of programmed cells: what is drawn is what was measured, row by row."""

import math

import pytest
import torch

import mho
from mho.ledger import Ledger
from mho.programming import ErrorTable, measure_errors
from mho.units import uS

LOW = 50 * uS
HIGH = 450 * uS


def table(
    error: torch.Tensor, held: int = 0, programmed: int = 1000
) -> ErrorTable:
    """A table whose noise variance says which error it belongs to."""
    stuck = torch.full((held,), 4.4e-3)
    return ErrorTable(
        LOW, HIGH, error, error.square(), stuck, programmed, Ledger(pulses=2000)
    )


def test_row_of_a_target_is_its_part_of_the_range() -> None:
    """Five rows: one for the lowest target, four for the quarters of the range."""
    error = torch.arange(5.0)[:, None].expand(5, 8) * uS
    quarters = torch.tensor([0.0, 1.0, 99.0, 101.0, 250.0, 399.0]) * uS
    found, _ = table(error.contiguous()).draw(LOW + quarters, mho.Stream(0))
    row = torch.tensor([0.0, 1.0, 1.0, 2.0, 3.0, 4.0]) * uS
    torch.testing.assert_close(found - LOW - quarters, row, rtol=0, atol=1e-10)


def test_targets_outside_are_those_of_the_ends() -> None:
    found, _ = table(torch.zeros(2, 1)).draw(
        torch.tensor([0.0, 1.0]), mho.Stream(0)
    )
    assert found.tolist() == pytest.approx([LOW, HIGH])


def test_error_and_noise_are_those_of_one_cell() -> None:
    errors = torch.randn(3, 256, generator=mho.Stream(1).generator()) * uS
    target = torch.linspace(LOW, HIGH, 999)
    found, variance = table(errors).draw(target, mho.Stream(2))
    torch.testing.assert_close(
        variance, (found - target).square(), rtol=1e-2, atol=1e-15
    )


def test_all_cells_of_a_row_are_drawn_equally_often() -> None:
    """Chi-squared of 1,024 equally likely cells lies within 5 standard deviations of its mean."""
    count = 200_000
    cells = 1024
    draws = table(torch.zeros(2, cells)).draws(mho.Stream(3))
    often = torch.bincount(draws.ranks(count).long(), minlength=cells).double()
    expected = count / cells
    chi = float(((often - expected).square() / expected).sum())
    assert often.numel() == cells
    assert abs(chi - (cells - 1)) < 5 * math.sqrt(2 * (cells - 1))


def test_stuck_cells_come_as_often_as_they_were_met_and_hold_what_they_held() -> (
    None
):
    count = 100_000
    share = 20 / 1000
    found, _ = table(torch.zeros(2, 4), held=20).draw(
        torch.full((count,), LOW), mho.Stream(4)
    )
    stuck = int((found > 4e-3).sum())
    assert abs(stuck - share * count) < 5 * math.sqrt(share * count)
    assert set(found.tolist()) == {
        float(torch.tensor(LOW)),
        float(torch.tensor(4.4e-3)),
    }


def test_a_stream_names_the_cells() -> None:
    errors = torch.randn(3, 256, generator=mho.Stream(1).generator()) * uS
    target = torch.linspace(LOW, HIGH, 999).view(27, 37)
    first, again, other = (
        table(errors).draw(target, mho.Stream(seed))[0] for seed in (5, 5, 6)
    )
    assert first.shape == target.shape
    assert torch.equal(first, again)
    assert (first != other).double().mean() > 0.9


def test_cost_grows_with_the_cells() -> None:
    assert table(torch.zeros(2, 1)).expected_cost(500_000).pulses == 1_000_000


def test_measured_errors_are_those_of_another_chip_of_the_kind() -> None:
    """Rms error and noise of a chip programmed in earnest, within the sampling error of either."""
    kind = mho.Chip("rao2023", rows=64, cols=64)
    protocol = mho.ProgramProtocol(tolerance=5e-6)
    bench = mho.SimulatedBench(kind, mho.Stream(0).child("measured"))
    found = measure_errors(
        bench, mho.Stream(0).child("targets"), protocol, rows=5
    )
    assert found.error.shape == (5, 512)
    other = mho.SimulatedBench(kind, mho.Stream(1).child("other"))
    target = torch.rand(4096, generator=mho.Stream(2).generator()) * (
        found.high - found.low
    )
    result = mho.program(other, found.low + target, protocol)
    drawn, _ = found.draw(found.low + target, mho.Stream(3))
    seen = other.read(result.cells, samples=32, window=1.0).mean
    works = ~result.stuck
    true = float((seen - result.target)[works].square().mean().sqrt())
    own = drawn - result.target
    made = float(own[own.abs() < 100 * uS].square().mean().sqrt())
    assert made == pytest.approx(true, rel=0.15)
    assert abs(int((~works).sum()) - int((own.abs() > 100 * uS).sum())) < 20


def test_measured_table_starts_with_the_lowest_target() -> None:
    kind = mho.Chip("rao2023", rows=16, cols=16)
    bench = mho.SimulatedBench(kind, mho.Stream(0))
    coarse = mho.ProgramProtocol(tolerance=20e-6, denoise=None)
    found = measure_errors(
        bench, mho.Stream(1), coarse, low=100 * uS, high=200 * uS, rows=2
    )
    assert (found.low, found.high) == (100 * uS, 200 * uS)
    assert found.programmed == 256
    assert found.cost == found.expected_cost(256)
    assert float(found.error.abs().max()) < 40 * uS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": 1}, "`rows`"),
        ({"rows": 200}, "at least 400 cells"),
        ({"low": 1e-9}, "`low`"),
        ({"high": 20 * uS}, "`high`"),
    ],
)
def test_measure_refuses(change: dict[str, float], message: str) -> None:
    bench = mho.SimulatedBench(
        mho.Chip("rao2023", rows=16, cols=16), mho.Stream(0)
    )
    with pytest.raises(ValueError, match=message):
        measure_errors(bench, mho.Stream(1), **change)  # type: ignore[arg-type]


def test_table_refuses_another_number_of_cells() -> None:
    with pytest.raises(ValueError, match="power of two"):
        table(torch.zeros(2, 3))
