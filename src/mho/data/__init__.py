"""Test and training data: files of samples, and the digits that come with scikit-learn.

Data are checked for shapes, kinds and finite numbers before anything is computed with them.
"""

from mho.data.digits import (
    DigitsTraining,
    digits_data,
    digits_training,
    train_digits,
)
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
    "train_digits",
]
