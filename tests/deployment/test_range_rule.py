"""Ranges of converters from batches: which batches, in which order, and for which columns."""

from dataclasses import replace

import pytest
import torch
from quiet_chip import deployed_on, perceptron, problem, quiet_bench
from torch import Tensor

from mho.chip.periphery import SignedConverter
from mho.chip.periphery.calibration import range_error
from mho.deployment import (
    DeployedNetwork,
    DigitalSettings,
    RangeRule,
    Ranges,
    calibrate_ranges,
    refit,
)
from mho.deployment.ranges import RULES
from mho.rng import Stream


@pytest.fixture(scope="module")
def deployed() -> DeployedNetwork:
    samples, _ = problem(Stream(1))
    return deployed_on(quiet_bench(), perceptron(Stream(3)), samples)


def ranges(
    deployed: DeployedNetwork, rule: RangeRule | None, *batches: Tensor
) -> Ranges:
    volts = deployed.bench.info.read_voltage
    one = batches[0] if len(batches) == 1 else iter(batches)
    return calibrate_ranges(
        deployed.network, deployed.placement, one, volts, rule
    )


def numbers(found: Ranges) -> list[Tensor]:
    return [
        torch.as_tensor(found.inputs),
        *map(torch.as_tensor, found.currents),
    ]


def layers(
    deployed: DeployedNetwork, samples: Tensor
) -> list[tuple[Tensor, Tensor]]:
    """Inputs of each layer, and currents of its one block at a read voltage per unit (A)."""
    found = []
    blocks = {b.layer: b for b in deployed.placement.blocks}

    def product(index: int, layer: object, vectors: Tensor) -> Tensor:
        products = vectors @ layer.weight.T  # type: ignore[attr-defined]
        found.append((vectors, products * blocks[index].scale))
        return products

    deployed.network.run(samples, product)
    return found


def test_without_a_rule_the_largest_is_taken(deployed: DeployedNetwork) -> None:
    """Full scales are the largest input, and the largest current with that input at full volts."""
    samples, _ = problem(Stream(1))
    found = ranges(deployed, None, samples)
    volts = deployed.bench.info.read_voltage
    for k, (inputs, currents) in enumerate(layers(deployed, samples)):
        top = float(inputs.abs().max())
        assert found.inputs[k] == top
        assert found.currents[k] == float(currents.abs().max()) * volts / top


@pytest.mark.parametrize("per_column", [False, True])
@pytest.mark.parametrize("kind", RULES)
def test_batches_in_any_order_are_all_samples_at_once(
    kind: str, per_column: bool, deployed: DeployedNetwork
) -> None:
    """Nothing but counts and largest values is kept: the same ranges, bit by bit.

    A product of a vector does not depend on its batch but for the last bit of float32, which
    moves no count here: a bin is 2^15 of them wide.
    """
    samples, _ = problem(Stream(1))
    rule = RangeRule(
        kind, percent=97.0, per_column=per_column, dac_bits=4, adc_bits=4
    )
    whole = numbers(ranges(deployed, rule, samples))
    batches = torch.split(samples, 30)
    for order in ((0, 1, 2, 3), (3, 1, 0, 2)):
        parts = numbers(ranges(deployed, rule, *(batches[k] for k in order)))
        for one, other in zip(parts, whole, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=0.0)


def test_columns_get_the_ranges_of_their_own_currents(
    deployed: DeployedNetwork,
) -> None:
    """Largest: the column's; percentile: holds so many; least error: no other is better."""
    samples, _ = problem(Stream(1))
    volts = deployed.bench.info.read_voltage
    for kind in RULES:
        rule = RangeRule(
            kind, percent=95.0, per_column=True, dac_bits=4, adc_bits=4
        )
        found = ranges(deployed, rule, samples)
        for k, (inputs, products) in enumerate(layers(deployed, samples)):
            full_scale = found.currents[k]
            assert isinstance(full_scale, Tensor)
            assert full_scale.shape == products.shape[1:]
            currents = products.double() * volts / found.inputs[k]
            largest = currents.abs().amax(0)
            if kind == "largest":
                torch.testing.assert_close(
                    full_scale.double(), largest, rtol=1e-6, atol=0.0
                )
            elif kind == "percentile":
                inside = (
                    (currents.abs() <= full_scale * (1 + 1e-6)).double().mean(0)
                )
                assert bool((inside >= 0.95).all())
                assert bool((full_scale < largest).any())
            else:
                tried = torch.linspace(0.05, 1.0, 400, dtype=torch.float64)
                brute = torch.stack(
                    [range_error(currents, 4, largest * x) for x in tried]
                )
                reached = range_error(currents, 4, full_scale.double())
                # 120 samples: how they lie on 15 codes shifts the error by some percent
                assert bool((reached <= brute.amin(0) * 1.1).all())
            assert inputs.abs().max() >= found.inputs[k] * (1 - 1e-6)


