"""Numbers on several pairs of cells: as precise as published, and as predicted."""

import math

import pytest
import torch
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.ledger import Ledger
from mho.programming import ErrorTable, ProgramProtocol, measure_errors
from mho.rng import Stream
from mho.solve import (
    BoundedErrors,
    CellErrors,
    GaussianErrors,
    TableErrors,
    plan_cells,
    write_numbers,
)
from mho.statistical import ConductanceRange

COUNT = 200_000
TABLE = [
    (GaussianErrors(spread=0.01), 1 / 16, (1e-2, 6.3e-4, 3.9e-5, 2.4e-6, 1.5e-7, 9.5e-9)),
    (GaussianErrors(spread=0.005), 1 / 32, (5e-3, 1.6e-4, 4.9e-6, 1.5e-7, 4.8e-9, 1.5e-10)),
    (BoundedErrors(window=1 / 128), 1 / 128, (4.5e-3, 3.5e-5, 2.8e-7, 2.2e-9, 1.7e-11, 1.3e-13)),
    (BoundedErrors(window=1 / 64), 1 / 64, (9e-3, 1.4e-4, 2.2e-6, 3.4e-8, 5.4e-10, 8.4e-12)),
]  # fmt: skip
"""Errors, ratio, and root mean square after one cell, two, …, of 200,000 numbers in ±1."""
STALLING = [(1 / 25, 2e-6, 6e-5), (1 / 50, 0.8e-3, 1.25e-3)]
"""Ratio, and where normal errors of 1 % stall: few errors of 200,000 set the first of the two."""


def numbers(count: int = COUNT) -> Tensor:
    generator = Stream(3).child("numbers").generator()
    even = torch.rand(count, generator=generator, dtype=torch.float64)
    return 2 * even - 1


def left(
    law: CellErrors, cells: int, ratio: float | None = None, **options: bool
) -> float:
    """Root mean square of what numbers are off (1)."""
    wanted = numbers()
    plan = plan_cells(law, cells, ratio=ratio, numbers=COUNT, **options)
    written = write_numbers(wanted, law, plan, Stream(5))
    return float((written.held - wanted).square().mean().sqrt())


@pytest.mark.parametrize(("law", "ratio", "published"), TABLE)
def test_errors_shrink_with_every_cell_as_they_should(
    law: CellErrors, ratio: float, published: tuple[float, ...]
) -> None:
    """After k cells σ rᵏ⁻¹: within a factor 1.5 of the figures, and of what was predicted."""
    plan = plan_cells(law, len(published), ratio=ratio, numbers=COUNT)
    for cells, (figure, predicted) in enumerate(
        zip(published, plan.predicted, strict=True), 1
    ):
        found = left(law, cells, ratio)
        assert figure / 1.5 < found < figure * 1.5
        assert found == pytest.approx(predicted, rel=0.02)


def test_seven_cells_reach_the_end_of_double_precision() -> None:
    """1e-15 in numbers of ±1, whose own rounding is 1e-16."""
    found = left(BoundedErrors(window=1 / 128), 7)
    assert 1e-15 / 1.5 < found < 1e-15 * 1.5


@pytest.mark.parametrize(("ratio", "low", "high"), STALLING)
def test_a_cell_that_does_not_reach_the_errors_of_the_last_ends_it(
    ratio: float, low: float, high: float
) -> None:
    """No further cell helps once errors are beyond reach, and the plan says so beforehand."""
    law = GaussianErrors(spread=0.01)
    four, six = left(law, 4, ratio), left(law, 6, ratio)
    assert low < six < high
    assert six == pytest.approx(four, rel=0.05)
    plan = plan_cells(law, 6, ratio=ratio, numbers=COUNT)
    # six outliers of 200,000 know the mean of their squares to a factor of a few
    factor = 4 if ratio == 1 / 25 else 1.1
    assert six / factor < plan.precision < factor * six
    assert plan.limit == pytest.approx(plan.precision, rel=1e-3)


def test_what_was_read_back_wrongly_stays() -> None:
    """Noise n read k times leaves n/√k of the first cell; 3 % is five errors of the spread."""
    law = GaussianErrors(spread=0.01, noise=1e-4, looks=25)
    found = left(law, 5, 1 / 16)
    assert found == pytest.approx(1e-4 / 5, rel=0.03)
    assert plan_cells(law, 5, ratio=1 / 16).precision == pytest.approx(
        found, rel=0.03
    )


