"""Summaries of measurements say what was put into them."""

import json
from typing import Any

import numpy as np
import pytest
import torch

from mho.characterise.lab import summary_of
from mho.measured import (
    ArrayMap,
    Endurance,
    LevelTable,
    PulseResponses,
    Sweeps,
    Trace,
    Waits,
)
from mho.units import uS

RNG = np.random.default_rng(0)


def ramps(
    curves: np.ndarray, cell: list[int], direction: int
) -> PulseResponses:
    """Ramps of a cell each, a row a ramp."""
    count, points = curves.shape
    pulses = points - 1
    unknown = np.full(count * pulses, np.nan)
    return PulseResponses(
        np.repeat(np.arange(count), pulses),
        np.repeat(cell, pulses).astype(np.int64),
        unknown,
        unknown,
        unknown,
        np.full(count * pulses, direction),
        curves[:, :-1].reshape(-1),
        curves[:, 1:].reshape(-1),
        "ramps",
    )


def test_spreads_of_ramps_and_of_cells_are_told_apart() -> None:
    """Offsets of ramps 0.1 µS, of cells 1 µS, over 40 cells with 10 ramps each.

    A standard deviation from n values is within 5/√(2n) of the truth.
    """
    cells = np.repeat(np.arange(40), 10)
    offset = RNG.normal(0, 1, 40)[cells] + RNG.normal(0, 0.1, 400)
    curves = (20 + offset[:, None] + np.linspace(0, 10, 21)) * uS
    way = summary_of(ramps(curves, cells.tolist(), 1))["set"]
    assert way["curve"]["ramp_to_ramp_S"] / uS == pytest.approx(0.1, rel=0.18)
    assert way["curve"]["cell_to_cell_S"] / uS == pytest.approx(1.0, rel=0.56)
    assert way["step_median_S"] / uS == pytest.approx(0.5)
    assert way["nonlinearity"] == pytest.approx(0.0, abs=1e-9)
    assert way["against"] == 0.0


def test_the_nonlinearity_is_how_far_a_curve_lies_off_the_straight_line() -> (
    None
):
    """Of x^½ from 0 to 1 it is ½ − ¼ = ¼ at x = ¼; of its mirror image −¼."""
    x = np.linspace(0, 1, 101)
    for curve, expected in ((np.sqrt(x), 0.25), (1 - np.sqrt(1 - x), -0.25)):
        found = summary_of(ramps((10 + 20 * curve)[None] * uS, [0], 1))
        assert found["set"]["nonlinearity"] == pytest.approx(expected, abs=1e-3)


def waits(shift: np.ndarray, time: np.ndarray) -> Waits:
    count = len(shift)
    written = np.full(count, 20 * uS)
    return Waits(
        np.arange(count),
        np.full(count, 3),
        time,
        written + shift,
        written,
        np.full(count, np.nan),
        "waits",
    )


