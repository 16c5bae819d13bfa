"""Errors of converters: tables, noise, offset and gain, at the side that is analog."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mho.chip.periphery import Converter, SignedConverter
from mho.chip.periphery.inl_tables import (
    full_table,
    inl_from_dnl,
    shown,
    transitions,
)
from mho.rng import Stream

TABLE = (0.0, 0.0, 0.3, -0.4, 0.2, -0.7, 0.6, 0.0)
"""Of a 3-bit converter; no code is missing (LSB)."""


def _ramp(low: float, high: float, points: int = 20_011) -> Tensor:
    return torch.linspace(low, high, points, dtype=torch.float64)


def _random_table(stream: Stream, codes: int, size: float) -> tuple[float, ...]:
    draws = torch.randn(
        codes, generator=stream.generator(), dtype=torch.float64
    )
    return tuple(draws.mul(size).tolist())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["adc", "dac"])
def test_a_converter_without_errors_is_the_plain_formula_bit_for_bit(
    dtype: torch.dtype, kind: str, stream: Stream
) -> None:
    """round, clamp, scale, in this order of operations. No tolerance: presets hang on it."""
    signal = torch.randn(5000, generator=stream.generator(), dtype=dtype) * 2
    for bits, scale in ((1, 1.0), (7, 0.137), (8, 3e-5), (16, 2.1)):
        signed = SignedConverter(bits, scale, kind=kind)
        plain = torch.round(signal * scale / signed.lsb) * signed.lsb
        if kind == "adc":
            assert torch.equal(
                signed(signal * scale), plain.clamp(-scale, scale)
            )
        single = Converter(bits, -scale, 0.7 * scale, 0.1 * scale, 0.05)
        seen = signal * scale * (1 + 0.05) + 0.1 * scale
        codes = torch.round((seen + scale) / single.lsb).clamp(0, 2**bits - 1)
        assert torch.equal(single(signal * scale), codes * single.lsb - scale)


def test_an_adc_shows_the_highest_code_whose_transition_lies_below() -> None:
    """Brute force: transitions k − 1/2 + INL(k); the code is the largest k at or below."""
    adc = Converter(3, low=-1.0, high=2.5, inl=TABLE)
    ramp = _ramp(-1.5, 3.0, 2003)
    edges = [-1.0 + adc.lsb * (k - 0.5 + TABLE[k]) for k in range(1, 8)]
    expected = [
        max((k for k in range(1, 8) if x >= edges[k - 1]), default=0)
        for x in ramp
    ]
    assert adc.codes(ramp).tolist() == expected
    values = -1.0 + adc.lsb * torch.tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(adc(ramp), values, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [0.2, 1.0, 4.0])
def test_codes_found_next_to_the_rounded_ones_are_those_of_a_binary_search(
    size: float, stream: Stream
) -> None:
    """`bucketize` over all transitions is the independent reference; tables of any size. Exact.

    70,001 × 2 signals are looked up in several parts; strides do not matter.
    """
    table = _random_table(stream, 255, size)
    position = torch.rand(70_001, 2, generator=stream.generator()) * 275 - 10
    edges = transitions(table, 255).to(position)
    expected = torch.bucketize(position, edges[1:-1], right=True)
    assert torch.equal(shown(position, table, 255).long(), expected)
    assert torch.equal(shown(position[:, 1], table, 255).long(), expected[:, 1])


def test_a_dac_makes_its_level_and_then_gain_and_offset() -> None:
    """(value + INL·lsb)(1 + g) + o of each code; told values are rounded first. To 1e-12."""
    dac = Converter(
        3, -2.0, 5.0, offset=0.05, gain_error=-0.1, inl=TABLE, kind="dac"
    )
    told = torch.arange(8, dtype=torch.float64) - 2
    expected = (told + torch.tensor(TABLE, dtype=torch.float64)) * 0.9 + 0.05
    torch.testing.assert_close(
        dac(told + 0.4), expected, rtol=1e-12, atol=1e-12
    )
    assert dac.codes(told - 0.4).tolist() == list(range(8))


def test_gain_and_offset_of_a_dac_are_not_rounded_but_those_of_an_adc_are() -> (
    None
):
    """A DAC's output leaves the grid; what an ADC reports is always on it. 0.3 LSB of offset."""
    told = torch.arange(-7.0, 8.0, dtype=torch.float64)
    dac = SignedConverter(3, 7.0, offset=0.3, kind="dac")
    torch.testing.assert_close(dac(told), told + 0.3, rtol=0.0, atol=1e-12)
    assert torch.equal(replace(dac, kind="adc")(told), told)
    wide = replace(dac, offset=0.0, gain_error=0.2)
    assert float(wide(told)[-1]) == pytest.approx(8.4, rel=1e-12)
    assert float(replace(wide, kind="adc")(told)[-1]) == 7.0


