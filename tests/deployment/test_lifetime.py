import math

import pytest
from quiet_chip import COARSE, deployed_on, perceptron, problem, quiet_bench

from mho.deployment.deployed import DeployedNetwork
from mho.deployment.lifetime import Refresh, lifetime
from mho.rng import Stream
from mho.units import uS

HOUR, YEAR = 3600.0, 3.15576e7


def aging(loss: float) -> DeployedNetwork:
    """A network whose cells lose `loss` per e-fold of time after the first hour, no more."""
    bench = quiet_bench(retention__scale=1.0, retention__loss=loss, temperature__coefficient=0.0,
                        temperature__coefficient_spread=0.0)  # fmt: skip
    return deployed_on(bench, perceptron(Stream(3)), problem(Stream(1))[0])


def test_drift_is_the_loss_of_the_retention_law() -> None:
    """Mean drift from one hour to one year: −d ln(t / 3600 s), for cells above the floor.

    Programming took seconds, 1e-3 of an hour or less at most; reads have 16 bits, 0.08 µS.
    """
    deployed = aging(1 * uS)
    samples, labels = problem(Stream(1))
    hour, year = lifetime(deployed, samples, labels, [HOUR, YEAR])
    expected = -1 * uS * math.log(YEAR / HOUR)
    assert year.drift - hour.drift == pytest.approx(expected, abs=0.1 * uS)
    assert year.refreshed == 0
    assert year.cost == hour.cost


def test_heat_makes_a_year_of_a_day() -> None:
    """At T the loss is that of time multiplied by the Arrhenius factor: d ln(A t / 3600 s)."""
    deployed = aging(1 * uS)
    samples, labels = problem(Stream(1))
    cool, hot = 300.0, 358.0
    haste = deployed.bench.chip.cell.temperature.ion_haste(hot)
    cold = lifetime(aging(1 * uS), samples, labels, [HOUR], temperature=cool)[0]
    warm = lifetime(deployed, samples, labels, [24 * HOUR], temperature=hot)[0]
    expected = -1 * uS * math.log(24 * haste)
    assert warm.drift - cold.drift == pytest.approx(expected, abs=0.2 * uS)


def test_a_refresh_brings_cells_back_within_the_tolerance() -> None:
    """Cells that lose 4 µS per e-fold leave ±5 µS in a year; a refresh at its end finds them.

    All cells lose 36 µS and are written again, so that none is off by more than the tolerance
    afterwards; looks and pulses are booked.
    """
    samples, labels = problem(Stream(1))
    old, fresh = aging(4 * uS), aging(4 * uS)
    (worn,) = lifetime(old, samples, labels, [YEAR])
    (kept,) = lifetime(fresh, samples, labels, [YEAR], refresh=Refresh(0.9999 * YEAR, COARSE))
    assert worn.spread > 30 * uS
    assert kept.spread < 5.5 * uS
    assert kept.refreshed >= 0.9 * fresh.placement.cells.numel()
    assert kept.cost.pulses > 0
    assert kept.cost.reads >= 8 * fresh.placement.cells.numel()
    assert worn.cost.reads == 0
    assert kept.accuracy >= worn.accuracy


def test_ages_must_rise() -> None:
    samples, labels = problem(Stream(1))
    with pytest.raises(ValueError, match="Argument `times` must rise"):
        lifetime(aging(1 * uS), samples, labels, [YEAR, HOUR])
