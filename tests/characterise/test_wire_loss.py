"""What wires leave of the current, against closed forms and the published table."""

import math
from dataclasses import replace

import pytest
import torch

from mho.characterise.wires import wire_loss
from mho.characterise.wires.loss import arrays_for, loads
from mho.rng import Stream
from mho.units import mS, uS
from mho.wires import WireModel

RANGE = (50 * uS, 500 * uS)


def test_ideal_wires_keep_all_of_the_current(stream: Stream) -> None:
    """W = G: every share is 1 exactly; a gain of 1 leaves rounding errors, below 2⁻⁴⁰."""
    found = wire_loss(WireModel(), (6, 9), *RANGE, stream)
    assert found.kept == found.worst == found.best == found.full == 1.0
    assert torch.equal(found.full_share, torch.ones_like(found.full_share))
    assert found.missing == 0.0
    assert found.bits > 40


@pytest.mark.parametrize("cols", [1, 2, 17, 64])
def test_one_row_is_the_ladder_of_textbooks(cols: int, stream: Stream) -> None:
    """Equal shunts g, equal segments r, driven at its first node, open at its end.

    V_k/V_0 = cosh((n − ½ − k)θ)/cosh((n − ½)θ) with cosh θ = 1 + rg/2: insert it in
    (V_{k−1} − 2V_k + V_{k+1})/r = g V_k; the ½ makes the current beyond the last node 0. Bit
    lines of one row have no segment, so a cell's share is its voltage. To 1e-12.
    """
    r = 30.0
    g = RANGE[1]
    found = wire_loss(
        WireModel(word_line=r, bit_line=r), (1, cols), *RANGE, stream
    )
    theta = math.acosh(1 + r * g / 2)
    place = torch.arange(cols, dtype=torch.float64)
    voltage = torch.cosh((cols - 0.5 - place) * theta) / math.cosh(
        (cols - 0.5) * theta
    )
    torch.testing.assert_close(
        found.full_share[0], voltage, rtol=1e-12, atol=0.0
    )
    assert found.weakest == (0, cols - 1)
    assert found.missing == pytest.approx(
        g * (1 - float(voltage[-1])), rel=1e-9, abs=1e-18
    )
    assert found.full == pytest.approx(float(voltage.mean()), rel=1e-12)


def test_a_sense_resistance_is_a_gain_of_each_column(stream: Stream) -> None:
    """Column j is one node: i_j = Σ V G / (1 + R Σ G), whatever the input; a gain undoes it.

    So shares are 1/(1 + R Σ G) to 1e-12, and the rest is rounding.
    """
    ohms = 40.0
    found = wire_loss(WireModel(sense=ohms), (8, 5), *RANGE, stream, arrays=3)
    random, _ = loads((8, 5), *RANGE, stream, 3)
    expected = 1 / (1 + ohms * random.sum(1))
    torch.testing.assert_close(found.column, expected, rtol=1e-12, atol=0.0)
    assert found.kept == pytest.approx(float(expected.mean()), rel=1e-12)
    assert found.worst == pytest.approx(
        float(expected.amin(1).mean()), rel=1e-12
    )
    assert found.best == pytest.approx(
        float(expected.amax(1).mean()), rel=1e-12
    )
    assert found.spread < 1e-12
    assert found.bits > 40


def test_a_driver_resistance_is_a_gain_of_each_row(stream: Stream) -> None:
    """Row i is one node at V/(1 + R Σ_j G_ij), so W_ij = G_ij/(1 + R Σ_j G_ij). To 1e-12.

    Rows differ, so what a column keeps depends on the input and no gain of columns undoes it.
    """
    ohms = 40.0
    found = wire_loss(WireModel(driver=ohms), (8, 5), *RANGE, stream, arrays=1)
    random, _ = loads((8, 5), *RANGE, stream, 1)
    expected = random[0] / (1 + ohms * random[0].sum(1, keepdim=True))
    torch.testing.assert_close(found.effective, expected, rtol=1e-12, atol=0.0)
    assert found.full == pytest.approx(1 / (1 + ohms * 5 * RANGE[1]), rel=1e-12)
    assert found.spread > 1e-4
    assert found.after_gain > 1e-4


def test_more_resistance_keeps_less(stream: Stream) -> None:
    """Rayleigh: a larger resistance in a passive circuit never lets more current through."""
    lines = [WireModel(r, r, r, r) for r in (0.1, 0.3, 1.0, 3.0, 10.0)]
    found = [wire_loss(wires, (16, 16), *RANGE, stream) for wires in lines]
    for name in ("kept", "worst", "best", "full"):
        values = [getattr(one, name) for one in found]
        assert values == sorted(values, reverse=True)
        assert values[0] < 1.0
    assert all(one.worst < one.kept < one.best for one in found)
    assert all(one.full < one.kept for one in found)