def test_zero_stays_exact_with_a_table_that_is_odd() -> None:
    """Odd INL with INL(0) = 0 keeps f(0) = 0 and f(−x) = −f(x). Single precision, exact."""
    odd = (0.4, -0.2, 0.1, 0.0, -0.1, 0.2, -0.4)
    dac = SignedConverter(2, 3.0, inl=odd, kind="dac")
    told = torch.arange(-3.0, 4.0)
    assert float(dac(torch.zeros(1))[0]) == 0.0
    assert torch.equal(dac(-told), -dac(told))
    torch.testing.assert_close(
        dac(told), told + torch.tensor(odd), rtol=1e-6, atol=1e-6
    )
    smooth = tuple(math.sin(k / 9) * 0.4 for k in range(-127, 128))
    adc = SignedConverter(7, 1.0, inl=smooth)
    assert float(adc(torch.zeros(1))[0]) == 0.0


def test_a_short_table_is_interpolated_and_a_zero_one_changes_nothing(
    stream: Stream,
) -> None:
    """Five points (0, 1, 0, −1, 0) on 9 codes: ½-steps between. All zeros: as without."""
    between = (0.0, 0.5, 1.0, 0.5, 0.0, -0.5, -1.0, -0.5, 0.0)
    assert full_table((0.0, 1.0, 0.0, -1.0, 0.0), 9).tolist() == list(between)
    signal = torch.randn(10_000, generator=stream.generator())
    for converter in (SignedConverter(6, 2.0), Converter(6, -2.0, 1.0)):
        flat = replace(converter, inl=(0.0, 0.0))
        torch.testing.assert_close(
            flat(signal), converter(signal), rtol=1e-6, atol=1e-6
        )


def test_dnl_is_the_difference_of_inl_and_sums_back_to_it() -> None:
    """INL → DNL → INL is the identity for a table that starts at 0; to 1e-15."""
    converter = Converter(3, 0.0, 1.0, inl=TABLE)
    assert inl_from_dnl(converter.dnl) == pytest.approx(TABLE, abs=1e-15)
    assert Converter(3, 0.0, 1.0).dnl == ()
    assert len(Converter(3, 0.0, 1.0, inl=(0.0, 1.0)).dnl) == 7


def test_missing_codes_are_those_that_no_signal_gives(stream: Stream) -> None:
    """The codes absent from a fine ramp, for rough tables; DNL ≤ −1 is always among them."""
    for n in range(5):
        table = _random_table(stream.child(n), 16, 0.8)
        adc = Converter(4, 0.0, 15.0, inl=table)
        seen = set(adc.codes(_ramp(-6.0, 21.0, 270_001)).tolist())
        assert set(adc.missing_codes) == set(range(16)) - seen
        assert adc.missing_codes
        assert {k for k in range(1, 15) if adc.dnl[k] <= -1} <= set(
            adc.missing_codes
        )
        assert not adc.monotonic
        assert replace(adc, kind="dac").missing_codes == ()
    smooth = Converter(3, 0.0, 1.0, inl=TABLE)
    assert smooth.missing_codes == ()
    assert smooth.monotonic
    signed = SignedConverter(2, 3.0, inl=(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0))
    assert signed.missing_codes == (0,)


