from dataclasses import replace

import torch
from quiet_chip import problem, quiet_bench
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.rng import Stream
from mho.training import OnChipPerceptron, OnChipTraining
from mho.training.blind_pulses import PairedLayer
from mho.training.outer_product import OnChipResult
from mho.units import uS

SMALL = OnChipTraining(hidden=(12,), epochs=4, batch=15)


def scaled() -> tuple[Tensor, Tensor]:
    """The problem in three classes, with inputs from 0 to 1."""
    samples, labels = problem(Stream(1))
    low = samples.min()
    high = samples.max()
    return (samples - low) / (high - low), labels


def scattered(seed: int = 0) -> tuple[SimulatedBench, PairedLayer]:
    """The first layer of a perceptron with random conductances."""
    bench = quiet_bench(seed, switching__voltage_spread=0.02)
    network = OnChipPerceptron(bench, 8, 3, SMALL)
    network.scatter(Stream(2))
    return bench, network.layers[0]


def trained(
    training: OnChipTraining = SMALL, **changes: float
) -> tuple[OnChipResult, OnChipPerceptron]:
    samples, labels = scaled()
    network = OnChipPerceptron(quiet_bench(**changes), 8, 3, training)
    return network.train(samples, labels, Stream(5)), network


def test_forward_products_are_those_of_the_weights_read() -> None:
    """Products of a quiet chip with 16-bit converters are vectors times weights as read.

    A converter of the products has 2⁻¹⁵ of its full scale, half of the largest sum of inputs
    times the largest weight: 2⁻¹⁵ x 9 x 2 / 2 = 3e-4; inputs round by as much, reads by
    0.05 of 225 µS in each of 9 rows.
    """
    _, layer = scattered()
    vectors = torch.rand(20, 9, generator=Stream(4).generator())
    products = layer.forward(vectors, 1.0)
    torch.testing.assert_close(
        products, vectors @ layer.weight().T, rtol=0, atol=4e-3
    )
    assert float(products.std()) > 0.05


def test_nothing_is_pulsed_before_a_whole_step_is_owed() -> None:
    """Changes of 0.3 steps add up: the fourth brings 1.2, one pulse a cell; 0.2 stay owed."""
    bench, layer = scattered()
    step = 4 * uS
    part = torch.full_like(layer.owed, 0.3 * 2 * step / layer.scale)
    counts = []
    for _ in range(4):
        before = bench.ledger.pulses
        layer.update(part, step)
        counts.append(bench.ledger.pulses - before)
    assert counts == [0, 0, 0, 2 * layer.owed.numel()]
    left = layer.owed * layer.scale / (2 * step)
    torch.testing.assert_close(
        left, torch.full_like(left, 0.2), rtol=0, atol=1e-5
    )


def test_pulses_move_weights_the_way_they_are_owed() -> None:
    """One step up or down for every pair; a pulse never moves a cell of a quiet chip back."""
    _, layer = scattered()
    before = layer.weight()
    way = torch.ones_like(before)
    way[::2] = -1
    for _ in range(3):
        layer.update(way * 2 * 20 * uS / layer.scale, 20 * uS)
    moved = (layer.weight() - before) * way
    assert float(moved.min()) >= -1e-3
    assert float(moved.median()) > 0.1


def test_what_weights_are_owed_is_the_gradient() -> None:
    """With a rate too small for any pulse, −rate times the gradient of the loss stays owed.

    The reference is torch's own gradient of the cross entropy through the weights as read, for two
    hidden layers. Products and reads of a quiet chip round as in the test of forward products, a
    few 1e-3 of activations of about one; the bound is 2 % of the largest owed, each layer.
    """
    samples, labels = scaled()
    network = OnChipPerceptron(
        quiet_bench(), 8, 3, replace(SMALL, hidden=(7, 6), rate=1e-6)
    )
    network.scatter(Stream(2))
    before = network.bench.ledger.pulses
    weights = [layer.weight().requires_grad_() for layer in network.layers]
    some = torch.arange(15)
    network.training = replace(network.training, batch=15, epochs=1)
    network.learn(0, samples[some], labels[some], Stream(5))
    assert network.bench.ledger.pulses == before
    value = samples[some]
    one = torch.ones(15, 1)
    for number, weight in enumerate(weights):
        value = (
            torch.cat((value if number == 0 else value.clamp(0, 4), one), 1)
            @ weight.T
        )
    loss = torch.nn.functional.cross_entropy(value, labels[some])
    gradients = torch.autograd.grad(loss, weights)
    for layer, gradient in zip(network.layers, gradients, strict=True):
        wanted = -1e-6 * gradient
        assert float(wanted.abs().max()) > 1e-8
        away = (layer.owed - wanted).abs().max()
        assert float(away) < 0.02 * float(wanted.abs().max())


def test_a_small_problem_is_learnt_with_blind_pulses() -> None:
    """Three classes of points far apart: chance is a third, a perceptron gets 90 %."""
    samples, labels = scaled()
    found, network = trained()
    assert found.accuracy[0] < 0.9 < network.accuracy(samples, labels)


def test_training_goes_on_around_stuck_cells() -> None:
    """11 % of cells stuck low: what they cannot do the others learn to make up for."""
    samples, labels = scaled()
    _, network = trained(cell__stuck_fraction=0.11, cell__stuck_high=0.0)
    assert network.accuracy(samples, labels) > 0.9


def test_the_same_seed_trains_the_same_and_books_what_the_ledger_does() -> None:
    short = replace(SMALL, epochs=1)
    first, network = trained(short, array__read_noise_off_chip=0.1 * uS)
    second, _ = trained(short, array__read_noise_off_chip=0.1 * uS)
    assert first == second
    assert first.cost == network.bench.ledger
    assert min(first.cost.pulses, first.cost.reads, first.cost.multiplies) > 0


def test_a_perceptron_goes_on_from_its_state() -> None:
    """Bench and layers restored after the first pass: the second is the same, bit by bit."""
    samples, labels = scaled()
    first = OnChipPerceptron(quiet_bench(), 8, 3, SMALL)
    first.scatter(Stream(5))
    first.learn(0, samples, labels, Stream(6))
    assert isinstance(first.bench, SimulatedBench)
    bench = first.bench.state()
    state = first.state()
    second = OnChipPerceptron(quiet_bench(), 8, 3, SMALL)
    assert isinstance(second.bench, SimulatedBench)
    second.bench.restore(bench)
    second.restore(state)
    right = [
        one.learn(1, samples, labels, Stream(6)) for one in (first, second)
    ]
    assert right[0] == right[1]
    assert first.bench.ledger == second.bench.ledger
    for mine, own in zip(first.layers, second.layers, strict=True):
        assert torch.equal(mine.weight(), own.weight())
        assert torch.equal(mine.pulses, own.pulses)
    pulses = sum(int(layer.pulses.sum()) for layer in first.layers)
    assert pulses == first.bench.ledger.pulses
