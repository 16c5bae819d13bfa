"""Making up for wires in the mapping: effective weights are the wanted ones."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from mho.bench import BenchInfo
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.mapping import (
    DifferentialPairs,
    Placement,
    each_block,
    effective_difference,
    gather,
    place,
)
from mho.mapping.blocks import Freedom, mixing, search, weakened_search
from mho.mapping.targets import (
    adapt,
    compensate,
    repair,
    wire_compensation,
)
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

PAIRS = DifferentialPairs(50 * uS, 500 * uS)
TILE = 32
"""Rows and columns (1)."""


def weights(out: int, inputs: int) -> torch.Tensor:
    return torch.randn(
        out, inputs, generator=Stream(3).child("weights").generator()
    )


def info(resistance: float, tiles: int = 1, **others: float) -> BenchInfo:
    wires = WireModel(word_line=resistance, bit_line=resistance, **others)
    return SimulatedBench(
        Chip(tiles=tiles, rows=TILE, cols=TILE, wires=wires), Stream(0)
    ).info


def effective(
    placement: Placement, bench: BenchInfo, shape: tuple[int, int]
) -> torch.Tensor:
    """Weights that the targets stand for, wires included. Shape (out, in)."""
    found = torch.zeros(shape, dtype=torch.float64)
    for block, where in each_block(placement):
        pair = placement.target[where].double()
        found[block.outputs, block.inputs] = (
            effective_difference(pair, block, bench)[0] / block.scale
        ).T
    return found


@pytest.mark.parametrize("resistance", [0.5, 5.0, 20.0])
def test_effective_weights_are_the_wanted_ones(resistance: float) -> None:
    """A layer on two by two tiles; without compensation up to more than half is lost.

    Iterated to 1e-5 of the range; targets are float32. Twice that is left of a weight whose
    output keeps all its signal, more of one that was scaled down: 1e-4 covers 20 Ω.
    """
    bench = info(resistance, tiles=4)
    weight = weights(20, 40)
    plain = place([weight], bench, PAIRS)
    final = compensate(plain, bench, PAIRS)
    largest = float(weight.abs().max())
    before = (
        float((effective(plain, bench, (20, 40)) - weight).abs().max())
        / largest
    )
    after = (
        float((effective(final, bench, (20, 40)) - weight).abs().max())
        / largest
    )
    assert before > 0.02
    assert after < 1e-4


def test_targets_stay_in_range_and_one_of_each_pair_at_its_bottom() -> None:
    """Also with wires so long that every output is scaled down."""
    bench = info(20.0)
    final = compensate(place([weights(16, 32)], bench, PAIRS), bench, PAIRS)
    assert float(final.target.min()) == pytest.approx(50e-6, rel=1e-6)
    assert float(final.target.max()) <= 500e-6 * (1 + 1e-6)
    assert torch.all(
        torch.minimum(final.target, final.target[final.partner]) < 50.001e-6
    )


def test_only_outputs_beyond_the_range_are_scaled_down() -> None:
    """One large weight far from driver and sense cannot be raised: its output shrinks, others not.

    At 5 Ω the far corner keeps less than 90 %; every other weight is a tenth of the largest.
    """
    bench = info(5.0)
    weight = torch.full((16, 32), 0.1)
    weight[15, 0] = 1.0
    plain = place([weight], bench, PAIRS)
    final = compensate(plain, bench, PAIRS)
    share = final.blocks[0].scale / plain.blocks[0].scale
    assert torch.equal(share[:15], torch.ones(15))
    assert 0.5 < float(share[15]) < 0.9


def test_ideal_wires_change_nothing() -> None:
    bench = info(0.0)
    plain = place([weights(16, 32)], bench, PAIRS)
    assert compensate(plain, bench, PAIRS) is plain


def test_layers_lie_next_to_driver_and_sense() -> None:
    """A layer of 5 inputs and 3 outputs fills the last 5 rows and the first 6 columns."""
    bench = info(1.0)
    (block,) = place([weights(3, 5)], bench, PAIRS).blocks
    assert block.plus[:, 0].tolist() == [
        row * TILE for row in range(TILE - 5, TILE)
    ]
    assert block.minus[0].tolist() == [
        (TILE - 5) * TILE + col for col in (1, 3, 5)
    ]


@pytest.mark.parametrize("stuck_at", [0.0, 4.2e-3])
def test_targets_move_around_stuck_cells(stuck_at: float) -> None:
    """Pairs with a stuck cell get their effective weight from the partner, all others keep theirs.

    Three stuck cells; a partner cannot help the one that its column needs at the other end. All
    others reach their weights: to 1e-4 of the largest, from several tenths of a percent or more.
    """
    bench = info(5.0)
    weight = weights(16, 32)
    before = compensate(place([weight], bench, PAIRS), bench, PAIRS)
    stuck = torch.zeros(before.cells.shape, dtype=torch.bool)
    stuck[[5, 300, 700]] = True
    held = torch.full(before.cells.shape, stuck_at)
    mended = repair(before, stuck, held, bench)
    final = adapt(before, mended, held, stuck, bench)
    largest = float(weight.abs().max())

    def errors(placement: Placement) -> torch.Tensor:
        real = replace(
            placement, target=torch.where(stuck, held, placement.target)
        )
        return (effective(real, bench, (16, 32)) - weight).abs() / largest

    without, after = (
        errors(p).flatten().sort().values for p in (mended, final)
    )
    assert float(without[-4]) > 3e-3
    assert float(after[-4]) < 1e-4
    assert float(after[-1]) <= float(without[-1]) * 1.01
    assert torch.equal(final.target[stuck], mended.target[stuck])


def test_combining_rounds_finds_the_same_targets_in_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Plain rounds leave a third to a half of the error each; combined ones less and less.

    Both stop once 1e-5 of the full scale is missing at most, so that their targets differ by what
    that is over the share of the current that wires leave, some 40 %, and over what a round
    leaves: within 1e-4.
    """
    bench = info(25.0)
    before = compensate(place([weights(16, 32)], bench, PAIRS), bench, PAIRS)
    stuck = torch.zeros(before.cells.shape, dtype=torch.bool)
    stuck[[5, 300, 700]] = True
    held = torch.zeros(before.cells.shape)
    mended = repair(before, stuck, held, bench)
    rounds = []
    solve = search.effective_pair

    def counted(*given: Any) -> torch.Tensor:
        rounds[-1] += 1
        return solve(*given)

    monkeypatch.setattr(search, "effective_pair", counted)
    found = []
    for least in (10**6, 1):
        monkeypatch.setattr(mixing, "_LEAST_NUMBERS", least)
        rounds.append(0)
        found.append(adapt(before, mended, held, stuck, bench).target)
    plain, combined = found
    full_scale = float(before.target.max() - before.target.min())
    assert float((plain - combined).abs().max()) < 1e-4 * full_scale
    assert rounds[1] <= 0.7 * rounds[0]


