"""A part of a tile in use is the tile with all other cells switched off."""

import pytest
import torch

from mho.rng import Stream
from mho.wires import WireModel, part_in_use

SHAPE = (9, 8)
ROWS = slice(3, 7)
COLS = slice(2, 5)


@pytest.mark.parametrize(
    "wires",
    [
        WireModel(
            word_line=1.0, bit_line=2.0, driver=5.0, sense=3.0, access=100.0
        ),
        WireModel(
            word_line=[1.0 + i for i in range(9)],
            bit_line=[2.0 + j for j in range(8)],
            driver=[10.0 * i for i in range(9)],
            sense=4.0,
        ),
        WireModel(
            word_line=3.0, bit_line=1.0, driver=[float(i) for i in range(9)]
        ),
        WireModel(
            word_line=1.0, bit_line=2.0, driver=5.0, sense=3.0, sides="both"
        ),
        WireModel(
            word_line=1.0,
            bit_line=2.0,
            driver=5.0,
            sense=3.0,
            sense_sides="both",
        ),
    ],
)
def test_the_rest_of_the_tile_can_be_cut_off(wires: WireModel) -> None:
    """Lines end open beyond the part, or only add their segments in series: exact, to 1e-12."""
    generator = Stream(0).child("conductance").generator()
    tile = torch.zeros(SHAPE, dtype=torch.float64)
    tile[ROWS, COLS] = 1e-3 * torch.rand(
        4, 3, generator=generator, dtype=torch.float64
    )
    part = part_in_use(wires, SHAPE, ROWS, COLS)
    found = torch.zeros_like(tile)
    found[part.rows, part.cols] = part.wires.effective_matrix(
        tile[part.rows, part.cols]
    )
    whole = wires.effective_matrix(tile)
    torch.testing.assert_close(found, whole, rtol=1e-12, atol=1e-18)


def test_only_what_is_needed_is_kept() -> None:
    """Lines driven and sensed at one end lose both far ends; at both ends they stay whole."""
    one = part_in_use(WireModel(word_line=1.0, bit_line=1.0), SHAPE, ROWS, COLS)
    assert (one.rows, one.cols) == (ROWS, COLS)
    assert (one.wires.driver, one.wires.sense) == (2.0, 2.0)
    both = WireModel(
        word_line=1.0, bit_line=1.0, sides="both", sense_sides="both"
    )
    whole = part_in_use(both, SHAPE, ROWS, COLS)
    assert (whole.rows, whole.cols) == (slice(0, 9), slice(0, 8))
    assert whole.wires == both
