"""Amplifiers and integrators: gains, saturation, and noise in closed form."""

import math

import pytest
import torch

from mho.chip.periphery import SignedConverter
from mho.chip.periphery.front_end import FrontEnd, Integrator, Transimpedance
from mho.rng import Stream
from mho.units import ns, uA

RANGES = (1 * uA, 10 * uA, 100 * uA)
TIA = Transimpedance(RANGES, swing=0.5, bandwidth=10e6)
QUIET = Transimpedance(RANGES, swing=0.5)


def test_resistors_and_capacitors_make_the_ranges() -> None:
    """R = swing/I: 0.5 V/1 µA = 500 kΩ. I = C·swing/t: 1 pF · 1 V/100 ns = 10 µA. To 1e-12."""
    assert TIA.resistances == pytest.approx((500e3, 50e3, 5e3), rel=1e-12)
    both = Integrator(time=100 * ns, capacitance=(1e-12, 4e-12))
    assert both.full_scales == pytest.approx((10 * uA, 40 * uA), rel=1e-12)
    assert Integrator(100 * ns, 1e-12).full_scales == pytest.approx(
        (10 * uA,), rel=1e-12
    )
    assert Transimpedance(5 * uA).full_scales == (5 * uA,)


def test_the_noise_of_a_resistor_is_its_thermal_noise() -> None:
    """√(4kTB/R): at 300 K, 10 MHz, 50 kΩ it is 1.82 nA; ×√10 from range to range. To 1e-6."""
    found = TIA.noise(torch.tensor(RANGES, dtype=torch.float64))
    expected = [
        math.sqrt(4 * 1.380649e-23 * 300 * 10e6 / r) for r in TIA.resistances
    ]
    assert found.tolist() == pytest.approx(expected, rel=1e-6)
    assert float(found[1]) == pytest.approx(1.82e-9, rel=1e-3)


def test_the_noise_of_an_integrator_is_that_of_its_capacitor() -> None:
    """Voltage √(kT/C), charge C times that, current that over t; 1 pF, 300 K: 64.4 µV."""
    front = Integrator(time=100 * ns, capacitance=1e-12)
    volts = math.sqrt(1.380649e-23 * 300 / 1e-12)
    assert volts == pytest.approx(64.4e-6, rel=1e-3)
    found = float(
        front.noise(torch.tensor(front.full_scales, dtype=torch.float64))[0]
    )
    assert found == pytest.approx(volts * 1e-12 / (100 * ns), rel=1e-9)


def test_the_most_sensitive_gain_that_holds_the_currents_is_chosen() -> None:
    """By hand, whatever shares a gain; a current beyond all ranges gets the largest."""
    current = torch.tensor([[0.5, -8.0, 1.0], [0.2, 3.0, -400.0]]) * uA
    found = {
        name: QUIET.choose(current, name)
        for name in ("tile", "column", "vector", "value")
    }
    in_uA = {name: (top * 1e6).round().tolist() for name, top in found.items()}
    assert in_uA["tile"] == [[100.0]]
    assert in_uA["column"] == [[1.0, 10.0, 100.0]]
    assert in_uA["vector"] == [[10.0], [100.0]]
    assert in_uA["value"] == [[1.0, 10.0, 1.0], [1.0, 10.0, 100.0]]
    with pytest.raises(ValueError, match="Did you mean `column`"):
        QUIET.choose(current, "columns")


@pytest.mark.parametrize(
    "front", [QUIET, Integrator(10 * ns, (1e-14, 1e-12), temperature=0.0)]
)
def test_without_noise_it_is_a_converter_with_the_range_as_full_scale(
    front: FrontEnd, stream: Stream
) -> None:
    """Gain, conversion of volts and gain undone: a `SignedConverter` of that current. To 1e-9.

    Ties at half a code may round either way, so random currents avoid them; saturation included.
    """
    top = front.full_scales[-1]
    current = (
        torch.randn(50, 4, generator=stream.generator(), dtype=torch.float64)
        * top
    )
    full_scale = front.choose(current)
    adc = SignedConverter(8, front.swing)
    found = front.digitise(current, full_scale, adc)
    expected = SignedConverter(8, top)(current)
    torch.testing.assert_close(found, expected, rtol=0.0, atol=1e-9 * top)
    assert float(found.abs().max()) == pytest.approx(top, rel=1e-12)


def test_the_output_saturates_at_the_swing_even_if_the_converter_goes_further() -> (
    None
):
    """A converter of twice the swing never sees more than the swing. To half of its 4,095 lsb."""
    current = torch.tensor([[500 * uA, -500 * uA, 50 * uA]])
    found = QUIET.digitise(
        current, QUIET.choose(current), SignedConverter(12, 1.0)
    )
    assert found[0].tolist() == pytest.approx(
        [100 * uA, -100 * uA, 50 * uA], rel=1e-3
    )


def test_finer_gains_read_small_columns_with_smaller_errors(
    stream: Stream,
) -> None:
    """Error at most half an lsb of the column's own range: 100 times less at 1 µA."""
    scale = torch.tensor([0.9, 9.0, 90.0], dtype=torch.float64) * uA
    current = (
        2
        * torch.rand(400, 3, generator=stream.generator(), dtype=torch.float64)
        - 1
    ) * scale
    current[0] = scale
    adc = SignedConverter(7, 0.5)
    found = QUIET.digitise(current, QUIET.choose(current, "column"), adc)
    half = torch.tensor(RANGES, dtype=torch.float64) / 127 / 2
    worst = (found - current).abs().amax(0)
    assert bool((worst <= half * (1 + 1e-9)).all())
    assert bool((worst > 0.9 * half).all())


def test_noise_is_added_with_the_size_of_each_range(stream: Stream) -> None:
    """Sample variance of 20,000 reads per range against the closed form; five standard errors."""
    count = 20_000
    full_scale = torch.tensor([RANGES], dtype=torch.float64)
    current = torch.zeros(count, 3, dtype=torch.float64)
    found = TIA.digitise(
        current, full_scale, SignedConverter(20, 0.5), stream.generator()
    )
    ratio = found.var(0) / TIA.noise(full_scale)[0].square()
    assert float((ratio - 1).abs().max()) < 5 * math.sqrt(2 / count)
    with pytest.raises(ValueError, match="Argument `generator` must"):
        TIA.digitise(current, full_scale, SignedConverter(20, 0.5))


def test_front_ends_that_cannot_be_are_refused() -> None:
    """Ranges out of order or repeated, no range, negative time or temperature."""
    for ranges in ((2.0, 1.0), (1.0, 1.0), ()):
        with pytest.raises(ValueError, match="Argument `ranges` must ascend"):
            Transimpedance(ranges)
    with pytest.raises(
        ValueError, match="Argument `ranges` must be finite and above 0 A"
    ):
        Transimpedance(0.0)
    with pytest.raises(ValueError, match="Argument `time` must"):
        Integrator(0.0, 1e-12)
    with pytest.raises(ValueError, match="Argument `temperature` must"):
        Integrator(1e-6, 1e-12, temperature=-1.0)
