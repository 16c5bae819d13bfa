from functools import cache

import pytest
import torch
from quiet_chip import COARSE, deployed_on, perceptron, problem, quiet_bench
from torch import Tensor, nn
from torch.nn import functional

from mho.deployment import (
    DeployedNetwork,
    calibrate_ranges,
    program_pairs,
    refit,
)
from mho.mapping import DifferentialPairs, lay_out
from mho.network import Network, read_network
from mho.programming import ProgramProtocol
from mho.rng import Stream
from mho.training import (
    NoiseAwareTraining,
    Surrogate,
    hybrid_train,
    noise_aware_train,
)
from mho.training.hybrid import HybridTraining, TuneResult
from mho.training.last_layer import LastLayer
from mho.units import uS

FINE = ProgramProtocol(1 * uS, denoise=None)
ROUGH = ProgramProtocol(20 * uS, denoise=None)
SHORT = HybridTraining(epochs=4, batch=30, rate=0.05, patience=9)


def digital(network: nn.Module, samples: Tensor, labels: Tensor) -> list[float]:
    """The same training without a chip, written down again: the loss after every pass."""
    assert isinstance(network, nn.Sequential)
    features = network[1](network[0](samples))
    weight = network[2].weight
    bias = network[2].bias
    largest = float(weight.abs().max())
    share = (weight / largest).clone().requires_grad_()
    own = bias.clone().requires_grad_()
    optimizer = torch.optim.Adam([share, own], lr=SHORT.rate)
    losses = [float(functional.cross_entropy(network(samples), labels))]
    for epoch in range(1, SHORT.epochs + 1):
        order = torch.randperm(
            len(labels), generator=Stream(9).child("order", epoch).generator()
        )
        for chosen in torch.split(order, SHORT.batch):
            optimizer.zero_grad()
            scores = features[chosen] @ (largest * share).T + own
            torch.autograd.backward(
                functional.cross_entropy(scores, labels[chosen])
            )
            optimizer.step()
            share.data.clamp_(-1, 1)
        scores = features @ (largest * share).T + own
        losses.append(float(functional.cross_entropy(scores, labels).detach()))
    return losses


@cache
def trained() -> Network:
    """A perceptron that has learnt the problem, digitally."""
    samples, labels = problem(Stream(1), 600)
    learn = samples[:200]
    right = labels[:200]
    network = read_network(perceptron(Stream(3)), learn)
    return noise_aware_train(
        network,
        learn,
        right,
        Surrogate(quiet_bench().info),
        Stream(7),
        training=NoiseAwareTraining(
            epochs=10, batch=50, rate=0.1, average=0.0, clip=None, draws=1
        ),
    ).network


def tuned(seed: int = 0, **changes: float) -> tuple[TuneResult, Tensor, Tensor]:
    """Training on a chip, and every target before and after."""
    samples, labels = problem(Stream(1))
    deployed = deployed_on(
        quiet_bench(seed, **changes), perceptron(Stream(3)), samples
    )
    before = deployed.placement.target
    found = hybrid_train(
        deployed, samples, labels, Stream(9), training=SHORT, protocol=COARSE
    )
    return found, before, deployed.placement.target


def test_on_a_chip_without_noise_the_loss_falls_as_in_digital_training() -> (
    None
):
    """Cells within ±1 of 450 µS and 16-bit converters leave the loss of digital training.

    An error of 1 µS a cell, uniform, is 0.8 µS a pair rms, 0.2 % of the largest weight of 1: with
    12 features of order 1 a score is off by about 0.6 %, and the loss by less than 2 %; the
    accumulated weights lag by up to the tolerance again.
    """
    samples, labels = problem(Stream(1))
    network = perceptron(Stream(3))
    deployed = deployed_on(quiet_bench(), network, samples, FINE)
    found = hybrid_train(
        deployed, samples, labels, Stream(9), training=SHORT, protocol=FINE
    )
    wanted = digital(network, samples, labels)
    assert wanted[-1] < 0.5 * wanted[0]
    assert found.loss[: len(wanted)] == pytest.approx(
        wanted[: len(found.loss)], rel=0.04
    )
    assert found.accuracy[found.best] >= found.accuracy[0]


