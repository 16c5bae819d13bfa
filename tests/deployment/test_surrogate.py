"""The stand-in multiplies as a chip of the kind does, and hands gradients through."""

from dataclasses import replace

import pytest
import torch
from quiet_chip import perceptron, problem, quiet_bench, spread
from torch import nn

from mho.chip.periphery import Periphery, SignedConverter
from mho.ledger import Ledger
from mho.mapping import DifferentialPairs
from mho.network import Network, read_network
from mho.network.network import LinearLayer
from mho.programming import ErrorTable
from mho.rng import Stream
from mho.training import Surrogate
from mho.training.surrogate import straight_through
from mho.units import uS

INFO = quiet_bench().info
MAPPING = DifferentialPairs(50 * uS, 500 * uS)
COARSE = Periphery(
    SignedConverter(3, INFO.read_voltage, kind="dac"), SignedConverter(3, 1.0)
)


def one_layer(inputs: int = 6, outputs: int = 4) -> Network:
    layer = nn.Linear(inputs, outputs, bias=False)
    with torch.no_grad():
        layer.weight.copy_(
            torch.randn(outputs, inputs, generator=Stream(0).generator())
        )
    return read_network(layer.eval(), torch.ones(1, inputs))


def test_without_imperfections_it_is_the_network_with_its_gradients() -> None:
    """Products and gradients are those of autograd on the weights, to float32 rounding.

    Conductances of 450 µS and back round by 1e-7 each; sums have twelve terms.
    """
    samples, _ = problem(Stream(1))
    network = read_network(perceptron(Stream(3)), samples)
    exact = Surrogate(INFO)
    layers = [layer.weight.clone().requires_grad_() for layer in network.layers]
    moved = [
        replace(lay, weight=w)
        for lay, w in zip(network.layers, layers, strict=True)
    ]
    tuned = replace(network, layers=tuple(moved))
    exact.calibrate(tuned, samples)
    outputs = tuned.run(samples, exact.product(Stream(0)))
    wanted = tuned.run(
        samples, lambda _, layer, vectors: vectors @ layer.weight.T
    )
    torch.testing.assert_close(outputs, wanted, rtol=1e-5, atol=1e-5)
    found = torch.autograd.grad(outputs.square().sum(), layers)
    reference = torch.autograd.grad(wanted.square().sum(), layers)
    for one, other in zip(found, reference, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


def test_products_are_those_of_rounded_voltages_and_currents() -> None:
    """Written down again: codes of the inputs times weights, as codes of the largest product.

    With inputs up to 1 and three bits the codes are x·7; the full scale is the largest product of
    the calibration samples, of exact weights. Rounding is compared exactly; only a product
    within float rounding of the middle between two codes could differ, and none is.
    """
    network = one_layer()
    samples = torch.rand(20, 6, generator=Stream(2).generator())
    samples[0, 0] = 1.0
    coarse = Surrogate(INFO, MAPPING, COARSE)
    coarse.calibrate(network, samples)
    found = network.run(samples, coarse.product(Stream(0)))
    weight = network.layers[0].weight
    largest = float((samples @ weight.T).abs().max())
    currents = ((samples * 7).round() / 7) @ weight.T
    wanted = (currents / largest * 7).round().clamp(-7, 7) / 7 * largest
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_what_converters_cut_off_gets_no_gradient() -> None:
    """Inputs of 3, thrice what was calibrated, and products beyond the full scale."""
    network = one_layer()
    calibration = torch.rand(20, 6, generator=Stream(2).generator())
    coarse = Surrogate(INFO, MAPPING, COARSE)
    coarse.calibrate(network, calibration)
    weight = network.layers[0].weight
    inputs = torch.tensor([[0.1, 3.0, 0.1, 0.1, 0.1, 0.1]], requires_grad=True)
    product = coarse.product(Stream(0))
    (slope,) = torch.autograd.grad(
        product(0, network.layers[0], inputs)[0, 0], inputs
    )
    assert float(slope[0, 1]) == 0.0
    torch.testing.assert_close(
        slope[0, 2:], weight[0, 2:], rtol=1e-5, atol=1e-5
    )
    row = int(weight.clamp(min=0).sum(1).argmax())
    loud = (weight[row] > 0).float()[None].requires_grad_()
    beyond = product(0, network.layers[0], loud)[0, row]
    assert float(loud.detach() @ weight[row]) > float(beyond.detach()) * 1.05
    (cut,) = torch.autograd.grad(beyond, loud)
    assert float(cut.abs().max()) == 0.0


def test_levels_leave_few_values_and_all_gradient() -> None:
    """Five levels make weights of −4 to 4 quarters of the largest."""
    network = one_layer()
    largest = float(network.layers[0].weight.abs().max())
    few = Surrogate(INFO, DifferentialPairs(50 * uS, 500 * uS, levels=5))
    few.calibrate(network, torch.eye(6))
    weight = network.layers[0].weight.clone().requires_grad_()
    found = few.product(Stream(0))(
        0, replace(network.layers[0], weight=weight), torch.eye(6)
    )
    quarters = found.detach() / largest * 4
    torch.testing.assert_close(quarters, quarters.round(), rtol=0, atol=1e-4)
    (slope,) = torch.autograd.grad(found.sum(), weight)
    torch.testing.assert_close(slope, torch.ones(4, 6), rtol=1e-5, atol=0)


def test_a_stream_is_a_chip() -> None:
    """One stream gives the same cells however often a layer is used; another gives others."""
    network = one_layer()
    noisy = Surrogate(INFO, MAPPING, statistics=spread(20 * uS))
    noisy.calibrate(network, torch.eye(6))
    layer = network.layers[0]
    product = noisy.product(Stream(4))
    first = product(0, layer, torch.eye(6))
    assert torch.equal(first, product(0, layer, torch.eye(6)))
    assert torch.equal(first, noisy.product(Stream(4))(0, layer, torch.eye(6)))
    assert not torch.equal(
        first, noisy.product(Stream(5))(0, layer, torch.eye(6))
    )


def test_weights_spread_as_two_cells_do() -> None:
    """The error of a weight is √2 · 20 µS over the scale: 400 draws tell it to 1/√800, ×5."""
    network = one_layer(20, 20)
    noisy = Surrogate(INFO, MAPPING, statistics=spread(20 * uS))
    noisy.calibrate(network, torch.eye(20))
    layer = network.layers[0]
    found = noisy.product(Stream(4))(0, layer, torch.eye(20))
    scale = float(MAPPING.scales(layer.weight)[0])
    found_spread = float((found - layer.weight.T).std()) * scale
    assert found_spread == pytest.approx(2**0.5 * 20 * uS, rel=5 / 800**0.5)


def test_a_layer_on_several_tiles_is_the_sum_of_its_parts() -> None:
    """70 inputs and 40 outputs on tiles of 32 rows and 32 pairs: six parts, converted apart."""
    network = one_layer(70, 40)
    samples = torch.rand(5, 70, generator=Stream(2).generator())
    wanted = samples @ network.layers[0].weight.T
    exact = Surrogate(INFO)
    exact.calibrate(network, samples)
    found = exact.product(Stream(0))(0, network.layers[0], samples)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-4)
    coarse = Surrogate(INFO, MAPPING, COARSE)
    coarse.calibrate(network, samples)
    rough = coarse.product(Stream(0))(0, network.layers[0], samples)
    assert (
        0.01 < float((rough - wanted).abs().mean() / wanted.abs().mean()) < 0.5
    )


