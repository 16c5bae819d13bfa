"""Crossbars of cells that are no resistors: ngspice, one cell, least co-content, rough cases."""

import math
from pathlib import Path

import pytest
import torch
from crossbar_circuits import SIDES, ngspice, random_case, random_wires

from mho.rng import Stream
from mho.wires import Cubic, WireModel
from mho.wires.iv_laws import CellLaw, Sinh
from mho.wires.nodal import newton

F64 = torch.float64
FORMULAS = [
    pytest.param(Cubic(8.0), "G*V*(1+8.0*V*V)", id="cubic"),
    pytest.param(Sinh(6.0), "G*sinh(6.0*V)/6.0", id="sinh"),
]


@pytest.mark.parametrize(("sides", "sense_sides"), SIDES)
@pytest.mark.parametrize(("law", "formula"), FORMULAS)
def test_currents_are_those_of_ngspice(
    law: CellLaw,
    formula: str,
    sides: str,
    sense_sides: str,
    stream: Stream,
    tmp_path: Path,
) -> None:
    """Behavioural sources behind access resistors, at up to 1 V, where no cell obeys Ohm."""
    cells, volts = random_case(stream, 16, 16, 1)
    volts = volts / 0.3
    wires = random_wires(stream, 16, 16, sides, sense_sides)
    expected = ngspice(wires, volts[0], cells, formula, tmp_path)
    found = wires.solve(volts, cells, law).currents[0]
    assert ((found - expected) / expected).abs().max() < 1e-8
    linear = wires.solve(volts, cells).currents[0]
    assert ((linear - expected) / expected).abs().min() > 1e-3


@pytest.mark.parametrize("volts", [1e-6, 0.2, 1.0, -1.0])
def test_one_cell_is_a_scalar_equation(volts: float) -> None:
    """I = G w (1 + c w²) with w = V − R I, R the sum of all resistances, solved by bisection."""
    cell = 2e-3
    coefficient = 50.0
    resistance = 40.0 + 10.0 + 300.0
    wires = WireModel(driver=40.0, sense=10.0, access=300.0)
    low, high = sorted((0.0, volts))
    for _ in range(200):
        w = (low + high) / 2
        too_much = w + resistance * cell * w * (1 + coefficient * w**2) > volts
        low, high = (low, w) if too_much else (w, high)
    expected = cell * low * (1 + coefficient * low**2)
    found = wires.currents(
        torch.tensor([[volts]], dtype=F64),
        torch.tensor([[cell]], dtype=F64),
        Cubic(coefficient),
    )
    assert float(found) == pytest.approx(expected, rel=1e-10)


def test_a_law_without_its_coefficient_is_ohms(stream: Stream) -> None:
    cells, volts = random_case(stream, 9, 14, 2, low=-0.3)
    wires = random_wires(stream, 9, 14, "both", "one")
    expected = wires.currents(volts, cells)
    for law in (Cubic(0.0), Sinh(0.0)):
        found = wires.currents(volts, cells, law)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("law", [Cubic(20.0), Sinh(8.0)])
def test_the_solution_is_the_minimum_of_the_co_content(
    law: CellLaw, stream: Stream
) -> None:
    """Any other node voltages cost more, by the square of how far off they are (Millar)."""
    cells, volts = random_case(stream, 6, 5, 1, low=-0.3)
    wires = WireModel(3.0, 2.0, 40.0, 10.0)
    found = wires.solve(volts * 3, cells, law)
    generator = stream.child("away").generator()

    def content(word: torch.Tensor, bit: torch.Tensor) -> torch.Tensor:
        wire = (
            ((volts * 3 - word[..., 0]) ** 2 / 40.0).sum()
            + (word.diff(dim=-1) ** 2 / 3.0).sum()
            + (bit.diff(dim=-2) ** 2 / 2.0).sum()
            + (bit[:, -1] ** 2 / 10.0).sum()
        )
        return law.work(word - bit, cells).sum() + wire / 2

    lowest = content(found.word_voltage, found.bit_voltage)
    for _ in range(5):
        away = torch.randn(2, 1, 6, 5, generator=generator, dtype=F64)
        rises = [
            content(
                found.word_voltage + s * away[0],
                found.bit_voltage + s * away[1],
            )
            - lowest
            for s in (1e-3, 1e-4)
        ]
        assert 98 < rises[0] / rises[1] < 102


@pytest.mark.parametrize("volts", [0.2, 1.0])
@pytest.mark.parametrize("law", [Cubic(50.0), Sinh(10.0)])
def test_long_lines_settle_too(
    law: CellLaw, volts: float, stream: Stream
) -> None:
    """256 rows and columns at 1 Ω: wires drop R I and cells follow their law to 1e-9."""
    cells, given = random_case(stream, 256, 256, 1)
    given = given / 0.3 * volts
    found = WireModel(1.0, 1.0, 1.0, 1.0).solve(given, cells, law)
    drop = found.word_voltage - found.bit_voltage
    assert torch.allclose(
        found.cell_current, law.current(drop, cells), rtol=1e-9, atol=0
    )
    for voltage, current in (
        (found.word_voltage.diff(dim=-1), found.word_current[..., 1:-1]),
        (found.bit_voltage.diff(dim=-2), found.bit_current[:, 1:-1]),
    ):
        torch.testing.assert_close(
            -voltage, current, rtol=0, atol=1e-10 * volts
        )
    assert found.iterations < 120


