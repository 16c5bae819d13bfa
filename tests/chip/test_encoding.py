"""Inputs in slices: codes and products come back, and what it costs is counted."""

import math

import pytest
import torch

from mho.chip.periphery import Periphery, SignedConverter, row_groups
from mho.chip.periphery.encoding import InputEncoding
from mho.rng import Stream

ENCODINGS = [
    InputEncoding(bits, 0.2, width, phases)
    for bits, width in (
        (7, None),
        (7, 1),
        (8, 2),
        (7, 3),
        (1, 1),
        (24, 5),
        (8, 8),
    )
    for phases in (1, 2)
]


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_digits_times_their_places_are_the_code(
    encoding: InputEncoding, stream: Stream
) -> None:
    """Σ place · digit = code, in integers, for both ends, zero and random codes. Exact."""
    top = 2**encoding.bits - 1
    codes = torch.randint(
        -top, top + 1, (5, 40), generator=stream.generator(), dtype=torch.int32
    )
    codes[0, :3] = torch.tensor([top, -top, 0])
    digits = encoding.digits(codes)
    assert digits.shape == (encoding.cycles, 5, 40)
    assert encoding.cycles == encoding.phases * math.ceil(
        encoding.bits / encoding.width
    )
    places = torch.tensor(encoding.places)[:, None, None]
    assert torch.equal((digits.long() * places).sum(0), codes.long())
    assert int(digits.abs().max()) <= 2**encoding.width - 1
    if encoding.phases == 2:
        assert int(digits.min()) >= 0


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_weighted_slices_are_the_voltage_of_the_whole_converter(
    encoding: InputEncoding, stream: Stream
) -> None:
    """Σ weight · slice = code · lsb, to 1e-12 of the amplitude; no slice is above it."""
    codes = encoding.codes(
        torch.randn(5, 40, generator=stream.generator()) * 0.1
    )
    slices = encoding.slices(codes, dtype=torch.float64)
    lsb = 0.2 / (2**encoding.bits - 1)
    torch.testing.assert_close(
        encoding.combine(slices), codes.double() * lsb, rtol=0.0, atol=2e-13
    )
    assert float(slices.abs().max()) <= 0.2


def test_the_whole_amplitude_is_what_the_converter_makes(
    stream: Stream,
) -> None:
    """One cycle of weight 1, voltages of `SignedConverter`, also beyond full scale. Last bit."""
    voltage = torch.randn(30, 20, generator=stream.generator()) * 0.15
    encoding = InputEncoding(7, 0.2)
    assert encoding.weights == (1.0,)
    slices = encoding.slices(encoding.codes(voltage))
    torch.testing.assert_close(
        slices[0], SignedConverter(7, 0.2)(voltage), rtol=2e-7, atol=0.0
    )
    assert torch.equal(encoding.combine(slices), slices[0])


def test_a_serial_bit_is_on_or_off() -> None:
    """Code −5 of 3 bits: bits 1, 0, 1, lowest first, at one voltage with its sign. Exact."""
    encoding = InputEncoding.bit_serial(3, 0.2)
    codes = torch.tensor([[-5, 6]], dtype=torch.int32)
    expected = [[[-0.2, 0.0]], [[0.0, 0.2]], [[-0.2, 0.2]]]
    torch.testing.assert_close(encoding.slices(codes), torch.tensor(expected))
    assert encoding.places == (1, 2, 4)
    assert encoding.weights == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    two = InputEncoding.bit_serial(3, 0.2, phases=2)
    assert two.places == (1, 2, 4, -1, -2, -4)
    assert two.digits(codes)[:, 0].tolist() == [
        [0, 0],
        [0, 1],
        [0, 1],
        [1, 0],
        [0, 0],
        [1, 0],
    ]


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_a_linear_tile_gives_the_same_product_in_any_encoding(
    encoding: InputEncoding, stream: Stream
) -> None:
    """Σ w (v @ G) = (Σ w v) @ G, and row groups add: with ideal readers, to 1e-12."""
    generator = stream.generator()
    conductance = torch.rand(40, 6, generator=generator, dtype=torch.float64)
    codes = encoding.codes(torch.randn(5, 40, generator=generator) * 0.1)
    slices = encoding.slices(codes, dtype=torch.float64)
    whole = codes.double() * (0.2 / (2**encoding.bits - 1)) @ conductance
    groups = row_groups(40, 16)
    found = sum(
        encoding.combine(slices[..., g] @ conductance[g]) for g in groups
    )
    torch.testing.assert_close(found, whole, rtol=0.0, atol=1e-11)


def test_errors_of_a_slice_converter_are_weighted_with_its_places() -> None:
    """A one-bit DAC 1 % too high makes the sum 1 % too high: gain goes straight through. 1e-12."""
    encoding = InputEncoding.bit_serial(4, 1.0)
    codes = torch.arange(-15, 16, dtype=torch.int32)[None]
    dac = SignedConverter(1, 1.0, gain_error=0.01, kind="dac")
    found = encoding.combine(encoding.slices(codes, dac, dtype=torch.float64))
    torch.testing.assert_close(
        found, codes.double() * (1.01 / 15), rtol=1e-12, atol=1e-15
    )
    with pytest.raises(
        ValueError, match="must have the 1 bits of a cycle, but has 2"
    ):
        encoding.slices(codes, SignedConverter(2, 1.0))


