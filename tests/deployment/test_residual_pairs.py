"""Any number of pairs for each weight, of which `four` is the case of two."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from quiet_chip import perceptron, problem, quiet_bench
from test_image_mappings import assert_same
from test_residual import (
    HIGH,
    LOW,
    disturbed,
    held_weight,
    info_of,
    laid,
    weights,
)
from torch import nn

from mho.checks import RefusedError
from mho.deployment import deploy, program_pairs
from mho.deployment.stages import stages
from mho.deployment.storage import (
    compile_image,
    load_image,
    save_image,
)
from mho.deployment.storage.image_checks import check_placement
from mho.mapping import (
    CorrectingBlock,
    ResidualPairs,
    TwoPairs,
    lay_out,
    mapping_for,
    mapping_kind,
    place,
    stage_numbers,
    tiles_needed,
)
from mho.mapping.targets import second_pair_targets
from mho.network import read_network
from mho.programming import ProgramProtocol
from mho.rng import Stream
from mho.units import uS


@pytest.mark.parametrize("factor", [2.0, 16.0])
def test_four_without_a_share_is_the_case_of_two_to_the_bit(
    factor: float,
) -> None:
    """The same cells, targets, pulses and errors; what they weigh is the same, too."""
    weight = weights(9, 14)
    made = []
    for mapping in (
        TwoPairs(LOW, HIGH, factor=factor, share=0.0),
        ResidualPairs(LOW, HIGH, pairs=2, factor=factor),
    ):
        bench = quiet_bench()
        placement = place([weight], bench.info, mapping)
        made.append(program_pairs(bench, placement, ProgramProtocol(20 * uS)))
    (four, of_four), (two, of_two) = made
    assert_same(four, two)
    assert torch.equal(of_four.error, of_two.error)
    assert torch.equal(of_four.pulses, of_two.pulses)
    assert of_four.ledger == of_two.ledger


@pytest.mark.parametrize("ohm", [0.0, 2.0])
@pytest.mark.parametrize("pairs", [2, 3, 4])
def test_what_is_left_is_the_last_pairs_own_error(
    ohm: float, pairs: int
) -> None:
    """σ √2/(F^(k−1) s): 12×20 weights know it to 5 %. In double precision, four pairs have 3e-8.

    With wires a search stops at 1e-5 of the range of its own pairs, 4 mS: 40 nS of the last ones,
    beside errors of 3 µS.
    """
    info = info_of(ohm)
    weight = weights(8, 20).double()
    spread, factor = 3 * uS, 25.0
    before = laid(
        weight, ResidualPairs(LOW, HIGH, pairs=pairs, factor=factor), info
    )
    assert len(stages(before)) == pairs
    assert before.target.dtype == torch.float64
    held = before.target.clone()
    planned = before
    for number, cells in enumerate(stages(before)):
        if number:
            planned = second_pair_targets(before, held, info, stage=number)
        held[cells] = disturbed(planned, spread, seed=number)[cells]
    left = held_weight(before, held, info, weight) - weight
    scale = float(before.blocks[0].scale.mean())
    expected = spread * 2**0.5 / (scale * factor ** (pairs - 1))
    assert float(left.std()) == pytest.approx(expected, rel=0.25)


def test_what_a_pair_cannot_reach_is_left_to_those_after_it() -> None:
    """An error of four times the second pair's reach: this one and the third give all they can."""
    info = replace(info_of(0.0), conductance_high=HIGH)
    weight = weights(9, 14).double()
    factor = 10.0
    before = place(
        [weight], info, ResidualPairs(LOW, HIGH, pairs=3, factor=factor)
    )
    first, second, third = stages(before)
    held = before.target.clone()
    reach = (HIGH - LOW) / factor
    held[first[0]] += 4 * reach
    after = second_pair_targets(before, held, info, stage=1)
    held[second] = after.target[second]
    after = second_pair_targets(before, held, info, stage=2)
    held[third] = after.target[third]
    left = held_weight(before, held, info, weight) - weight
    missing = float(left.abs().max() * before.blocks[0].scale[0])
    assert missing == pytest.approx(
        4 * reach - reach - reach / factor, rel=1e-5
    )
    assert int((left.abs() > 1e-9).sum()) == 1


def test_each_pair_of_programmed_cells_takes_up_what_the_last_ones_missed() -> (
    None
):
    """±20 µS windows of a range of 450 µS: 11 times less with each pair, on a chip without noise.

    Verification enforces no more than the window: an error fills it or is smaller.
    """
    weight = weights(10, 16)
    found = []
    for pairs in (1, 2, 3):
        bench = quiet_bench()
        info = bench.info
        mapping = mapping_for(f"residual:{pairs}", info, tolerance=20 * uS)
        placement = place([weight], info, mapping)
        final, _ = program_pairs(
            bench, placement, ProgramProtocol(20 * uS, denoise=None)
        )
        held = torch.empty_like(final.target)
        for cells in stages(final):
            seen = bench.read(final.cells[cells], samples=64, window=0.0)
            held[cells] = seen.mean
        off = held_weight(final, held, info, weight) - weight
        found.append(float(off.std()))
    assert found[0] / found[1] > 8
    assert found[1] / found[2] > 4