@pytest.mark.parametrize("law", [Cubic(1e6), Sinh(20.0)])
def test_cells_as_steep_as_can_be_settle_by_shorter_steps(
    law: CellLaw, stream: Stream
) -> None:
    """At 1 V the linear start overestimates currents by many orders of magnitude."""
    cells, volts = random_case(stream, 16, 12, 2, low=-0.3)
    found = WireModel(3.0, 2.0, 40.0, 10.0).solve(volts / 0.3, cells, law)
    drop = found.word_voltage - found.bit_voltage
    torch.testing.assert_close(
        found.cell_current, law.current(drop, cells), rtol=1e-7, atol=1e-12
    )
    ends = found.bit_voltage[:, -1] / 10.0
    torch.testing.assert_close(found.currents, ends, rtol=1e-8, atol=1e-10)


class Threshold:
    """A step of the current at ±0.3 V, 30 mV wide: Newton's method alone jumps to and fro."""

    def current(
        self, voltage: torch.Tensor, conductance: torch.Tensor
    ) -> torch.Tensor:
        steps = sum(((voltage + at) / 0.03).tanh() for at in (-0.3, 0.3))
        return conductance * (voltage / 20 + steps)

    def slope(
        self, voltage: torch.Tensor, conductance: torch.Tensor
    ) -> torch.Tensor:
        steps = sum(((voltage + at) / 0.03).cosh() ** -2 for at in (-0.3, 0.3))
        return conductance * (1 / 20 + steps / 0.03)

    def work(
        self, voltage: torch.Tensor, conductance: torch.Tensor
    ) -> torch.Tensor:
        steps = sum(((voltage + at) / 0.03).cosh().log() for at in (-0.3, 0.3))
        return conductance * (
            voltage**2 / 40 + 0.03 * (steps - 2 * math.log(math.cosh(10)))
        )


def test_steps_that_go_too_far_are_shortened(stream: Stream) -> None:
    """A law of one's own, whose slope is largest at a threshold, needs the safeguard."""
    cells, volts = random_case(stream, 8, 8, 1, low=-0.3)
    found = WireModel(3.0, 2.0, 400.0, 10.0).solve(
        volts / 0.3, cells, Threshold()
    )
    drop = found.word_voltage - found.bit_voltage
    expected = Threshold().current(drop, cells)
    torch.testing.assert_close(
        found.cell_current, expected, rtol=1e-9, atol=1e-15
    )
    ends = found.bit_voltage[:, -1] / 10.0
    torch.testing.assert_close(
        found.currents, ends, rtol=0, atol=1e-9 * float(ends.abs().max())
    )


def test_vectors_solved_together_are_those_solved_alone(stream: Stream) -> None:
    """Mild and steep vectors, and one of zeros, in one batch."""
    cells, volts = random_case(stream, 10, 12, 4, low=-0.3)
    volts = volts * torch.tensor([[0.0], [0.01], [1.0], [4.0]])
    wires = random_wires(stream, 10, 12, "one", "both")
    together = wires.currents(volts, cells, Sinh(8.0))
    alone = torch.cat(
        [wires.currents(v[None], cells, Sinh(8.0)) for v in volts]
    )
    torch.testing.assert_close(together, alone, rtol=1e-8, atol=1e-20)
    assert (together[0] == 0).all()


def test_coefficients_may_differ_from_cell_to_cell(stream: Stream) -> None:
    """Where the coefficient is 0 on all but one row, only that row is not linear."""
    cells, volts = random_case(stream, 5, 6, 1)
    each = torch.zeros(5, 6, dtype=F64)
    each[2] = 30.0
    found = WireModel().solve(volts, cells, Cubic(each))
    expected = volts @ cells + 30.0 * volts[:, 2:3] ** 3 * cells[2]
    torch.testing.assert_close(found.currents, expected, rtol=1e-13, atol=0)


def test_what_does_not_settle_says_where(
    monkeypatch: pytest.MonkeyPatch, stream: Stream
) -> None:
    """One sentence with vector, bit line and current: here Newton's method may take one step."""
    cells, volts = random_case(stream, 8, 8, 1)
    wires = WireModel(3.0, 2.0, 40.0, 10.0)
    monkeypatch.setattr(newton, "_STEPS", 1)
    with pytest.raises(
        ArithmeticError, match=r"after 1 steps: bit line \d of vector 0 .*A out"
    ):
        wires.solve(volts, 10 * cells, Sinh(20.0))


def test_slopes_beyond_arithmetic_say_so_too(stream: Stream) -> None:
    """At 2 V a sinh of 49/V is steeper than a wire by forty orders of magnitude."""
    cells = random_case(stream, 16, 12, 2)[0]
    volts = torch.tensor([1.0, -1.0] * 8, dtype=F64)[None]
    with pytest.raises(
        ArithmeticError, match="settled, its slopes being too unequal: bit line"
    ):
        WireModel(3.0, 2.0, 40.0, 10.0).solve(volts, cells, Sinh(49.0))
