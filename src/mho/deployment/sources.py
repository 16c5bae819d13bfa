"""Front doors: a network and its data from the user's files, with one sentence per mistake."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor

from mho.checks import check_finite, check_shape
from mho.deployment.archive import read_archive
from mho.deployment.factory import build, load_weights
from mho.deployment.graph import Graph
from mho.deployment.network import Network, read_network
from mho.deployment.onnx_check import check_against_reference
from mho.deployment.onnx_reader import read_onnx_file
from mho.deployment.perceptron import perceptron
from mho.deployment.tracing import first_line

_CALIBRATION = 64
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


def load_network(
    network: str,
    weights: str | None,
    example: Shaped[Tensor, "batch ..."],
    digital: Sequence[str] = (),
) -> Network:
    """Read a network from files.

    A `.pt2` or `.onnx` file, and a file of weights, may come from anywhere: no code in it is run.
    A `.py` file is the user's own program and is run as such.

    Args:
        network: `path/to/model.pt2`, saved by `torch.export.save`, `path/to/model.onnx`,
            `path/to/module.py:factory`, where `factory()` returns the module, or matrices alone,
            `weights.safetensors:relu`; see `perceptron`.
        weights: State dict for the module, `.safetensors`, `.pt` or `.pth`; `None` if the
            factory loads it, or the network is a `.pt2` or `.onnx` file.
        example: Typical inputs (1). Shape (batch, ...).
        digital: Modules that stay digital; see `read_network`.

    Raises:
        ValueError: With one sentence that names the file.
    """
    kind = Path(network).suffix
    if kind in _READERS:
        _no_more(weights, network, kind)
        return _READERS[kind](_file(network, "network"), example, digital)
    path, activation = split_weights(network)
    if path is not None:
        _no_more(weights, network, ".safetensors")
        module = perceptron(_file(path, "network"), activation)
        return read_network(module, example, digital)
    path, colon, name = network.rpartition(":")
    if not (colon and path.endswith(".py") and name.isidentifier()):
        raise ValueError(
            "Argument `network` must be `model.pt2`, `model.onnx`, `weights.safetensors` or"
            f" `module.py:factory`, but is `{network}`; other files of weights go into `weights`."
        )
    module = build(_file(path, "network"), name)
    if weights is not None:
        load_weights(module, _file(weights, "weights"))
    return read_network(module, example, digital)


def split_weights(network: str) -> tuple[str | None, str | None]:
    """File and activation of a network that is a file of weights; nothing if it is none.

    >>> split_weights("w.safetensors:relu"), split_weights("w.safetensors"), split_weights("x")
    (('w.safetensors', 'relu'), ('w.safetensors', None), (None, None))
    """
    path, colon, activation = network.rpartition(":")
    if colon and path.endswith(".safetensors"):
        return path, activation
    return (network, None) if network.endswith(".safetensors") else (None, None)


def _no_more(weights: str | None, network: str, kind: str) -> None:
    if weights is not None:
        raise ValueError(
            f"Argument `weights` must be left out for a `{kind}` file, but is `{weights}`;"
            f" `{network}` holds its own weights."
        )


def load_data(path: str) -> Data:
    """Read test data from a `.npz` file; pickled objects in it are refused.

    Args:
        path: File with arrays `inputs` (samples, ...), `labels` (samples,) of whole numbers and,
            if wanted, `calibration` (some, ...). Without it, the first 64 inputs serve.

    Raises:
        ValueError: With one sentence that names the file or the array.
    """
    arrays = _arrays(_file(path, "data"))
    inputs = _numbers(arrays["inputs"], "inputs")
    labels = _labels(arrays["labels"])
    check_shape(labels, "labels", (inputs.shape[0],))
    calibration = inputs[:_CALIBRATION]
    if "calibration" in arrays:
        calibration = _numbers(arrays["calibration"], "calibration")
        check_shape(calibration, "calibration", (None, *inputs.shape[1:]))
    return Data(inputs, labels, calibration, classes=int(labels.max()) + 1)


def load_training(data: str, training: str | None, like: Float32[Tensor, "some ..."]) -> Training:
    """Read training data from a `.npz` file; pickled objects in it are refused.

    Args:
        data: File with arrays `training_inputs` (samples, ...) and `training_labels` (samples,).
        training: Another file to take them from; there they may also be called `inputs` and
            `labels`. `None` if they are in the first.
        like: Inputs whose shape they shall have (1). Shape (some, ...).

    Raises:
        ValueError: With one sentence that names the file or the array.
    """
    argument, path = ("data", data) if training is None else ("training", training)
    file, known = _file(path, argument), (*_TRAINING, *_TEST)
    names = _TRAINING
    if training is not None and _TRAINING[0] not in _arrays(file, (), known, argument):
        names = _TEST[:2]
    arrays = _arrays(file, names, known, argument)
    inputs, labels = _numbers(arrays[names[0]], names[0]), _labels(arrays[names[1]], names[1])
    check_shape(inputs, names[0], (None, *like.shape[1:]))
    check_shape(labels, names[1], (inputs.shape[0],))
    return Training(inputs, labels)


def load_inputs(path: str, *, calibration: bool = False) -> Float32[Tensor, "samples ..."]:
    """Read inputs without labels from a `.npz` file; pickled objects in it are refused.

    Args:
        path: File with an array `inputs` (samples, ...).
        calibration: Read `calibration` instead; without it, the first 64 inputs.

    Raises:
        ValueError: With one sentence that names the file or the array.
    """
    arrays = _arrays(_file(path, "data"), ("inputs",))
    if calibration and "calibration" in arrays:
        return _numbers(arrays["calibration"], "calibration")
    inputs = _numbers(arrays["inputs"], "inputs")
    return inputs[:_CALIBRATION] if calibration else inputs


def _file(name: str, argument: str) -> Path:
    """The path of a file that can be opened and holds something."""
    path = Path(name)
    demand = f"Argument `{argument}` must name a readable file, but `{name}`"
    try:
        if not path.exists():
            raise ValueError(f"{demand} does not exist.")
        if path.is_dir():
            raise ValueError(f"{demand} is a directory.")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ValueError(f"{demand} cannot be opened: {error.strerror}.") from error
    if empty:
        raise ValueError(f"{demand} is empty.")
    return path


def _network_of_archive(path: Path, example: Tensor, digital: Sequence[str]) -> Network:
    return _followed(path, read_archive(path), example, digital)


def _network_of_onnx(path: Path, example: Tensor, digital: Sequence[str]) -> Network:
    source = read_onnx_file(path)
    network = _followed(path, source.graph, example, digital)
    check_against_reference(path, source, network, example)
    return network


_READERS = {".pt2": _network_of_archive, ".onnx": _network_of_onnx}


def _followed(path: Path, graph: Graph, example: Tensor, digital: Sequence[str]) -> Network:
    try:
        return read_network(graph, example, digital)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(
            "Argument `network` must hold a program that can be followed, but"
            f" `{path}` fails with {first_line(error)}"
        ) from error


def _arrays(
    path: Path,
    needed: tuple[str, ...] = ("inputs", "labels"),
    known: tuple[str, ...] = _TEST,
    argument: str = "data",
) -> dict[str, npt.NDArray[Any]]:
    demand = f"Argument `{argument}` must name a `.npz` file of arrays, but `{path}`"
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{demand} is none; it may be truncated or of another type.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            present = list(archive.files)
            wanted = [name for name in known if name in present]
            arrays = {name: archive[name] for name in wanted}
    # A hostile file can break every assumption about it, hence every kind of error.
    except Exception as error:
        if "allow_pickle" in str(error):
            raise ValueError(
                f"{demand} holds Python objects that could run code, so it was not opened; save"
                " plain numbers."
            ) from error
        raise ValueError(f"{demand} is damaged ({type(error).__name__}).") from error
    missing = [name for name in needed if name not in arrays]
    if missing:
        listed = ", ".join(f"`{name}`" for name in present) or "nothing"
        raise ValueError(f"{demand} lacks the array `{missing[0]}`; it holds {listed}.")
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
    numbers = torch.from_numpy(array.astype(np.float64)).to(torch.float32)
    check_finite(numbers, name, "Repair or leave out those samples.")
    return numbers


def _labels(array: npt.NDArray[Any], name: str = "labels") -> Tensor:
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "ui" or array.ndim != 1:
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
