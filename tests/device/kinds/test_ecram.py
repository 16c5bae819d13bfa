"""Cells with a gate: published steps in SI, an open circuit for drivers, energy of charges."""

import math
from dataclasses import replace

import pytest
import torch

from mho.bench import Pulse
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device.published import preset
from mho.rng import Stream


@pytest.mark.parametrize(
    ("chip", "w_min", "w_max", "dw_min"),
    [
        ("ecram_li", -0.8276, 1.1724, 0.002),
        ("ecram_oxide", -0.8286, 1.1714, 2.8214e-4),
    ],
)
def test_numbers_are_those_of_the_fit_in_other_units(
    chip: str, w_min: float, w_max: float, dw_min: float
) -> None:
    """The fit has weights from w_min to w_max with the symmetry point at 0, bounds ±5 %.

    To the digits that the preset has.
    """
    own = preset(chip)
    span = w_max - w_min
    assert own["cell.step"] == pytest.approx(dw_min / span, rel=1e-4)
    assert own["cell.symmetry_point"] == pytest.approx(-w_min / span, abs=5e-5)
    assert own["cell.low_spread"] == pytest.approx(
        -0.05 * w_min / span, abs=5e-5
    )
    assert own["cell.high_spread"] == pytest.approx(
        0.05 * w_max / span, abs=5e-5
    )


@pytest.mark.parametrize("chip", ["ecram_li", "ecram_oxide"])
def test_levels_lie_where_all_cells_get_to(chip: str) -> None:
    """Three spreads of the bounds leave one cell in 700 at each end."""
    own = preset(chip)
    span = own["cell.high"] - own["cell.low"]
    low = own["cell.low"] + 3 * own["cell.low_spread"] * span
    high = own["cell.high"] - 3 * own["cell.high_spread"] * span
    assert low < own["array.level_low"] < own["array.level_high"] < high


def bench(chip: str, **numbers: float) -> SimulatedBench:
    """Four cells."""
    kind = preset(chip).replace(**numbers)
    return SimulatedBench(Chip(kind, rows=2, cols=2), Stream(3))


def test_no_resistance_on_the_way_divides_a_pulse() -> None:
    """A gate is an open circuit: 10 MΩ in series change nothing, bit for bit."""
    every = torch.arange(4)
    states = []
    for resistance in (0.0, 1e7):
        one = bench("ecram_li", array__series_resistance=resistance)
        one.pulse(Pulse(torch.full((50, 4), 1.5), 1e-7, 0.0), every)
        states.append(one.state()["conductance"])
    assert torch.equal(*states)
    assert bool((states[0] > 1.2e-6).all())


def test_a_pulse_takes_the_charge_of_its_step_times_its_voltage() -> None:
    """Unit pulses take the energy that is said each; others V/V₀ · t/t₀ · sinh(V/Vₛ)/sinh(V₀/Vₛ).

    The converter rounds amplitudes by 2⁻¹⁶ of 2 V, single precision is finer.
    """
    one = bench("ecram_li", cell__write_energy=3e-15)
    every = torch.arange(4)
    spent = 0.0
    for pulses, volts, width in ((10, 1.0, 1e-7), (7, -1.7, 3e-7)):
        train = torch.full((pulses, 4), volts)
        one.pulse(Pulse(train, width, 0.0), every)
        size = abs(volts)
        strength = width / 1e-7 * math.sinh(size / 100) / math.sinh(0.01)
        spent += 4 * pulses * 3e-15 * size * strength
        assert one.ledger.pulse_joules == pytest.approx(spent, rel=1e-4)


def test_gates_of_an_array_without_selectors_share_their_lines() -> None:
    """V/2 on the others of row and column: so many unit pulses of energy, and next to no step.

    One written cell, two that see V/2, one that sees nothing. Charge at V/2 is sinh(V/2Vₛ) /
    sinh(V₀/Vₛ) of that at V. Amplitudes are rounded by 2⁻¹⁵ of 2.6 V, which is 7e-4 of Vₛ.
    """
    one = bench("ecram_oxide", cell__voltage_spread=0.0)
    before = one.state()["conductance"]
    train = torch.full((1000, 1), 2.0)
    one.pulse(Pulse(train, 1e-7, 0.0), torch.tensor([0]))
    half = math.sinh(1.0 / 0.12) / math.sinh(2.0 / 0.12) / 2
    spent = 1000 * 1e-15 * (1 + 2 * half)
    assert one.ledger.pulse_joules == pytest.approx(spent, rel=2e-3)
    moved = one.state()["conductance"] - before
    assert float(moved[0]) > 1e-6
    assert float(moved[1:].abs().max()) < 3e-9
    assert float(moved[3]) == 0.0


def test_a_chip_with_gates_needs_no_transistor_in_its_numbers() -> None:
    """Pulses reach the cells that are named, and no others."""
    one = bench("ecram_li")
    before = one.state()["conductance"]
    one.pulse(Pulse(torch.full((100, 1), 1.0), 1e-7, 0.0), torch.tensor([1]))
    moved = one.state()["conductance"] - before
    assert moved.ne(0).tolist() == [False, True, False, False]
    with pytest.raises(ValueError, match="what transistor"):
        Chip(replace(preset("tiox_jang2022"), biasing=None)).selector  # noqa: B018
