"""Data sets that need no file, each with a small network that is trained for it in seconds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from mho.data.digits import digits_data, digits_training, train_digits
from mho.data.mnist import mnist_data, mnist_training, train_mnist
from mho.data.samples import Data, Training
from mho.rng import Stream


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A data set, and a network for it.

    Args:
        test: Gives the test and calibration data, the same ones for every seed.
        training: Gives the training data; none of them is for testing.
        train: Trains the network: takes a stream, and what is told the fraction done (1).
    """

    test: Callable[[], Data]
    training: Callable[[], Training]
    train: Callable[[Stream, Callable[[float], None] | None], nn.Module]


def _digits_training() -> Training:
    found = digits_training()
    return Training(found.inputs, found.labels)


BUILT_IN: Mapping[str, BuiltIn] = {
    "digits": BuiltIn(digits_data, _digits_training, train_digits),
    "mnist": BuiltIn(mnist_data, mnist_training, train_mnist),
}
"""By the names that commands take in the place of a file."""
