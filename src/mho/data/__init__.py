"""Test and training data: files of samples, and what is built in: digits and MNIST.

Data are checked for shapes, kinds and finite numbers before anything is computed with them.
"""

from mho.data.built_in import BUILT_IN, BuiltIn
from mho.data.digits import (
    DigitsTraining,
    digits_data,
    digits_training,
    train_digits,
)
from mho.data.mnist import mnist_data, mnist_training, train_mnist
from mho.data.npz import ForeignFileError, NpzFile
from mho.data.samples import (
    Data,
    Training,
    TrainingAndTest,
    load_data,
    load_inputs,
    load_training,
)

__all__ = [
    "BUILT_IN",
    "BuiltIn",
    "Data",
    "DigitsTraining",
    "ForeignFileError",
    "NpzFile",
    "Training",
    "TrainingAndTest",
    "digits_data",
    "digits_training",
    "load_data",
    "load_inputs",
    "load_training",
    "mnist_data",
    "mnist_training",
    "train_digits",
    "train_mnist",
]
