"""Noise-aware fine-tuning: before it is downloaded, a network learns to bear what chips do to it.

It is trained on with the converters of the kind of chip it is meant for, and with cells drawn
anew for every step from what cells of that kind were measured to hold (key: joshi2020accurate).
No single chip is needed afterwards, and no chip is favoured.
"""

import math
import time
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor
from torch.nn import functional

from mho.checks import Configuration, check_between, check_positive, check_shape
from mho.network import Network
from mho.network.operations import LinearLayer, Product
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.training.surrogate import Surrogate

_PASSES = 3
"""Multiplications for a sample in training: forward, back to inputs, back to weights (1)."""


@dataclass(frozen=True, slots=True)
class NoiseAwareTraining(Configuration):
    """How a network is tuned before it is downloaded.

    Args:
        epochs: Passes over the samples (1).
        batch: Samples of one step (1).
        rate: Learning rate of Adam at the start, in parts of each layer's rms weight (1); it
            falls linearly to nothing.
        calibration: Samples that set the converters' ranges, before every pass (1).
        average: Share of the steps, the last ones, whose weights are averaged (1); the weights of
            the last step are kept if 0 (key: izmailov2018averaging).
        clip: Largest magnitude of a weight, in rms weights of its layer after every step (1); any
            if `None`. The largest weight takes a cell to the end of its range, and the smaller
            it is, the less do errors of cells weigh (key: joshi2020accurate).
        draws: Chips drawn for a step, each for its part of the batch (1); never more than there
            are samples. More of them make the gradient less noisy.
    """

    epochs: int = 20
    batch: int = 64
    rate: float = 0.04
    calibration: int = 256
    average: float = 0.33
    clip: float | None = 2.0
    draws: int = 4

    references = ("joshi2020accurate", "izmailov2018averaging")

    def __post_init__(self) -> None:
        check_between(self.epochs, "epochs", 1, 1_000_000, "1")
        check_between(self.batch, "batch", 1, 1_000_000, "1")
        check_positive(self.rate, "rate", "1")
        check_between(self.calibration, "calibration", 1, 1_000_000, "1")
        check_between(self.average, "average", 0.0, 1.0, "1")
        if self.clip is not None:
            check_between(self.clip, "clip", 1.0, 1e6, "1")
        check_between(self.draws, "draws", 1, 1_000_000, "1")


@dataclass(frozen=True, slots=True, eq=False)
class NoiseAwareResult:
    """A tuned network and what tuning it took.

    Args:
        network: The network with its new weights and biases.
        loss: Mean cross entropy in each pass, as trained (1).
        accuracy: Share of right answers in each pass, as trained (1).
        samples: Samples seen, each as often as it was (1).
        multiply_adds: Multiply-adds of the layers, forward and backward (1).
        seconds: Time it took on this computer (s).
    """

    network: Network
    loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    samples: int
    multiply_adds: int
    seconds: float


