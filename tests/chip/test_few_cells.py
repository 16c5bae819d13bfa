"""Few cells are solved densely, many blocks in one call, and give what the whole tile gives."""

import pytest
import torch

from mho.rng import Stream
from mho.wires import WireModel, effective_blocks, effective_pair

SHAPE = (30, 24)

LINES = [
    WireModel(word_line=1.0, bit_line=2.0, driver=5.0, sense=3.0, access=100.0),
    WireModel(word_line=0.0, bit_line=2.0),
    WireModel(word_line=3.0, bit_line=0.0, driver=1000.0),
    WireModel(
        word_line=[1.0 + i for i in range(30)],
        bit_line=[2.0 + j for j in range(24)],
        driver=[10.0 * i for i in range(30)],
        sense=[float(j) for j in range(24)],
    ),
    WireModel(word_line=1.0, bit_line=2.0, driver=5.0, sides="both"),
]
"""The last one is not for the dense solve, and gives the same by the other way."""


def places(sides: int, rows: int, cols: int, seed: int) -> torch.Tensor:
    """Cells on some rows and columns, in any order. Shape (sides, rows, cols)."""
    generator = Stream(seed).child("lines").generator()
    row = torch.randperm(SHAPE[0], generator=generator)[:rows]
    col = torch.randperm(SHAPE[1], generator=generator)[: sides * cols]
    return row[None, :, None] * SHAPE[1] + col.view(sides, 1, cols)


def conductances(*shape: int) -> torch.Tensor:
    """Up to 1 mS, the first one open (S)."""
    generator = Stream(1).child("conductance").generator()
    drawn = 1e-3 * torch.rand(shape, generator=generator, dtype=torch.float64)
    drawn.view(-1)[0] = 0.0
    return drawn


@pytest.mark.parametrize("wires", LINES)
@pytest.mark.parametrize("block", [(2, 25, 1), (1, 3, 9), (2, 1, 1), (2, 8, 8)])
def test_few_cells_give_what_the_whole_tile_gives(
    wires: WireModel, block: tuple[int, int, int]
) -> None:
    """The tile, all other cells open, by joining blocks: both ways are exact, to 1e-12."""
    place = places(*block, seed=2)
    conductance = conductances(*block)
    tile = torch.zeros(SHAPE[0] * SHAPE[1], dtype=torch.float64)
    tile[place] = conductance
    whole = wires.effective_matrix(tile.view(SHAPE)).flatten()[place]
    found = effective_pair(wires, SHAPE, place, conductance)
    torch.testing.assert_close(found, whole, rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("block", [(2, 9, 1), (1, 20, 12)])
def test_blocks_together_give_the_bits_that_each_gives_alone(
    block: tuple[int, int, int],
) -> None:
    """Six blocks in two places of the tile, densely and by joined blocks: no bit differs."""
    wires = LINES[0]
    several = torch.stack([places(*block, seed=k % 2) for k in range(6)])
    conductance = conductances(6, *block)
    together = effective_blocks(wires, SHAPE, several, conductance)
    for place, alone, found in zip(several, conductance, together, strict=True):
        wanted = effective_pair(wires, SHAPE, place, alone)
        assert torch.equal(found, wanted)


def test_few_cells_of_a_gradient_are_joined() -> None:
    """An open cell has no root with a derivative; its gradient is finite all the same."""
    conductance = conductances(2, 3, 2).requires_grad_()
    seen = effective_pair(LINES[0], SHAPE, places(2, 3, 2, seed=0), conductance)
    seen.sum().backward()
    assert conductance.grad is not None
    assert conductance.grad.isfinite().all()


def test_what_is_no_conductance_is_refused_of_few_cells_too() -> None:
    """The sentence of `effective_matrix`."""
    wrong = -conductances(2, 3, 2)
    with pytest.raises(
        ValueError, match="Argument `conductance` must lie within"
    ):
        effective_pair(LINES[0], SHAPE, places(2, 3, 2, seed=0), wrong)