def test_shifts_of_waits_have_their_moments_at_each_time() -> None:
    """Laplace noise, whose kurtosis is 6 and whose 99 % quantile is b ln 50."""
    count = 40_000
    shift = RNG.laplace(-0.5, 1.0, count)
    time = np.repeat([0.1, 10.0], count // 2) * RNG.uniform(0.98, 1.02, count)
    found = summary_of(waits(shift * uS, time))
    assert len(found["by_time"]) == 2
    for row, expected in zip(found["by_time"], (0.1, 10.0), strict=True):
        assert row["time_s"] == pytest.approx(expected, rel=0.01)
        # five standard errors from 20,000 values
        assert row["mean_S"] / uS == pytest.approx(
            -0.5, abs=5 * np.sqrt(2 / 20_000)
        )
        assert row["sd_S"] / uS == pytest.approx(np.sqrt(2), rel=0.04)
        assert row["kurtosis"] == pytest.approx(6, abs=1.5)
        assert row["quantiles_S"][-1] / uS == pytest.approx(
            np.log(50) - 0.5, abs=0.4
        )
    assert found["by_level"][0]["level"] == 3


def test_the_cycle_at_which_half_of_the_window_is_lost() -> None:
    """Two cells: one loses it at 10⁴ cycles and stays so, one has a single outlier."""
    cycle = np.logspace(1, 6, 51)
    high = np.full((2, 51), 100 * uS)
    high[0, cycle >= 1e4] = 40 * uS
    high[1, 20] = 30 * uS
    found = summary_of(
        Endurance(
            np.repeat([0, 1], 51),
            np.tile(cycle, 2),
            np.full(102, 10 * uS),
            high.reshape(-1),
            "endurance",
        )
    )
    assert found["cells_lost"] == 1
    assert found["cycles_to_loss_median"] == pytest.approx(1e4)
    assert found["new"]["ratio_median"] == pytest.approx(10)


def test_one_low_reading_at_the_end_is_no_loss_yet() -> None:
    """It may be an outlier: it is counted apart."""
    high = np.full(20, 100 * uS)
    high[-1] = 20 * uS
    found = summary_of(
        Endurance(
            np.zeros(20, dtype=np.int64),
            np.arange(20.0),
            np.full(20, 10 * uS),
            high,
            "endurance",
        )
    )
    assert found["cells_lost"] == 0
    assert found["cells_low_at_end"] == 1


def test_levels_are_told_apart_by_temperature() -> None:
    """Shifts are −1 µS at 300 K and −3 µS at 400 K; their mean is neither."""
    shift = np.repeat([-1.0, -3.0], 10)
    found = summary_of(
        Waits(
            np.arange(20),
            np.full(20, 3),
            np.full(20, 10.0),
            (50 + shift) * uS,
            np.full(20, 50 * uS),
            np.repeat([300.0, 400.0], 10),
            "waits",
        )
    )
    told = {row["temperature_K"]: row["mean_S"] for row in found["by_level"]}
    assert told == {
        300.0: pytest.approx(-1 * uS),
        400.0: pytest.approx(-3 * uS),
    }


def test_a_sweep_switches_where_its_conductance_jumps() -> None:
    """On at 0.8 V, off at −0.6 V, between 10 and 100 µS: ratio 10 at any voltage."""
    volts = np.concatenate(
        (
            np.linspace(0, 1, 101),
            np.linspace(0.99, -1, 200),
            np.linspace(-0.99, 0, 100),
        )
    )
    on = np.zeros(len(volts), dtype=bool)
    on[80:261] = True
    current = np.where(on, 100, 10) * uS * volts
    found = summary_of(
        Sweeps(
            np.zeros(len(volts), np.int64),
            np.zeros(len(volts), np.int64),
            volts,
            current,
            "iv",
        )
    )
    assert found["set_V"]["median"] == pytest.approx(0.8, abs=0.011)
    assert found["reset_V"]["median"] == pytest.approx(-0.6, abs=0.011)
    assert found["ratio"]["median"] == pytest.approx(10, rel=1e-6)


def test_dead_cells_and_lines_of_a_map_are_named() -> None:
    grid = RNG.normal(50, 5, (32, 24)) * uS
    grid[7] = 0.1 * uS
    grid[3, 4] = 500 * uS
    found = summary_of(ArrayMap(grid, "map"))
    assert found["maybe_stuck_low"] == 24
    assert found["maybe_stuck_high"] == 1
    assert found["rows_in_doubt"] == [7]
    assert found["cols_in_doubt"] == []


def test_the_narrowest_gap_is_told_in_deviations() -> None:
    mean = np.array([1.0, 2.0, 4.0]) * uS
    found = summary_of(LevelTable(mean, np.full(3, 0.1 * uS), "levels"))
    assert found["narrowest_separation"] == pytest.approx(
        1 / (0.1 * np.sqrt(2))
    )


def test_summaries_are_ready_for_json_and_traces_are_told_where_to_go() -> None:
    """No NaN in the text; unknown numbers are null."""
    few: Any = summary_of(waits(np.zeros(2), np.zeros(2)))
    text = json.dumps(few, allow_nan=False)
    assert json.loads(text)["by_time"][0]["kurtosis"] is None
    trace = Trace(torch.full((300,), 50 * uS, dtype=torch.float64), 1e-3)
    with pytest.raises(TypeError, match="trace_history"):
        summary_of(trace)
