"""The built-in example: 1797 handwritten digits of 8 x 8 pixels, and a small network for them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float32, Int64
from torch import Tensor, nn
from torch.nn import functional

from mho.data.samples import Data
from mho.rng import Stream

_TRAINING = 1347
_CALIBRATION = 64
_WHITE = 16.0
_EPOCHS = 30
_BATCH = 32
_LEARNING_RATE = 6e-3
_WEIGHT_DECAY = 1e-2
_SMOOTHING = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class DigitsTraining:
    """The part of the digits that a network may learn from.

    Args:
        inputs: Images from 0 (black) to 1 (white) (1). Shape (1347, 1, 8, 8).
        labels: Digits (1). Shape (1347,).
    """

    inputs: Float32[Tensor, "samples 1 8 8"]
    labels: Int64[Tensor, " samples"]


def digits_data() -> Data:
    """The 450 test images, and 64 training images to calibrate with.

    The split is the same for every seed, so that accuracies can be compared.
    """
    inputs, labels = _images()
    return Data(
        inputs=inputs[_TRAINING:],
        labels=labels[_TRAINING:],
        calibration=inputs[:_CALIBRATION],
        classes=10,
    )


def digits_training() -> DigitsTraining:
    """The 1347 training images; none of them is a test image."""
    inputs, labels = _images()
    return DigitsTraining(inputs[:_TRAINING], labels[:_TRAINING])


def train_digits(
    stream: Stream,
    progress: Callable[[float], None] | None = None,
    training: DigitsTraining | None = None,
) -> nn.Module:
    """Train a network of two convolutions and a fully connected layer, in seconds.

    Args:
        stream: Decides initial weights and the order of the images.
        progress: Told the fraction done (1) after every pass over the images.
        training: Images to learn from; all of `digits_training` if `None`.

    Returns:
        The network in evaluation mode. Images of shape (batch, 1, 8, 8) become scores of shape
        (batch, 10).
    """
    training = training or digits_training()
    network = _untrained(stream.child("weights"))
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.LinearLR(
        optimizer, 1.0, 1.0 / _EPOCHS, total_iters=_EPOCHS - 1
    )
    for epoch in range(_EPOCHS):
        generator = stream.child("order", epoch).generator()
        order = torch.randperm(len(training.labels), generator=generator)
        for chosen in torch.split(order, _BATCH):
            optimizer.zero_grad()
            scores = network(training.inputs[chosen])
            labels = training.labels[chosen]
            loss = functional.cross_entropy(
                scores, labels, label_smoothing=_SMOOTHING
            )
            torch.autograd.backward(loss)
            optimizer.step()
        schedule.step()
        if progress is not None:
            progress((epoch + 1) / _EPOCHS)
    return network.eval().requires_grad_(False)


def _untrained(stream: Stream) -> nn.Sequential:
    """He-normal weights from the stream; torch's own global generator is left alone."""
    # Layers on "meta" have no numbers yet, so nothing is drawn for them.
    layers: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(1, 16, 3, padding=1, device="meta"),
        "relu1": nn.ReLU(),
        "pool1": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(16, 32, 3, padding=1, device="meta"),
        "relu2": nn.ReLU(),
        "pool2": nn.MaxPool2d(2),
        "flatten": nn.Flatten(),
        "dense": nn.Linear(128, 10, device="meta"),
    }
    network = nn.Sequential(OrderedDict(layers)).to_empty(device="cpu")
    for name, values in network.named_parameters():
        inputs = values[0].numel()
        # Biases begin at zero.
        spread = (2 / inputs) ** 0.5 if name.endswith("weight") else 0.0
        generator = stream.child(name).generator()
        nn.init.normal_(values, std=spread, generator=generator)
    return network


@cache
def _images() -> tuple[
    Float32[Tensor, "samples 1 8 8"], Int64[Tensor, " samples"]
]:
    """All images and labels, training part first."""
    # Imported here, as it takes a second that only this example needs.
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    inputs = (
        torch.from_numpy(images / _WHITE).to(torch.float32).reshape(-1, 1, 8, 8)
    )
    generator = Stream(0, ("digits", "split")).generator()
    order = torch.randperm(len(inputs), generator=generator)
    return inputs[order], torch.from_numpy(labels).to(torch.int64)[order]
