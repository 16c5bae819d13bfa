"""Samples from `.npz` files: test data and training data."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mho.checks import check_finite, check_shape, one_line
from mho.data.npz import ForeignFileError, NpzFile
from mho.data.samples import CALIBRATION_OF, Data, Training, only_input
from mho.files import readable_file
from mho.samples import Inputs, number_of

_CALIBRATION = 64
_EXTRA = 8
"""Memory that each number takes besides its array in the file, while it is read (bytes)."""
_NAMED = 60
"""Letters of a name from the file that a sentence shows (1)."""
_PART = 1 << 20
"""Numbers that are converted at once (1)."""
_TEST = ("inputs", "labels", "calibration")
_TRAINING = ("training_inputs", "training_labels")


def load_data(path: str) -> Data:
    """Read test data from a `.npz` file; pickled objects in it are refused.

    Args:
        path: File with arrays `inputs` (samples, ...) and, if wanted, `labels` (samples,) of whole
            numbers and `calibration` (some, ...). Without that, the first 64 inputs serve. A file
            without `inputs` is for a network with several: every array that has as many samples as
            the first one is an input by its name, with a `calibration_NAME` where wanted. What
            else there is goes into `others`.

    Raises:
        ValueError: With one sentence that names the file or the array.
    """
    file = readable_file(path, "data")
    arrays = _arrays(file, ())
    others = _others(file)
    inputs, calibration = _inputs(file, arrays, others)
    labels = None
    if "labels" in arrays:
        labels = _labels(arrays["labels"])
        check_shape(labels, "labels", (number_of(inputs),))
    classes = 0 if labels is None else int(labels.max()) + 1
    return Data(inputs, labels, calibration, classes, others)


def _inputs(
    file: Path, arrays: dict[str, npt.NDArray[Any]], others: dict[str, Tensor]
) -> tuple[Inputs, Inputs]:
    """Inputs and calibration samples; what of the other arrays is one is taken out of them."""
    if "inputs" in arrays:
        only = _numbers(arrays["inputs"], "inputs")
        some = only[:_CALIBRATION]
        if "calibration" in arrays:
            some = _numbers(arrays["calibration"], "calibration")
            check_shape(some, "calibration", (None, *only.shape[1:]))
        return only, some
    named = _named_inputs(others)
    if not named:
        _arrays(file, ("inputs",))
    whole = number_of(named)
    calibration = {}
    for name, tensor in named.items():
        others.pop(name)
        calibration[name] = others.pop(
            CALIBRATION_OF + name, tensor[: min(whole, _CALIBRATION)]
        )
    number_of(calibration)
    return named, calibration


def _named_inputs(others: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Arrays with as many samples as the first one."""
    told = {
        name: tensor
        for name, tensor in others.items()
        if tensor.ndim and not name.startswith(CALIBRATION_OF)
    }
    counts = [tensor.shape[0] for tensor in told.values()]
    return {
        name: tensor
        for name, tensor in told.items()
        if tensor.shape[0] == counts[0]
    }


def _others(file: Path) -> dict[str, Tensor]:
    """Arrays of numbers that have no meaning of their own; those that cannot be read are left."""
    found = {}
    with NpzFile(file, "data", _EXTRA) as opened:
        for name in opened.names:
            if name in (*_TEST, *_TRAINING):
                continue
            try:
                array = opened.read((name,))[name]
            except ForeignFileError:
                continue
            if array.dtype.kind in "buif" and array.size:
                found[name] = _plain(array, name)
    return found


def _plain(array: npt.NDArray[Any], name: str) -> Tensor:
    """An array as single precision, or as whole numbers."""
    if array.dtype.kind == "f":
        tensor = torch.from_numpy(array.astype(np.float32))
        check_finite(tensor, name, "Repair or leave out those samples.")
        return tensor
    return torch.from_numpy(array.astype(np.int64))


def load_training(data: str, training: str | None, like: Inputs) -> Training:
    """Read training data from a `.npz` file; pickled objects in it are refused.

    Args:
        data: File with arrays `training_inputs` (samples, ...) and `training_labels` (samples,).
        training: Another file to take them from; there they may also be called `inputs` and
            `labels`. `None` if they are in the first.
        like: Inputs whose shape they shall have (1). Shape (some, ...); one only.

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
    check_shape(inputs, names[0], (None, *only_input(like).shape[1:]))
    check_shape(labels, names[1], (inputs.shape[0],))
    return Training(inputs, labels)


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
