"""Ranges that suit data, and transfer curves from a ramp."""

import math

import pytest
import torch
from torch import Tensor

from mho.chip.periphery import Converter, SignedConverter
from mho.chip.periphery.calibration import (
    fit_full_scale,
    measure_inl,
    range_error,
)
from mho.rng import Stream

TABLE = (0.0, 0.0, 0.3, -0.4, 0.2, -0.7, 0.6, 0.0)


def _gaussian(count: int) -> Tensor:
    """A normal distribution by its quantiles: no scatter."""
    share = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return torch.special.ndtri(share)


def _gaussian_error(full_scale: float, bits: int) -> float:
    """Mean square error of a unit normal: ∫(x − q(x))²φ(x)dx, cell by cell in closed form.

    Over (a, b) with ∫φ = P, ∫xφ = φ(a) − φ(b), ∫x²φ = P + aφ(a) − bφ(b).
    """
    top = 2**bits - 1
    lsb = full_scale / top
    code = torch.arange(0, top + 1, dtype=torch.float64)
    a = ((code - 0.5) * lsb).clamp(min=0)
    b = (code + 0.5) * lsb
    b[-1] = 40.0
    phi_a, phi_b = (
        torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi) for x in (a, b)
    )
    share = (torch.erfc(a / math.sqrt(2)) - torch.erfc(b / math.sqrt(2))) / 2
    q = code * lsb
    part = (
        (1 + q.square()) * share
        + a * phi_a
        - b * phi_b
        - 2 * q * (phi_a - phi_b)
    )
    return 2 * float(part.sum())


def _best_for_a_gaussian(bits: int) -> float:
    """Golden-section minimum of the integral (1), to 1e-5."""
    low = 0.5
    high = 8.0
    share = (math.sqrt(5) - 1) / 2
    while high - low > 1e-5:
        left = high - share * (high - low)
        right = low + share * (high - low)
        if _gaussian_error(left, bits) < _gaussian_error(right, bits):
            high = right
        else:
            low = left
    return (low + high) / 2


@pytest.mark.parametrize(
    ("bits", "step"), [(1, 1.224), (2, 0.6508), (3, 0.3534)]
)
def test_the_integral_reproduces_the_known_optimal_steps_of_a_gaussian(
    bits: int, step: float
) -> None:
    """max1960, uniform quantisers of 3, 7 and 15 levels: steps in σ, four digits there."""
    assert _best_for_a_gaussian(bits) / (2**bits - 1) == pytest.approx(
        step, abs=6e-4
    )


@pytest.mark.parametrize("bits", [1, 3, 7, 8])
def test_the_range_of_least_error_of_a_gaussian_is_that_of_the_integral(
    bits: int,
) -> None:
    """At 7 + 1 bits about 4σ. The minimum is flat: 1 % in range is 1e-4 in error.

    200,000 quantiles have 13 beyond 4σ, so the range is met to 2 %, the error to 1 %.
    """
    expected = _best_for_a_gaussian(bits)
    found = float(fit_full_scale(_gaussian(200_000), bits, method="mse"))
    assert found == pytest.approx(expected, rel=0.02)
    assert _gaussian_error(found, bits) == pytest.approx(
        _gaussian_error(expected, bits), rel=0.01
    )
    if bits == 7:
        assert expected == pytest.approx(4.0, rel=0.03)


def test_no_other_range_has_a_smaller_error(stream: Stream) -> None:
    """Brute force over 2,000 ranges, for smooth, heavy-tailed and discrete samples.

    With 8 bits the error has ripples of some per cent; the search may miss the deepest by 1 %.
    """
    generator = stream.generator()
    normal = torch.randn(3000, generator=generator, dtype=torch.float64)
    samples = torch.stack(
        (
            normal,
            normal**3,
            normal.exp(),
            (normal * 3).round(),
            normal.sign() * 2,
        ),
        1,
    )
    for bits in (2, 4, 8):
        found = fit_full_scale(samples, bits, method="mse", dim=0)
        reached = range_error(samples, bits, found)
        largest = samples.abs().amax(0)
        tried = torch.linspace(2e-3, 1.0, 2000, dtype=torch.float64)
        brute = torch.stack(
            [range_error(samples, bits, largest * x) for x in tried]
        ).amin(0)
        assert bool((reached <= brute * 1.01 + 1e-12).all()), bits


def test_samples_that_a_converter_can_show_get_a_range_without_error() -> None:
    """Integers −7 … 7 at 3 bits: some lsb of 1/n shows them all, here 1 itself. Exact zero."""
    samples = torch.arange(-7.0, 8.0)[:, None]
    found = fit_full_scale(samples, 3, method="mse", dim=0)
    assert found.tolist() == [7.0]
    assert range_error(samples, 3, found).tolist() == [0.0]


