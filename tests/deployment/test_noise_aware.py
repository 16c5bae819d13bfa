"""Tuning before download: what it changes, what it costs, and that unseen chips gain by it."""

from dataclasses import replace
from statistics import fmean

import pytest
import torch
from quiet_chip import perceptron, problem, quiet_bench, spread
from torch import Tensor, nn

from mho.chip.periphery import Periphery, SignedConverter
from mho.mapping import DifferentialPairs
from mho.network import Network, read_network
from mho.network.network import LinearLayer, Product
from mho.rng import Stream
from mho.training import NoiseAwareTraining, Surrogate, noise_aware_train
from mho.training.noise_aware import clip_weights
from mho.units import uS

INFO = quiet_bench().info
MAPPING = DifferentialPairs(50 * uS, 500 * uS)
COARSE = Periphery(
    SignedConverter(3, INFO.read_voltage, kind="dac"), SignedConverter(3, 1.0)
)
SHORT = NoiseAwareTraining(epochs=3, batch=30)
GAINING = NoiseAwareTraining(
    epochs=30, batch=50, rate=0.08, average=0.33, clip=2.0, draws=1
)
OFF = 100 * uS


def test_it_changes_weights_and_biases_of_a_copy_and_nothing_else() -> None:
    samples, labels = problem(Stream(1))
    network = read_network(perceptron(Stream(3)), samples)
    before = network.run(samples)
    found = noise_aware_train(
        network, samples, labels, Surrogate(INFO), Stream(7), training=SHORT
    ).network
    assert torch.equal(network.run(samples), before)
    assert found.graph is network.graph
    for old, new in zip(network.layers, found.layers, strict=True):
        assert (old.name, old.kind, old.weight.shape) == (
            new.name,
            new.kind,
            new.weight.shape,
        )
        assert not torch.equal(old.weight, new.weight)
        assert old.bias is not None
        assert new.bias is not None
        assert not torch.equal(old.bias, new.bias)
        assert not new.weight.requires_grad


def test_the_account_is_three_products_for_each_sample_and_weight() -> None:
    """8·12 + 12·3 weights, 120 samples, 3 passes, forward and twice back."""
    samples, labels = problem(Stream(1))
    network = read_network(perceptron(Stream(3)), samples)
    found = noise_aware_train(
        network, samples, labels, Surrogate(INFO), Stream(7), training=SHORT
    )
    assert found.samples == 3 * 120
    assert found.multiply_adds == 3 * 3 * 120 * (8 * 12 + 12 * 3)
    assert found.seconds > 0
    assert len(found.loss) == len(found.accuracy) == 3


def test_the_same_stream_gives_the_same_network() -> None:
    samples, labels = problem(Stream(1))
    network = read_network(perceptron(Stream(3)), samples)
    noisy = Surrogate(INFO, MAPPING, COARSE, spread(20 * uS))
    first, again, other = (
        noise_aware_train(
            network, samples, labels, noisy, Stream(seed), training=SHORT
        )
        for seed in (7, 7, 8)
    )
    assert first.loss == again.loss
    assert torch.equal(
        first.network.layers[0].weight, again.network.layers[0].weight
    )
    assert not torch.equal(
        first.network.layers[0].weight, other.network.layers[0].weight
    )


def test_unseen_chips_gain_by_it_and_not_by_training_alone() -> None:
    """Means over three problems, each with its network, its training and eight unseen chips.

    Converters have 3 bits, cells are off by 100 µS. Training on with the same converters and
    exact cells is the control; points that were kept from training judge. Settings and bounds
    come from seeds 10 to 12: 80.8 % as trained, 92.9 % trained on, 96.2 % with drawn cells. Half
    of these differences is asked for here.
    """
    found = [accuracies(seed) for seed in (0, 1, 2)]
    means = {name: fmean(one[name] for one in found) for name in found[0]}
    assert means["aware"] > means["trained"] + 0.077
    assert means["aware"] > means["plain"] + 0.016


