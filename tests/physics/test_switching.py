"""SET and RESET steps: log-normal, exponential in voltage, linear in width, never out of range."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mho.device.laws import Switching
from mho.device.published import preset
from mho.rng import CellStream, Stream
from reference import SwitchingConstants, constants, mean_step, moved, window

MIDDLE = 1000e-6
COMPLIANCE = 3000e-6


def _law(**changes: float) -> Switching:
    return replace(preset("rao2023").cell().switching, **changes)


def _alike(law: Switching, count: int) -> SwitchingConstants:
    one = torch.ones(count, dtype=torch.float64)
    return SwitchingConstants(
        one * law.set_voltage, one * law.reset_voltage, one
    )


def _moved(
    law: Switching,
    core: float,
    volts: float,
    width: float,
    key: CellStream,
    compliance: float = COMPLIANCE,
) -> Tensor:
    """Change of the core of cells that are all alike (S)."""
    count = key.key.shape[0]
    one = torch.ones(count, dtype=torch.float64)
    after = moved(
        law,
        one * core,
        one * volts,
        width,
        one * compliance,
        _alike(law, count),
        key,
    )
    return after - core


@pytest.mark.parametrize("sign", [1, -1])
def test_the_step_is_log_normal(stream: Stream, sign: int) -> None:
    """ln|ΔG| is normal with median ln(Δ₀(t/t₀)e^((|V|−V_s)/V₀)w) and spread σ.

    At |V| = V_s + V₀ and t = t₀ the median is Δ₀·e·w; w = (3000 − 1000)/2250 for SET and
    (1000 − 10)/2250 for RESET, written out here. Standard errors of the mean and of the standard
    deviation of a normal sample: σ/√n, σ/√(2n). Normals carry 1e-7, far less.
    """
    count = 200_000
    law = _law()
    volts = sign * (law.set_voltage + law.slope)
    step = _moved(
        law, MIDDLE, volts, law.width, stream.cells(torch.arange(count))
    )
    assert ((step * sign) > 0).all()
    logs = (step * sign).log()
    window = (2000 if sign > 0 else 990) / 2250
    sigma = law.cycle_spread
    assert sigma == 0.3
    centre = math.log(1e-6 * math.e * window)
    assert abs(float(logs.mean()) - centre) <= 5 * sigma / math.sqrt(count)
    assert abs(float(logs.std()) - sigma) <= 5 * sigma / math.sqrt(2 * count)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_step_is_exponential_in_voltage_and_linear_in_width(
    stream: Stream, sign: float
) -> None:
    """One `slope` more is a factor e; three times the width is a factor 3; same random factor.

    Double precision; the subtraction of cores of 1 mS leaves 1e-19/1e-6 = 1e-13, bounded 1e-9.
    """
    law = _law()
    key = stream.cells(torch.arange(100))
    once = _moved(law, MIDDLE, sign * law.set_voltage, law.width, key)
    higher = _moved(
        law, MIDDLE, sign * (law.set_voltage + law.slope), law.width, key
    )
    longer = _moved(law, MIDDLE, sign * law.set_voltage, 3 * law.width, key)
    torch.testing.assert_close(
        higher / once, torch.full_like(once, math.e), rtol=1e-9, atol=0
    )
    torch.testing.assert_close(
        longer / once, torch.full_like(once, 3.0), rtol=1e-9, atol=0
    )


@pytest.mark.parametrize("core", [10e-6, 400e-6, 2990e-6, 2999.9e-6, 3500e-6])
def test_a_set_never_passes_the_compliance(stream: Stream, core: float) -> None:
    """Even the strongest pulse ends at G_on; a core already above it stays where it is. Exact."""
    law = _law(largest_step=1.0)
    key = stream.cells(torch.arange(10_000))
    after = core + _moved(law, core, 2.5, 1e-3, key)
    assert float(after.max()) <= max(core, COMPLIANCE) + 1e-18
    assert float(after.min()) >= core


def test_a_set_never_passes_the_end_of_the_range(stream: Stream) -> None:
    """A compliance above `high` does not help: min(G_on, high) binds. Exact."""
    law = _law(largest_step=1.0)
    key = stream.cells(torch.arange(10_000))
    after = 4000e-6 + _moved(law, 4000e-6, 2.5, 1e-3, key, compliance=8000e-6)
    assert float(after.max()) == pytest.approx(law.high, abs=1e-18)


@pytest.mark.parametrize("core", [10e-6, 10.01e-6, 400e-6, 4400e-6, 5e-6])
def test_a_reset_never_passes_the_floor(stream: Stream, core: float) -> None:
    """Even the strongest pulse ends at `low`; a core already below it stays. Exact."""
    law = _law(largest_step=1.0)
    key = stream.cells(torch.arange(10_000))
    after = core + _moved(law, core, -2.5, 1e-3, key)
    assert float(after.min()) >= min(core, law.low) - 1e-18
    assert float(after.max()) <= core


def test_one_pulse_moves_at_most_the_largest_step(stream: Stream) -> None:
    """|ΔG| ≤ largest_step, reached by a strong pulse in the middle. Exact to rounding."""
    law = _law()
    key = stream.cells(torch.arange(10_000))
    for volts in (2.5, -2.5):
        step = _moved(law, 2000e-6, volts, 1e-5, key).abs()
        assert float(step.max()) == pytest.approx(law.largest_step, rel=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_below_threshold_nothing_moves(stream: Stream, sign: int) -> None:
    """|V| < threshold·V_s: exactly no step at any width; at 1.001 times it every cell moves.

    The threshold belongs to the polarity: SET and RESET voltages differ here by a factor two.
    """
    law = _law(reset_voltage=1.8)
    key = stream.cells(torch.arange(1_000))
    edge = sign * 0.75 * (0.9 if sign > 0 else 1.8)
    assert (_moved(law, MIDDLE, 0.999 * edge, 1.0, key) == 0).all()
    assert (_moved(law, MIDDLE, 1.001 * edge, law.width, key) != 0).all()
    assert (_moved(law, MIDDLE, 0.0, 1.0, key) == 0).all()


def test_the_window_slows_towards_both_ends() -> None:
    """Window w = (G_on − G)/span for SET, (G − low)/span for RESET, cut to 0 … window_max.

    Expectations made in single precision are good to 1e-6; those in double to 1e-12.
    """
    law = _law()
    core = torch.tensor([10e-6, 1000e-6, 3000e-6, 4400e-6], dtype=torch.float64)
    compliance = torch.full_like(core, COMPLIANCE)
    up = window(law, core, torch.ones_like(core), compliance)
    down = window(law, core, -torch.ones_like(core), compliance)
    span = 2250e-6
    expected_up = torch.tensor(
        [2990e-6 / span, 2000e-6 / span, 0, 0], dtype=torch.float64
    )
    expected_down = torch.tensor(
        [0, 990e-6 / span, 2990e-6 / span, 4390e-6 / span]
    ).double()
    torch.testing.assert_close(up, expected_up, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(down, expected_down, rtol=1e-6, atol=1e-12)
    steep = window(
        replace(law, span=1e-6), core, -torch.ones_like(core), compliance
    )
    assert steep.tolist() == pytest.approx([0.0, 2.0, 2.0, 2.0], abs=1e-12)


def test_constants_spread_as_stated(stream: Stream) -> None:
    """V_s is normal around its median with a relative spread of 8 %, ln α normal with 0.3.

    n = 200,000 cells; standard errors σ/√n and σ/√(2n); the cut at half the median is six
    standard deviations away and changes nothing. SET and RESET draws are independent: their
    correlation has standard error 1/√n.
    """
    count = 200_000
    law = _law(reset_voltage=1.8)
    own = constants(law, stream.cells(torch.arange(count)))
    pairs = (
        (own.set_voltage.double() / 0.9 - 1, law.voltage_spread),
        (own.reset_voltage.double() / 1.8 - 1, law.voltage_spread),
        (own.gain.double().log(), law.gain_spread),
    )
    for sample, sigma in pairs:
        assert abs(float(sample.mean())) <= 5 * sigma / math.sqrt(count)
        assert abs(float(sample.std()) - sigma) <= 5 * sigma / math.sqrt(
            2 * count
        )
    both = torch.corrcoef(torch.stack([sample for sample, _ in pairs]))
    assert (both - torch.eye(3)).abs().max() <= 5 / math.sqrt(count)


def test_a_switching_voltage_stays_above_half_the_median(
    stream: Stream,
) -> None:
    """A spread of 100 % would give negative voltages; the cut is at one half, exactly."""
    own = constants(
        _law(voltage_spread=1.0), stream.cells(torch.arange(10_000))
    )
    assert float(own.set_voltage.min()) == pytest.approx(0.45, rel=1e-6)
    assert float(own.reset_voltage.min()) == pytest.approx(0.45, rel=1e-6)


def test_a_stronger_cell_moves_further_in_proportion() -> None:
    """The step is proportional to the cell's own gain; exact to rounding."""
    law = _law()
    one = torch.ones(3, dtype=torch.float64)
    own = SwitchingConstants(
        one * 0.9, one * 0.9, torch.tensor([0.0, 1.0, 2.5]).double()
    )
    size = mean_step(
        law, one * MIDDLE, one * 0.9, law.width, one * COMPLIANCE, own
    )
    expected = torch.tensor([0.0, 1.0, 2.5]).double() * 1e-6 * 2000 / 2250
    torch.testing.assert_close(size, expected, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("field", ["step", "slope", "span", "largest_step"])
def test_a_law_refuses_what_must_be_positive(field: str) -> None:
    """The house sentence names the argument."""
    with pytest.raises(ValueError, match=f"Argument `{field}` must"):
        _law(**{field: 0.0})
