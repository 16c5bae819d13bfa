"""Images with converter ranges for each column, and the rule they came from."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_image import kind_of_chip, network, samples
from torch import Tensor

from mho.deployment import RangeRule, calibrate_ranges
from mho.deployment.storage import (
    IMAGE_KIND,
    CompiledNetwork,
    Provenance,
    compile_image,
    image_parts,
    load_image,
    save,
    save_image,
)
from mho.mapping import DifferentialPairs, lay_out


@pytest.fixture(scope="module")
def image() -> CompiledNetwork:
    return compile_image(
        network(), kind_of_chip(), samples(), provenance=Provenance(source="x")
    )


@pytest.fixture(scope="module")
def by_column() -> CompiledNetwork:
    """An image with all that can be asked for: a range for each column, and another mapping."""
    info = kind_of_chip(rows=32, cols=32)
    mapping = DifferentialPairs(
        info.array_low, info.array_high, "column", 90.0, 64
    )
    return compile_image(
        network(),
        info,
        samples(),
        mapping,
        packed=True,
        ranges=RangeRule(
            "least-error", per_column=True, dac_bits=4, adc_bits=5
        ),
    )


def test_ranges_of_columns_come_back_bit_by_bit(
    by_column: CompiledNetwork, tmp_path: Path
) -> None:
    save_image(tmp_path / "net.mho", by_column)
    loaded = load_image(tmp_path / "net.mho")
    assert loaded.sha256 == by_column.sha256
    assert loaded.rule == by_column.rule
    assert loaded.ranges.inputs == by_column.ranges.inputs
    for one, other in zip(
        loaded.ranges.currents, by_column.ranges.currents, strict=True
    ):
        assert isinstance(one, Tensor)
        assert isinstance(other, Tensor)
        assert torch.equal(one, other)
    assert (loaded.mapping["scale"], loaded.mapping["levels"]) == ("column", 64)
    assert {block.tile for block in loaded.placement.blocks} == {0}


def test_options_of_compiling_are_those_of_the_parts(
    by_column: CompiledNetwork,
) -> None:
    """The placement of `lay_out` and the ranges of `calibrate_ranges` with the same words."""
    info = by_column.info
    rule = by_column.rule
    mapping = DifferentialPairs(
        info.array_low, info.array_high, "column", 90.0, 64
    )
    expected = lay_out(by_column.network, info, mapping, packed=True)
    assert torch.equal(by_column.placement.target, expected.target)
    assert torch.equal(by_column.placement.cells, expected.cells)
    found = calibrate_ranges(
        by_column.network, expected, samples(), info.read_voltage, rule
    )
    assert found.inputs == by_column.ranges.inputs
    ideal = compile_image(network(), info, samples(), mapping, packed=True)
    assert ideal.rule == RangeRule()
    assert ideal.ranges.inputs[0] > found.inputs[0]


def test_a_file_from_before_rules_reads_as_it_was_meant(
    image: CompiledNetwork, tmp_path: Path
) -> None:
    """Without a rule the largest was taken, and converters of 8 bits were all there were."""
    content, tensors = image_parts(image)
    plain = content["image"]["fields"]
    del (
        plain["rule"],
        plain["info"]["fields"]["dac_bits"],
        plain["info"]["fields"]["adc_bits"],
    )
    save(tmp_path / "old.mho", IMAGE_KIND, content, tensors)
    loaded = load_image(tmp_path / "old.mho")
    assert loaded.rule == RangeRule()
    assert loaded.info == image.info
    assert loaded.ranges.currents == image.ranges.currents


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (torch.ones(2), "not one converter range for each column"),
        (torch.tensor([1.0, 0.0, 1.0]), "not finite and above zero"),
        (torch.tensor([1.0, float("nan"), 1.0]), "not finite and above zero"),
    ],
)
def test_ranges_that_no_column_has_are_refused(
    value: Tensor, reason: str, by_column: CompiledNetwork, tmp_path: Path
) -> None:
    currents = (*by_column.ranges.currents[:-1], value)
    broken = replace(
        by_column, ranges=replace(by_column.ranges, currents=currents)
    )
    save_image(tmp_path / "net.mho", broken)
    with pytest.raises(ValueError, match=reason):
        load_image(tmp_path / "net.mho")
