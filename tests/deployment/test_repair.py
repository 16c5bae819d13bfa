import pytest
import torch

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.deployment import program_pairs
from mho.device.published import preset
from mho.mapping import DifferentialPairs, Placement, place
from mho.mapping.targets import repair
from mho.programming import ProgramProtocol
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

PAIRS = DifferentialPairs(50 * uS, 500 * uS)
LOW = 10 * uS
HIGH = 4400 * uS


def laid(weight: torch.Tensor) -> tuple[Placement, SimulatedBench]:
    """Weights on ideal lines, so that conductances stand for them one by one."""
    quiet = preset("rao2023").replace(
        cell__stuck_fraction=0.015,
        cell__stuck_high=0.3,
        telegraph__births=0.0,
        telegraph__spawning=0.0,
    )
    bench = SimulatedBench(
        Chip(quiet, rows=32, cols=64, wires=WireModel()), Stream(5)
    )
    return place([weight], bench.info, PAIRS), bench


def random_weight(out: int, inputs: int) -> torch.Tensor:
    return torch.randn(
        out, inputs, generator=Stream(2).child("weights").generator()
    )


def held_by(placement: Placement, conductance: torch.Tensor) -> torch.Tensor:
    """The weights that conductances, in the order of the cells, stand for."""
    chip = torch.zeros(int(placement.cells.max()) + 1)
    chip[placement.cells] = conductance
    (block,) = placement.blocks
    return PAIRS.weights(
        chip[block.plus], chip[block.minus], float(placement.blocks[0].scale[0])
    )


def test_a_cell_stuck_low_becomes_the_low_half_of_its_pair() -> None:
    """A weight of 1 with G⁺ stuck at 10 µS: the column turns, its partner holds 450 + 10 µS."""
    placement, bench = laid(torch.tensor([[1.0, -0.5], [0.5, 0.5]]))
    stuck = torch.zeros(8, dtype=torch.bool)
    held = torch.zeros(8)
    stuck[0] = True
    held[0] = LOW
    final = repair(placement, stuck, held, bench.info)
    (block,) = final.blocks
    (before,) = placement.blocks
    assert torch.equal(block.plus[:, 0], before.minus[:, 0])
    assert torch.equal(block.plus[:, 1], before.plus[:, 1])
    assert torch.equal(final.sign[final.partner], -final.sign)
    reached = torch.where(stuck, held, final.target)
    torch.testing.assert_close(
        held_by(final, reached), torch.tensor([[1.0, -0.5], [0.5, 0.5]])
    )
    assert float(final.target[final.partner[0]]) == pytest.approx(460 * uS)


def test_without_stuck_cells_nothing_changes() -> None:
    placement, bench = laid(random_weight(6, 9))
    none = torch.zeros(placement.cells.numel(), dtype=torch.bool)
    final = repair(
        placement, none, torch.zeros_like(placement.target), bench.info
    )
    assert torch.equal(final.target, placement.target)
    assert torch.equal(final.blocks[0].plus, placement.blocks[0].plus)


def test_no_choice_of_polarity_and_partners_loses_less() -> None:
    """Against brute force over both polarities and a fine grid of every free partner.

    10 % of cells stuck at either end, 12 columns of 9 pairs. The grid of 4,001 values from 50 to
    4,144 µS is 1 µS wide, so a free choice can be at most half of that closer than ours; squared
    and summed over 9 rows it is 2.4e-12 S² on top of the rounding.
    """
    weight = random_weight(12, 9)
    placement, bench = laid(weight)
    draws = torch.rand(
        2, placement.cells.numel(), generator=Stream(4).generator()
    )
    stuck = draws[0] < 0.1
    held = torch.where(draws[1] < 0.5, LOW, HIGH)
    final = repair(placement, stuck, held, bench.info)
    reached = torch.where(stuck, held, final.target)
    scale = float(placement.blocks[0].scale[0])
    lost = ((held_by(final, reached) - weight) * scale).square().sum(1)
    grid = torch.linspace(
        bench.info.conductance_low, bench.info.conductance_high, 4001
    )
    for output in range(12):
        best = []
        for sign in (1.0, -1.0):
            loss = 0.0
            for row in range(9):
                left = row * 12 + output
                right = left + 9 * 12
                options = [
                    held[cell][None] if stuck[cell] else grid
                    for cell in (left, right)
                ]
                wanted = float(weight[output, row]) * scale * sign
                if stuck[left] or stuck[right]:
                    away = options[0][:, None] - options[1][None] - wanted
                    loss += float(away.abs().min()) ** 2
            best.append(loss)
        assert float(lost[output]) <= min(best) + 2.4e-12


def test_a_programmed_array_holds_its_weights_in_spite_of_stuck_cells() -> None:
    """A pair with a stuck cell is read back right if its column has no other and it can be held.

    Right means within 4 µS: two tolerances and the 1/f noise of a 4-mS cell. A partner of a cell
    stuck at 10 µS stays at or above 50 µS, so weights below 40 µS cannot be held. Without repair
    every pair with a stuck cell is off.
    """
    weight = random_weight(30, 30)
    placement, bench = laid(weight)
    final, result = program_pairs(bench, placement, ProgramProtocol())
    back = held_by(final, bench.read(final.cells, samples=16, window=1.0).mean)
    half = placement.sign > 0
    broken = (
        (result.stuck | result.stuck[placement.partner])[half].view(30, 30).T
    )
    alone = broken & (broken.sum(1, keepdim=True) == 1)
    both = (result.stuck & result.stuck[placement.partner])[half].view(30, 30).T
    off = ((back - weight) * float(final.blocks[0].scale[0])).abs() > 4 * uS
    holdable = (weight * float(final.blocks[0].scale[0])).abs() > 40 * uS
    assert int((alone & ~both & holdable).sum()) >= 5
    assert not off[alone & ~both & holdable].any()
    assert not off[~broken].any()
    assert result.converged_fraction > 0.99