def accuracies(seed: int) -> dict[str, float]:
    """Mean accuracy on unseen chips and points: as trained, trained on without and with noise."""
    samples, labels = problem(Stream(seed), 400)
    learn = slice(0, 200)
    check = slice(200, 400)
    first = NoiseAwareTraining(
        epochs=10, batch=50, rate=0.1, average=0.0, clip=None, draws=1
    )
    kinds = {
        "plain": Surrogate(INFO, MAPPING, COARSE),
        "aware": Surrogate(INFO, MAPPING, COARSE, spread(OFF)),
    }

    def trained_on(
        network: Network, kind: Surrogate, training: NoiseAwareTraining
    ) -> Network:
        return noise_aware_train(
            network,
            samples[learn],
            labels[learn],
            kind,
            Stream(seed),
            training=training,
        ).network

    start = read_network(perceptron(Stream(seed)), samples)
    network = trained_on(start, Surrogate(INFO), first)
    networks = {"trained": network} | {
        name: trained_on(network, kind, GAINING) for name, kind in kinds.items()
    }
    noisy = kinds["aware"]
    found = {}
    for name, one in networks.items():
        noisy.calibrate(one, samples[learn])
        chips = [
            noisy.product(Stream(seed).child("unseen", chip))
            for chip in range(8)
        ]
        right = [
            one.run(samples[check], chip).argmax(1) == labels[check]
            for chip in chips
        ]
        found[name] = fmean(float(r.float().mean()) for r in right)
    return found