@pytest.mark.parametrize("cells", [2, 3, 4])
def test_digits_keep_the_error_of_the_first(cells: int) -> None:
    """Bit slicing cancels nothing: √(σ² Σ r²ᵏ) and the last rounding, whatever is added."""
    law = GaussianErrors(spread=0.01)
    found = left(law, cells, 1 / 16, corrects=False)
    plan = plan_cells(law, cells, ratio=1 / 16, corrects=False)
    assert found == pytest.approx(plan.precision, rel=0.02)
    assert found > 0.01
    perfect = GaussianErrors(spread=0.0)
    assert left(perfect, cells, 1 / 16, corrects=False) == pytest.approx(
        (1 / 16) ** cells / math.sqrt(3), rel=0.02
    )


def test_a_precision_takes_as_many_cells_as_it_needs() -> None:
    law = BoundedErrors(window=1 / 128)
    assert plan_cells(law, precision=1e-6).cells == 3
    assert plan_cells(law, precision=1e-2).cells == 1
    noisy = BoundedErrors(window=1 / 128, noise=1e-3, looks=100)
    with pytest.raises(
        ValueError, match=r"`precision` must be at least 0\.0001"
    ):
        plan_cells(noisy, precision=1e-6)


def table(error: Tensor) -> ErrorTable:
    """A table of these errors (S), of cells that make no noise."""
    return ErrorTable(
        50e-6, 450e-6, error, torch.zeros(2, 256), torch.ones(0), 512, Ledger()
    )


def test_a_table_is_drawn_pair_by_pair() -> None:
    """Both cells of a pair have errors: √2 of one, in parts of 400 µS; others as predicted."""
    errors = 1e-6 * torch.randn(
        2, 256, generator=Stream(1).child("errors").generator()
    )
    law = TableErrors(table(errors), ConductanceRange(50e-6, 4e-3))
    both = float(errors.square().mean(1).sum().sqrt())
    assert law.rms == pytest.approx(both / 400e-6, rel=0.01)
    wanted = numbers().view(1000, 200)
    for cells, predicted in enumerate(plan_cells(law, 3).predicted, 1):
        written = write_numbers(wanted, law, plan_cells(law, cells), Stream(5))
        off = float((written.held - wanted).square().mean().sqrt())
        assert off == pytest.approx(predicted, rel=0.03)


def test_numbers_are_written_however_they_lie_in_memory() -> None:
    """Transposed and sliced ones, which lie otherwise, exactly as copies of them."""
    draw = Stream(1).child("errors").generator()
    errors = 1e-6 * torch.randn(2, 256, generator=draw)
    law = TableErrors(table(errors), ConductanceRange(50e-6, 4e-3))
    lying = numbers(1200).view(30, 40)
    for wanted in (lying.T, lying[:, ::3]):
        assert not wanted.is_contiguous()
        found = law.write(wanted, Stream(5))
        same = law.write(wanted.contiguous(), Stream(5))
        assert torch.equal(found.held, same.held)
        assert torch.equal(found.seen, same.seen)


def test_numbers_that_are_none_are_refused() -> None:
    law = GaussianErrors()
    bad = torch.tensor([0.0, float("nan")], dtype=torch.float64)
    with pytest.raises(ValueError, match="`wanted` must be finite"):
        write_numbers(bad, law, plan_cells(law, 2), Stream(0))
    with pytest.raises(ValueError, match="`wanted`"):
        write_numbers(2 + 0 * bad[:1], law, plan_cells(law, 2), Stream(0))
    with pytest.raises(ValueError, match="`ratio`"):
        plan_cells(law, 2, ratio=2.0)


def test_cells_of_a_chip_are_as_precise_as_predicted() -> None:
    """Cells of a small chip to ±20 µS, without denoising: fast to program, and errors have tails.

    Half of the numbers are nearer than 0.67 of a normal deviation; predictions are of the mean
    square, which tails raise: within a factor of two for either.
    """
    chip = Chip("rao2023", rows=32, cols=32)
    bench = SimulatedBench(chip, Stream(0).child("statistics"))
    loose = ProgramProtocol(tolerance=20e-6, denoise=None)
    law = TableErrors(
        measure_errors(bench, Stream(0).child("targets"), loose),
        ConductanceRange(50e-6, 4e-3),
    )
    wanted = numbers().view(1000, 200)
    for cells, predicted in enumerate(plan_cells(law, 2).predicted, 1):
        written = write_numbers(wanted, law, plan_cells(law, cells), Stream(5))
        off = (written.held - wanted).abs().flatten()
        typical = float(off.median()) / 0.67
        assert predicted / 2 < typical < predicted * 1.5
