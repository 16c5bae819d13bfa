"""Second passes: what second pairs take up, and what is done about cells without a partner."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from quiet_chip import deployed_on, perceptron, problem, quiet_bench
from torch import Tensor

from mho.bench import BenchInfo
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.deployment import (
    DeployedNetwork,
    FinishedStages,
    calibrate_ranges,
    program_pairs,
    refit,
)
from mho.deployment.stages import stages
from mho.mapping import (
    Block,
    CorrectingBlock,
    DifferentialPairs,
    Placement,
    ReferenceBlock,
    ReferenceColumn,
    TwoPairs,
    WeightMapping,
    each_block,
    effective_difference,
    place,
)
from mho.mapping.blocks import Freedom, Solves, reference_block
from mho.mapping.blocks.search import Goal, Look
from mho.mapping.targets import (
    adapt,
    compensate,
    repair,
    second_pair_targets,
    second_pairs,
    with_excess,
)
from mho.network import read_network
from mho.programming import ProgramProtocol
from mho.rng import Stream
from mho.training import hybrid_train
from mho.units import uS
from mho.wires import WireModel

LOW = 50 * uS
HIGH = 500 * uS
FOUR = TwoPairs(LOW, HIGH)


def weights(out: int, inputs: int) -> Tensor:
    return torch.randn(
        out, inputs, generator=Stream(2).child("weights").generator()
    )


def info_of(ohm: float) -> BenchInfo:
    wires = WireModel(word_line=ohm, bit_line=ohm)
    return SimulatedBench(Chip(rows=32, cols=64, wires=wires), Stream(0)).info


def laid(weight: Tensor, mapping: WeightMapping, info: BenchInfo) -> Placement:
    return compensate(place([weight], info, mapping), info, mapping)


def held_weight(
    placement: Placement, held: Tensor, info: BenchInfo, weight: Tensor
) -> Tensor:
    """The weights that conductances stand for, wires included and excess subtracted (1)."""
    found = torch.zeros_like(weight, dtype=torch.float64)
    for block, where in each_block(placement):
        seen, _ = effective_difference(held[where].double(), block, info)
        if isinstance(block, ReferenceBlock) and block.excess is not None:
            seen = seen - block.excess
        found[block.outputs, block.inputs] += (seen / block.scale).T
    return found


def disturbed(placement: Placement, spread: float, seed: int = 0) -> Tensor:
    """Targets with errors (S)."""
    error = torch.randn(
        placement.target.shape,
        generator=Stream(seed).child("error").generator(),
    )
    return placement.target + spread * error


@pytest.mark.parametrize("factor", [1.0, 2.0, 8.0])
@pytest.mark.parametrize("ohm", [0.0, 2.0])
def test_second_pairs_take_up_all_of_the_first_ones_errors(
    factor: float, ohm: float
) -> None:
    """Errors of 10 µS; the solution stops at 1e-5 of a range of 4 mS, a weight is 630 µS or more.

    Without the second pass the largest error is several percent.
    """
    info = info_of(ohm)
    weight = weights(12, 20)
    before = laid(weight, TwoPairs(LOW, HIGH, factor=factor, share=0.5), info)
    first = stages(before)[0]
    held = disturbed(before, 10 * uS)
    after = second_pair_targets(before, held, info)
    assert torch.equal(after.target[first], before.target[first])
    real = after.target.clone()
    real[first] = held[first]
    largest = float(weight.abs().max())
    error = held_weight(after, real, info, weight) - weight
    assert float(error.abs().max()) < 1.5e-4 * largest
    wrong = before.target.clone()
    wrong[first] = held[first]
    assert (
        float((held_weight(before, wrong, info, weight) - weight).abs().max())
        > 0.02 * largest
    )


def test_the_best_look_counts_where_none_is_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of three looks of a search that goes astray the second one."""
    tried: list[Tensor] = []

    def astray(
        freedom: Freedom,
        _goal: Goal,
        block: Block,
        _info: BenchInfo,
        _solves: Solves | None = None,
    ) -> Iterator[Look]:
        tried.clear()
        for share, lacking in ((0.9, 3 * uS), (0.8, 1 * uS), (0.7, 2 * uS)):
            numbers = share * freedom.start
            tried.append(freedom.conductances(numbers))
            missing = torch.full(block.shape, lacking)
            yield Look(numbers, tried[-1], missing, numbers + lacking)

    for module in (second_pairs, reference_block):
        monkeypatch.setattr(module, "looks", astray)
    info = info_of(0.0)
    before = laid(weights(3, 4), FOUR, info)
    found = second_pair_targets(before, before.target, info)
    assert torch.equal(found.target[each_block(before)[1][1]], tried[1].float())
    one = laid(weights(3, 4), ReferenceColumn(LOW, HIGH), info)
    ((block, where),) = each_block(one)
    held = one.target[where].double()
    wanted = block.difference(held)
    settled = block.settled(held, torch.zeros_like(held).bool(), wanted, info)
    assert torch.equal(settled, tried[1])