def test_reading_bits_apart_adds_rounding_errors_by_their_squared_weights(
    stream: Stream,
) -> None:
    """Independent rounding of cycles: variance Σ w² · lsb²/12, here (4⁶ − 1)/3/63² = 0.344.

    20,000 products of 300 rows, with currents of many LSB so that rounding is uniform; the
    variance of n such errors has a relative standard error below √(2/n).
    """
    count = 20_000
    generator = stream.generator()
    weights = torch.rand(300, 1, generator=generator, dtype=torch.float64)
    encoding = InputEncoding.bit_serial(6, 1.0)
    top = 2**6 - 1
    codes = torch.randint(
        0, top + 1, (count, 300), generator=generator, dtype=torch.int32
    )
    adc = SignedConverter(7, 150.0)
    partial = encoding.slices(codes, dtype=torch.float64) @ weights
    error = encoding.combine(adc(partial)) - encoding.combine(partial)
    expected = (4**6 - 1) / 3 / top**2 * adc.lsb**2 / 12
    assert sum(w**2 for w in encoding.weights) == pytest.approx(0.344, abs=1e-3)
    assert abs(float(error.var()) / expected - 1) < 5 * math.sqrt(2 / count)


def test_conversions_are_counted() -> None:
    """10 vectors, 6-bit serial, two signs apart, 100 rows in groups of 30, 8 columns. By hand."""
    encoding = InputEncoding.bit_serial(6, 0.2, phases=2)
    count = encoding.count(10, 100, 8, rows_at_once=30)
    assert (count.steps, count.dac, count.adc) == (
        10 * 12 * 4,
        10 * 12 * 100,
        10 * 12 * 4 * 8,
    )
    assert count.total == 12_000 + 3840
    plain = InputEncoding(8, 0.2).count(10, 100, 8)
    assert (plain.steps, plain.dac, plain.adc) == (10, 1000, 80)


@pytest.mark.parametrize(
    ("rows", "at_once"), [(1, None), (7, 7), (7, 9), (256, 16), (10, 3), (5, 1)]
)
def test_row_groups_cover_every_row_once_and_in_order(
    rows: int, at_once: int | None
) -> None:
    """Their union is the range, in order, none longer than allowed. Exact."""
    groups = row_groups(rows, at_once)
    assert [r for g in groups for r in range(rows)[g]] == list(range(rows))
    assert groups[-1].stop == rows
    assert max(g.stop - g.start for g in groups) <= (at_once or rows)
    assert len(groups) == math.ceil(rows / (at_once or rows))


def test_encodings_that_cannot_be_are_refused() -> None:
    """Slices of no bits or too many, phases beyond two, no rows, results of other cycles."""
    for change in (
        {"slice_bits": 0},
        {"slice_bits": 9},
        {"phases": 3},
        {"amplitude": 0.0},
    ):
        with pytest.raises(
            ValueError, match=f"Argument `{next(iter(change))}` must"
        ):
            InputEncoding(**{"bits": 8, "amplitude": 0.2, **change})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Argument `rows_at_once` must"):
        row_groups(4, 0)
    with pytest.raises(ValueError, match="Argument `results` must have shape"):
        InputEncoding.bit_serial(8, 0.2).combine(torch.zeros(7, 1, 1))


@pytest.mark.parametrize("bits", [6, 8, 16, 24])
def test_what_plain_drivers_give_is_the_same_without_whole_numbers(
    bits: int,
) -> None:
    """To the bit, beyond the end of the range too: both are the next code times its step."""
    around = Periphery(
        dac=SignedConverter(bits, 0.13, kind="dac"), adc=SignedConverter(8, 1.0)
    )
    volts = torch.linspace(-0.2, 0.2, 4001)[:, None]
    encoding = around.encoding
    by_codes = encoding.slices(encoding.codes(volts), dtype=volts.dtype)
    assert torch.equal(around.nominal(volts), by_codes)


@pytest.mark.parametrize("phases", [1, 2])
def test_squares_are_those_of_the_voltages_and_do_not_depend_on_the_batch(
    phases: int, stream: Stream
) -> None:
    """The energy of 40,000 vectors, of which some thousands are squared at once."""
    around = Periphery(
        SignedConverter(bits=6, full_scale=0.3),
        SignedConverter(bits=8, full_scale=1.0),
        phases=phases,
    )
    volts = stream.child("volts").generator()
    voltage = 0.8 * (torch.rand(40_000, 3, generator=volts) - 0.5)
    found = around.squares(voltage)
    wanted = around.nominal(voltage).double().square().sum((0, 1))
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=0)
    if phases == 1:
        parts = torch.stack([around.squares(v) for v in voltage.split(7777)])
        torch.testing.assert_close(parts.sum(0), found, rtol=1e-15, atol=0)