@pytest.mark.parametrize(
    ("size", "high", "ohms", "lost"),
    [
        ((64, 64), 100 * uS, 0.3, 0.042),
        ((64, 64), 100 * uS, 1.0, 0.126),
        ((64, 64), 100 * uS, 2.0, 0.22),
        ((64, 64), 1 * mS, 0.3, 0.29),
        ((64, 64), 1 * mS, 1.0, 0.58),
        ((64, 64), 1 * mS, 2.0, 0.72),
        ((128, 128), 100 * uS, 1.0, 0.36),
        ((128, 128), 500 * uS, 1.0, 0.73),
        ((256, 64), 100 * uS, 0.3, 0.27),
        ((256, 64), 500 * uS, 0.3, 0.59),
    ],
)
def test_losses_agree_with_a_nodal_solution(
    size: tuple[int, int], high: float, ohms: float, lost: float, stream: Stream
) -> None:
    """Mean loss of all rows at once, one-sided, driver and sense as one segment.

    Of an independent nodal solution, rounded to whole percents; within 2 % of the ideal current.
    """
    wires = WireModel(ohms, ohms, ohms, ohms)
    found = wire_loss(wires, size, 0.05 * high, high, stream, arrays=1)
    assert 1 - found.kept == pytest.approx(lost, abs=0.02)


def test_a_block_answers_with_its_cells_together(stream: Stream) -> None:
    """Effective over programmed sums: one block is the whole array, as many as cells are cells.

    Blocks of an odd number of cells differ by one: 5 rows in 2 blocks are 3 and 2. To 1e-12.
    """
    found = wire_loss(WireModel(5.0, 5.0), (5, 4), *RANGE, stream, arrays=1)
    whole = found.effective.sum() / found.programmed.sum()
    assert float(found.blocks(1)) == pytest.approx(float(whole), rel=1e-12)
    torch.testing.assert_close(
        found.blocks(64),
        found.effective / found.programmed,
        rtol=1e-12,
        atol=0.0,
    )
    upper = found.effective[:3, :2].sum() / found.programmed[:3, :2].sum()
    assert found.blocks(2).shape == (2, 2)
    assert float(found.blocks(2)[0, 0]) == pytest.approx(
        float(upper), rel=1e-12
    )


def test_bits_are_those_of_a_converter_with_this_error(stream: Stream) -> None:
    """B bits make steps of 2⁻ᵇ and a uniform error of 2⁻ᵇ/√12."""
    found = wire_loss(WireModel(1.0, 1.0), (8, 8), *RANGE, stream)
    assert replace(
        found, after_gain=2.0**-8 / math.sqrt(12)
    ).bits == pytest.approx(8)
    assert replace(found, after_gain=0.0).bits == math.inf


def test_the_same_stream_gives_the_same_arrays_whatever_their_range(
    stream: Stream,
) -> None:
    random, full = loads((7, 5), *RANGE, stream)
    again, _ = loads((7, 5), *RANGE, stream)
    other, _ = loads((7, 5), 0.0, 1.0, stream)
    assert torch.equal(random, again)
    torch.testing.assert_close(
        (random - RANGE[0]) / (RANGE[1] - RANGE[0]),
        other,
        rtol=1e-9,
        atol=1e-12,
    )
    assert random.shape[0] == arrays_for((7, 5)) == 16
    assert arrays_for((256, 256)) == arrays_for((1024, 1024)) == 1
    assert bool((full == RANGE[1]).all())
    assert RANGE[0] < float(random.min()) < float(random.max()) <= RANGE[1]


@pytest.mark.parametrize(
    ("size", "low", "high", "sentence"),
    [
        ((0, 4), *RANGE, "`size` must lie within 1 to 1024, but is 0"),
        ((4, 1025), *RANGE, "`size` must lie within 1 to 1024, but is 1025"),
        (
            (4, 4),
            RANGE[1],
            RANGE[0],
            "`low` must not lie above the high end of 50 µS",
        ),
        ((4, 4), -1.0, 1.0, "`low` must be finite and not negative"),
        ((4, 4), 0.0, 0.0, "`high` must be finite and above 0 S"),
    ],
)
def test_what_cannot_be_is_refused(
    size: tuple[int, int],
    low: float,
    high: float,
    sentence: str,
    stream: Stream,
) -> None:
    with pytest.raises(ValueError, match=sentence):
        wire_loss(WireModel(), size, low, high, stream)