def test_straight_through_has_one_value_and_the_other_gradient() -> None:
    smooth = torch.tensor([0.3, -2.0], requires_grad=True)
    found = straight_through(3 * smooth, torch.tensor([7.0, 9.0]))
    assert found.detach().tolist() == [7.0, 9.0]
    (slope,) = torch.autograd.grad(found.sum(), smooth)
    assert slope.tolist() == [3.0, 3.0]


def test_weights_may_grow_after_the_ranges_were_set() -> None:
    """Twice the weights make twice the products: scale and ranges follow."""
    network = one_layer()
    exact = Surrogate(INFO)
    exact.calibrate(network, torch.eye(6))
    doubled = LinearLayer("", 2 * network.layers[0].weight)
    found = exact.product(Stream(0))(0, doubled, torch.eye(6))
    torch.testing.assert_close(found, doubled.weight.T, rtol=1e-5, atol=1e-5)


def test_noise_adds_to_errors_by_its_variance() -> None:
    """Cells off by nothing with noise of 20 µS spread as those with errors of 20 µS do."""
    network = one_layer(20, 20)
    size = 20 * uS
    still = torch.zeros(2, 8)
    table = ErrorTable(
        50 * uS,
        500 * uS,
        still,
        still + size**2,
        torch.zeros(0),
        16,
        Ledger(pulses=1),
    )
    noisy = Surrogate(INFO, MAPPING, statistics=table)
    noisy.calibrate(network, torch.eye(20))
    layer = network.layers[0]
    found = noisy.product(Stream(4))(0, layer, torch.eye(20))
    scale = float(MAPPING.scales(layer.weight)[0])
    assert float((found - layer.weight.T).std()) * scale == pytest.approx(
        2**0.5 * size, rel=5 / 800**0.5
    )


def test_errors_are_those_of_the_targets_they_belong_to() -> None:
    """Idle cells exact, all others 9 µS high: every weight is larger, by that over the scale."""
    network = one_layer()
    error = torch.tensor([[0.0, 0.0], [9 * uS, 9 * uS]])
    table = ErrorTable(
        50 * uS,
        500 * uS,
        error,
        torch.zeros(2, 2),
        torch.zeros(0),
        4,
        Ledger(pulses=1),
    )
    skewed = Surrogate(INFO, MAPPING, statistics=table)
    skewed.calibrate(network, torch.eye(6))
    layer = network.layers[0]
    found = skewed.product(Stream(0))(0, layer, torch.eye(6))
    wanted = (
        layer.weight
        + layer.weight.sign() * 9 * uS / MAPPING.scales(layer.weight)[:, None]
    )
    torch.testing.assert_close(found, wanted.T, rtol=1e-4, atol=1e-5)