def recorded(
    monkeypatch: pytest.MonkeyPatch, training: NoiseAwareTraining
) -> tuple[list[Tensor], Network]:
    """Weights of the first layer before each step, and the network that training returns."""
    samples, labels = problem(Stream(1))
    network = read_network(perceptron(Stream(3)), samples)
    seen: list[Tensor] = []
    inner = Surrogate.product

    def product(self: Surrogate, stream: Stream) -> Product:
        of_chip = inner(self, stream)

        def watched(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
            if index == 0:
                seen.append(layer.weight.detach().clone())
            return of_chip(index, layer, vectors)

        return watched

    noisy = Surrogate(INFO, MAPPING, COARSE, spread(20 * uS))
    with monkeypatch.context() as patch:
        patch.setattr(Surrogate, "product", product)
        found = noise_aware_train(
            network, samples, labels, noisy, Stream(7), training=training
        )
    return seen, found.network


@pytest.mark.parametrize(("share", "count"), [(0.25, 3), (0.3, 4), (1.0, 12)])
def test_the_result_is_the_mean_of_the_weights_after_the_last_steps(
    share: float, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve steps; what a step leaves is what the next one multiplies by.

    A share names whole steps, at least one. Averaging is no part of the training itself, so a run
    without it ends with the weights of the last step. Means are taken in float64: one rounding.
    """
    training = NoiseAwareTraining(epochs=3, batch=30, average=share, draws=1)
    seen, last = recorded(monkeypatch, replace(training, average=0.0))
    _, found = recorded(monkeypatch, training)
    after = torch.stack([*seen[1:], last.layers[0].weight]).double()
    assert len(after) == 12
    wanted = after[-count:].mean(0).float()
    torch.testing.assert_close(
        found.layers[0].weight, wanted, rtol=2e-7, atol=0
    )


def test_clipping_cuts_at_multiples_of_the_rms_of_a_layer() -> None:
    """Weights 0, 0, 0, −4 have an rms of 2, 1.5 of it is 3; −1 and 1 stay, as biases do."""
    large = LinearLayer(
        "a", torch.tensor([[0.0, 0.0], [0.0, -4.0]]), torch.tensor([9.0, -9.0])
    )
    even = LinearLayer("b", torch.tensor([[1.0, -1.0]]), None)
    samples = torch.ones(1, 8)
    network = replace(
        read_network(perceptron(Stream(3)), samples), layers=(large, even)
    )
    clip_weights(network, None)
    assert float(large.weight.min()) == -4.0
    clip_weights(network, 1.5)
    assert large.weight.tolist() == [[0.0, 0.0], [0.0, -3.0]]
    assert large.bias is not None
    assert large.bias.tolist() == [9.0, -9.0]
    assert even.weight.tolist() == [[1.0, -1.0]]


def test_every_step_ends_with_clipped_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a rate that moves nothing, step n leaves the weights that n clippings leave."""
    training = NoiseAwareTraining(
        epochs=2, batch=40, rate=1e-30, clip=1.5, draws=1
    )
    seen, _ = recorded(monkeypatch, training)
    wanted = seen[0].clone()
    for weight in seen:
        torch.testing.assert_close(weight, wanted, rtol=1e-6, atol=0)
        limit = 1.5 * float(wanted.square().mean().sqrt())
        wanted = wanted.clamp(-limit, limit)
    assert float(wanted.abs().max()) < 0.9 * float(seen[0].abs().max())


def test_draws_share_a_batch_and_its_gradient() -> None:
    """On exact chips the sum of the parts' gradients is that of the batch, to float rounding.

    The last batch, of 20 after a hundred, has fewer samples for each draw. On chips that differ it
    is another gradient.
    """
    samples, labels = problem(Stream(1))
    network = read_network(perceptron(Stream(3)), samples)
    for kind, alike in (
        (Surrogate(INFO), True),
        (Surrogate(INFO, statistics=spread(uS)), False),
    ):
        one, three = (
            noise_aware_train(
                network,
                samples,
                labels,
                kind,
                Stream(7),
                training=NoiseAwareTraining(epochs=2, batch=100, draws=draws),
            )
            for draws in (1, 3)
        )
        assert one.multiply_adds == three.multiply_adds
        near = torch.allclose(
            one.network.layers[0].weight,
            three.network.layers[0].weight,
            rtol=1e-4,
            atol=1e-5,
        )
        assert near == alike


def test_a_batch_with_fewer_samples_than_draws_is_learnt_from() -> None:
    samples, labels = problem(Stream(1), 41)
    network = read_network(perceptron(Stream(3)), samples)
    training = NoiseAwareTraining(epochs=1, batch=40, draws=3)
    found = noise_aware_train(
        network, samples, labels, Surrogate(INFO), Stream(7), training=training
    )
    assert torch.isfinite(torch.tensor(found.loss)).all()
    assert found.multiply_adds == 3 * 41 * (8 * 12 + 12 * 3)


class Mixed(nn.Module):
    """Steps of a recurrent layer, a norm that cannot be folded, a layer used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.GRU(4, 6, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.shared = nn.Linear(6, 6)
        self.last = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.steps(x)[0][:, -1])
        return self.last(torch.relu(self.shared(torch.relu(self.shared(y)))))


@pytest.mark.parametrize("kind", ["recurrent", "convolutional"])
def test_any_network_learns(kind: str) -> None:
    """The loss of separable classes falls by a third within a few passes, noise and all."""
    samples, labels = problem(Stream(1))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if kind == "recurrent":
            module = Mixed().eval()
            samples = samples.reshape(-1, 2, 4)
        else:
            samples = samples.reshape(-1, 1, 2, 4)
            module = nn.Sequential(
                nn.Conv2d(1, 6, (1, 3), padding="same"),
                nn.BatchNorm2d(6),
                nn.ReLU(inplace=True),
                nn.Conv2d(6, 6, 2, groups=2),
                nn.ReLU(),
                nn.Flatten(),
                nn.Linear(18, 3),
            ).eval()
    network = read_network(module, samples)
    noisy = Surrogate(quiet_bench().info, MAPPING, COARSE, spread(5 * uS))
    training = NoiseAwareTraining(epochs=10, batch=20, rate=0.05, draws=1)
    found = noise_aware_train(
        network, samples, labels, noisy, Stream(7), training=training
    )
    assert found.loss[-1] < found.loss[0] * 2 / 3


def test_labels_are_one_for_each_sample() -> None:
    samples, labels = problem(Stream(1))
    network = read_network(perceptron(Stream(3)), samples)
    with pytest.raises(ValueError, match="Argument `labels`"):
        noise_aware_train(
            network, samples, labels[:-1], Surrogate(INFO), Stream(0)
        )


def test_progress_can_interrupt() -> None:
    samples, labels = problem(Stream(1))
    network = read_network(perceptron(Stream(3)), samples)

    def stop(_: str, done: float) -> None:
        assert done == pytest.approx(1 / 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        noise_aware_train(
            network,
            samples,
            labels,
            Surrogate(INFO),
            Stream(7),
            training=SHORT,
            progress=stop,
        )