def test_percentiles_and_maxima_are_those_of_the_sorted_magnitudes(
    stream: Stream,
) -> None:
    """Magnitudes 1 … 1000 shuffled: 99.9 % do not exceed 999, 100 % not 1000. Exact."""
    order = torch.randperm(1000, generator=stream.generator())
    samples = (
        torch.arange(1.0, 1001.0) * torch.tensor([1.0, -1.0]).repeat(500)
    )[order]
    for percent, expected in (
        (99.9, 999.0),
        (100.0, 1000.0),
        (50.0, 500.0),
        (0.05, 1.0),
    ):
        found = fit_full_scale(
            samples, 8, method="percentile", percentile=percent
        )
        assert float(found) == expected
    assert float(fit_full_scale(samples, 8)) == 1000.0


@pytest.mark.parametrize("method", ["max", "percentile", "mse"])
def test_columns_get_the_ranges_they_would_get_alone(
    method: str, stream: Stream
) -> None:
    """Along either axis; the type is kept. A column of zeros takes the largest range. Exact."""
    samples = torch.randn(400, 3, generator=stream.generator()) * torch.tensor(
        [1.0, 5.0, 0.0]
    )
    found = fit_full_scale(samples, 5, method=method, dim=0)
    alone = [fit_full_scale(samples[:, c], 5, method=method) for c in range(2)]
    assert found.dtype == torch.float32
    assert found[:2].tolist() == [float(a) for a in alone]
    assert found[2] == found[1]
    assert torch.equal(
        found, fit_full_scale(samples.T, 5, method=method, dim=1)
    )


def test_samples_that_set_no_range_are_refused() -> None:
    """All zero, none, NaN, an unknown method, a percentile of 0: each in one sentence."""
    some = torch.ones(3)
    with pytest.raises(
        ValueError, match="Argument `samples` must have an element other than 0"
    ):
        fit_full_scale(torch.zeros(3), 8)
    with pytest.raises(
        ValueError, match="Argument `samples` must have an element other than 0"
    ):
        fit_full_scale(torch.zeros(0), 8)
    with pytest.raises(ValueError, match="Argument `samples` must be finite"):
        fit_full_scale(torch.tensor([1.0, math.nan]), 8)
    with pytest.raises(ValueError, match="Did you mean `mse`"):
        fit_full_scale(some, 8, method="mes")
    with pytest.raises(ValueError, match="Argument `percentile` must"):
        fit_full_scale(some, 8, percentile=0.0)


def test_a_ramp_gives_back_the_table_of_an_adc_whatever_its_offset_and_gain() -> (
    None
):
    """Ends of the table are 0, so the line through the ends takes offset and gain only.

    A transition is found to 1/256 of a code; two of them set the line.
    """
    adc = Converter(3, -1.0, 2.0, offset=0.3, gain_error=-0.2, inl=TABLE)
    found = measure_inl(adc, samples_per_code=256)
    assert found == pytest.approx(TABLE, abs=2 / 256)
    signed = SignedConverter(
        3, 2.0, offset=-0.1, inl=(0.0, 0.0, 0.4, -0.3, 0.0, 0.0, 0.0, 0.0)
    )
    again = SignedConverter(
        3, 2.0, inl=measure_inl(signed, samples_per_code=256)
    )
    assert measure_inl(again) == pytest.approx(measure_inl(signed), abs=2 / 64)


def test_levels_give_back_the_table_of_a_dac() -> None:
    """Levels less the line through the ends: the table, to rounding, 1e-12."""
    dac = Converter(
        3, -1.0, 2.0, offset=0.3, gain_error=-0.2, inl=TABLE, kind="dac"
    )
    assert measure_inl(dac) == pytest.approx(TABLE, abs=1e-12)


def test_a_noisy_adc_shows_its_table_on_average(stream: Stream) -> None:
    """Each transition is a mean of crossings: the counts have a variance of about 0.56·σ·n.

    ∫Φ(1 − Φ) = σ/√π per transition with n points per code, so the standard error in LSB is
    √(0.56σ/n); two more at the ends of the line. σ = 4, n = 20,000: 0.011 each. A ramp that
    started too near would bend the ends of a linear converter.
    """
    adc = Converter(3, 0.0, 7.0, inl=TABLE, noise_lsb=4.0)
    found = measure_inl(
        adc, samples_per_code=20_000, generator=stream.generator()
    )
    linear = Converter(5, 0.0, 31.0, noise_lsb=4.0)
    flat = measure_inl(
        linear,
        samples_per_code=20_000,
        generator=stream.child("flat").generator(),
    )
    assert flat == pytest.approx([0.0] * 32, abs=5 * math.sqrt(3) * 0.011)
    assert found == pytest.approx(TABLE, abs=5 * math.sqrt(3) * 0.011)
    with pytest.raises(ValueError, match="`generator`"):
        measure_inl(adc)


def test_a_converter_without_errors_measures_as_linear() -> None:
    """All within the resolution of the ramp; converters of one bit have nothing to bend."""
    assert max(map(abs, measure_inl(SignedConverter(6, 1.0)))) <= 1 / 64 + 1e-9
    assert measure_inl(Converter(1, 0.0, 1.0)) == (0.0, 0.0)
    assert measure_inl(SignedConverter(1, 1.0)) == (0.0, 0.0, 0.0)
