"""Surveys find what is stuck; assignments around it lose least; broken lines are left out."""

from itertools import permutations

import pytest
import torch
from jaxtyping import Int64
from torch import Tensor

from mho.bench import BenchInfo, Pulse
from mho.bench.forwarding import ForwardingBench
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device.published import preset
from mho.mapping import DifferentialPairs, place
from mho.mapping.targets import repair
from mho.mapping.tiles import (
    AssignedLines,
    FaultMap,
    StuckHalves,
    lines_of_pairs,
    survey,
)
from mho.rng import Stream
from mho.units import uS

PAIRS = DifferentialPairs(50 * uS, 500 * uS)
LOW = 10 * uS
HIGH = 4400 * uS
TILE = 16
"""Rows and columns (1)."""


def bench_with(stuck: float, tiles: int = 1, seed: int = 0) -> SimulatedBench:
    kind = preset("rao2023").replace(cell__stuck_fraction=stuck)
    return SimulatedBench(
        Chip(kind, tiles=tiles, rows=TILE, cols=TILE), Stream(seed)
    )


def random_faults(stuck: float, seed: int, high: float = 0.5) -> FaultMap:
    draws = torch.rand(
        2, 1, TILE, TILE, generator=Stream(seed).child("faults").generator()
    )
    fixed = draws[0] < stuck
    held = torch.where(draws[1] < high, HIGH, LOW)
    return FaultMap(fixed, torch.where(fixed, held, 0.0))


def random_weight(out: int, inputs: int, seed: int = 2) -> torch.Tensor:
    return torch.randn(
        out, inputs, generator=Stream(seed).child("weights").generator()
    )


def lost(
    weight: torch.Tensor, faults: FaultMap, info: BenchInfo, *, mapped: bool
) -> float:
    """Squared conductance that is missing after repair (S²)."""
    placement = place(
        [weight], info, PAIRS, faults=faults if mapped else None, spares=0
    )
    stuck, held = (
        x.flatten()[placement.cells] for x in (faults.stuck, faults.held)
    )
    final = repair(placement, stuck, held, info)
    reached = torch.zeros(info.cells, dtype=torch.float64)
    reached[final.cells] = torch.where(stuck, held, final.target).double()
    (block,) = final.blocks
    have = reached[block.plus] - reached[block.minus]
    return float((have - (weight.T * block.scale).double()).square().sum())


@pytest.mark.parametrize("name", ["rao2023", "umass_ta_hfo2", "wan2022"])
def test_a_survey_finds_the_stuck_cells_and_no_others(name: str) -> None:
    """Working cells move over the range for multiplying; telegraph noise moves stuck ones less."""
    kind = preset(name).replace(cell__stuck_fraction=0.05)
    bench = SimulatedBench(Chip(kind, rows=32, cols=32), Stream(1))
    found = survey(bench)
    assert torch.equal(found.stuck.flatten(), bench.stuck)
    assert found.stuck_fraction == pytest.approx(int(bench.stuck.sum()) / 1024)
    held = bench.read(bench.stuck.nonzero()[:, 0], samples=16, window=1.0).mean
    error = found.held.flatten()[bench.stuck] - held
    assert torch.all(error.abs() <= 0.05 * held + 1e-6)


def test_a_survey_is_paid_for_and_leaves_other_cells_alone() -> None:
    """Eight pulses of either polarity and two reads of each cell asked for."""
    kind = preset("rao2023").replace(
        cell__stuck_fraction=0.1, telegraph__births=0.0, flicker__per_decade=0.0
    )
    bench = SimulatedBench(Chip(kind, rows=TILE, cols=TILE), Stream(0))
    before = bench.read(torch.arange(100, 256), samples=1, window=0.0).mean
    start = bench.ledger
    found = survey(bench, torch.arange(100))
    spent = bench.ledger - start
    assert (spent.pulses, spent.reads) == (1600, 200)
    assert not found.stuck.flatten()[100:].any()
    after = bench.read(torch.arange(100, 256), samples=1, window=0.0).mean
    torch.testing.assert_close(after, before, rtol=0.1, atol=5e-6)


def test_cells_that_are_not_there_cannot_be_surveyed() -> None:
    with pytest.raises(ValueError, match=r"`cells` must lie within 0 to 255"):
        survey(bench_with(0.0), torch.tensor([0, 256]))


class BrokenLines(ForwardingBench):
    """A bench of which some rows and columns get no pulses."""

    def pulse(self, pulse: Pulse, cells: Int64[Tensor, " cells"]) -> None:
        """Pulse all cells but those of row 12 and columns 3 and 8."""
        row = cells % TILE**2 // TILE
        col = cells % TILE
        works = (row != 12) & (col != 3) & (col != 8)
        super().pulse(
            Pulse(pulse.amplitude * works, pulse.width, pulse.gate), cells
        )


