"""Steps at nodes: ramps follow the lines, and what came before counts as much as it should."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mho.device import Cells
from mho.device.kinds import RampSteps
from mho.device.kinds.ramp_steps import NODES
from mho.rng import Stream

UP = np.linspace(0.002, 0.008, NODES)
DOWN = np.linspace(0.006, 0.005, NODES)
"""Steps as parts of the range (1)."""
LINES = [f"{word}_{k}" for word in ("up", "down") for k in range(NODES)]
LOW, SPAN = 100e-6, 100e-6
PULSES = 200.0


def cell(**changes: float) -> RampSteps:
    """Cells of these lines, without any spread."""
    lines = {f"up_{k}": step * SPAN for k, step in enumerate(UP)}
    lines |= {f"down_{k}": step * SPAN for k, step in enumerate(DOWN)}
    kind = RampSteps(
        low=LOW,
        high=LOW + SPAN,
        spread_up=0.0,
        spread_down=0.0,
        reversal=0.0,
        pulses_up=PULSES,
        pulses_down=PULSES,
        width=1e-7,
        voltage=1.0,
        scale=0.1,
        threshold=0.75,
        gain_spread=0.0,
        bias_spread=0.0,
        ramp_spread=0.0,
        voltage_spread=0.0,
        stuck_fraction=0.0,
        stuck_high=0.5,
        **lines,
    )
    return replace(kind, **changes)


def ramp(
    kind: RampSteps, start: np.ndarray, signs: np.ndarray, volts: float = 1.0
) -> np.ndarray:
    """Places of cells after a train (1)."""
    cells = Cells(kind, start.size, Stream(3), 300.0)
    begun = torch.tensor(LOW + SPAN * start, dtype=torch.float32)
    cells.column("conductance").copy_(begun)
    train = torch.tensor(signs * volts, dtype=torch.float32)
    train = train[:, None].expand(-1, start.size).contiguous()
    every = torch.arange(start.size)
    cells.pulse(every, train, 1e-7, torch.ones(start.size), 0.0)
    found = cells.column("conductance").numpy().astype(float)
    return (found - LOW) / SPAN


def test_without_a_weight_the_conductance_says_the_step() -> None:
    """Brute force: the line at the place, pulse by pulse; single precision over 100 pulses."""
    start = np.array([0.05, 0.2, 0.4])
    signs = np.array([1.0] * 70 + [-1.0] * 30)
    place = start.copy()
    nodes = np.linspace(0, 1, NODES)
    for sign in signs:
        line = UP if sign > 0 else DOWN
        place = place + sign * np.interp(place, nodes, line)
    assert ramp(cell(), start, signs) == pytest.approx(place, abs=1e-5)


def test_with_the_whole_weight_the_pulses_since_the_reversal_do() -> None:
    """Brute force: progress counts from 0 up, from 1 down, and anew when the direction changes."""
    start = np.array([0.1, 0.3])
    signs = np.array([1.0] * 50 + [-1.0] * 40 + [1.0] * 20)
    place = start.copy()
    nodes = np.linspace(0, 1, NODES)
    last, count = 0.0, 0
    for sign in signs:
        count = count + 1 if sign == last else 0
        last = sign
        progress = count / PULSES if sign > 0 else 1 - count / PULSES
        line = UP if sign > 0 else DOWN
        place = place + sign * np.interp(progress, nodes, line)
    found = ramp(cell(reversal=1.0), start, signs)
    assert found == pytest.approx(place, abs=1e-5)
    # ramps that begin apart stay as far apart
    assert found[1] - found[0] == pytest.approx(0.2, abs=1e-5)


def test_ramps_part_by_the_ratio_of_their_steps_without_a_weight() -> None:
    """The derivative of a ramp's end by its beginning is m(end)/m(start), to the step's size."""
    near = ramp(cell(), np.array([0.05, 0.051]), np.ones(120))
    nodes = np.linspace(0, 1, NODES)
    ratio = np.interp(near[0], nodes, UP) / np.interp(0.05, nodes, UP)
    assert (near[1] - near[0]) / 0.001 == pytest.approx(ratio, rel=0.05)


def test_a_weak_pulse_is_a_part_of_one() -> None:
    """Strength of the sinh, exponential there: 0.1·ln 2 V less is half a pulse."""
    whole = ramp(cell(), np.array([0.5]), np.ones(1))[0] - 0.5
    half = ramp(cell(), np.array([0.5]), np.ones(1), 1 - 0.1 * np.log(2))[0]
    assert (half - 0.5) / whole == pytest.approx(0.5, rel=1e-3)
    assert ramp(cell(), np.array([0.5]), np.ones(1), 0.7)[0] == pytest.approx(
        0.5, abs=1e-6
    )


def test_spreads_are_those_asked_for() -> None:
    """4,000 cells, one pulse: five standard errors of a standard deviation, 5/√8000 = 5.6 %."""
    start = np.full(4000, 0.5)
    noisy = cell(spread_up=0.1e-6)
    size = np.std(ramp(noisy, start, np.ones(1)))
    assert size == pytest.approx(0.001, rel=0.056)
    different = cell(gain_spread=0.2)
    step = ramp(different, start, np.ones(1)) - 0.5
    assert np.std(step) / np.mean(step) == pytest.approx(0.2, rel=0.06)


def test_numbers_that_make_no_cell_are_refused() -> None:
    with pytest.raises(ValueError, match="`reversal` must"):
        cell(reversal=1.5)
    with pytest.raises(ValueError, match="must have a positive step"):
        cell(**{f"up_{k}": 0.0 for k in range(NODES)})


def test_a_ramp_has_a_vigour_until_the_direction_changes() -> None:
    """Without other spreads all steps of a ramp are alike, and another ramp has others.

    Of 400 cells the deviation of the vigour is known to a twenty-eighth; five of its errors.
    """
    kind = cell(ramp_spread=0.1, reversal=1.0, **dict.fromkeys(LINES, 2e-7))
    start = np.full(400, 0.3)
    ups = [ramp(kind, start, np.ones(n)) for n in (10, 20)]
    first, second = ups[0] - 0.3, ups[1] - ups[0]
    assert second == pytest.approx(first, abs=1e-5)
    mean, spread = first.mean(), first.std()
    assert mean == pytest.approx(0.02, rel=5 * 0.1 / 20)
    assert spread / mean == pytest.approx(0.1, rel=5 / np.sqrt(800))
    back = ramp(kind, start, np.array([1.0] * 10 + [-1.0] * 10)) - ups[0]
    assert abs(np.corrcoef(first, -back)[0, 1]) < 5 / np.sqrt(400)