def test_only_cells_of_the_last_layer_are_programmed() -> None:
    """The 2 x 8 x 12 cells of the first layer hold what they held: nothing drifts."""
    samples, labels = problem(Stream(1))
    bench = quiet_bench()
    deployed = deployed_on(bench, perceptron(Stream(3)), samples)
    first = deployed.placement.cells[: 2 * 8 * 12]
    last = deployed.placement.cells[2 * 8 * 12 :]
    held = [
        bench.read(some, samples=1, window=0.0).mean for some in (first, last)
    ]
    target = deployed.placement.target
    hybrid_train(
        deployed, samples, labels, Stream(9), training=SHORT, protocol=COARSE
    )
    now = [
        bench.read(some, samples=1, window=0.0).mean for some in (first, last)
    ]
    assert torch.equal(held[0], now[0])
    assert float((held[1] - now[1]).abs().max()) > 20 * uS
    assert torch.equal(
        deployed.placement.target[: len(first)], target[: len(first)]
    )


def test_targets_move_by_more_than_the_tolerance_or_not_at_all() -> None:
    found, before, after = tuned()
    moved = (after - before).abs()
    assert float(moved.max()) > 5 * uS
    assert found.programmed >= int((moved > 0).sum())
    assert found.cost.pulses > 0


def test_a_target_within_the_tolerance_is_left_alone() -> None:
    """Weights are moved by 4 µS each: with a tolerance of 5 µS nothing is sent, with 3 µS all."""
    samples, _ = problem(Stream(1))
    deployed = deployed_on(quiet_bench(), perceptron(Stream(3)), samples)
    layer = LastLayer(deployed, DifferentialPairs(50 * uS, 500 * uS))
    inner = layer.weight.abs() < 0.9
    layer.weight += torch.where(inner, 4 / 450, 0.0) * layer.weight.sign()
    pulses = deployed.bench.ledger.pulses
    assert layer.write(ProgramProtocol(5 * uS, denoise=None)) == 0
    assert deployed.bench.ledger.pulses == pulses
    assert layer.write(ProgramProtocol(3 * uS, denoise=None)) == int(
        inner.sum()
    )


def test_the_same_seed_gives_the_same_training() -> None:
    changes = {"array__read_noise_off_chip": 0.1 * uS}
    first, _, after = tuned(2, **changes)
    second, _, again = tuned(2, **changes)
    assert first == second
    assert torch.equal(after, again)


def test_costs_are_what_the_ledger_booked() -> None:
    samples, labels = problem(Stream(1))
    deployed = deployed_on(quiet_bench(), perceptron(Stream(3)), samples)
    before = deployed.bench.ledger
    found = hybrid_train(
        deployed, samples, labels, Stream(9), training=SHORT, protocol=COARSE
    )
    assert found.cost == deployed.bench.ledger - before


def test_partners_of_stuck_cells_take_the_difference() -> None:
    """A pair with one stuck cell held at h takes any difference d its partner allows: h − d.

    Targets of all working partners of stuck cells are compared with that, clamped to the range.
    """
    samples, _ = problem(Stream(1))
    bench = quiet_bench(5, cell__stuck_fraction=0.2, cell__stuck_high=0.0)
    deployed = deployed_on(
        bench, perceptron(Stream(3)), samples, repaired=False
    )
    layer = LastLayer(deployed, DifferentialPairs(50 * uS, 500 * uS))
    layer.balance(FINE)
    (block,) = [b for b in deployed.placement.blocks if b.layer == 1]
    stuck = torch.zeros(bench.chip.cells, dtype=torch.bool)
    stuck[deployed.placement.cells] = deployed.programming.stuck
    target = torch.zeros(bench.chip.cells)
    target[deployed.placement.cells] = deployed.placement.target
    alone = stuck[block.minus] & ~stuck[block.plus]
    assert bool(alone.any())
    wanted = (deployed.network.layers[1].weight.T * block.scale)[alone]
    goal = (10 * uS + wanted).clamp(
        bench.info.conductance_low, bench.info.conductance_high
    )
    torch.testing.assert_close(
        target[block.plus][alone], goal, rtol=0, atol=1.1 * uS
    )