def test_broken_lines_are_found_and_not_used() -> None:
    bench = BrokenLines(bench_with(0.0))
    found = survey(bench)
    assert found.bad_rows[0].nonzero().flatten().tolist() == [12]
    assert found.bad_cols[0].nonzero().flatten().tolist() == [3, 8]
    placement = place([random_weight(5, 14)], bench.info, PAIRS, faults=found)
    cells = placement.cells
    assert cells.unique().numel() == cells.numel() == 2 * 5 * 14
    assert not (
        (cells // TILE == 12) | (cells % TILE == 3) | (cells % TILE == 8)
    ).any()


def test_a_tile_without_a_line_that_works_is_refused() -> None:
    dead = FaultMap(
        torch.ones(1, TILE, TILE, dtype=torch.bool), torch.zeros(1, TILE, TILE)
    )
    with pytest.raises(ValueError, match="but all lines are broken"):
        place([random_weight(2, 2)], bench_with(0.0).info, PAIRS, faults=dead)


def test_a_map_of_another_chip_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"`faults` must have shape \(2, 16, 16\)"
    ):
        place(
            [random_weight(2, 2)],
            bench_with(0.0, tiles=2).info,
            PAIRS,
            faults=random_faults(0, 0),
        )


def test_ends_reach_what_a_fine_grid_of_the_free_half_reaches() -> None:
    """Brute force: 20,001 values of the free half; nothing on the grid comes closer."""
    info = bench_with(0.0).info
    grid = torch.linspace(info.conductance_low, info.conductance_high, 20_001)
    yes = torch.tensor([True])
    no = torch.tensor([False])
    for wanted in (-300 * uS, -5 * uS, 0.0, 20 * uS, 450 * uS):
        for held in (LOW, 200 * uS, HIGH):
            stuck = torch.tensor([held])
            want = torch.tensor([wanted])
            left = float(
                StuckHalves(stuck, stuck, yes, no).nearest_difference(
                    want, info
                )
            )
            right = float(
                StuckHalves(stuck, stuck, no, yes).nearest_difference(
                    want, info
                )
            )
            for reached, differences in (
                (left, held - grid),
                (right, grid - held),
            ):
                best = float((differences - wanted).abs().min())
                assert abs(reached - wanted) <= best + 1e-9
            assert float(
                StuckHalves(stuck, stuck, no, no).nearest_difference(want, info)
            ) == float(want)
            assert (
                float(
                    StuckHalves(stuck, stuck, yes, yes).nearest_difference(
                        want, info
                    )
                )
                == 0.0
            )


def test_without_faults_lines_stay_in_order() -> None:
    info = bench_with(0.0).info
    weight = random_weight(5, 9)
    none = random_faults(0.0, 0)
    with_map = place([weight], info, PAIRS, faults=none)
    assert torch.equal(with_map.cells, place([weight], info, PAIRS).cells)


@pytest.mark.parametrize("seed", range(6))
def test_an_assignment_is_a_choice_of_lines_and_loses_no_more_than_the_order_given(
    seed: int,
) -> None:
    """Each turn is optimal with the other axis held, and begins with the order given.

    Pairs with both halves stuck at different ends cost as much wherever they lie; without those
    stuck high most of the loss goes.
    """
    info = bench_with(0.0).info
    weight = random_weight(8, 16, seed)
    for high, share in ((0.5, 1 + 1e-6), (0.0, 0.7)):
        faults = random_faults(0.1, seed, high)
        before = lost(weight, faults, info, mapped=False)
        assert lost(weight, faults, info, mapped=True) <= share * before


def test_no_other_order_of_rows_loses_less() -> None:
    """All 120 orders of five inputs on one pair of columns, with the polarity that was chosen."""
    info = bench_with(0.0).info
    wanted = torch.tensor([[400.0], [-300.0], [200.0], [30.0], [5.0]]) * uS
    fixed = torch.zeros(1, TILE, TILE, dtype=torch.bool)
    held = torch.zeros(1, TILE, TILE)
    for row, col, value in (
        (0, 0, LOW),
        (1, 1, LOW),
        (2, 0, HIGH),
        (4, 0, LOW),
        (4, 1, LOW),
    ):
        fixed[0, row, col] = True
        held[0, row, col] = value
    lines = AssignedLines(0, torch.arange(5), torch.tensor([0]))
    ends = StuckHalves(
        held[0, :5, 0], held[0, :5, 1], fixed[0, :5, 0], fixed[0, :5, 1]
    )

    def loss(order: Tensor, sign: float) -> float:
        """Squared conductance lost with input n on row order[n]."""
        there = sign * torch.zeros(5).index_copy(0, order, wanted[:, 0])
        return float(
            (ends.nearest_difference(there, info) - there)
            .double()
            .square()
            .sum()
        )

    found = lines_of_pairs(wanted, lines, FaultMap(fixed, held), info).rows
    assert sorted(found.tolist()) == list(range(5))
    orders = [torch.tensor(order) for order in permutations(range(5))]
    left = {
        s: (loss(found, s), min(loss(o, s) for o in orders))
        for s in (1.0, -1.0)
    }
    assert any(
        own == pytest.approx(best, abs=1e-15) for own, best in left.values()
    )
    assert min(own for own, _ in left.values()) < min(
        loss(orders[0], s) for s in left
    )


def test_spare_lines_are_used_where_the_own_ones_are_stuck() -> None:
    """A row of the block is stuck high, though not all of the tile's: a spare takes over."""
    info = bench_with(0.0).info
    fixed = torch.zeros(1, TILE, TILE, dtype=torch.bool)
    fixed[0, 14, :6] = True
    faults = FaultMap(fixed, torch.where(fixed, HIGH, 0.0))
    weight = random_weight(3, 4)
    without = place([weight], info, PAIRS, faults=faults)
    assert fixed.flatten()[without.cells].any()
    spared = place([weight], info, PAIRS, faults=faults, spares=1)
    assert not fixed.flatten()[spared.cells].any()
    assert spared.cells.unique().numel() == 24
