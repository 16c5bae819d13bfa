"""What shares a scale of weights where nobody says so: outputs that would drown get their own."""

import pytest
import torch
from ideal_bench import normal, randomise
from torch import nn

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.mapping import (
    DifferentialPairs,
    lay_out,
    output_share,
    suited_scale,
)
from mho.network import Network, read_network
from mho.rng import Stream

INPUTS = normal(4, 6, name="inputs")
BENCH = SimulatedBench(Chip("rao2023"), Stream(0))


def network(loud: float) -> Network:
    """A layer whose first output has weights so many times larger than the other four."""
    dense = nn.Linear(6, 5)
    module = randomise(nn.Sequential(dense))
    with torch.no_grad():
        dense.weight /= dense.weight.abs().amax(1, keepdim=True)
        dense.weight[0] *= loud
    return read_network(module.requires_grad_(requires_grad=False), INPUTS)


def reached(loud: float, scale: str | None) -> torch.Tensor:
    """Largest share of the range of cells that each output uses (1)."""
    info = BENCH.info
    mapping = None
    if scale is not None:
        mapping = DifferentialPairs(info.array_low, info.array_high, scale)
    placement = lay_out(network(loud), info, mapping, compensated=False)
    (block,) = placement.blocks
    targets = placement.target.view(block.crossings.shape)
    span = info.array_high - info.array_low
    return (targets - info.array_low).amax((0, 1)) / span


def test_outputs_that_would_drown_use_the_whole_range() -> None:
    """Targets are single precision: some 1e-7 of 500 µS, of a range of 450."""
    shared = reached(100.0, "layer")
    torch.testing.assert_close(
        shared[1:], torch.full((4,), 0.01), rtol=0, atol=1e-5
    )
    torch.testing.assert_close(
        reached(100.0, None), torch.ones(5), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("loud", [1.0, 7.9])
def test_others_share_a_scale_as_before(loud: float) -> None:
    torch.testing.assert_close(
        reached(loud, None), reached(loud, "layer"), rtol=0, atol=0
    )


def test_half_of_the_outputs_decide() -> None:
    """Of five outputs, two that are far below do not; three do. Outputs of zeros do not count."""
    weight = torch.ones(5, 3)
    weight[:2] /= 100
    assert suited_scale([weight]) == "layer"
    weight[2] /= 100
    assert suited_scale([weight]) == "column"
    assert suited_scale([torch.ones(2, 3), weight]) == "column"
    weight[1:] = 0
    assert suited_scale([weight]) == "layer"
    assert output_share(torch.zeros(2, 3)) == 1.0
