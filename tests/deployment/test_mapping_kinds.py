"""Every mapping: weights recovered exactly, wires, levels, noise and cost of products."""

import math
from functools import cache

import pytest
import torch
from ideal_bench import ideal_chip
from torch import Tensor, nn

from mho.bench import BenchInfo
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.deployment import DeployedNetwork, calibrate_ranges
from mho.device.published import preset
from mho.mapping import (
    MAPPINGS,
    CorrectingBlock,
    DifferentialPairs,
    Placement,
    ReferenceBlock,
    ReferenceColumn,
    TwoPairs,
    WeightMapping,
    each_block,
    effective_difference,
    lay_out,
    mapping_for,
    place,
    positions,
    tiles_needed,
)
from mho.mapping.targets import compensate, second_pair_targets
from mho.network import Network, read_network
from mho.programming import ProgramProtocol, program
from mho.rng import Stream
from mho.runs import LayerMap
from mho.runs.measurement import groups_joined
from mho.runs.watched import grid_columns
from mho.units import uS
from mho.wires import WireModel

LOW = 50 * uS
HIGH = 500 * uS
TILE = 16
KINDS = list(MAPPINGS)
Shapes = list[tuple[int, int]]


def normal(*shape: int, name: str = "x") -> Tensor:
    return torch.randn(
        shape, generator=Stream(0, ("mappings", name)).generator()
    )


def info_of(tiles: int, ohm: float = 0.0, size: int = TILE) -> BenchInfo:
    wires = WireModel(word_line=ohm, bit_line=ohm)
    return SimulatedBench(
        Chip(tiles=tiles, rows=size, cols=size, wires=wires), Stream(0)
    ).info


def stood_for(
    placement: Placement, weights: list[Tensor], info: BenchInfo
) -> list[Tensor]:
    """Weights that the targets stand for, wires included (1)."""
    found = [
        torch.zeros_like(weight, dtype=torch.float64) for weight in weights
    ]
    for block, where in each_block(placement):
        seen, _ = effective_difference(
            placement.target[where].double(), block, info
        )
        found[block.layer][block.outputs, block.inputs] += (
            seen / block.scale
        ).T
    return found


def relative(found: list[Tensor], weights: list[Tensor]) -> float:
    """Largest error in parts of the largest weight of its layer (1)."""
    pairs = zip(found, weights, strict=True)
    return max(float((f - w).abs().max() / w.abs().max()) for f, w in pairs)


