"""What a lab finds out about the typical cell of a kind that does not say it."""

import math

import pytest

import mho
from mho.bench.simulated.typical import _measured, suiting_method
from mho.device import TypicalSwitching
from own_cells import Faulty, Soft, Steep


def nominal_of(model: mho.CellModel) -> tuple[mho.BenchInfo, float]:
    """What a bench says of its cells, and the range of these (S)."""
    chip = mho.Chip(model, rows=2, cols=2)
    info = mho.SimulatedBench(chip, mho.Stream(0)).info
    return info, model.high - model.low


def test_exponential_cells_are_found_to_be_so() -> None:
    """Steps are alike anywhere, so their mean over 256 cells is all that is measured.

    A step spreads by 30 %, a mean of 256 by 1.9 %. The unit step is a twentieth of the range, at
    V + V₀ ln(unit/step); five deviations of ln step are 0.1 V₀. A slope from two points or more
    that are 1.2 e-folds apart or more is known to 1.9 % √2 / 1.2, five of which are 11 %.
    """
    model = Steep()
    info, span = nominal_of(model)
    law = info.nominal
    assert law.step == pytest.approx(span / 20)
    exact = model.voltage + model.slope * math.log(law.step / model.step)
    for voltage in (law.set_voltage, law.reset_voltage):
        assert abs(voltage - exact) < 0.1 * model.slope
    assert law.slope == pytest.approx(model.slope, rel=0.11)
    assert info.method == "predictive"
    assert (law.floor, law.ceiling, law.width) == (model.low, model.high, 1e-7)
    assert (info.telegraph, info.levels) == (False, None)


def test_cells_in_proportion_to_the_voltage_are_counted() -> None:
    """The step is V·step·span/2 in the middle, so that the slope is the voltage itself.

    Cells are pulsed where they are within 7 % of the range around the middle, which moves a soft
    bound's step by up to 14 %; 5 deviations of a mean are 10 %, and the sum bounds the voltage.
    """
    model = Soft()
    info, span = nominal_of(model)
    law = info.nominal
    exact = law.step / (model.step * span / 2)
    for voltage in (law.set_voltage, law.reset_voltage):
        assert voltage == pytest.approx(exact, rel=0.24)
    assert law.slope == pytest.approx(exact, rel=0.24)
    assert info.method == "identical pulses"


def test_cells_that_no_pulse_moves_are_refused() -> None:
    with pytest.raises(
        ValueError,
        match=r"Kind `Faulty` must move by pulses both ways, but no SET pulse of 300 mV to 3 V"
        r" and 100 ns moves its cells",
    ):
        nominal_of(Faulty())


def test_it_is_measured_once() -> None:
    """Whatever the seed and the size: it is what is known beforehand."""
    nominal_of(Steep())
    before = _measured.cache_info().misses
    chip = mho.Chip(Steep(), rows=3, cols=5, tiles=2)
    mho.SimulatedBench(chip, mho.Stream(5))
    assert _measured.cache_info().misses == before


@pytest.mark.parametrize(
    ("slope", "method"),
    [(0.1, "predictive"), (1.0, "identical pulses")],
)
def test_flat_steps_are_counted(slope: float, method: str) -> None:
    law = TypicalSwitching(1.0, 1.2, slope, 1e-6, 1e-7, 1e-5)
    assert suiting_method(law) == method