def test_names_say_how_many_pairs_and_what_they_count() -> None:
    info = info_of(0.0)
    three = mapping_for("residual:3", info)
    # ±1 µS of 450 µS in either cell of a pair
    assert three == ResidualPairs(50 * uS, 500 * uS, pairs=3, factor=225.0)
    assert mapping_for("residual:2:16", info).factor == 16.0
    coarse = mapping_for("residual:3", info, tolerance=20 * uS)
    assert coarse.factor == 11.0
    assert tiles_needed([(100, 300)], mapping=mapping_kind("residual:3")) == 6
    assert tiles_needed([(100, 300)], mapping=three) == 6
    for wrong in ("residual", "residual:0", "residual:17", "residual:2:x"):
        with pytest.raises(ValueError, match="`mapping` must be `residual:N`"):
            mapping_kind(wrong)
        with pytest.raises(ValueError, match="`mapping` must be `residual:N`"):
            mapping_for(wrong, info)
    with pytest.raises(ValueError, match="Did you mean"):
        mapping_kind("residul:3")


def test_an_image_of_three_pairs_a_weight_comes_back(tmp_path: Path) -> None:
    """The image comes back, and says in words what it is; cells are six a weight."""
    stream = Stream(5)
    network = perceptron(stream)
    inputs = torch.rand(40, 8, generator=stream.child("in").generator())
    info = quiet_bench().info
    mapping = ResidualPairs(LOW, HIGH, pairs=3, factor=225.0)
    image = compile_image(read_network(network, inputs), info, inputs, mapping)
    save_image(tmp_path / "three.mho", image)
    loaded = load_image(tmp_path / "three.mho")
    assert_same(loaded.placement, image.placement)
    assert loaded.mapping == {
        "kind": "ResidualPairs",
        "low": LOW,
        "high": HIGH,
        "scale": "layer",
        "clip": 100.0,
        "levels": None,
        "pairs": 3,
        "factor": 225.0,
    }
    size = sum(p.numel() for p in network.parameters() if p.ndim == 2)
    assert loaded.placement.cells.numel() == 6 * size
    assert sorted({*stage_numbers(loaded.placement.blocks)}) == [0, 1, 2]


def test_levels_are_rounded_stage_by_stage() -> None:
    """64 levels and three pairs hold a weight to half a step of the last, programmed exactly.

    Each stage's levels are subtracted before the next one's are chosen; rounding together may
    take a number a whole step the other way.
    """
    info = info_of(0.0)
    layer = nn.Linear(20, 8, bias=False)
    mapping = ResidualPairs(LOW, HIGH, pairs=3, factor=16.0, levels=64)
    network = read_network(layer, torch.rand(2, 20))
    placement = lay_out(network, info, mapping)
    assert placement.step is not None
    held = placement.target.clone()
    weight = layer.weight.detach()
    scale = float(placement.blocks[0].scale[0])
    for number, cells in enumerate(stages(placement)):
        if number:
            planned = second_pair_targets(placement, held, info, stage=number)
            held[cells] = planned.target[cells]
        steps = (held[cells] - LOW) / placement.step
        assert float((steps - steps.round()).abs().max()) < 1e-3
        own = held.clone()
        for later in stages(placement)[number + 1 :]:
            own[later] = LOW
        off = held_weight(placement, own, info, weight) - weight
        largest = 1.01 * placement.step / scale / 16**number
        assert 0.1 * largest < float(off.abs().max()) < largest


def test_chains_that_make_no_sense_are_refused() -> None:
    """Two blocks that correct the same one, and a third pair before the second."""
    info = info_of(0.0)
    layer = nn.Linear(6, 4, bias=False)
    mapping = ResidualPairs(LOW, HIGH, pairs=3, factor=16.0)
    inputs = torch.rand(4, 6)
    image = compile_image(read_network(layer, inputs), info, inputs, mapping)
    blocks = list(image.placement.blocks)
    assert [getattr(b, "corrects", None) for b in blocks] == [None, 0, 1]
    last = blocks[2]
    assert isinstance(last, CorrectingBlock)
    twice = replace(last, corrects=0)
    spoilt = replace(image.placement, blocks=(*blocks[:2], twice))
    with pytest.raises(RefusedError, match="two blocks that correct"):
        check_placement(spoilt, image)


def test_the_network_agrees_better_with_more_pairs() -> None:
    """±20 µS on a quiet chip: converters of eight bits are what is left with a second pair."""
    inputs, _ = problem(Stream(1))
    network = perceptron(Stream(1))
    wanted = network(inputs)
    off = []
    for pairs in (1, 2):
        mapping = ResidualPairs(LOW, HIGH, pairs=pairs, factor=11.0)
        deployed = deploy(
            network,
            quiet_bench(),
            inputs,
            ProgramProtocol(20 * uS, denoise=None),
            mapping=mapping,
        )
        off.append(float((deployed(inputs) - wanted).norm()))
    assert off[1] < off[0] / 2
