"""Pulses of many amplitudes: the likelihood by brute force, and from a file to a preset."""

import math
from dataclasses import replace

import numpy as np
import pytest

import fit_recovery_pulses
import mho
from mho.fitting import fit_files
from mho.fitting.switching import SwitchingLaw, lent_by, pulses_of
from mho.fitting.switching.grids import switching_grids
from mho.fitting.switching.kernel import (
    log_moved,
    loss_of_tables,
    switching_tables,
)
from mho.fitting.switching.law import Around
from mho.measured import PulseResponses

NUMBERS = {
    "switching.low": 10e-6,
    "switching.high": 500e-6,
    "switching.span": 251e-6,
    "switching.set_voltage": 0.9,
    "switching.reset_voltage": 1.0,
    "switching.slope": 0.08,
    "switching.threshold": 0.9,
    "switching.cycle_spread": 0.3,
    "switching.gain_spread": 0.0,
    "switching.voltage_spread": 0.0,
    "cell.formed": 20e-6,
}


def one_cell() -> PulseResponses:
    """Two trains up and two down on one cell, as `fit_recovery_pulses` makes them."""
    base = fit_recovery_pulses.changed(
        mho.preset("rao2023"), fit_recovery_pulses.QUIET
    )
    truth = fit_recovery_pulses.changed(base, NUMBERS)
    ramp = np.linspace(0.75, 1.3, 15)
    trains = [
        (0.9 * ramp, 1e-7),
        (-ramp, 1e-6),
        (0.9 * ramp, 1e-6),
        (-ramp, 1e-7),
    ]
    return fit_recovery_pulses.pulsed(truth, 1, trains, 0.2e-6, 7)


@pytest.mark.parametrize("size", [0.1e-6, 0.5e-6, 3e-6, 50e-6])
def test_a_step_with_noise_has_the_density_of_both(size: float) -> None:
    """By a fine sum over the noise of cycles; the saddle point errs by a few per cent."""
    sigma, noise, cap = 0.4, 0.3e-6, 60e-6
    z = np.linspace(-8, 8, 40_001)
    weight = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    step = size * np.exp(sigma * z)
    for off in (0.4 * size, size, 1.15 * size):
        density = np.exp(-((off - step) ** 2) / (2 * noise**2))
        density /= noise * math.sqrt(2 * math.pi)
        right = float(np.sum((weight * density)[step < cap]))
        right += (
            float(weight[step >= cap].sum())
            * math.exp(-((off - cap) ** 2) / noise**2)
            / (noise * math.sqrt(math.pi))
        )
        found = log_moved(off, math.log(size), sigma, noise**2, cap, cap, 1e3)
        assert found == pytest.approx(math.log(right), abs=0.05)


def test_a_cell_is_integrated_over_its_gain_and_voltages() -> None:
    """By sums over a grid of gain and voltage, one pulse that moved and one that may not have."""
    sigma, noise, slope, theta = 0.3, 0.2e-6, 0.08, 0.9
    gain, voltage, middle = 0.3, 0.06, 0.9
    off = np.array([0.1e-6, 2e-6])
    volts = np.array([0.80, 0.95])
    mu = np.log(1e-6) + volts / slope
    cap = np.full(2, 1.0)
    q = np.array(
        (sigma, noise**2, slope, theta, middle, 1.0, gain, voltage, 1e3)
    )
    first = np.array([0, 2, 2])
    terms = (off, mu, cap, cap, volts, first)
    grids = switching_grids(*terms, q)
    tables, found = switching_tables(*terms, q, grids)
    found += loss_of_tables(tables, volts, first, q, grids)
    total = 0.0
    grid = np.linspace(-5, 5, 101)
    each = (
        np.exp(-grid * grid / 2) / math.sqrt(2 * math.pi) * (grid[1] - grid[0])
    )
    still = np.exp(-(off**2) / (2 * noise**2)) / (
        noise * math.sqrt(2 * math.pi)
    )
    for zu, wu in zip(grid, each, strict=True):
        for zv, wv in zip(grid, each, strict=True):
            own = middle * (1 + voltage * zv)
            x = gain * zu - own / slope
            seen = 1.0
            for k in range(2):
                if volts[k] >= theta * own:
                    seen *= math.exp(
                        log_moved(
                            off[k], mu[k] + x, sigma, noise**2, 1.0, 1.0, 1e3
                        )
                    )
                else:
                    seen *= still[k]
            total += wu * wv * seen
    assert found == pytest.approx(-math.log(total), abs=0.02)


def test_one_cell_gives_its_law_and_lends_how_cells_differ() -> None:
    base = mho.preset("rao2023")
    found = fit_files([one_cell()], base, "mycell")
    law = found.laws[0]
    for name in ("slope", "set_voltage", "threshold", "cycle_spread"):
        one = law[f"switching.{name}"]
        assert one.low <= NUMBERS[f"switching.{name}"] <= one.high
        assert one.determined
    values = found.preset.values
    assert values["switching.slope"].interval is not None
    assert (
        values["switching.gain_spread"] == base.values["switching.gain_spread"]
    )
    # what pulses say nothing of stays, what must follow from the range is told
    assert values["telegraph.births"] == base.values["telegraph.births"]
    assert values["array.level_high"].value <= values["switching.high"].value
    assert any(
        "tell nothing of how cells differ" in line for line in found.told
    )
    assert any("to the power" in line for line in found.told)


def test_the_likeliest_numbers_are_near_the_true_ones() -> None:
    """The loss rises whichever number is moved by a tenth."""
    measured = one_cell()
    base = fit_recovery_pulses.changed(
        mho.preset("rao2023"), fit_recovery_pulses.QUIET
    )
    pulses, _ = pulses_of([measured], base)
    known = {f"switching.{n}": 0.01 for n in ("gain_spread", "voltage_spread")}
    law = SwitchingLaw(pulses, lent_by(base, pulses, known))
    truth = NUMBERS | {"read noise": 0.2e-6}
    p = np.array([truth[one.name] for one in law.parameters])
    here = law.loss(p)
    for k in range(p.size):
        for factor in (0.8, 1.25):
            moved = p.copy()
            moved[k] *= factor
            assert law.loss(moved) > here


def test_tables_that_are_kept_change_no_loss() -> None:
    """Voltages, threshold and spreads reuse tables; slope and noise make others: to the bit."""
    base = fit_recovery_pulses.changed(
        mho.preset("rao2023"), fit_recovery_pulses.QUIET
    )
    pulses, _ = pulses_of([one_cell()], base)
    law = SwitchingLaw(pulses, lent_by(base, pulses, {}))
    truth = NUMBERS | {"read noise": 0.2e-6}
    p = np.array([truth[one.name] for one in law.parameters])
    p = np.maximum(p, [one.low for one in law.parameters])
    kept = Around(law, p)
    kept.loss(p)
    for k in range(p.size):
        moved = p.copy()
        moved[k] = 1.05 * p[k] + 1e-9
        alone = Around(law, p)
        assert kept.loss(moved) == alone.loss(moved)
    assert kept.loss(p) == law.loss(p)


def test_amplitudes_need_a_law_and_a_value() -> None:
    measured = one_cell()
    with pytest.raises(ValueError, match="must name cells with a law of pulse"):
        fit_files([measured], mho.preset("ecram_li"), "mycell")
    gaps = measured.amplitude.copy()
    gaps[3] = np.nan
    with pytest.raises(ValueError, match="1 of 60 have none"):
        fit_files(
            [replace(measured, amplitude=gaps)], mho.preset("rao2023"), "mycell"
        )