def test_compensating_in_combined_rounds_finds_the_same_in_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same outputs are as weak as in plain rounds, and every weight is as exact.

    The first rounds are in single precision then, which solves the wires to some 3e-6.
    """
    bench = info(25.0, tiles=2)
    layers = [weights(16, 32), 0.5 * weights(16, 32)]
    before = place(layers, bench, PAIRS)
    rounds = []
    kinds: list[torch.dtype] = []
    solve = search.effective_blocks

    def counted(*given: Any) -> torch.Tensor:
        rounds[-1] += len(given[2])
        kinds.append(given[3].dtype)
        return solve(*given)

    monkeypatch.setattr(search, "effective_blocks", counted)
    scales = []
    for least in (10**6, 1):
        monkeypatch.setattr(mixing, "_LEAST_NUMBERS", least)
        rounds.append(0)
        found = compensate(before, bench, PAIRS)
        scales.append(torch.cat([block.scale for block in found.blocks]))
        for block, where in each_block(found):
            pair = found.target[where].double()
            reached, _ = effective_difference(pair, block, bench)
            wanted = layers[block.layer].T * block.scale
            assert float((reached - wanted).abs().max()) < 1.2e-5 * 450 * uS
    torch.testing.assert_close(*scales, rtol=1e-4, atol=0)
    assert kinds[0] == torch.float64
    assert torch.float32 in kinds
    assert kinds[-1] == torch.float64
    assert rounds[1] <= 0.7 * rounds[0]


def test_what_is_no_number_is_not_combined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the first round or later ones: the plain step is taken, and all before is forgotten."""
    monkeypatch.setattr(mixing, "_LEAST_NUMBERS", 1)
    one = torch.ones(4)
    freedom = Freedom(one, lambda pairs: pairs, 0 * one, 9 * one, one, 1.0)
    combined = mixing.Mixing(freedom)
    for size in (float("nan"), 0.5, float("nan"), float("inf"), 0.5, 0.25):
        proposal = one + size
        found = combined(one, proposal)
        if size != 0.25:
            assert torch.equal(found.nan_to_num(), proposal.nan_to_num())
    assert found.isfinite().all()


def test_without_stuck_cells_or_wires_nothing_moves() -> None:
    """`adapt` returns the targets it was given, bit for bit."""
    for bench in (info(0.0), info(5.0)):
        before = compensate(place([weights(8, 16)], bench, PAIRS), bench, PAIRS)
        stuck = torch.zeros(before.cells.shape, dtype=torch.bool)
        none = torch.zeros_like(before.target)
        assert torch.equal(
            adapt(before, before, none, stuck, bench).target, before.target
        )


def test_blocks_made_up_for_together_get_what_each_gets_alone() -> None:
    """Twelve groups of nine cells, of which some need more rounds than others, and a larger block.

    A block's search does not depend on the others': alone, each finds the same bits.
    """
    bench = info(20.0, tiles=13)
    spread = [1.0 + 5.0 * k for k in range(12)]
    groups = [
        weights(1, 9) * torch.tensor([[times] + [1.0] * 8]) for times in spread
    ]
    plain = place([*groups, weights(10, 30)], bench, PAIRS)
    together = compensate(plain, bench, PAIRS)
    for number, (block, where) in enumerate(each_block(plain)):
        alone = gather([block], [plain.target[where]])
        found = compensate(alone, bench, PAIRS)
        wanted = together.target[where].flatten()
        assert torch.equal(found.target, wanted)
        assert torch.equal(found.blocks[0].scale, together.blocks[number].scale)


def test_few_blocks_are_searched_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of nine blocks of eighteen cells, two at a time where forty cells may be: the same bits."""
    bench = info(20.0, tiles=9)
    groups = [weights(1, 9) * (1.0 + number) for number in range(9)]
    plain = place(groups, bench, PAIRS)
    wanted = compensate(plain, bench, PAIRS)
    sizes: list[int] = []

    def noted(*arguments: Any) -> Any:
        sizes.append(len(arguments[2]))
        return weakened_search(*arguments)

    monkeypatch.setattr(wire_compensation, "weakened_search", noted)
    monkeypatch.setattr(wire_compensation, "_TOGETHER", 40)
    found = compensate(plain, bench, PAIRS)
    assert sizes == [2, 2, 2, 2, 1]
    assert torch.equal(found.target, wanted.target)
    for one, other in zip(found.blocks, wanted.blocks, strict=True):
        assert torch.equal(one.scale, other.scale)