def noise_aware_train(
    network: Network,
    samples: Shaped[Tensor, "batch ..."],
    labels: Int64[Tensor, " labels"],
    surrogate: Surrogate,
    stream: Stream,
    *,
    training: NoiseAwareTraining | None = None,
    progress: Progress = silent,
) -> NoiseAwareResult:
    """Fine-tune the weights and biases of all layers for chips of a kind.

    Args:
        network: The trained network; it is left as it is.
        samples: Training inputs (1). Shape (batch, ...).
        labels: Their classes (1). Shape (batch,).
        surrogate: The kind of chip. One without converters and statistics makes this plain
            training.
        stream: Decides the order of the samples and the cells of every step.
        training: Passes, batch and rate.
        progress: Told the fraction done; may raise to interrupt.

    Raises:
        ValueError: There is not one label for each sample.
    """
    check_shape(labels, "labels", (samples.shape[0],))
    training = training or NoiseAwareTraining()
    started = time.perf_counter()
    tuned = _trainable(network)
    optimizer = torch.optim.Adam(_groups(tuned, training.rate))
    fade = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: 1 - n / training.epochs
    )
    count = _Count()
    steps = training.epochs * -(-labels.numel() // training.batch)
    mean = _Mean(tuned, steps, training.average)
    losses = []
    rights = []
    for epoch in range(1, training.epochs + 1):
        surrogate.calibrate(tuned, samples[: training.calibration])
        generator = stream.child("order", epoch).generator()
        order = torch.randperm(labels.numel(), generator=generator)
        loss = 0.0
        right = 0
        for number, chosen in enumerate(torch.split(order, training.batch)):
            optimizer.zero_grad()
            for draw, part in enumerate(
                chosen.tensor_split(min(training.draws, len(chosen)))
            ):
                product = surrogate.product(stream.child("chip", epoch, number, draw))
                outputs = tuned.run(samples[part], count.counting(product))
                summed = functional.cross_entropy(
                    outputs, labels[part], reduction="sum"
                )
                torch.autograd.backward(summed / len(chosen))
                loss += float(summed.detach())
                right += int((outputs.argmax(1) == labels[part]).sum())
            optimizer.step()
            clip_weights(tuned, training.clip)
            mean.add(tuned)
        fade.step()
        losses.append(loss / labels.numel())
        rights.append(right / labels.numel())
        progress("noise-aware training", epoch / training.epochs)
    return NoiseAwareResult(
        mean.network(tuned),
        tuple(losses),
        tuple(rights),
        training.epochs * labels.numel(),
        _PASSES * count.multiply_adds,
        time.perf_counter() - started,
    )


def clip_weights(network: Network, clip: float | None) -> None:
    """Cut off, in place, weights beyond so many rms weights of their layer; biases stay."""
    if clip is None:
        return
    with torch.no_grad():
        for layer in network.layers:
            limit = clip * float(layer.weight.square().mean().sqrt())
            layer.weight.clamp_(-limit, limit)


class _Mean:
    """Mean of the weights and biases after each of the last steps."""

    def __init__(self, network: Network, steps: int, share: float) -> None:
        self._skipped = min(steps - math.ceil(steps * share), steps - 1)
        self._seen = 0
        self._sums = [
            torch.zeros_like(v, dtype=torch.float64) for v in _values(network)
        ]

    def add(self, network: Network) -> None:
        """Count a step, and its weights if it is one of the last."""
        self._seen += 1
        if self._seen > self._skipped:
            for total, value in zip(self._sums, _values(network), strict=True):
                total += value.detach()

    def network(self, like: Network) -> Network:
        """The network with these means and without gradients."""
        count = self._seen - self._skipped
        means = iter(
            [(s / count).to(v) for s, v in zip(self._sums, _values(like), strict=True)]
        )
        layers = tuple(
            replace(
                layer,
                weight=next(means),
                bias=None if layer.bias is None else next(means),
            )
            for layer in like.layers
        )
        return replace(like, layers=layers)


def _values(network: Network) -> list[Tensor]:
    """Weights and biases of all layers, without gradients."""
    pairs = ((layer.weight, layer.bias) for layer in network.layers)
    return [value.detach() for pair in pairs for value in pair if value is not None]


class _Count:
    """Multiply-adds of products, forward."""

    multiply_adds = 0

    def counting(self, product: Product) -> Product:
        """The same product, counted."""

        def counted(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
            self.multiply_adds += vectors.shape[0] * layer.weight.numel()
            return product(index, layer, vectors)

        return counted


def _trainable(network: Network) -> Network:
    """The same network with weights and biases of its own, which take gradients."""
    layers = tuple(
        replace(
            layer,
            weight=layer.weight.detach().clone().requires_grad_(),
            bias=None
            if layer.bias is None
            else layer.bias.detach().clone().requires_grad_(),
        )
        for layer in network.layers
    )
    return replace(network, layers=layers)


def _groups(network: Network, rate: float) -> list[dict[str, object]]:
    """Weights and biases of each layer, with a learning rate in its own unit."""
    groups: list[dict[str, object]] = []
    for layer in network.layers:
        size = float(layer.weight.detach().square().mean().sqrt()) or 1.0
        values = [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
        groups.append({"params": values, "lr": rate * size})
    return groups
