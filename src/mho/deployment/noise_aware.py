"""Noise-aware fine-tuning: before it is downloaded, a network learns to bear what chips do to it.

It is trained on with the converters of the kind of chip it is meant for, and with cells drawn
anew for every step from what cells of that kind were measured to hold (key: joshi2020accurate).
No single chip is needed afterwards, and no chip is favoured.
"""

import time
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor
from torch.nn import functional

from mho.checks import check_between, check_positive, check_shape, configuration
from mho.deployment.network import LinearLayer, Network, Product
from mho.deployment.surrogate import Surrogate
from mho.progress import Progress, silent
from mho.rng import Stream

_PASSES = 3
"""Multiplications for a sample in training: forward, back to inputs, back to weights (1)."""


@configuration
@dataclass(frozen=True, slots=True)
class NoiseAwareTraining:
    """How a network is tuned before it is downloaded.

    Args:
        epochs: Passes over the samples (1).
        batch: Samples of one step, all multiplied by the same drawn cells (1).
        rate: Learning rate of Adam at the start, in parts of each layer's rms weight (1); it
            falls linearly to nothing.
        calibration: Samples that set the converters' ranges, before every pass (1).
    """

    epochs: int = 10
    batch: int = 64
    rate: float = 0.02
    calibration: int = 256

    references = ("joshi2020accurate",)

    def __post_init__(self) -> None:
        check_between(self.epochs, "epochs", 1, 1_000_000, "1")
        check_between(self.batch, "batch", 1, 1_000_000, "1")
        check_positive(self.rate, "rate", "1")
        check_between(self.calibration, "calibration", 1, 1_000_000, "1")


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
    training, started = training or NoiseAwareTraining(), time.perf_counter()
    tuned = _trainable(network)
    optimizer = torch.optim.Adam(_groups(tuned, training.rate))
    fade = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 1 - n / training.epochs)
    count = _Count()
    losses, rights = [], []
    for epoch in range(1, training.epochs + 1):
        surrogate.calibrate(tuned, samples[: training.calibration])
        generator = stream.child("order", epoch).generator()
        order = torch.randperm(labels.numel(), generator=generator)
        loss_sum, right = 0.0, 0
        for number, chosen in enumerate(torch.split(order, training.batch)):
            product = surrogate.product(stream.child("chip", epoch, number))
            outputs = tuned.run(samples[chosen], count.counting(product))
            loss = functional.cross_entropy(outputs, labels[chosen])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            loss_sum += float(loss.detach()) * chosen.numel()
            right += int((outputs.argmax(1) == labels[chosen]).sum())
        fade.step()
        losses.append(loss_sum / labels.numel())
        rights.append(right / labels.numel())
        progress("noise-aware training", epoch / training.epochs)
    return NoiseAwareResult(
        _frozen(tuned), tuple(losses), tuple(rights), training.epochs * labels.numel(),
        _PASSES * count.multiply_adds, time.perf_counter() - started,
    )  # fmt: skip


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
            bias=None if layer.bias is None else layer.bias.detach().clone().requires_grad_(),
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


def _frozen(network: Network) -> Network:
    """The network without gradients."""
    layers = tuple(
        replace(
            layer,
            weight=layer.weight.detach(),
            bias=None if layer.bias is None else layer.bias.detach(),
        )
        for layer in network.layers
    )
    return replace(network, layers=layers)
