"""Laws of cells: slopes, co-contents and series resistances follow from the currents."""

import math

import pytest
import torch

from mho.rng import Stream
from mho.wires import Cubic
from mho.wires.iv_laws import CellLaw, InSeries, Sinh, sensitivity

F64 = torch.float64
LAWS = [
    Cubic(0.0),
    Cubic(20.0),
    Cubic(torch.tensor([[0.0, 3.0, 40.0]], dtype=F64)),
    Sinh(0.0),
    Sinh(8.0),
    Sinh(torch.tensor([[0.0, 2.0, 12.0]], dtype=F64)),
    InSeries(Cubic(20.0), 500.0),
    InSeries(Sinh(8.0), 500.0),
]


@pytest.mark.parametrize("law", LAWS)
def test_slope_is_the_derivative_of_the_current_and_that_of_the_work(
    law: CellLaw, stream: Stream
) -> None:
    """By autograd through the formulas, and for series by differences of second order."""
    generator = stream.generator()
    volts = 2 * torch.rand(50, 1, 3, generator=generator, dtype=F64) - 1
    cells = 4e-3 * torch.rand(1, 3, generator=generator, dtype=F64)
    step = 1e-5
    for whole, part in ((law.current, law.slope), (law.work, law.current)):
        difference = (
            whole(volts + step, cells) - whole(volts - step, cells)
        ) / (2 * step)
        expected = part(volts, cells)
        torch.testing.assert_close(difference, expected, rtol=2e-7, atol=1e-12)
    part = 1e-4
    by_cell = law.current(volts, cells * (1 + part)) - law.current(
        volts, cells * (1 - part)
    )
    expected = sensitivity(law, volts, cells) * 2 * part * cells
    torch.testing.assert_close(expected, by_cell, rtol=1e-6, atol=1e-14)


@pytest.mark.parametrize("law", LAWS)
def test_currents_are_odd_and_cost_nothing_at_rest(law: CellLaw) -> None:
    volts = (
        (torch.arange(-10, 11) / 10).double()[:, None, None].expand(-1, 1, 3)
    )
    cells = torch.tensor([[0.0, 1e-4, 4e-3]], dtype=F64)
    current = law.current(volts, cells)
    torch.testing.assert_close(current, -current.flip(0), rtol=1e-14, atol=0)
    assert (law.work(volts, cells) >= 0).all()
    assert (current[10] == 0).all()
    assert (law.work(volts, cells)[10] == 0).all()


def test_small_coefficients_leave_ohms_law() -> None:
    """I = G V (1 + c V²) and sinh(x) = x (1 + x²/6): at c = 1e-3 and V = 0.5 V, to 2.5e-4."""
    volts = torch.full((1, 1), 0.5, dtype=F64)
    cells = torch.full((1, 1), 2e-3, dtype=F64)
    assert float(Cubic(1e-3).current(volts, cells)) == pytest.approx(
        1e-3 * (1 + 2.5e-4), rel=1e-14
    )
    expected = 1e-3 * (1 + (0.5e-3) ** 2 / 6)
    assert float(Sinh(1e-3).current(volts, cells)) == pytest.approx(
        expected, rel=1e-13
    )


@pytest.mark.parametrize("law", [Cubic(20.0), Sinh(30.0)])
@pytest.mark.parametrize("resistance", [1e-3, 1e3, 1e9])
def test_a_series_resistance_takes_its_share(
    law: CellLaw, resistance: float
) -> None:
    """Cell and resistance carry one current and share the voltage, however unequal they are."""
    volts = torch.tensor([[-1.0, -0.2, 0.0, 1e-9, 0.2, 1.0, 10.0]], dtype=F64)
    cells = torch.full_like(volts, 4e-3)
    both = InSeries(law, resistance)
    current = both.current(volts, cells)
    inside = both.inside(volts, cells)
    torch.testing.assert_close(
        inside + resistance * current, volts, rtol=1e-12, atol=0
    )
    torch.testing.assert_close(
        law.current(inside, cells), current, rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("kind", [Cubic, Sinh])
@pytest.mark.parametrize("value", [-1.0, math.nan, torch.tensor([[1.0, -2.0]])])
def test_a_falling_current_is_refused(
    kind: type[Cubic] | type[Sinh], value: float | torch.Tensor
) -> None:
    with pytest.raises(
        ValueError, match="`coefficient` must be finite and not negative"
    ):
        kind(value)
