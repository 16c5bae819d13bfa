import pytest
import torch

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.deployment import deploy
from mho.device.published import preset
from mho.mapping import DifferentialPairs, place, tiles_needed
from mho.rng import Stream
from mho.units import uS

PAIRS = DifferentialPairs(50 * uS, 500 * uS)


def weights(out: int, inputs: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(
        out, inputs, generator=Stream(seed).child("weights").generator()
    )


def info(tiles: int, rows: int = 16, cols: int = 16):
    return SimulatedBench(
        Chip(tiles=tiles, rows=rows, cols=cols), Stream(0)
    ).info


def test_weights_survive_the_round_trip_through_conductances() -> None:
    """The inverse is w = (G+ - G-)/scale; float32 rounding of 500 µS over the scale."""
    weight = weights(7, 5)
    plus, minus = PAIRS.targets(weight)
    back = PAIRS.weights(plus, minus, PAIRS.scales(weight))
    assert torch.allclose(back, weight, atol=4e-7 * float(weight.abs().max()))


def test_conductances_stay_in_range_and_one_of_each_pair_at_its_bottom() -> (
    None
):
    plus, minus = PAIRS.targets(weights(7, 5))
    both = torch.stack((plus, minus))
    assert float(both.min()) == pytest.approx(50e-6)
    assert float(both.max()) == pytest.approx(500e-6)
    assert torch.all(both.amin(0) == both.min())


def test_rows_are_inputs_and_columns_are_outputs() -> None:
    """One weight from input 2 to output 1 of a (out 3, in 4) layer lies at row 2, column 1."""
    weight = torch.zeros(3, 4)
    weight[1, 2] = -1.0
    plus, minus = PAIRS.targets(weight)
    assert plus.shape == (4, 3)
    assert (minus > 60 * uS).nonzero().tolist() == [[2, 1]]
    assert torch.all(plus == plus.min())


def test_a_layer_of_zeros_has_a_scale() -> None:
    plus, minus = PAIRS.targets(torch.zeros(2, 2))
    assert torch.equal(plus, minus)


@pytest.mark.parametrize("shape", [(1, 1), (8, 16), (9, 17), (20, 40)])
def test_every_weight_has_one_pair_of_cells_of_its_own(
    shape: tuple[int, int],
) -> None:
    """Also where a layer is split over tiles in both directions."""
    tiles = tiles_needed([shape, shape], 16, 16)
    placement = place(
        [weights(*shape), weights(*shape, seed=1)], info(tiles), PAIRS
    )
    assert (
        placement.cells.unique().numel()
        == placement.cells.numel()
        == 4 * shape[0] * shape[1]
    )
    assert torch.equal(
        placement.partner[placement.partner],
        torch.arange(placement.cells.numel()),
    )
    assert torch.equal(placement.sign[placement.partner], -placement.sign)
    assert torch.all(
        (placement.cells[placement.partner] - placement.cells).abs() == 1
    )
    assert len(placement.blocks) == tiles


def test_targets_of_a_split_layer_put_together_are_the_layer() -> None:
    weight = weights(20, 40)
    placement = place([weight], info(tiles_needed([(20, 40)], 16, 16)), PAIRS)
    held = torch.zeros(placement.cells.max() + 1)
    held[placement.cells] = placement.target
    back = torch.zeros_like(weight)
    for block in placement.blocks:
        part = PAIRS.weights(
            held[block.plus], held[block.minus], float(block.scale[0])
        )
        back[block.outputs, block.inputs] = part
    assert torch.allclose(back, weight, atol=1e-6 * float(weight.abs().max()))


def test_too_small_a_bench_and_broken_weights_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"at least 2 tiles of 16×16 .* but has 1"
    ):
        place([weights(9, 16)], info(1), PAIRS, packed=False)
    with pytest.raises(ValueError, match="NaN or infinite"):
        place([torch.full((2, 2), torch.inf)], info(1), PAIRS)


def test_a_network_on_quiet_cells_computes_what_it_computes_in_software() -> (
    None
):
    """No stuck cells, no channels, 16-bit converters: ±1 µS of 450 µS in each cell is left.

    That is 0.3 % of a typical weight (a third of the largest); the sums over 20 and 12 inputs
    average it. 1 % covers both layers.
    """
    quiet = preset("rao2023").replace(
        cell__stuck_fraction=0.0,
        cell__curvature=0.0,
        telegraph__births=0.0,
        array__dac_bits=16.0,
        array__adc_bits=16.0,
    )
    generator = Stream(0).child("network").generator()
    network = torch.nn.Sequential(
        torch.nn.Linear(20, 12), torch.nn.ReLU(), torch.nn.Linear(12, 4)
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    inputs = torch.rand(64, 20, generator=generator)
    bench = SimulatedBench(Chip(quiet, tiles=2, rows=32, cols=32), Stream(1))
    deployed = deploy(network, bench, inputs)
    expected = network(inputs).detach()
    error = float((deployed(inputs) - expected).norm() / expected.norm())
    assert error < 0.01
