"""The periphery: selectors, converters, wires."""

import pytest
import torch

from mho.chip import Chip, Selector
from mho.chip.periphery import Converter, SignedConverter
from mho.device.published import preset
from mho.wires import WireModel

SELECTOR = Selector(
    slope=2e-3, threshold=0.5, gate_max=2.5, series_resistance=100.0
)


def test_the_gate_limits_set_linearly_above_its_threshold() -> None:
    """G_on = slope·(V_g − V_th), 0 below, constant above gate_max. Single precision, 1e-6."""
    found = SELECTOR.compliance(torch.tensor([0.0, 0.5, 1.5, 2.5, 9.0]))
    torch.testing.assert_close(
        found, torch.tensor([0.0, 0.0, 2e-3, 4e-3, 4e-3]), rtol=2e-6, atol=0.0
    )
    assert float(SELECTOR.compliance(1.0)) == pytest.approx(1e-3, rel=1e-6)


def test_the_series_resistance_divides_the_pulse() -> None:
    """Cell share 1/(1 + RG): at R = 100 Ω and G = 10 mS exactly one half. To 1e-12."""
    conductance = torch.tensor([0.0, 10e-3, 2.5e-3], dtype=torch.float64)
    train = torch.tensor(
        [[1.0, 1.0, 1.0], [-2.0, -2.0, -2.0]], dtype=torch.float64
    )
    expected = torch.tensor(
        [[1.0, 0.5, 0.8], [-2.0, -1.0, -1.6]], dtype=torch.float64
    )
    found = SELECTOR.cell_voltage(train, conductance, 2.5)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("bits", [1, 3, 8, 16])
def test_a_converter_has_two_to_the_bits_codes_that_span_its_range(
    bits: int,
) -> None:
    """Codes low … high in steps of (high − low)/(2^bits − 1): 2^bits values, both ends exact.

    A fine ramp meets every code; neighbours differ by one lsb, to 1e-9 of it.
    """
    adc = Converter(bits, low=-1.0, high=3.0)
    ramp = torch.linspace(-2.0, 4.0, 6 * 2**bits * 4 + 1, dtype=torch.float64)
    values = adc(ramp).unique()
    assert values.numel() == 2**bits
    assert (float(values[0]), float(values[-1])) == pytest.approx(
        (-1.0, 3.0), rel=1e-12
    )
    assert adc.lsb == pytest.approx(4.0 / (2**bits - 1), rel=1e-12)
    torch.testing.assert_close(
        values.diff(), torch.full_like(values[1:], adc.lsb), rtol=1e-9, atol=0.0
    )


def test_a_converter_rounds_to_the_nearest_code() -> None:
    """Inside the range the error is at most half an lsb, and comes within 1 % of it.

    10,001 points on 255 steps; a ramp has a uniform error with variance lsb²/12, to 1 % here.
    """
    adc = Converter(8, low=0.0, high=1.0)
    ramp = torch.linspace(0.0, 1.0, 10_001, dtype=torch.float64)
    error = (adc(ramp) - ramp) / adc.lsb
    assert 0.495 <= float(error.abs().max()) <= 0.5 + 1e-9
    assert float(error.square().mean()) == pytest.approx(1 / 12, rel=0.01)


def test_a_converter_shows_its_offset_and_gain_error() -> None:
    """Code of s·(1 + g) + o; at 20 bits the rounding is below 1e-6 of the range."""
    adc = Converter(20, low=0.0, high=1.0, offset=0.1, gain_error=-0.2)
    signal = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    expected = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    torch.testing.assert_close(adc(signal), expected, rtol=0.0, atol=1e-6)


def test_a_signed_converter_is_odd_and_has_an_exact_zero() -> None:
    """2^bits − 1 magnitudes of either sign, one zero; saturates at full scale; f(−x) = −f(x)."""
    dac = SignedConverter(3, full_scale=2.1)
    ramp = torch.linspace(-3.0, 3.0, 6001, dtype=torch.float64)
    values = dac(ramp)
    assert torch.equal(dac(-ramp), -values)
    assert values.unique().numel() == 2 * (2**3 - 1) + 1
    assert float(dac(torch.zeros(1))[0]) == 0.0
    assert float(values.max()) == pytest.approx(2.1, rel=1e-12)
    assert dac.lsb == pytest.approx(0.3, rel=1e-12)
    inside = ramp.abs() <= 2.1
    assert float((values - ramp)[inside].abs().max()) <= 0.15 + 1e-9


@pytest.mark.parametrize("bits", [0, 25])
def test_a_converter_refuses_a_resolution_out_of_range(bits: int) -> None:
    """One to twenty-four bits; and a range must have a width."""
    with pytest.raises(ValueError, match="Argument `bits` must"):
        Converter(bits, 0.0, 1.0)
    with pytest.raises(ValueError, match="Argument `bits` must"):
        SignedConverter(bits, 1.0)
    with pytest.raises(ValueError, match="high - low"):
        Converter(8, 1.0, 1.0)


def test_wires_of_no_resistance_return_the_conductances() -> None:
    """W = G bit for bit when every resistance is 0 Ω."""
    matrix = torch.rand(3, 4)
    assert torch.equal(WireModel().effective_matrix(matrix), matrix)


def test_a_chip_counts_its_cells_and_takes_a_preset_by_name_or_value() -> None:
    """tiles·rows·cols; the name and the preset itself describe the same chip. Exact."""
    chip = Chip("rao2023", tiles=3, rows=5, cols=7)
    assert chip.cells == 105
    assert Chip(preset("rao2023"), tiles=3, rows=5, cols=7) == chip
    assert "3 tiles of 5×7 cells" in str(chip)


@pytest.mark.parametrize(("driver", "bits"), [("off_chip", 15), ("on_chip", 5)])
def test_the_driver_chooses_the_electronics(driver: str, bits: int) -> None:
    """One bit of the published write resolution, 16 or 6, is the polarity."""
    chip = Chip("rao2023", driver=driver)
    assert chip.pulse_dac == SignedConverter(bits, 2.5)
    assert chip.read_adc.bits == chip.electronics.read_bits
    assert chip.read_adc.high > 4144e-6
    assert float(chip.selector.compliance(2.5)) == pytest.approx(
        2.7e-3 * 1.8, rel=1e-6
    )


def test_a_chip_refuses_what_does_not_exist() -> None:
    """Wrong driver, preset or size: the sentence names the argument and the nearest word."""
    with pytest.raises(ValueError, match="Did you mean `on_chip`"):
        Chip(driver="onchip")
    with pytest.raises(ValueError, match="Did you mean `rao2023`"):
        Chip("rao2032")
    with pytest.raises(ValueError, match="Argument `rows` must"):
        Chip(rows=0)
