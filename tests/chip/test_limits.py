"""Currents of lines, against cell-by-cell sums and a nodal analysis, and the report of limits."""

import math

import pytest
import torch
from torch import Tensor

from mho.chip.periphery import LimitReport, line_currents
from mho.chip.periphery.limits import LineLimits, metal_limit
from mho.rng import Stream
from mho.units import mA, uA


def _along(cells: Tensor) -> tuple[Tensor, Tensor]:
    """Largest current of any segment of each line, from currents of cells (rows, cols).

    A word line carries what the cells farther from its driver take, a bit line what the cells
    farther from its sense end, which is below the last row, give.
    """
    word = cells.flip(1).cumsum(1).abs().amax(1)
    return word, cells.cumsum(0).abs().amax(0)


def _array(stream: Stream, batch: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    generator = stream.generator()
    voltage = (
        torch.rand(batch, 12, generator=generator, dtype=torch.float64) * 0.2
    )
    conductance = (
        torch.rand(12, 9, generator=generator, dtype=torch.float64) * 500e-6
    )
    return (
        voltage,
        conductance,
        torch.rand(12, 9, generator=generator, dtype=torch.float64) * 2,
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("bent", [False, True])
def test_for_inputs_of_one_sign_currents_are_exact(
    sign: float, bent: bool, stream: Stream
) -> None:
    """Segment by segment from I = GV(1 + cV²) of each cell: the largest of them. To 1e-12."""
    voltage, conductance, cubic = _array(stream)
    voltage = voltage * sign
    word, bit = line_currents(voltage, conductance, cubic if bent else None)
    for n, v in enumerate(voltage):
        cells = (
            conductance
            * v[:, None]
            * (1 + (cubic if bent else 0.0) * v[:, None] ** 2)
        )
        by_word, by_bit = _along(cells)
        torch.testing.assert_close(word[n], by_word, rtol=1e-12, atol=0.0)
        torch.testing.assert_close(bit[n], by_bit, rtol=1e-12, atol=0.0)


def test_for_inputs_of_both_signs_a_bit_line_never_carries_more(
    stream: Stream,
) -> None:
    """A partial sum lies between those of either sign; one is met if that sign lies beyond."""
    voltage, conductance, _ = _array(stream, 200)
    voltage = voltage - 0.1
    word, bit = line_currents(voltage, conductance)
    found = [_along(conductance * v[:, None]) for v in voltage]
    torch.testing.assert_close(
        word, torch.stack([w for w, _ in found]), rtol=1e-12, atol=0.0
    )
    assert bool((torch.stack([b for _, b in found]) <= bit * (1 + 1e-12)).all())
    up = voltage.sort(1).values
    for n in range(20):
        _, bound = line_currents(up[n : n + 1], conductance)
        cells = conductance * up[n][:, None]
        below = up[n] < 0
        most = torch.maximum(_along(cells)[1], _along(cells.flip(0))[1])
        torch.testing.assert_close(most, bound[0], rtol=1e-12, atol=0.0)
        assert bool(below.any())
        assert not bool(below.all())


def _resistive(
    voltage: Tensor, conductance: Tensor, wire: float
) -> tuple[Tensor, Tensor]:
    """Largest segment currents of each line by nodal analysis, all segments of one resistance."""
    rows, cols = conductance.shape
    size = rows * cols
    system = torch.zeros(2 * size, 2 * size, dtype=torch.float64)
    source = torch.zeros(2 * size, dtype=torch.float64)

    def join(a: int, b: int, siemens: float) -> None:
        system[a, a] += siemens
        system[b, b] += siemens
        system[a, b] -= siemens
        system[b, a] -= siemens

    for r in range(rows):
        for c in range(cols):
            top = r * cols + c
            low = size + r * cols + c
            join(top, low, float(conductance[r, c]))
            if c:
                join(top, top - 1, 1 / wire)
            else:
                system[top, top] += 1 / wire
                source[top] += float(voltage[r]) / wire
            if r < rows - 1:
                join(low, low + cols, 1 / wire)
            else:
                system[low, low] += 1 / wire
    node = torch.linalg.solve(system, source).view(2, rows, cols)
    return _along((node[0] - node[1]) * conductance)


@pytest.mark.parametrize("wire", [0.5, 50.0])
def test_resistive_lines_carry_no_more_than_ideal_ones_at_the_largest_input(
    wire: float, stream: Stream
) -> None:
    """Potentials lie between 0 and the largest input, so no cell carries more than G·V_max.

    Inputs all alike: the ideal currents themselves are the bound. At 0.5 Ω they are within 10 %.
    """
    voltage, conductance, _ = _array(stream, 2)
    voltage[1] = 0.2
    for v in voltage:
        word, bit = _resistive(v, conductance, wire)
        top_word, top_bit = line_currents(v.max().expand(1, 12), conductance)
        assert bool((word <= top_word[0] * (1 + 1e-9)).all())
        assert bool((bit <= top_bit[0] * (1 + 1e-9)).all())
    if wire == 0.5:
        torch.testing.assert_close(word, top_word[0], rtol=0.1, atol=0.0)
        torch.testing.assert_close(bit, top_bit[0], rtol=0.1, atol=0.0)


WORD = torch.tensor([[1.0, -3.0], [0.5, 2.0], [0.1, 0.2]]) * mA
BIT = torch.tensor([[1.0, 1.0, 5.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]) * mA


def test_a_report_names_the_worst_line_and_the_share_of_vectors() -> None:
    """Three vectors, two word lines, three bit lines, counted by hand."""
    report = LineLimits(
        word_line=0.9 * mA, bit_line=4 * mA, driver=2.5 * mA
    ).exceeded(WORD, BIT)
    assert (report.vectors, report.exceeded) == (3, 2)
    assert report.fraction == pytest.approx(2 / 3)
    word, bit, driver = report.excesses
    assert (word.count, word.worst) == (3, 1)
    assert word.current == pytest.approx(3 * mA)
    assert (bit.count, bit.worst) == (1, 2)
    later = LineLimits(word_line=0.9 * mA, bit_line=4 * mA).exceeded(
        WORD.flip(0), BIT.flip(0)
    )
    assert later.excesses == report.excesses[:2]
    assert (driver.line, driver.count, driver.worst) == ("driver", 1, 1)
    assert str(report) == (
        "Lines exceed their current limits in 2 of 3 input vectors: word line 1 with up to 3 mA of"
        " 900 µA; bit line 2 with up to 5 mA of 4 mA; driver 1 with up to 3 mA of 2.5 mA."
    )


def test_a_current_at_its_limit_is_borne_and_no_limit_is_no_limit() -> None:
    """Exactly 5 mA passes 5 mA; unlimited kinds do not appear; the report is false and says so."""
    report = LineLimits(bit_line=float(BIT.max())).exceeded(WORD, BIT)
    assert not report
    assert [e.line for e in report.excesses] == ["bit line"]
    assert (
        str(report) == "No line exceeds its current limit in 3 input vectors."
    )
    assert LineLimits().exceeded(WORD, BIT) == LimitReport(3)


def test_reports_of_parts_add_to_the_report_of_the_whole() -> None:
    """Batch by batch or at once: the same, whichever part has the worst line. Exact."""
    limits = LineLimits(word_line=0.9 * mA, bit_line=4 * mA)
    whole = limits.exceeded(WORD, BIT)
    first = limits.exceeded(WORD[:1], BIT[:1])
    rest = limits.exceeded(WORD[1:], BIT[1:])
    assert first + rest == whole
    assert rest + first == whole
    assert LimitReport() + whole == whole
    assert whole + LimitReport() == whole


def test_what_is_not_a_number_counts_as_too_much() -> None:
    """A NaN never hides, not even behind a later report."""
    limits = LineLimits(driver=1 * mA)
    bad = limits.exceeded(torch.tensor([[math.nan, 0.0]]), torch.zeros(1, 1))
    assert bad.exceeded == 1
    both = limits.exceeded(WORD, BIT) + bad
    assert math.isnan(both.excesses[0].current)
    assert math.isnan((both + limits.exceeded(WORD, BIT)).excesses[0].current)


def test_a_narrow_metal_line_bears_little() -> None:
    """0.14 µm of first metal: 2.8 mA/µm · 0.14 µm = 392 µA, four cells of 500 µS at 0.2 V."""
    assert metal_limit(0.14e-6) == pytest.approx(392 * uA, rel=1e-12)
    with pytest.raises(ValueError, match="Argument `width` must"):
        metal_limit(0.0)
    with pytest.raises(ValueError, match="Argument `driver` must"):
        LineLimits(driver=0.0)
