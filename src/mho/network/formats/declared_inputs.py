"""Samples of the shapes that a file itself declares, for who looks before there are data."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from mho.files import readable_file
from mho.network.formats.load import split_weights
from mho.network.formats.onnx import OnnxNetwork, Wish, read_onnx_file
from mho.network.formats.pt2 import read_archive
from mho.network.formats.signature import Signature
from mho.network.formats.tflite import read_tflite
from mho.network.formats.weights_only import perceptron
from mho.network.graph import KINDS, GraphInput
from mho.rng import Stream
from mho.samples import Inputs

_SAMPLES = 2
"""Samples of an example, of which no two are alike (1)."""


def declared_example(
    network: str, signature: Signature | None = None
) -> Inputs:
    """Random samples of the shapes that a network file declares.

    Args:
        network: `.pt2`, `.onnx`, `.tflite` or `.safetensors` file, as for `load_network`.
        signature: How inputs and outputs are meant; those that are fixed to numbers are left out.

    Raises:
        ValueError: The file declares no shapes, leaves some free, or samples are sequences: then
            samples are needed.
    """
    meant = signature or Signature()
    alone = meant.single or meant.batch_axis is not None
    if alone or meant.handed_on:
        raise _sequences_of_unknown_length()
    path, activation = split_weights(network)
    if path is not None and not (activation or "").endswith(".toml"):
        module = perceptron(readable_file(path, "network"), activation)
        linear = (x for x in module.modules() if isinstance(x, nn.Linear))
        first = next(linear)
        vectors = GraphInput("inputs", (first.in_features,))
        return _numbers(vectors)
    kind = Path(network).suffix
    if kind == ".pt2":
        entries = read_archive(readable_file(network, "network")).inputs
    elif kind == ".onnx":
        source = _onnx_without_data(network, meant)
        entries = source.graph.inputs
    elif kind == ".tflite":
        read = read_tflite(readable_file(network, "network"))
        if read.states:
            raise _sequences_of_unknown_length()
        entries = read.graph.inputs
    else:
        raise ValueError(
            "Argument `data` must name a .npz file of samples for a network whose file declares no"
            f" shapes, as `{network}`, but is missing."
        )
    entries = tuple(e for e in entries if e.name not in meant.constants)
    free = [entry.name for entry in entries if None in entry.sample_shape]
    if free:
        raise ValueError(
            "Argument `data` must name a .npz file of samples for a network that leaves sizes of"
            f" `{free[0]}` free, but is missing."
        )
    return {entry.name: _numbers(entry) for entry in entries}


def _sequences_of_unknown_length() -> ValueError:
    return ValueError(
        "Argument `data` must name a .npz file of samples for a network that goes through"
        " sequences, `--state`, `--time-axis`, `--batch-axis` or variables of its own, but is"
        " missing; no file says how long they are."
    )


def _onnx_without_data(network: str, meant: Signature) -> OnnxNetwork:
    """An ONNX file as it is without samples, whose sizes decide what it leaves open."""
    file = readable_file(network, "network")
    constants = {n: np.array(x) for n, x in meant.constants.items()}
    wish = Wish(constants=constants, outputs=meant.outputs)
    try:
        return read_onnx_file(file, wish)
    except ValueError as error:
        said = str(error)
        if "--input" in said:
            raise
        raise ValueError(
            f"{said.rstrip('.')}; with samples, `--data`, it may be known, as their sizes decide"
            " what the file leaves open."
        ) from error


def _numbers(entry: GraphInput) -> torch.Tensor:
    """Normal numbers, or zeros for whole ones, which may be indices."""
    sizes = [size for size in entry.sample_shape if size is not None]
    kind = KINDS[entry.kind]
    if not kind.is_floating_point:
        return torch.zeros(_SAMPLES, *sizes, dtype=kind)
    generator = Stream(0, ("example", entry.name)).generator()
    return torch.randn(_SAMPLES, *sizes, generator=generator)
