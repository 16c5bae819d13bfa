"""The built-in example: 1797 handwritten digits of 8 x 8 pixels, and a small network for them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float32, Int64
from torch import Tensor, nn

from mho.data.digits_network import AdamW, DigitsNetwork
from mho.data.samples import Data
from mho.rng import Stream

_FILE = ("datasets", "data", "digits.csv.gz")
"""Where scikit-learn keeps the digits."""
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
    network = DigitsNetwork(stream.child("weights"))
    optimizer = AdamW(network.parameters, _WEIGHT_DECAY)
    rate = _LEARNING_RATE
    for epoch in range(_EPOCHS):
        generator = stream.child("order", epoch).generator()
        order = torch.randperm(len(training.labels), generator=generator)
        for images, labels in zip(
            torch.split(training.inputs[order], _BATCH),
            torch.split(training.labels[order], _BATCH),
            strict=True,
        ):
            gradient = network.gradient(images, labels, _SMOOTHING)
            optimizer.step(gradient, rate)
        rate = _later_rate(rate, epoch)
        if progress is not None:
            progress((epoch + 1) / _EPOCHS)
    return network.module.eval().requires_grad_(False)


def _later_rate(rate: float, epoch: int) -> float:
    """Learning rate after a pass over the images: it falls linearly to 1/`_EPOCHS` (1).

    From rate to rate, rounding included, as torch's `LinearLR` does it.
    """
    steps = _EPOCHS - 1
    fall = 1.0 / _EPOCHS - 1.0
    return rate * (1.0 + fall / (steps + epoch * fall))


@cache
def _images() -> tuple[
    Float32[Tensor, "samples 1 8 8"], Int64[Tensor, " samples"]
]:
    """All images and labels, training part first."""
    images, labels = _table()
    inputs = (
        torch.from_numpy(images / _WHITE).to(torch.float32).reshape(-1, 1, 8, 8)
    )
    generator = Stream(0, ("digits", "split")).generator()
    order = torch.randperm(len(inputs), generator=generator)
    return inputs[order], torch.from_numpy(labels).to(torch.int64)[order]


def _table() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Pixels, row by row, and labels of all images, in the order of the file."""
    # The file alone: with scikit-learn itself would come a second of imports.
    package = find_spec("sklearn")
    if package is not None and package.origin is not None:
        path = Path(package.origin).parent.joinpath(*_FILE)
        if path.is_file():
            table = np.loadtxt(path, delimiter=",")
            return table[:, :-1], table[:, -1].astype(np.int64)
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images, labels
