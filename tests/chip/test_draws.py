"""Normal numbers by the row: their distribution, and what they do not depend on."""

import math

import pytest
import torch

from mho.chip import VectorDraws
from mho.rng import Stream

N = 400_000


@pytest.mark.parametrize("width", [1, 5, 256, 70_001])
def test_a_row_does_not_depend_on_how_rows_are_asked_for(
    stream: Stream, width: int
) -> None:
    """Rows 0 to 11 at once, or in batches that cross blocks: the same bits."""
    at_once = VectorDraws(stream, width).normal(12).clone()
    source = VectorDraws(stream, width)
    assert torch.equal(
        torch.cat([source.normal(n).clone() for n in (1, 2, 0, 5, 4)]), at_once
    )
    assert torch.unique(at_once).numel() > 0.95 * at_once.numel()


def test_long_requests_and_short_ones_agree_across_blocks(
    stream: Stream,
) -> None:
    """More rows than a block of 512 holds, in one piece and in 700 pieces: the same bits."""
    one = VectorDraws(stream, 256)
    many = VectorDraws(stream, 256)
    pieces = [many.normal(3).clone() for _ in range(700)]
    assert torch.equal(one.normal(2100), torch.cat(pieces))


def test_the_numbers_are_normal(stream: Stream) -> None:
    """Kolmogorov-Smirnov at n = 400,000: distance below 1.95/√n, which chance passes 1 in 1,000.

    The two numbers of a rotation lie in halves of a block; each is tested.
    """
    rows = VectorDraws(stream, 1000).normal(N // 1000)
    for values in (
        rows[: rows.shape[0] // 2],
        rows[rows.shape[0] // 2 :],
        rows,
    ):
        ordered = values.flatten().double().sort().values
        count = ordered.numel()
        cdf = 0.5 * (1 + torch.erf(ordered / math.sqrt(2)))
        step = torch.arange(1, count + 1, dtype=torch.float64) / count
        assert float((cdf - step).abs().max()) < 1.95 / math.sqrt(count)


def test_moments_and_tails(stream: Stream) -> None:
    """Variance 1 and kurtosis 3 within five standard errors; P(|z| > 4) = 6.33e-5."""
    values = VectorDraws(stream, 1000).normal(4 * N // 1000).flatten().double()
    count = values.numel()
    assert abs(float(values.mean())) < 5 / math.sqrt(count)
    assert abs(float(values.var()) - 1) < 5 * math.sqrt(2 / count)
    assert abs(float((values**4).mean()) - 3) < 5 * math.sqrt(96 / count)
    far = int((values.abs() > 4).sum())
    assert abs(far - 6.334e-5 * count) < 5 * math.sqrt(6.334e-5 * count)


def test_the_two_numbers_of_a_rotation_are_independent(stream: Stream) -> None:
    """Rotations keep normal pairs independent: neither they nor their squares are correlated."""
    block = VectorDraws(stream, 1024).normal(128)
    first, second = block.double().view(2, -1)
    for a, b in ((first, second), (first**2, second**2)):
        pair = torch.corrcoef(torch.stack((a, b)))
        assert abs(float(pair[0, 1])) < 5 / math.sqrt(first.numel())


def test_streams_differ_and_repeat(stream: Stream) -> None:
    """The name decides: same name, same numbers."""
    first = VectorDraws(stream.child("a"), 9).normal(4)
    assert torch.equal(first, VectorDraws(stream.child("a"), 9).normal(4))
    assert not torch.equal(first, VectorDraws(stream.child("b"), 9).normal(4))
