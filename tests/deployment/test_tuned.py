"""What tuning leaves travels in a chip's file, to the last bit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from quiet_chip import perceptron, problem

from mho.bench.simulated import ChipSpec
from mho.chip import Chip
from mho.deployment import DeployedNetwork, program_image, refit
from mho.deployment.storage import (
    CHIP_KIND,
    ProgrammedChip,
    Provenance,
    Tuning,
    compile_image,
    load_chip,
    save,
    save_chip,
)
from mho.deployment.storage.file_kinds import chip_parts
from mho.programming import ProgrammingOptions, ProgramProtocol
from mho.rng import Stream
from mho.training import hybrid_train
from mho.training.hybrid import HybridTraining
from mho.units import uS

EFFORT = ProgrammingOptions(tolerance=20 * uS, denoise=False)
SHORT = HybridTraining(epochs=2, batch=30, rate=0.05, patience=9)


@pytest.fixture(scope="module")
def plain() -> ProgrammedChip:
    """A chip of small tiles with a tenth of its cells stuck."""
    chip = Chip(tiles=2, rows=16, cols=32)
    one = ChipSpec(
        "rao2023", 3, chip.tiles, chip.rows, chip.cols, chip.lines, stuck=0.1
    )
    samples, _ = problem(Stream(1))
    network = perceptron(Stream(3))
    origin = Provenance(preset="rao2023")
    image = compile_image(network, one.bench().info, samples, provenance=origin)
    return program_image(image, one, EFFORT)


@pytest.fixture(scope="module")
def both(plain: ProgrammedChip) -> tuple[ProgrammedChip, DeployedNetwork]:
    """The chip after refit and training, and the network that was tuned."""
    samples, labels = problem(Stream(1))
    deployed = plain.deployed()
    refit(deployed, samples)
    protocol = ProgramProtocol(20 * uS, denoise=None)
    hybrid_train(
        deployed, samples, labels, Stream(9), training=SHORT, protocol=protocol
    )
    return plain.tuned(deployed, accuracy=0.5), deployed


def test_a_tuned_chip_goes_on_exactly_where_it_was(
    both: tuple[ProgrammedChip, DeployedNetwork], tmp_path: Path
) -> None:
    """Outputs after the file are those before it to the last bit: noise has the same counters."""
    chip, deployed = both
    digest = save_chip(tmp_path / "tuned.mho", chip)
    again = load_chip(tmp_path / "tuned.mho")
    assert again.sha256 == digest
    assert again.records == {"accuracy": 0.5}
    samples, _ = problem(Stream(1))
    restored = again.deployed()
    assert restored.ranges.inputs == deployed.ranges.inputs
    assert restored.ranges.currents == deployed.ranges.currents
    assert torch.equal(restored.placement.target, deployed.placement.target)
    for number, one in deployed.corrections.items():
        assert torch.equal(restored.corrections[number].gain, one.gain)
        assert torch.equal(restored.corrections[number].offset, one.offset)
    assert torch.equal(restored(samples), chip.deployed()(samples))


def test_tuning_changes_what_the_chip_computes(
    plain: ProgrammedChip, both: tuple[ProgrammedChip, DeployedNetwork]
) -> None:
    samples, _ = problem(Stream(1))
    untuned = replace(both[0], tuning=None)
    assert not torch.equal(
        both[0].deployed()(samples), untuned.deployed()(samples)
    )
    assert plain.tuning is None


def test_a_file_from_before_tuning_is_read(
    plain: ProgrammedChip, tmp_path: Path
) -> None:
    """Fields that came with tuning are missing there and take their defaults."""
    content, tensors = chip_parts(
        replace(plain, specimen=replace(plain.specimen, stuck=None))
    )
    fields = content["chip"]["fields"]
    del fields["tuning"], fields["effort"]["fields"]["repaired"]
    del fields["specimen"]["fields"]["stuck"]
    fields["model"] = replace(plain.specimen, stuck=None).model
    save(tmp_path / "old.mho", CHIP_KIND, content, tensors)
    old = load_chip(tmp_path / "old.mho")
    assert old.tuning is None
    assert old.effort == EFFORT
    assert old.specimen.stuck is None


def wrong_length(tuning: Tuning) -> Tuning:
    one = tuning.corrections["0"]
    cut = replace(one, gain=one.gain[:-1], offset=one.offset[:-1])
    return replace(tuning, corrections={**tuning.corrections, "0": cut})


def not_finite(tuning: Tuning) -> Tuning:
    one = tuning.corrections["0"]
    return replace(
        tuning,
        corrections={
            "0": replace(one, offset=torch.full_like(one.offset, torch.nan))
        },
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (wrong_length, "one correction for each output"),
        (not_finite, "not finite"),
        (
            lambda t: replace(t, corrections={"7": t.corrections["0"]}),
            "correction of a layer",
        ),
        (
            lambda t: replace(t, corrections={"00": t.corrections["0"]}),
            "correction of a layer",
        ),
        (
            lambda t: replace(t, ranges=replace(t.ranges, inputs=(1.0,))),
            "converter range",
        ),
        (
            lambda t: replace(t, ranges=replace(t.ranges, inputs=(0.0, 1.0))),
            "converter range",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    spoil: Callable[[Any], Any],
    reason: str,
    both: tuple[ProgrammedChip, Any],
    tmp_path: Path,
) -> None:
    assert both[0].tuning is not None
    save_chip(
        tmp_path / "bad.mho", replace(both[0], tuning=spoil(both[0].tuning))
    )
    with pytest.raises(ValueError, match=rf"^Argument `chip` must .*{reason}"):
        load_chip(tmp_path / "bad.mho")


def test_an_unrepaired_chip_keeps_its_targets(plain: ProgrammedChip) -> None:
    """Without repair a chip with stuck cells is asked for exactly what the image says."""
    bare = program_image(
        plain.image, plain.specimen, replace(EFFORT, repaired=False)
    )
    assert torch.equal(bare.placement.target, plain.image.placement.target)
    assert not torch.equal(plain.placement.target, plain.image.placement.target)
    assert int(bare.result.stuck.sum()) > 5
