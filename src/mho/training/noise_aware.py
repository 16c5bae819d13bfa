"""Noise-aware fine-tuning: before it is downloaded, a network learns to bear what chips do to it.

It is trained on with the converters of the kind of chip it is meant for, and with cells drawn
anew for every step from what cells of that kind were measured to hold (key: joshi2020accurate).
No single chip is needed afterwards, and no chip is favoured.
"""

import math
import time
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64, Shaped
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
    epochs = training.epochs
    tuned = _trainable(network)
    optimizer = torch.optim.Adam(_groups(tuned, training.rate))
    fade = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: 1 - n / epochs
    )
    count = _Count()
    steps_of_epoch = math.ceil(labels.numel() / training.batch)
    mean = _Mean(tuned, epochs * steps_of_epoch, training.average)
    losses = []
    accuracies = []
    for epoch in range(1, epochs + 1):
        surrogate.calibrate(tuned, samples[: training.calibration])
        generator = stream.child("order", epoch).generator()
        order = torch.randperm(labels.numel(), generator=generator)
        tally = _Tally()
        for number, chosen in enumerate(torch.split(order, training.batch)):
            optimizer.zero_grad()
            # each part of the batch meets a chip of its own
            chips = min(training.draws, len(chosen))
            for draw, part in enumerate(chosen.tensor_split(chips)):
                chip = stream.child("chip", epoch, number, draw)
                product = count.counting(surrogate.product(chip))
                outputs = tuned.run(samples[part], product)
                summed_loss = tally.add(outputs, labels[part])
                torch.autograd.backward(summed_loss / len(chosen))
            optimizer.step()
            clip_weights(tuned, training.clip)
            mean.add(tuned)
        fade.step()
        losses.append(tally.loss / labels.numel())
        accuracies.append(tally.right / labels.numel())
        progress("noise-aware training", epoch / epochs)
    return NoiseAwareResult(
        network=mean.network(tuned),
        loss=tuple(losses),
        accuracy=tuple(accuracies),
        samples=epochs * labels.numel(),
        multiply_adds=_PASSES * count.multiply_adds,
        seconds=time.perf_counter() - started,
    )


class _Tally:
    """Loss and right answers of a pass so far."""

    def __init__(self) -> None:
        self.loss = 0.0
        """Cross entropy of all samples together (1)."""
        self.right = 0
        """Samples answered rightly (1)."""

    def add(
        self,
        outputs: Float[Tensor, "samples classes"],
        labels: Int64[Tensor, " samples"],
    ) -> Float[Tensor, ""]:
        """Count some samples; the sum of their losses, for gradients (1)."""
        summed = functional.cross_entropy(outputs, labels, reduction="sum")
        self.loss += float(summed.detach())
        self.right += int((outputs.argmax(1) == labels).sum())
        return summed


def clip_weights(network: Network, clip: float | None) -> None:
    """Cut off, in place, weights beyond so many rms weights of their layer; biases stay."""
    if clip is None:
        return
    with torch.no_grad():
        for layer in network.layers:
            rms_weight = float(layer.weight.square().mean().sqrt())
            limit = clip * rms_weight
            layer.weight.clamp_(-limit, limit)


class _Mean:
    """Mean of the weights and biases after each of the last steps."""

    def __init__(self, network: Network, steps: int, share: float) -> None:
        # the last step counts even with a share of nothing
        averaged = max(math.ceil(steps * share), 1)
        self._skipped = steps - averaged
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
        values = _values(like)
        means = [
            (summed / count).to(value)
            for summed, value in zip(
                self._sums,
                values,
                strict=True,
            )
        ]
        # in the order of `_values`: weights of a layer before its biases
        in_order = iter(means)
        layers = []
        for layer in like.layers:
            weight = next(in_order)
            bias = None if layer.bias is None else next(in_order)
            layers.append(replace(layer, weight=weight, bias=bias))
        return replace(like, layers=tuple(layers))


def _values(network: Network) -> list[Tensor]:
    """Weights and biases of all layers, without gradients."""
    return [
        value.detach()
        for layer in network.layers
        for value in (layer.weight, layer.bias)
        if value is not None
    ]


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

    def own(values: Tensor) -> Tensor:
        return values.detach().clone().requires_grad_()

    # the graph is shared: only the numbers are the copy's own
    layers = []
    for layer in network.layers:
        weight = own(layer.weight)
        bias = None if layer.bias is None else own(layer.bias)
        layers.append(replace(layer, weight=weight, bias=bias))
    return replace(network, layers=tuple(layers))


def _groups(network: Network, rate: float) -> list[dict[str, object]]:
    """Weights and biases of each layer, with a learning rate in its own unit."""
    groups: list[dict[str, object]] = []
    for layer in network.layers:
        # Adam's steps are as large as the rate, whatever the gradient: so in the layer's own unit
        mean_square = layer.weight.detach().square().mean()
        rms_weight = float(mean_square.sqrt())
        values = [layer.weight]
        if layer.bias is not None:
            values.append(layer.bias)
        # a layer of zeros has no unit of its own
        unit = rms_weight or 1.0
        group = {"params": values, "lr": rate * unit}
        groups.append(group)
    return groups
