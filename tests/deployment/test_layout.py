"""The choices of a mapping, and gains fitted as part of a deployment."""

import pytest
import torch
from quiet_chip import COARSE, deployed_on, perceptron, problem, quiet_bench

from mho.deployment.deploy import deploy
from mho.deployment.layout import Layout
from mho.deployment.mapping import DifferentialPairs
from mho.deployment.range_rule import RangeRule
from mho.deployment.tuning import refit
from mho.rng import Stream


def test_a_deployment_can_fit_gains_as_a_refit_does() -> None:
    """The same chip, the same samples, the same ranges: the same gains and offsets."""
    samples, _ = problem(Stream(1))
    network = perceptron(Stream(3))
    found = deploy(network, quiet_bench(), samples, COARSE, gains="fit")
    plain = deploy(network, quiet_bench(), samples, COARSE)
    assert plain.corrections == {}
    assert found.ranges.currents == plain.ranges.currents
    expected = refit(plain, samples, ranged=False)
    for layer, correction in expected.corrections.items():
        assert torch.equal(found.corrections[layer].gain, correction.gain)
        assert torch.equal(found.corrections[layer].offset, correction.offset)
    assert max(expected.after) < max(expected.before)


def test_a_deployment_takes_a_rule_or_its_name() -> None:
    """A name stands for the converters of the bench; these have 4 and 5 bits."""
    samples, _ = problem(Stream(1))
    network = perceptron(Stream(3))
    by_name, by_rule = (
        deploy(network, quiet_bench(array__dac_bits=4.0, array__adc_bits=5.0), samples, COARSE,
               ranges=rule).ranges
        for rule in ("least-error", RangeRule("least-error", dac_bits=4, adc_bits=5))
    )  # fmt: skip
    assert by_name.inputs == by_rule.inputs
    assert by_name.currents == by_rule.currents
    assert by_name.inputs[0] < deployed_on(quiet_bench(), network, samples).ranges.inputs[0]


def test_a_layout_without_choices_is_the_default_of_every_part() -> None:
    info = quiet_bench().info
    layout = Layout()
    assert layout.weight_mapping(info) == DifferentialPairs(info.array_low, info.array_high)
    assert layout.rule(info) == RangeRule(dac_bits=16, adc_bits=16)
    assert layout.options(info)["spares"] == 0


def test_choices_that_are_none_are_refused() -> None:
    for wrong, message in (
        ({"scale": "row"}, "`scale` must be"),
        ({"clip": 10.0}, "`clip` must lie within"),
        ({"levels": 1}, "`levels` must lie within"),
        ({"spares": -1}, "`spares` must lie within"),
        ({"ranges": "max"}, "`ranges` must be"),
    ):
        with pytest.raises(ValueError, match=message):
            Layout(**wrong)  # type: ignore[arg-type]
    samples, _ = problem(Stream(1))
    with pytest.raises(ValueError, match="`gains` must be"):
        deploy(perceptron(Stream(3)), quiet_bench(), samples, COARSE, gains="fitted")
