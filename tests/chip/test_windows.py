"""Windows of images through converters, groups of cells and noise, without being written out."""

import pytest
import torch

from mho.chip import (
    ArrayMatrices,
    Multiplier,
    VectorDraws,
    WindowMultiplier,
    Windows,
)
from mho.chip.periphery import Periphery, SignedConverter
from mho.rng import Stream

AROUND = Periphery(dac=SignedConverter(8, 0.2), adc=SignedConverter(12, 1.0))
FULL_SCALE = 1e-4


def windows(stream: Stream) -> Windows:
    """Two groups of two channels, windows of 2 × 3 pixels that overlap and have holes."""
    generator = stream.child("images").generator()
    images = torch.randn(3, 4, 7, 9, generator=generator) * 0.1
    return Windows(images, 2, (2, 3), stride=(2, 1), dilation=(1, 2))


def matrices(stream: Stream) -> ArrayMatrices:
    """Two groups of twelve rows and two outputs, with noise and curvature."""
    generator = stream.child("matrices").generator()
    signal = torch.randn(2, 12, 2, generator=generator) * 1e-4
    return ArrayMatrices(signal, 1e-3 * signal.square(), 0.5 * signal)


def test_windows_give_what_their_vectors_give(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against `Multiplier` on the vectors written out: every result but rounding.

    Draws are made to follow from the number of the vector in its group, and from the output.

    A result is a whole number of steps of 24 nA; sums rounded in another order stay far from the
    next step in all but one of 1e4 results, and there are 216. Squares are those of the voltages
    that drivers with 255 steps give.
    """
    sliding = windows(stream)

    def alike(draws: VectorDraws, rows: int) -> torch.Tensor:
        vector = torch.arange(rows)[:, None] % sliding.vectors
        return torch.sin(vector + 0.5 * torch.arange(draws.width))

    monkeypatch.setattr(VectorDraws, "normal", alike)
    held = matrices(stream)
    multiply = WindowMultiplier(held, AROUND, [FULL_SCALE, 2 * FULL_SCALE])
    found, squares = multiply(sliding, stream)
    vectors = sliding.written_out()
    assert found.shape == (3, 4, *sliding.size)
    assert held.variance is not None
    assert held.bent is not None
    for group in range(2):
        one = slice(group, group + 1)
        alone = Multiplier(
            ArrayMatrices(held.signal[one], held.variance[one], held.bent[one]),
            AROUND,
            (group + 1) * FULL_SCALE,
        )
        wanted = alone(vectors[group], alone.draws(stream))
        by_vector = found[:, 2 * group : 2 * group + 2].permute(0, 2, 3, 1)
        torch.testing.assert_close(
            by_vector.reshape(-1, 2), wanted, rtol=1e-5, atol=1e-12
        )
        volts = AROUND.nominal(vectors[group])[0].double()
        torch.testing.assert_close(
            squares[group], volts.square().sum(0), rtol=1e-6, atol=1e-9
        )


def test_noise_of_windows_has_the_variance_of_their_cells(
    stream: Stream,
) -> None:
    """One pixel at 0.2 V, cells of a variance v: currents vary by 0.04 V² · v, in every group.

    The variance of n normal numbers is known to √(2/n); steps of the converter are a hundredth of
    the spread, which adds 1e-5.
    """
    count = 20_000
    images = torch.full((count, 3, 1, 1), 0.2)
    variance = torch.tensor([1e-12, 4e-12, 9e-12])[:, None, None]
    held = ArrayMatrices(torch.zeros(3, 1, 1), variance)
    fine = Periphery(dac=AROUND.dac, adc=SignedConverter(16, 1.0))
    multiply = WindowMultiplier(held, fine, [1e-5] * 3)
    found, _ = multiply(Windows(images, 3, (1, 1)), stream)
    seen = found[:, :, 0, 0].double().var(0)
    ratio = seen / (0.04 * variance.flatten())
    assert float((ratio - 1).abs().max()) < 5 * (2 / count) ** 0.5