def test_progress_can_interrupt_between_updates() -> None:
    """An exception after the first pass leaves the placement equal to what was programmed."""
    samples, labels = problem(Stream(1))
    deployed = deployed_on(quiet_bench(), perceptron(Stream(3)), samples)

    def stop(_: str, done: float) -> None:
        del done
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hybrid_train(
            deployed,
            samples,
            labels,
            Stream(9),
            training=SHORT,
            protocol=COARSE,
            progress=stop,
        )
    held = deployed.bench.read(
        deployed.placement.cells, samples=1, window=0.0
    ).mean
    assert float((held - deployed.placement.target).abs().max()) < 6 * uS


def test_refit_and_training_win_back_what_stuck_cells_cost() -> None:
    """A tenth of the cells stuck, nobody makes up for them: four fifths come back, by both.

    Two chips, on samples that tuning does not see. Refit alone brings back 55 and 74 %; after
    training it is 93 and 98 %.
    """
    samples, labels = problem(Stream(1), 600)
    learn = samples[:200]
    right = labels[:200]
    network = trained()
    software = float(
        (network.run(samples[300:]).argmax(1) == labels[300:]).float().mean()
    )
    for seed in (0, 2):
        bench = quiet_bench(seed, cell__stuck_fraction=0.1)
        placement, result = program_pairs(
            bench, lay_out(network, bench.info), ROUGH, repaired=False
        )
        ranges = calibrate_ranges(
            network, placement, learn, bench.info.read_voltage
        )
        deployed = DeployedNetwork(network, bench, placement, ranges, result)
        found = [deployed.accuracy(samples[300:], labels[300:])]
        refit(deployed, learn, right)
        found.append(deployed.accuracy(samples[300:], labels[300:]))
        training = HybridTraining(epochs=6, batch=25, rate=0.05)
        hybrid_train(
            deployed, learn, right, Stream(9), training=training, protocol=ROUGH
        )
        found.append(deployed.accuracy(samples[300:], labels[300:]))
        won = [
            (accuracy - found[0]) / (software - found[0]) for accuracy in found
        ]
        assert software - found[0] > 0.2
        assert won[1] < 0.8 <= won[2]


def learner(
    seed: int, *, repaired: bool = False
) -> tuple[DeployedNetwork, Tensor, Tensor]:
    """A trained network on a chip with a tenth of its cells stuck, after a refit."""
    samples, labels = problem(Stream(1), 600)
    learn = samples[:200]
    right = labels[:200]
    network = trained()
    bench = quiet_bench(seed, cell__stuck_fraction=0.1)
    placement, result = program_pairs(
        bench, lay_out(network, bench.info), ROUGH, repaired=repaired
    )
    ranges = calibrate_ranges(
        network, placement, learn, bench.info.read_voltage
    )
    deployed = DeployedNetwork(network, bench, placement, ranges, result)
    refit(deployed, learn, right)
    return deployed, learn, right


def test_five_chips_whose_stuck_cells_nobody_made_up_for_all_end_where_they_can() -> (
    None
):
    """Not one ends below its start, and all answer nine samples of ten that tuning did not see.

    The bench is quiet: what was measured at the end is measured again. The start is 0.80 to 0.98
    on 300 samples, of which a standard error is 0.02. Chip 3 used to fall to a third: the refit
    had given its outputs gains of 0.22, -0.02 and 0.35, to live with stuck cells of ten times the
    range, and the first update took away what those gains were for.
    """
    samples, labels = problem(Stream(1), 600)
    for seed in range(5):
        deployed, learn, right = learner(seed)
        start = deployed.accuracy(samples[300:], labels[300:])
        training = HybridTraining(epochs=1, batch=25, rate=0.05)
        found = hybrid_train(
            deployed, learn, right, Stream(9), training=training, protocol=ROUGH
        )
        assert (
            deployed.accuracy(learn, right) == found.ended >= found.accuracy[0]
        )
        assert not found.worse
        end = deployed.accuracy(samples[300:], labels[300:])
        assert end >= start - 0.02
        assert end > 0.9
        if seed == 3:  # giving way helps by itself if the gains follow
            assert found.balanced is not None
            assert found.balanced > 0.9 > found.accuracy[0]