@pytest.mark.parametrize(
    ("factor", "share"), [(2.0, 0.8), (2.0, 0.0), (6.0, 0.5)]
)
def test_what_is_left_is_the_second_pairs_own_error(
    factor: float, share: float
) -> None:
    """Second errors of σ make σ √2/(F s₁), pairs σ √2/s: the ratio is F s₁/s = F + share.

    300 weights know a spread to 1/√600, both together to 6 %; three times that are allowed.
    """
    info = info_of(0.0)
    weight = weights(15, 20)
    spread = 5 * uS
    pairs = laid(weight, DifferentialPairs(LOW, HIGH), info)
    alone = held_weight(pairs, disturbed(pairs, spread), info, weight) - weight
    before = laid(weight, TwoPairs(LOW, HIGH, factor=factor, share=share), info)
    _, second = stages(before)
    held = disturbed(before, spread, seed=1)
    after = second_pair_targets(before, held, info)
    held[second] = disturbed(after, spread, seed=2)[second]
    left = held_weight(after, held, info, weight) - weight
    ratio = float(alone.std() / left.std())
    assert ratio == pytest.approx(factor + share, rel=0.18)


def test_cells_of_a_first_pair_that_are_both_stuck_are_made_up_for_within_reach() -> (
    None
):
    """What is missing, times F, is taken up where the second pair can hold it, else up to its end.

    A pair stuck at 50 µS holds nothing: F s₁ w of up to 630·2 µS against a reach of 4,094 µS. A
    bench whose cells end at 500 µS reaches 450 µS of it.
    """
    weight = weights(9, 14)
    output, row = divmod(int(weight.abs().argmax()), 14)
    for top in (4144 * uS, HIGH):
        info = replace(info_of(0.0), conductance_high=top)
        before = laid(weight, FOUR, info)
        (first, where), (other, _) = each_block(before)
        held = before.target.clone()
        held[where[:, row, output]] = LOW
        after = second_pair_targets(before, held, info)
        real = torch.where(after.target != before.target, after.target, held)
        error = (held_weight(after, real, info, weight) - weight)[output, row]
        missing = abs(float(weight[output, row] * other.scale[output]))
        lost = max(0.0, missing - (top - LOW)) / float(other.scale[output])
        assert abs(float(error)) == pytest.approx(
            lost, abs=1e-5 * float(weight.abs().max())
        )
        assert (lost > 0) == (top == HIGH)
        assert not isinstance(first, CorrectingBlock)