def shapes_of(seed: int) -> Shapes:
    generator = Stream(seed).child("shapes").generator()
    count = int(torch.randint(1, 7, (1,), generator=generator))
    return [
        (int(o), int(i))
        for o, i in torch.randint(1, 36, (count, 2), generator=generator)
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", ["layer", "column"])
@pytest.mark.parametrize(
    ("packed", "spares"), [(False, 0), (True, 0), (True, 2)]
)
@pytest.mark.parametrize("seed", range(2))
def test_targets_stand_for_the_weights_wherever_they_lie(
    kind: str, scale: str, packed: bool, spares: int, seed: int
) -> None:
    """Σ ΔG/scale over blocks is w: float32 holds 500 µS to 3e-11 S, 1e-7 of 225 µS; five of them.

    Layers of up to 35 inputs and outputs are split over tiles of 16 lines both ways.
    """
    shapes = shapes_of(seed)
    weights = [normal(*shape, name=str(n)) for n, shape in enumerate(shapes)]
    cls = MAPPINGS[kind]
    tiles = tiles_needed(
        shapes, TILE, TILE, mapping=cls, packed=packed, spares=spares
    )
    info = info_of(tiles)
    mapping = cls(LOW, HIGH, scale)
    placement = place(weights, info, mapping, packed=packed, spares=spares)
    assert relative(stood_for(placement, weights, info), weights) < 6e-7
    assert float(placement.target.min()) >= LOW * (1 - 1e-6)
    assert float(placement.target.max()) <= HIGH * (1 + 1e-6)
    cells = placement.cells
    assert cells.unique().numel() == cells.numel()
    for block in placement.blocks:
        assert torch.all(block.crossings // TILE**2 == block.tile)
    assert max(block.tile for block in placement.blocks) == tiles - 1


def cells_by_hand(kind: str, shapes: Shapes) -> int:
    """Cells of a network: two or four for each weight, or one and a reference for every part."""
    size = sum(out * inputs for out, inputs in shapes)
    if kind != "offset":
        return {"pairs": 2, "four": 4}[kind] * size
    return size + sum(-(-out // (TILE - 1)) * inputs for out, inputs in shapes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_cells_partners_and_signs(kind: str, seed: int) -> None:
    """Halves of a pair are neighbours of opposite sign; other cells are their own partner."""
    shapes = shapes_of(seed)
    weights = [normal(*shape, name=str(n)) for n, shape in enumerate(shapes)]
    tiles = tiles_needed(shapes, TILE, TILE, mapping=MAPPINGS[kind])
    placement = place(weights, info_of(tiles), MAPPINGS[kind](LOW, HIGH))
    own = torch.arange(placement.cells.numel())
    partner = placement.partner
    assert own.numel() == cells_by_hand(kind, shapes)
    assert torch.equal(partner[partner], own)
    if kind == "offset":
        assert torch.equal(partner, own)
        assert (
            int((placement.sign < 0).sum())
            == own.numel() - cells_by_hand("pairs", shapes) / 2
        )
    else:
        assert torch.equal(placement.sign[partner], -placement.sign)
        assert torch.all(
            (placement.cells[partner] - placement.cells).abs() == 1
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("resistance", [0.5, 5.0])
def test_wires_are_made_up_for(kind: str, resistance: float) -> None:
    """A layer on two tiles or four; as in `test_compensation`, 1e-4 of the largest is left."""
    shape = (10, 36)
    cls = MAPPINGS[kind]
    weight = [normal(*shape)]
    info = info_of(tiles_needed([shape], 32, 32, mapping=cls), resistance, 32)
    mapping = cls(LOW, HIGH)
    plain = place(weight, info, mapping)
    final = compensate(plain, info, mapping)
    assert relative(stood_for(plain, weight, info), weight) > 0.005
    assert relative(stood_for(final, weight, info), weight) < 1e-4
    assert float(final.target.min()) >= LOW * (1 - 1e-6)
    assert float(final.target.max()) <= HIGH * (1 + 1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ohm", [0.0, 1.0])
def test_targets_lie_on_levels(kind: str, ohm: float) -> None:
    """64 levels of 450/63 µS; a weight is off by a step of its last cells at most, as they round.

    `round_together` stays within one step of the value; the second pair of four counts F times
    less and takes up what the first one's rounding left. It is rounded when the first is read.
    """
    network, _ = perceptron()
    info = info_of(
        tiles_needed([(12, 20), (4, 12)], 64, 64, mapping=MAPPINGS[kind]),
        ohm,
        64,
    )
    mapping = MAPPINGS[kind](LOW, HIGH, levels=64)
    placement = lay_out(network, info, mapping)
    placement = second_pair_targets(placement, placement.target, info)
    assert mapping.step is not None
    count = (placement.target.double() - LOW) / mapping.step
    assert float((count - count.round()).abs().max()) * mapping.step < 1e-10
    weights = [layer.weight for layer in network.layers]
    found = stood_for(placement, weights, info)
    last = [
        b for b in placement.blocks if isinstance(b, CorrectingBlock)
    ] or list(placement.blocks)
    for block in last:
        error = (found[block.layer] - weights[block.layer]).T[
            block.inputs, block.outputs
        ]
        assert float((error.abs() * block.scale).max()) < mapping.step * (
            1.02 if ohm else 1.001
        )


@cache
def perceptron() -> tuple[Network, Tensor]:
    network = nn.Sequential(nn.Linear(20, 12), nn.ReLU(), nn.Linear(12, 4))
    with torch.no_grad():
        for name, values in network.named_parameters():
            values.copy_(normal(*values.shape, name=name) * 0.3)
    inputs = torch.rand(40, 20, generator=Stream(1).generator())
    return read_network(network, inputs), inputs


def on_targets(bench: SimulatedBench, placement: Placement) -> None:
    """Put every cell on its target, quietly."""
    state = bench.state(placement.cells)
    quiet = ("flicker", "relaxing", "ahead", "traps.filled")
    state |= {name: torch.zeros_like(state[name]) for name in quiet}
    state["core"] = placement.target.to(state["core"].dtype)
    bench.restore(state, placement.cells)


@pytest.mark.parametrize("kind", KINDS)
def test_an_ideal_chip_computes_the_network_and_counts_its_cells(
    kind: str,
) -> None:
    """Converters of 16 bits round 2⁻¹⁷ of ranges ten times the products: 2e-4 of the largest.

    Every cell counts as a multiply, every row and every pair or column as a conversion.
    """
    network, inputs = perceptron()
    shapes = [(12, 20), (4, 12)]
    tiles = tiles_needed(shapes, 32, 32, mapping=MAPPINGS[kind])
    bench = SimulatedBench(ideal_chip(tiles), Stream(0))
    placement = lay_out(network, bench.info, mapping_for(kind, bench.info))
    on_targets(bench, placement)
    result = program(
        bench,
        placement.target,
        ProgramProtocol(denoise=None, max_cycles=1),
        cells=placement.cells,
    )
    on_targets(bench, placement)
    ranges = calibrate_ranges(
        network, placement, inputs, bench.info.read_voltage
    )
    deployed = DeployedNetwork(network, bench, placement, ranges, result)
    wanted = network.run(inputs)
    before = bench.ledger
    found = deployed(inputs)
    assert float((found - wanted).abs().max()) < 2e-4 * float(
        wanted.abs().max()
    )
    cost = bench.ledger - before
    assert cost.multiplies == 40 * placement.cells.numel()
    lines = sum(sum(block.crossings.shape[1:]) for block in placement.blocks)
    assert cost.conversions == 40 * lines
    assert (
        placement.cells.numel()
        == {"pairs": 576, "offset": 320, "four": 1152}[kind]
    )


NOISY = preset("rao2023").replace(
    cell__stuck_fraction=0.0,
    cell__curvature=0.0,
    array__adc_bits=24.0,
    array__dac_bits=20.0,
    telegraph__births=4.0,
    flicker__per_decade=0.01,
    relaxation__scale=0.0,
)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_of_a_product(kind: str) -> None:
    """Var = Σ v² (σ² + σ'²)/s² for two cells a weight, each pair of four with a scale of its own.

    The reference is shared: two outputs have the covariance Σ v² σ_ref²/s². 20,000 vectors know
    a variance to √(2/n) and a covariance to √(1/n) of the variances; five of each.
    """
    weight = normal(6, 10)
    vectors = 20_000
    chip = Chip(NOISY, rows=32, cols=32, wires=WireModel())
    bench = SimulatedBench(chip, Stream(3), read_noise="moments")
    mapping = mapping_for(kind, bench.info)
    placement = place([weight], bench.info, mapping)
    on_targets(bench, placement)
    voltage = 0.2 * torch.rand(1, 10, generator=Stream(1).generator())
    own = bench._cells  # noqa: SLF001 - what the bench does not tell
    variance = own.moments(placement.cells, 0.0, 1e-7)[1].double()
    squares = voltage[0].double().square()
    total = torch.zeros(vectors, 6, dtype=torch.float64)
    wanted, shared = torch.zeros(2, 6, 6, dtype=torch.float64)
    for block, where in each_block(placement):
        rows = voltage.expand(vectors, -1)
        total += block.signed(block.read(bench, rows, 2e-3), rows) / block.scale
        cells = variance[where]
        scale = block.scale.double()
        alone = (
            cells[0, :, :6]
            if isinstance(block, ReferenceBlock)
            else cells.sum(0)
        )
        wanted += torch.diag(squares @ alone / scale**2)
        if isinstance(block, ReferenceBlock):
            shared = float(squares @ cells[0, :, -1]) / torch.outer(
                scale, scale
            )
    wanted += shared
    found = total.T.cov()
    size = torch.outer(wanted.diag(), wanted.diag()).sqrt()
    assert float(((found - wanted) / size).abs().max()) < 5 * math.sqrt(
        2 / vectors
    )
    assert (kind == "offset") == bool(
        (wanted - torch.diag(wanted.diag())).any()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_has_one_place_in_the_grid_of_its_layer(kind: str) -> None:
    shapes = [(35, 20), (3, 4)]
    weights = [normal(*shape, name=str(n)) for n, shape in enumerate(shapes)]
    tiles = tiles_needed(shapes, TILE, TILE, mapping=MAPPINGS[kind])
    placement = place(weights, info_of(tiles), MAPPINGS[kind](LOW, HIGH))
    seen = []
    for layer, (_, inputs) in enumerate(shapes):
        placed = zip(placement.blocks, positions(placement.blocks), strict=True)
        parts = grid_columns([one for one in placed if one[0].layer == layer])
        grid = torch.full(
            (inputs, 1 + max(int(c.max()) for _, _, c in parts)), -1
        )
        for rows, where, columns in parts:
            assert torch.all(grid[rows, columns] == -1)
            grid[rows, columns] = where
        assert int(grid.min()) >= 0
        seen.append(grid.flatten())
    assert torch.equal(
        torch.cat(seen).sort().values, torch.arange(placement.cells.numel())
    )


def test_fields_out_of_range_and_names_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="Argument `levels`"):
        ReferenceColumn(LOW, HIGH, levels=2)
    for name, value in (
        ("factor", 0.5),
        ("factor", math.nan),
        ("share", -0.1),
        ("share", 1.1),
    ):
        with pytest.raises(ValueError, match=f"Argument `{name}`"):
            TwoPairs(LOW, HIGH, **{name: value})
    for mapping in (ReferenceColumn, TwoPairs):
        with pytest.raises(
            ValueError, match="Argument `high` must be above `low`"
        ):
            mapping(LOW, LOW)
    with pytest.raises(ValueError, match="Did you mean `offset`"):
        mapping_for("ofset", info_of(1))
    with pytest.raises(ValueError, match="must leave room for one output"):
        tiles_needed([(1, 1)], 16, 2, mapping=TwoPairs)


@pytest.mark.parametrize("mapping", [m(LOW, HIGH) for m in MAPPINGS.values()])
def test_a_bench_with_too_few_tiles_is_refused(mapping: WeightMapping) -> None:
    needed = tiles_needed([(40, 40)], TILE, TILE, mapping=type(mapping))
    with pytest.raises(ValueError, match=f"at least {needed} tiles"):
        place([normal(40, 40)], info_of(needed - 1), mapping, packed=False)


def test_pairs_are_the_mapping_they_were() -> None:
    """Targets of `stages` are those of `targets`."""
    pairs = DifferentialPairs(LOW, HIGH)
    weight = normal(5, 7)
    (stage,) = pairs.stages(weight)
    assert torch.equal(stage.targets(), torch.stack(pairs.targets(weight)))


def test_groups_of_a_convolution_share_a_map() -> None:
    """Three groups of nine rows and two columns, beside a layer of as many rows: 9×6 and 9×4."""
    sizes = {"one[0]": 2, "one[1]": 2, "other": 4, "one[2]": 2}
    maps = [
        LayerMap(
            name,
            torch.full((9, width), float(place)),
            torch.zeros(9, width),
            torch.zeros(9, width, dtype=torch.int8),
        )
        for place, (name, width) in enumerate(sizes.items())
    ]
    joined, other = groups_joined(maps)
    assert (joined.name, other.name) == ("one", "other")
    assert joined.target[0].tolist() == [0, 0, 1, 1, 3, 3]
    assert other.target.shape == (9, 4)
