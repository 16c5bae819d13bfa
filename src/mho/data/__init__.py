"""Test and training data: files of samples, and what is built in: digits and MNIST.

Data are checked for shapes, kinds and finite numbers before anything is computed with them.
"""

from mho.data.agreement import (
    AGAINST_DIGITAL,
    Agreement,
    against,
    agreement,
    agreements,
)
from mho.data.built_in import BUILT_IN, BuiltIn
from mho.data.digits import (
    DigitsTraining,
    digits_data,
    digits_training,
    train_digits,
)
from mho.data.metric import (
    ACCURACY,
    PERCENT,
    Metric,
    Outputs,
    answers_of,
    metric_of,
    share_right,
)
from mho.data.mnist import mnist_data, mnist_training, train_mnist
from mho.data.npz import ForeignFileError, NpzFile
from mho.data.sample_files import load_data, load_training
from mho.data.samples import (
    Data,
    Training,
    TrainingAndTest,
    fixed_choice,
    only_input,
)

__all__ = [
    "ACCURACY",
    "AGAINST_DIGITAL",
    "BUILT_IN",
    "PERCENT",
    "Agreement",
    "BuiltIn",
    "Data",
    "DigitsTraining",
    "ForeignFileError",
    "Metric",
    "NpzFile",
    "Outputs",
    "Training",
    "TrainingAndTest",
    "against",
    "agreement",
    "agreements",
    "answers_of",
    "digits_data",
    "digits_training",
    "fixed_choice",
    "load_data",
    "load_training",
    "metric_of",
    "mnist_data",
    "mnist_training",
    "only_input",
    "share_right",
    "train_digits",
    "train_mnist",
]
