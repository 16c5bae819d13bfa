"""The choices of a mapping, and gains fitted as part of a deployment."""

import pytest
import torch
from quiet_chip import COARSE, deployed_on, perceptron, problem, quiet_bench

from mho.deployment import (
    DeployOptions,
    RangeRule,
    calibrate_ranges,
    deploy,
    refit,
)
from mho.mapping import DifferentialPairs
from mho.rng import Stream


def test_a_deployment_can_fit_gains_as_a_refit_does() -> None:
    """The same chip, the same samples, the same ranges: the same gains and offsets."""
    samples, _ = problem(Stream(1))
    network = perceptron(Stream(3))
    found = deploy(network, quiet_bench(), samples, COARSE, gains="fit")
    plain = deployed_on(quiet_bench(), network, samples)
    assert found.ranges.currents == plain.ranges.currents
    expected = refit(plain, samples, ranged=False)
    for layer, correction in expected.corrections.items():
        assert torch.equal(found.corrections[layer].gain, correction.gain)
        assert torch.equal(found.corrections[layer].offset, correction.offset)
    assert max(expected.after) < max(expected.before)


def test_the_name_of_a_rule_stands_for_the_converters_of_the_bench() -> None:
    """These have 4 and 5 bits; ranges are those of `calibrate_ranges` by a rule that says so."""
    samples, _ = problem(Stream(1))
    bench = quiet_bench(array__dac_bits=4.0, array__adc_bits=5.0)
    found = deploy(
        perceptron(Stream(3)), bench, samples, COARSE, ranges="least-error"
    )
    assert found.corrections == {}
    rule = RangeRule("least-error", dac_bits=4, adc_bits=5)
    volts = bench.info.read_voltage
    expected = calibrate_ranges(
        found.network, found.placement, samples, volts, rule
    )
    assert found.ranges.inputs == expected.inputs
    assert found.ranges.currents == expected.currents
    assert (
        found.ranges.inputs
        != calibrate_ranges(
            found.network, found.placement, samples, volts
        ).inputs
    )


def test_a_layout_without_choices_is_the_default_of_every_part() -> None:
    info = quiet_bench().info
    layout = DeployOptions()
    assert layout.weight_mapping(info) == DifferentialPairs(
        info.array_low, info.array_high
    )
    assert layout.rule(info) == RangeRule(dac_bits=16, adc_bits=16)


def test_choices_that_are_none_are_refused() -> None:
    for wrong, message in (
        ({"scale": "row"}, "`scale` must be"),
        ({"clip": 10.0}, "`clip` must lie within"),
        ({"levels": 1}, "`levels` must lie within"),
        ({"ranges": "max"}, "`ranges` must be"),
    ):
        with pytest.raises(ValueError, match=message):
            DeployOptions(**wrong)  # type: ignore[arg-type]
    samples, _ = problem(Stream(1))
    with pytest.raises(ValueError, match="`gains` must be"):
        deploy(
            perceptron(Stream(3)),
            quiet_bench(),
            samples,
            COARSE,
            gains="fitted",
        )
