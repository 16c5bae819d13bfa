"""Packing: rectangles within tiles, no cell twice, and products as if every layer stood alone."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from mho.bench import Pulse
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.deployment import tile_use
from mho.device.published import preset
from mho.mapping import (
    DifferentialPairs,
    Placement,
    each_block,
    effective_difference,
    lay_out,
    packing_plan,
    place,
    tiles_needed,
)
from mho.mapping.targets import compensate
from mho.mapping.tiles import pack, split, tiles_taken
from mho.network import Network, read_network
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

PAIRS = DifferentialPairs(50 * uS, 500 * uS)
TILE = 16
"""Rows and columns (1)."""

Shapes = list[tuple[int, int]]


def random_shapes(seed: int) -> Shapes:
    generator = Stream(seed).child("shapes").generator()
    count = int(torch.randint(1, 9, (1,), generator=generator))
    sizes = torch.randint(1, 21, (count, 2), generator=generator)
    return [(int(out), int(inputs)) for out, inputs in sizes]


def random_weights(shapes: Shapes) -> list[torch.Tensor]:
    generator = Stream(1).child("weights").generator()
    return [torch.randn(shape, generator=generator) for shape in shapes]


def laid(
    shapes: Shapes, *, spares: int = 0, ohm: float = 0.0
) -> tuple[Placement, SimulatedBench]:
    tiles = tiles_needed(shapes, TILE, TILE, packed=True, spares=spares)
    quiet = preset("rao2023").replace(
        cell__stuck_fraction=0.0,
        cell__curvature=0.0,
        telegraph__births=0.0,
        flicker__per_decade=0.0,
        array__dac_bits=24.0,
        array__adc_bits=24.0,
    )
    wires = WireModel(word_line=ohm, bit_line=ohm)
    bench = SimulatedBench(
        Chip(quiet, tiles=tiles, rows=TILE, cols=TILE, wires=wires), Stream(0)
    )
    return place(
        random_weights(shapes), bench.info, PAIRS, packed=True, spares=spares
    ), bench


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("spares", [0, 2])
def test_no_cell_is_used_twice_and_no_tile_is_exceeded(
    seed: int, spares: int
) -> None:
    """Every weight has two cells, all different, each on the tile its block names."""
    shapes = random_shapes(seed)
    placement, bench = laid(shapes, spares=spares)
    count = 2 * sum(out * inputs for out, inputs in shapes)
    assert placement.cells.numel() == count
    assert placement.cells.unique().numel() == count
    assert (
        0
        <= int(placement.cells.min())
        <= int(placement.cells.max())
        < bench.info.cells
    )
    for block in placement.blocks:
        both = torch.stack((block.plus, block.minus))
        assert torch.all(both // TILE**2 == block.tile)
    assert max(block.tile for block in placement.blocks) == bench.info.tiles - 1


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("spares", [0, 3])
def test_rectangles_lie_on_their_tile_and_never_overlap(
    seed: int, spares: int
) -> None:
    pieces = split(random_shapes(seed), TILE, TILE // 2)
    spots = pack(
        pieces, [(TILE, TILE // 2)] * len(pieces), packed=True, spares=spares
    )
    held = torch.zeros(len(pieces), TILE, TILE // 2, dtype=torch.int64)
    for piece, spot in zip(pieces, spots, strict=True):
        assert piece.inputs <= spot.rows <= piece.inputs + spares
        assert piece.outputs <= spot.pairs <= piece.outputs + spares
        assert spot.row + spot.rows <= TILE
        assert spot.pair + spot.pairs <= TILE // 2
        held[
            spot.tile,
            spot.row : spot.row + spot.rows,
            spot.pair : spot.pair + spot.pairs,
        ] += 1
    assert int(held.max()) == 1


@pytest.mark.parametrize("seed", range(12))
def test_packing_takes_no_more_tiles_and_at_least_the_cells(seed: int) -> None:
    """From below the cells, from above a tile for each part."""
    shapes = random_shapes(seed)
    packed = tiles_needed(shapes, TILE, TILE, packed=True)
    cells = 2 * sum(out * inputs for out, inputs in shapes)
    assert (
        -(-cells // TILE**2)
        <= packed
        <= tiles_needed(shapes, TILE, TILE, packed=False)
    )


def test_equal_layers_fill_a_tile() -> None:
    """16 × 16 cells hold exactly 16 layers of 4 inputs and 2 outputs, and a 17th does not fit."""
    assert tiles_needed([(2, 4)] * 16, TILE, TILE, packed=True) == 1
    assert tiles_needed([(2, 4)] * 17, TILE, TILE, packed=True) == 2


def test_layers_alone_lie_in_order_next_to_driver_and_sense() -> None:
    pieces = split([(3, 5), (2, 9)], TILE, TILE // 2)
    spots = pack(pieces, [(TILE, TILE // 2)] * 2, packed=False, spares=0)
    assert [(s.tile, s.row, s.pair) for s in spots] == [(0, 0, 0), (1, 0, 0)]
    assert tiles_taken(spots) == 2


def test_the_tallest_stand_nearest_to_the_driver() -> None:
    """First fit by decreasing height, so that a shelf wastes least above its pieces."""
    pieces = split([(2, 3), (2, 9), (2, 6)], TILE, TILE // 2)
    spots = pack(pieces, [(TILE, TILE // 2)], packed=True, spares=0)
    tall = sorted(
        zip(pieces, spots, strict=True), key=lambda both: both[1].pair
    )
    assert all(a[0].inputs > b[0].inputs for a, b in pairwise(tall))


def test_too_few_tiles_are_refused() -> None:
    pieces = split([(8, 16), (1, 1)], TILE, TILE // 2)
    with pytest.raises(
        ValueError, match="a part of 1 × 1 pairs finds none on 1 tiles"
    ):
        pack(pieces, [(TILE, TILE // 2)], packed=True, spares=0)


@pytest.mark.parametrize("ohm", [0.0, 5.0])
def test_compensated_weights_of_packed_layers_are_exact(ohm: float) -> None:
    """Wires included, however far from driver and sense: 1e-5 of the range, as for one layer."""
    shapes = [(3, 7), (2, 9), (4, 5), (3, 8)]  # two shelves of 9 and 5 rows
    placement, bench = laid(shapes, ohm=ohm)
    assert {block.tile for block in placement.blocks} == {0}
    final = compensate(placement, bench.info, PAIRS)
    weights = random_weights(shapes)
    for block, where in each_block(final):
        seen = effective_difference(
            final.target[where].double(), block, bench.info
        )[0]
        weight = weights[block.layer][block.outputs, block.inputs]
        error = (seen / block.scale).T - weight
        assert float(error.abs().max()) < 1e-4 * float(
            weights[block.layer].abs().max()
        )


def test_a_multiply_of_one_block_does_not_see_its_neighbours() -> None:
    """Cells not named are off: writing the neighbours changes no bit of a quiet product."""
    placement, bench = laid([(3, 7), (2, 9)], ohm=2.0)
    first, other = placement.blocks
    assert first.tile == other.tile
    voltage = torch.linspace(0.0, 0.2, 7)[None]

    def product() -> torch.Tensor:
        return bench.multiply(voltage, first.plus, first.minus, full_scale=1e-3)

    before = product()
    cells = torch.cat((other.plus.flatten(), other.minus.flatten()))
    bench.pulse(Pulse(torch.full((cells.numel(),), 1.5), 1e-6, 5.0), cells)
    torch.testing.assert_close(product(), before, rtol=0.0, atol=1e-9)


def test_a_bench_with_too_few_tiles_for_one_each_is_packed_unless_told_not_to() -> (
    None
):
    shapes = [(3, 7), (2, 9)]
    placement, bench = laid(shapes)
    auto = place(random_weights(shapes), bench.info, PAIRS)
    assert torch.equal(auto.cells, placement.cells)
    with pytest.raises(ValueError, match="at least 2 tiles of 16×16"):
        place(random_weights(shapes), bench.info, PAIRS, packed=False)


def test_parts_share_tiles_by_themselves_only_if_many_would_leave_theirs_empty() -> (
    None
):
    """Sixteen parts keep their tiles however empty, and so do full ones however many they are.

    A part of 25×1 pairs fills 50 of 65,536 cells; of 256×128 pairs, all of them.
    """
    assert not packing_plan([(1, 25)] * 16).packed
    assert not packing_plan([(128, 256)] * 40).packed
    plan = packing_plan([(1, 25)] * 17)
    assert plan.packed
    assert (plan.tiles, plan.own_tiles, plan.cells) == (1, 17, 17 * 50)
    assert not packing_plan([(1, 25)] * 17, packed=False).packed
    assert packing_plan([(10, 25)], packed=True).packed


def grouped_network(channels: int) -> Network:
    """A convolution of each channel alone, on images of 4×4."""
    layer = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
    return read_network(layer, torch.zeros(1, channels, 4, 4))


@pytest.mark.parametrize(
    ("packed", "turn", "tiles"), [(True, 20, 1), (False, 1, 20)]
)
def test_parts_on_one_tile_take_turns(
    packed: bool, turn: int, tiles: int
) -> None:
    """Twenty channels at sixteen positions: 16 vectors in parallel, 320 one after the other."""
    network = grouped_network(20)
    info = SimulatedBench(Chip(tiles=tiles), Stream(0)).info
    placement = lay_out(network, info, PAIRS, packed=packed)
    use = tile_use(network, placement, info, torch.zeros(20, 4, 4))
    assert use.tiles == tiles
    assert use.largest_turn == turn
    assert use.products_in_turn == 16 * turn
    assert use.products_in_turn_unpacked == 16
    # a diagonal of kernels of nine rows ends where 28 of them fill the 256 rows
    assert use.diagonal_tiles == (1 if packed else 0)
    assert use.fill == 20 * 18 / (tiles * 65_536)


def test_block_diagonals_end_where_rows_or_columns_do() -> None:
    """Thirty kernels of nine rows and two columns: 28 on 256 rows, or eight on 16 columns."""
    network = grouped_network(30)
    sample = torch.zeros(30, 4, 4)
    for size, tiles in ((256, 256), 2), ((256, 16), 4):
        rows, cols = size
        chip = Chip(tiles=30, rows=rows, cols=cols)
        info = SimulatedBench(chip, Stream(0)).info
        placement = lay_out(network, info, PAIRS, packed=True)
        assert (
            tile_use(network, placement, info, sample).diagonal_tiles == tiles
        )