@pytest.mark.parametrize("repaired", [False, True])
def test_before_it_learns_a_layer_believes_what_its_cells_hold(
    *, repaired: bool
) -> None:
    """Nothing is to be programmed then, not even within a quarter of the tolerance."""
    for seed in range(3):
        deployed, *_ = learner(seed, repaired=repaired)
        layer = LastLayer(deployed, DifferentialPairs(50 * uS, 500 * uS))
        assert bool(deployed.programming.stuck[2 * 8 * 12 :].any())
        assert layer.write(COARSE) == 0


def test_training_that_ruins_the_layer_is_taken_back_in_cells_converters_and_gains() -> (
    None
):
    """With steps of twenty times the range each pass throws all cells to the ends of it."""
    deployed, learn, right = learner(4)
    layer = LastLayer(deployed, DifferentialPairs(50 * uS, 500 * uS))
    layer.balance(ROUGH)
    layer.fit_ranges(learn)
    layer.fit_correction(learn)
    start = layer.snapshot()
    outputs = deployed(learn)
    ruin = HybridTraining(epochs=2, batch=100, rate=20.0)
    found = hybrid_train(
        deployed, learn, right, Stream(9), training=ruin, protocol=ROUGH
    )
    assert max(found.accuracy[1:]) < found.accuracy[0] == found.ended
    assert found.best == 0
    assert torch.equal(deployed.placement.target, start.target)
    assert deployed.ranges == start.ranges
    assert torch.equal(deployed.corrections[1].gain, start.correction.gain)
    assert torch.equal(deployed.corrections[1].offset, start.correction.offset)
    held = deployed.bench.read(
        deployed.placement.cells, samples=1, window=0.0
    ).mean
    works = ~deployed.programming.stuck
    assert float((held - start.target)[works].abs().max()) < ROUGH.tolerance
    assert not torch.equal(
        deployed(learn), outputs
    )  # other conductances within the tolerance


def test_partners_that_gave_way_are_sent_back_if_the_loss_does_not_fall() -> (
    None
):
    """A layer that learnt other classes than the network's wants none of the network's weights.

    Chip 1 starts with classes exchanged in turn and learns them; a second training finds that
    giving way would undo this, and ends with every target where it was.
    """
    deployed, learn, right = learner(1)
    other = (right + 1) % 3
    training = HybridTraining(epochs=2, batch=25, rate=0.05)
    first = hybrid_train(
        deployed, learn, other, Stream(9), training=training, protocol=ROUGH
    )
    assert first.accuracy[0] < 0.2 < 0.8 < first.ended
    learnt = deployed.placement.target
    idle = HybridTraining(epochs=1, batch=200, rate=1e-4)
    again = hybrid_train(
        deployed, learn, other, Stream(9), training=idle, protocol=ROUGH
    )
    assert again.balanced is not None
    assert again.balanced < again.accuracy[0] - 0.3
    # the pass moves nothing by more than the tolerance, so it shows what it started from
    assert min(again.accuracy[1], again.ended) >= again.accuracy[0] - 0.01
    assert torch.equal(deployed.placement.target, learnt)


def test_a_chip_that_cannot_go_back_is_said_to_be_worse() -> None:
    """Two cycles of programming are not enough to return from the end of the range."""
    deployed, learn, right = learner(1)
    weak = ProgramProtocol(20 * uS, denoise=None, max_cycles=2)
    ruin = HybridTraining(epochs=1, batch=200, rate=20.0)
    found = hybrid_train(
        deployed, learn, right, Stream(9), training=ruin, protocol=weak
    )
    assert deployed.accuracy(learn, right) == found.ended < found.accuracy[0]
    assert found.worse
    assert found.programmed > 0
