"""Vectors times matrices of tiles: converters, blocks, curvature, and the moments of noise."""

import math

import pytest
import torch
from torch import Tensor

from mho.chip import ArrayMatrices, Multiplier
from mho.chip.periphery import Periphery, SignedConverter
from mho.rng import Stream

DAC = SignedConverter(8, 0.2)
ADC = SignedConverter(8, 2e-3)
AROUND = Periphery(DAC, SignedConverter(8, 1.0))
FINE = Periphery(SignedConverter(24, 0.2), SignedConverter(24, 1.0))


def _random(stream: Stream, *shape: int) -> Tensor:
    generator = stream.child("values").generator()
    return torch.rand(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(
    ("blocks", "rows", "outputs"), [(1, 3, 2), (1, 40, 17), (3, 8, 5)]
)
def test_products_are_those_of_converters_and_matrices(
    stream: Stream, blocks: int, rows: int, outputs: int
) -> None:
    """Σ_blocks ADC(DAC(v) @ G), in double precision; a code may round the other way."""
    signal = (_random(stream, blocks, rows, outputs) - 0.5) * 1e-3
    voltage = (_random(stream, 300, blocks * rows) - 0.5) * 0.5
    found = Multiplier(ArrayMatrices(signal), AROUND, 2e-3)(voltage.float())
    applied = DAC(voltage).view(300, blocks, rows)
    each = torch.einsum("bkr,kro->bko", applied, signal)
    expected = ADC(each).sum(1)
    off = (found - expected).abs() / ADC.lsb
    assert float(off.max()) < 1.01 * blocks
    assert float((off > 0.01).double().mean()) < 0.002


def test_columns_may_have_ranges_of_their_own() -> None:
    """Full scales of 1 and 100 µA: 3 µA saturates the one and is kept in codes by the other."""
    ready = Multiplier(
        ArrayMatrices(torch.full((1, 1, 2), 30e-6)),
        Periphery(SignedConverter(8, 0.255), SignedConverter(8, 1.0)),
        torch.tensor([1e-6, 100e-6]),
    )
    found = ready(torch.tensor([[0.1]]))[0]
    assert float(found[0]) == pytest.approx(1e-6, rel=1e-6)
    assert float(found[1]) == pytest.approx(3e-6, abs=0.5 * 100e-6 / 255)


def test_the_cubic_term_is_summed_cell_by_cell(stream: Stream) -> None:
    """I_j = Σ_i G_ij·(v_i + c_ij·v_i³), with converters of 24 bits."""
    signal = 1e-3 * _random(stream, 1, 6, 4)
    cubic = 3 * _random(stream.child("c"), 1, 6, 4)
    voltage = 0.2 * _random(stream.child("v"), 5, 6)
    ready = Multiplier(ArrayMatrices(signal, bent=signal * cubic), FINE, 2e-3)
    expected = voltage @ signal[0] + voltage**3 @ (signal * cubic)[0]
    torch.testing.assert_close(
        ready(voltage.float()).double(), expected, rtol=1e-5, atol=1e-10
    )


@pytest.mark.parametrize("blocks", [1, 2])
def test_noise_has_the_moments_of_independent_cells(
    stream: Stream, blocks: int
) -> None:
    """Mean v@G and variance v²@σ², against cells drawn one by one; n = 20,000 vectors alike."""
    rows = 6
    outputs = 3
    count = 20_000
    signal = 1e-4 * _random(stream.child("g"), blocks, rows, outputs)
    sigma = 1e-6 * (1 + _random(stream.child("s"), blocks, rows, outputs))
    vector = 0.2 * _random(stream.child("v"), 1, blocks * rows)
    ready = Multiplier(ArrayMatrices(signal, sigma.square()), FINE, 2e-3)
    found = ready(
        vector.float().expand(count, -1), ready.draws(stream)
    ).double()
    split = vector.view(blocks, rows)
    mean = torch.einsum("kr,kro->o", split, signal)
    variance = torch.einsum("kr,kro->o", split**2, sigma**2)
    error = (variance / count).sqrt()
    assert bool(((found.mean(0) - mean).abs() < 5 * error + 1e-10).all())
    assert float((found.var(0) / variance - 1).abs().max()) < 5 * math.sqrt(
        2 / count
    )
    apart = torch.corrcoef(found.T) - torch.eye(outputs)
    assert float(apart.abs().max()) < 5 / math.sqrt(count)


def test_a_vector_meets_the_same_noise_in_any_batch(stream: Stream) -> None:
    """1,000 vectors at once or in pieces: the same codes."""
    signal = 1e-4 * _random(stream, 2, 4, 100)
    ready = Multiplier(
        ArrayMatrices(signal, signal.square() * 1e-2), AROUND, 2e-3
    )
    voltage = (0.2 * _random(stream.child("v"), 1000, 8)).float()
    draws = ready.draws(stream)
    pieces = torch.cat(
        [ready(part, draws) for part in torch.split(voltage, 77)]
    )
    whole = ready(voltage, ready.draws(stream))
    # products of other shapes round differently, which a code can show
    assert float((pieces != whole).double().mean()) < 1e-3


def test_a_vector_of_the_wrong_length_is_refused() -> None:
    ready = Multiplier(ArrayMatrices(torch.ones(1, 3, 2)), AROUND, 2e-3)
    with pytest.raises(
        ValueError,
        match=r"`voltage` must have shape \(any, 3\), but has \(1, 4\)",
    ):
        ready(torch.ones(1, 4))


def test_a_matrix_that_is_not_solved_is_refused() -> None:
    with pytest.raises(ValueError, match="`signal`"):
        ArrayMatrices(torch.full((1, 2, 2), math.nan))
