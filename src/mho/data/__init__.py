"""Test and training data: files of samples, and the digits that come with scikit-learn."""

from mho.data.digits import digits_data, digits_training, train_digits
from mho.data.samples import (
    Data,
    Training,
    TrainingAndTest,
    load_data,
    load_inputs,
    load_training,
)

__all__ = [
    "Data",
    "Training",
    "TrainingAndTest",
    "digits_data",
    "digits_training",
    "load_data",
    "load_inputs",
    "load_training",
    "train_digits",
]