def test_noise_turns_rounding_into_a_normal_distribution_of_codes(
    stream: Stream,
) -> None:
    """P(code ≥ k) = Φ((x − (k − ½))/σ) for an ADC; five standard errors of 100,000 trials."""
    count = 100_000
    sigma = 0.6
    signal = 10.2
    adc = SignedConverter(6, 63.0, noise_lsb=sigma)
    codes = adc.codes(torch.full((count,), signal), stream.generator())
    for k in (10, 11):
        share = float((codes >= k).double().mean())
        expected = 0.5 * math.erfc((k - 0.5 - signal) / sigma / math.sqrt(2))
        assert abs(share - expected) < 5 * math.sqrt(
            expected * (1 - expected) / count
        )


def test_the_noise_of_a_dac_is_added_behind_it(stream: Stream) -> None:
    """Variance (σ·lsb)² whatever the gain, mean the level; five standard errors of 100,000."""
    count = 100_000
    sigma = 0.5
    dac = Converter(4, 0.0, 30.0, gain_error=0.5, noise_lsb=sigma, kind="dac")
    made = dac(
        torch.full((count,), 6.0, dtype=torch.float64), stream.generator()
    )
    assert abs(float(made.mean()) - 9.0) < 5 * sigma * 2 / math.sqrt(count)
    assert abs(float(made.var()) / (sigma * 2) ** 2 - 1) < 5 * math.sqrt(
        2 / count
    )
    assert made.unique().numel() > 99_000


def test_noise_comes_from_the_generator_that_is_passed(stream: Stream) -> None:
    """Same seed, same codes; another, others; none, an error; without noise none is needed."""
    adc = Converter(8, 0.0, 1.0, noise_lsb=2.0)
    signal = torch.rand(500, generator=stream.generator())
    first, again = (
        adc(signal, stream.child("a").generator()) for _ in range(2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, adc(signal, stream.child("b").generator()))
    for kind in ("adc", "dac"):
        with pytest.raises(
            ValueError, match="Argument `generator` must be a generator"
        ):
            replace(adc, kind=kind)(signal)
    generator = stream.generator()
    before = generator.get_state()
    replace(adc, noise_lsb=0.0)(signal, generator)
    assert torch.equal(generator.get_state(), before)


def test_a_signal_is_left_as_it_was_and_nan_stays_nan() -> None:
    """No converter writes into its input; NaN in, NaN out; infinite in, saturated out."""
    signal = torch.tensor([0.3, math.nan, math.inf, -math.inf])
    for converter in (
        SignedConverter(3, 1.0),
        SignedConverter(3, 1.0, inl=(0.1, -0.1)),
        SignedConverter(3, 1.0, offset=0.1),
        Converter(3, -1.0, 1.0),
        Converter(3, -1.0, 1.0, inl=(0.0, 2.0, 0.0)),
    ):
        kept = signal.clone()
        found = converter(kept)
        assert torch.equal(kept.nan_to_num(), signal.nan_to_num())
        assert found.isnan().tolist() == [False, True, False, False]
        assert found[2:].tolist() == pytest.approx([1.0, -1.0])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"inl": (0.0,)},
            "Argument `inl` must have 2 to 8 values, one per code or fewer",
        ),
        ({"inl": (0.0,) * 9}, "but has 9"),
        (
            {"inl": (0.0, math.nan)},
            r"Argument `inl\[1\]` must be a number, but is NaN",
        ),
        (
            {"noise_lsb": -0.1},
            "Argument `noise_lsb` must be finite and not negative",
        ),
        ({"gain_error": -1.0}, "Argument `gain_error` must"),
        ({"offset": math.nan}, "Argument `offset` must"),
        ({"kind": "dca"}, "Did you mean `dac`"),
    ],
)
def test_errors_that_cannot_be_are_refused(
    change: dict[str, object], sentence: str
) -> None:
    """One sentence that names the argument, for both kinds of converters."""
    with pytest.raises(ValueError, match=sentence):
        Converter(3, 0.0, 1.0, **change)  # type: ignore[arg-type]
    if "but has 9" not in sentence and "2 to 8" not in sentence:
        with pytest.raises(ValueError, match=sentence):
            SignedConverter(3, 1.0, **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 to 15 values"):
        SignedConverter(3, 1.0, inl=(0.0,) * 16)