def test_silent_columns_and_silent_layers_have_ranges_all_the_same(
    deployed: DeployedNetwork,
) -> None:
    """A column without current takes the widest range of its block, a block 1 nA, an input 1."""
    dead = replace(
        deployed.network.layers[0],
        weight=deployed.network.layers[0]
        .weight.clone()
        .index_fill_(0, torch.tensor([2]), 0.0),
    )
    network = replace(
        deployed.network, layers=(dead, *deployed.network.layers[1:])
    )
    samples, _ = problem(Stream(1))
    volts = deployed.bench.info.read_voltage
    for kind in RULES:
        rule = RangeRule(kind, per_column=True)
        found = calibrate_ranges(
            network, deployed.placement, samples, volts, rule
        ).currents[0]
        assert isinstance(found, Tensor)
        assert float(found[2]) == float(found.amax())
        still = calibrate_ranges(
            network, deployed.placement, 0 * samples, volts, rule
        )
        assert still.inputs[0] == 1.0
        torch.testing.assert_close(
            torch.as_tensor(still.currents[0]), torch.full((12,), 1e-9)
        )


@pytest.mark.parametrize("kind", RULES)
def test_a_network_runs_with_a_range_for_each_column(kind: str) -> None:
    """16 bits resolve a share of 2^-16 in any range; here nothing is cut, so outputs agree."""
    samples, _ = problem(Stream(1))
    deployed = deployed_on(quiet_bench(), perceptron(Stream(3)), samples)
    before = deployed(samples)
    found = ranges(deployed, RangeRule(kind, 100.0, True, 16, 16), samples)
    deployed.put_in_force(DigitalSettings(found))
    # the cells are a little off their targets, so some currents are a little beyond their range
    torch.testing.assert_close(
        deployed(samples), before, rtol=0.0, atol=0.1 * before.std()
    )
    assert isinstance(deployed.ranges.currents[0], Tensor)


def test_a_refit_widens_the_columns_that_clip_and_no_others() -> None:
    """Half of the columns a hundred times too narrow: each ends where its own currents need it."""
    samples, _ = problem(Stream(1))
    deployed = deployed_on(quiet_bench(), perceptron(Stream(3)), samples)
    wide = ranges(deployed, RangeRule(per_column=True), samples)
    narrow = tuple(
        torch.where(
            torch.arange(torch.as_tensor(c).numel()) % 2 == 0, c / 100, c
        )
        for c in wide.currents
    )
    deployed.put_in_force(DigitalSettings(Ranges(wide.inputs, narrow)))
    clipped = refit(deployed, samples, ranged=False).after[0]
    assert refit(deployed, samples).after[0] < 0.05 < clipped
    for found, expected in zip(
        deployed.ranges.currents, wide.currents, strict=True
    ):
        torch.testing.assert_close(
            found, 1.05 * torch.as_tensor(expected), rtol=0.1, atol=0.0
        )


def test_rules_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="`kind` must be"):
        RangeRule("lagrest")
    with pytest.raises(ValueError, match="`percent` must lie within"):
        RangeRule("percentile", 101.0)
    with pytest.raises(ValueError, match="`adc_bits` must lie within"):
        RangeRule(adc_bits=0)


@pytest.mark.parametrize("bits", [3, 5])
def test_inputs_of_least_error_make_products_of_least_error(bits: int) -> None:
    """Brute force over 1,000 ranges: no other one makes a smaller error of x·Wᵀ by rounding x.

    One input of eight is ten times as large as the others, and its weights ten times as small,
    as after a layer norm with an outlier. Errors of inputs are taken as independent, so cross
    terms of 120 samples, about 1/√120 of the sum, are what the range may miss.
    """
    samples, _ = problem(Stream(1))
    samples[:, 2] *= 10
    network = perceptron(Stream(3))
    network.get_submodule("0").weight[:, 2] /= 10
    deployed = deployed_on(quiet_bench(), network, samples)
    weight = deployed.network.layers[0].weight.double()
    found = ranges(
        deployed, RangeRule("least-error", dac_bits=bits), samples
    ).inputs[0]

    def error(full_scale: float) -> float:
        seen = SignedConverter(bits, full_scale)(samples.double())
        return float(((seen - samples.double()) @ weight.T).square().mean())

    largest = float(samples.abs().max())
    brute = min(error(largest * share / 1000) for share in range(50, 1001))
    assert found < 0.8 * largest
    assert error(found) < 1.1 * brute < 0.9 * error(largest)
