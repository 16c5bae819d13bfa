"""Samples from `.npz` files: test data, training data, inputs alone."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from mho.checks import check_finite, check_shape, one_line
from mho.data.npz import ForeignFileError, NpzFile
from mho.files import readable_file

_CALIBRATION = 64
_EXTRA = 8
"""Memory that each number takes besides its array in the file, while it is read (bytes)."""
_NAMED = 60
"""Letters of a name from the file that a sentence shows (1)."""
_PART = 1 << 20
"""Numbers that are converted at once (1)."""
_TEST = ("inputs", "labels", "calibration")
_TRAINING = ("training_inputs", "training_labels")


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Samples to test a network with.

    Args:
        inputs: Test inputs (1). Shape (samples, ...).
        labels: Class of each test input, from 0 (1). Shape (samples,).
        calibration: Inputs that set the ranges of the converters (1). Shape (some, ...).
        classes: Number of classes (1).
    """

    inputs: Float32[Tensor, "samples ..."]
    labels: Int64[Tensor, " samples"]
    calibration: Float32[Tensor, "some ..."]
    classes: int


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """Samples that a network may learn from.

    Args:
        inputs: Training inputs (1). Shape (samples, ...).
        labels: Class of each, from 0 (1). Shape (samples,).
    """

    inputs: Float32[Tensor, "samples ..."]
    labels: Int64[Tensor, " samples"]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingAndTest(Training):
    """Samples to train a network with, and others to test it with.

    Args:
        test: Samples to test with.
    """

    test: Data


def load_data(path: str) -> Data:
    """Read test data from a `.npz` file; pickled objects in it are refused.

    Args:
        path: File with arrays `inputs` (samples, ...), `labels` (samples,) of whole numbers and,
            if wanted, `calibration` (some, ...). Without it, the first 64 inputs serve.

    Raises:
        ValueError: With one sentence that names the file or the array.
    """
    arrays = _arrays(readable_file(path, "data"))
    inputs = _numbers(arrays["inputs"], "inputs")
    labels = _labels(arrays["labels"])
    check_shape(labels, "labels", (inputs.shape[0],))
    calibration = inputs[:_CALIBRATION]
    if "calibration" in arrays:
        calibration = _numbers(arrays["calibration"], "calibration")
        check_shape(calibration, "calibration", (None, *inputs.shape[1:]))
    return Data(inputs, labels, calibration, classes=int(labels.max()) + 1)


def load_training(
    data: str, training: str | None, like: Float32[Tensor, "some ..."]
) -> Training:
    """Read training data from a `.npz` file; pickled objects in it are refused.

    Args:
        data: File with arrays `training_inputs` (samples, ...) and `training_labels` (samples,).
        training: Another file to take them from; there they may also be called `inputs` and
            `labels`. `None` if they are in the first.
        like: Inputs whose shape they shall have (1). Shape (some, ...).

    Raises:
        ValueError: With one sentence that names the file or the array.
    """
    argument, path = (
        ("data", data) if training is None else ("training", training)
    )
    file = readable_file(path, argument)
    known = (*_TRAINING, *_TEST)
    names = _TRAINING
    if training is not None and _TRAINING[0] not in _arrays(
        file, (), known, argument
    ):
        names = _TEST[:2]
    arrays = _arrays(file, names, known, argument)
    inputs = _numbers(arrays[names[0]], names[0])
    labels = _labels(arrays[names[1]], names[1])
    check_shape(inputs, names[0], (None, *like.shape[1:]))
    check_shape(labels, names[1], (inputs.shape[0],))
    return Training(inputs, labels)


def load_inputs(
    path: str, *, calibration: bool = False
) -> Float32[Tensor, "samples ..."]:
    """Read inputs without labels from a `.npz` file; pickled objects in it are refused.

    Args:
        path: File with an array `inputs` (samples, ...).
        calibration: Read `calibration` instead; without it, the first 64 inputs.

    Raises:
        ValueError: With one sentence that names the file or the array.
    """
    arrays = _arrays(readable_file(path, "data"), ("inputs",))
    if calibration and "calibration" in arrays:
        return _numbers(arrays["calibration"], "calibration")
    inputs = _numbers(arrays["inputs"], "inputs")
    return inputs[:_CALIBRATION] if calibration else inputs


def _arrays(
    path: Path,
    needed: tuple[str, ...] = ("inputs", "labels"),
    known: tuple[str, ...] = _TEST,
    argument: str = "data",
) -> dict[str, npt.NDArray[Any]]:
    demand = (
        f"Argument `{argument}` must name a `.npz` file of arrays, but `{path}`"
    )
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{demand} is none; it may be truncated or of another type."
        )
    try:
        with NpzFile(path, argument, _EXTRA) as file:
            present = file.names
            wanted = tuple(name for name in known if name in present)
            arrays = file.read(wanted)
    except ForeignFileError as error:
        raise ValueError(
            f"{demand} {error}; save plain numbers with `numpy.savez`."
        ) from error
    missing = [name for name in needed if name not in arrays]
    if missing:
        shown = [one_line(name)[:_NAMED] for name in present]
        listed = ", ".join(f"`{name}`" for name in shown) or "nothing"
        raise ValueError(
            f"{demand} lacks the array `{missing[0]}`; it holds {listed}."
        )
    return arrays


def _numbers(array: npt.NDArray[Any], name: str) -> Tensor:
    """Samples as float32."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "buif":
        raise ValueError(
            f"Argument `{name}` must be an array of real numbers, but holds"
            f" {getattr(array, 'dtype', 'no numbers')}."
        )
    if array.ndim < 2 or array.size == 0:
        raise ValueError(
            f"Argument `{name}` must have shape (samples, ...) with at least one sample, but has"
            f" {array.shape}."
        )
    numbers = torch.empty(array.shape, dtype=torch.float32)
    # By way of double precision, as ever; in parts, as all of it would take twice the memory.
    flat = array.reshape(-1)
    for part in range(0, flat.size, _PART):
        double = flat[part : part + _PART].astype(np.float64)
        numbers.view(-1)[part : part + _PART] = torch.from_numpy(double)
    check_finite(numbers, name, "Repair or leave out those samples.")
    return numbers


def _labels(array: npt.NDArray[Any], name: str = "labels") -> Tensor:
    if (
        not isinstance(array, np.ndarray)
        or array.dtype.kind not in "ui"
        or array.ndim != 1
    ):
        raise ValueError(
            f"Argument `{name}` must be whole numbers of shape (samples,), but is"
            f" {getattr(array, 'dtype', 'no numbers')} of shape {getattr(array, 'shape', '()')};"
            " cast them, or take the index of the class."
        )
    labels = torch.from_numpy(array.astype(np.int64))
    if labels.numel() and int(labels.min()) < 0:
        raise ValueError(
            f"Argument `{name}` must count classes from 0, but one label is {int(labels.min())}."
        )
    return labels