def test_programming_reads_the_first_pairs_and_leaves_the_second_ones_error() -> (
    None
):
    """A quiet chip to ±20 µS: errors of the weights shrink by F + share = 2.8 against pairs.

    Errors of cells within the window have the same distribution in both; some 240 weights know
    each spread to 5 %, and the second pairs' reach some errors more closely: 25 %.
    """
    weight = weights(12, 20)
    coarse = ProgramProtocol(20 * uS, denoise=None)
    errors = {}
    for mapping in (DifferentialPairs(LOW, HIGH), FOUR):
        bench = quiet_bench()
        placement = laid(weight, mapping, bench.info)
        before = bench.ledger
        done = FinishedStages()
        final, result = program_pairs(bench, placement, coarse, finished=done)
        _, again = FinishedStages(done.state()).taken_up(placement)
        # to the last bit: what is gone on with is what was
        assert {one.tolerance for one in again} == {coarse.tolerance}
        assert torch.equal(result.cells, final.cells)
        assert torch.equal(result.target, final.target)
        assert result.ledger.reads == (bench.ledger - before).reads
        assert result.converged_fraction == 1.0
        held = bench.read(final.cells, samples=8, window=0.0).mean
        errors[type(mapping)] = (
            held_weight(final, held, bench.info, weight) - weight
        )
    ratio = float(errors[DifferentialPairs].std() / errors[TwoPairs].std())
    assert ratio == pytest.approx(2.8, rel=0.25)


@pytest.mark.parametrize("seed", range(2))
def test_stuck_cells_of_four_are_made_up_for(seed: int) -> None:
    """3 % of cells stuck low or high: four cells lose less than half of what pairs do, rms.

    Pairs lose weights where a partner would have to leave its range. The second pair takes that
    up, or is stuck itself and counts F + share = 2.8 times less. Weights are left out of which
    both halves of a pair are stuck: one at the top is beyond the reach of any other pair.
    """
    changes = {"cell__stuck_fraction": 0.03, "cell__stuck_high": 0.3}
    weight = weights(25, 30)
    lost = {}
    for mapping in (DifferentialPairs(LOW, HIGH), FOUR):
        bench = quiet_bench(seed, **changes)
        placement = laid(weight, mapping, bench.info)
        final, result = program_pairs(
            bench, placement, ProgramProtocol(2 * uS, denoise=None)
        )
        free = torch.ones_like(weight, dtype=torch.bool)
        for block, where in each_block(final):
            free[block.outputs, block.inputs] &= ~result.stuck[where].all(0).T
        held = bench.read(final.cells, samples=8, window=0.0).mean
        error = (held_weight(final, held, bench.info, weight) - weight)[free]
        lost[type(mapping)] = float(
            error.square().mean().sqrt() / weight.abs().max()
        )
    assert lost[DifferentialPairs] > 0.005
    assert lost[TwoPairs] < 0.5 * lost[DifferentialPairs]


@pytest.mark.parametrize("ohm", [0.0, 2.0])
@pytest.mark.parametrize("stuck_at", [5e-6, 4.2e-3])
def test_a_row_follows_its_stuck_reference_and_excess_is_subtracted(
    ohm: float, stuck_at: float
) -> None:
    """Two stuck cells and one stuck reference: with the excess subtracted every weight is right.

    Cells that can follow the reference do; `adapt` stops at 1e-5 of the largest difference.
    """
    info = info_of(ohm)
    weight = weights(15, 20)
    mapping = ReferenceColumn(LOW, HIGH)
    before = laid(weight, mapping, info)
    ((_, where),) = each_block(before)
    stuck = torch.zeros(before.cells.shape, dtype=torch.bool)
    stuck[torch.stack((where[0, 2, 3], where[0, 9, 0], where[0, 5, -1]))] = True
    held = torch.full(before.target.shape, stuck_at)
    mended = repair(before, stuck, held, info)
    mended = with_excess(
        before, adapt(before, mended, held, stuck, info), held, stuck, info
    )
    real = torch.where(stuck, held, mended.target)
    largest = float(weight.abs().max())
    found = held_weight(mended, real, info, weight)
    assert float((found - weight).abs().max()) < 1e-4 * largest
    (block,) = mended.blocks
    assert isinstance(block, ReferenceBlock)
    assert block.excess is not None
    rows = block.excess.abs().amax(1) > 1e-3 * (HIGH - LOW)
    assert set(rows.nonzero().flatten().tolist()) == {2, 5, 9}
    followed = block.excess[5].abs() < 1e-3 * (HIGH - LOW)
    wanted = stuck_at + weight[:, 5] * block.scale
    holdable = (wanted > 1.1 * info.conductance_low) & (
        wanted < 0.9 * info.conductance_high
    )
    assert bool(holdable.any()) == (stuck_at < LOW)
    assert torch.all(followed[holdable])


def test_a_network_on_a_reference_column_runs_in_spite_of_stuck_cells() -> None:
    """Deployed and programmed to 1 µS: outputs within 2 % of the network's, stuck cells or not.

    1 µS of 225 µS in each of two cells is 0.6 % of the largest weight, more of a small output.
    """
    samples, _ = problem(Stream(1))
    network = read_network(perceptron(Stream(0)), samples)
    for changes in (
        {},
        {"cell__stuck_fraction": 0.04, "cell__stuck_high": 0.3},
    ):
        bench = quiet_bench(3, **changes)
        weight = [layer.weight for layer in network.layers]
        mapping = ReferenceColumn(bench.info.array_low, bench.info.array_high)
        placement, result = program_pairs(
            bench,
            place(weight, bench.info, mapping),
            ProgramProtocol(1 * uS, denoise=None),
        )
        assert bool(result.stuck.any()) == bool(changes)
        ranges = calibrate_ranges(
            network, placement, samples, bench.info.read_voltage
        )
        found = DeployedNetwork(network, bench, placement, ranges, result)(
            samples
        )
        wanted = network.run(samples)
        assert float((found - wanted).norm() / wanted.norm()) < 0.02


def test_training_on_the_chip_refuses_what_is_not_in_pairs() -> None:
    samples, labels = problem(Stream(1))
    deployed = deployed_on(quiet_bench(), perceptron(Stream(0)), samples)
    for mapping in (ReferenceColumn(LOW, HIGH), FOUR):
        weight = [layer.weight for layer in deployed.network.layers]
        placement = place(weight, deployed.bench.info, mapping)
        deployed = DeployedNetwork(
            deployed.network,
            deployed.bench,
            placement,
            deployed.ranges,
            deployed.programming,
        )
        with pytest.raises(
            ValueError, match="one pair of cells for each weight"
        ):
            hybrid_train(deployed, samples, labels, Stream(0))


@pytest.mark.parametrize("kind", [ReferenceColumn, TwoPairs])
def test_gains_and_offsets_are_fitted_with_any_mapping(
    kind: type[WeightMapping],
) -> None:
    """Least squares never makes the samples it is fitted on worse; ranges hold every column."""
    samples, _ = problem(Stream(1))
    network = read_network(perceptron(Stream(0)), samples)
    bench = quiet_bench()
    placement = place(
        [layer.weight for layer in network.layers], bench.info, kind(LOW, HIGH)
    )
    placement, result = program_pairs(
        bench, placement, ProgramProtocol(20 * uS, denoise=None)
    )
    ranges = calibrate_ranges(
        network, placement, samples, bench.info.read_voltage
    )
    deployed = DeployedNetwork(network, bench, placement, ranges, result)
    found = refit(deployed, samples)
    assert found.after[0] <= found.before[0]
    for block, full_scale in zip(
        placement.blocks, deployed.ranges.currents, strict=True
    ):
        if block.layer == 0:
            rows = samples[:, block.inputs] * (
                bench.info.read_voltage / deployed.ranges.inputs[0]
            )
            assert (
                float(block.read(bench, rows, 10 * full_scale).abs().max())
                < full_scale
            )
