"""Front doors: a network and its data from the user's files, with one sentence per mistake."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from mho.files import readable_file
from mho.network.formats.architecture import read_architecture
from mho.network.formats.onnx import (
    Wish,
    check_against_reference,
    file_inputs,
    read_onnx_file,
)
from mho.network.formats.pt2 import read_archive
from mho.network.formats.python_factory import build_network, load_weights
from mho.network.formats.taken_inputs import taken_by, taken_inputs
from mho.network.formats.tflite import check_real_numbers, read_tflite
from mho.network.formats.weights_only import perceptron
from mho.network.graph import Graph
from mho.network.network import Network
from mho.network.reading import read_network
from mho.network.tracing import first_line
from mho.samples import Inputs


def load_network(
    network: str,
    weights: str | None,
    example: Inputs,
    digital: Sequence[str] = (),
) -> Network:
    """Read a network from files.

    A `.pt2`, `.onnx`, `.tflite` or `.toml` file, and a file of weights, may come from anywhere: no
    code in it is run. A `.py` file is the user's own program and is run as such.

    Args:
        network: `path/to/model.pt2`, saved by `torch.export.save`, `path/to/model.onnx`,
            `path/to/model.tflite`, `path/to/module.py:factory`, where `factory()` returns the
            module, a list of layers with its weights, `weights.safetensors:layers.toml` or
            `layers.toml`, or matrices alone, `weights.safetensors:relu`; see `perceptron`.
        weights: State dict for the module or the list of layers, `.safetensors`, `.pt` or `.pth`;
            `None` if the factory loads it, or the network is a file that holds its own.
        example: Typical inputs (1). Shape (batch, ...); by name for several inputs.
        digital: Modules that stay digital; see `read_network`.

    Raises:
        ValueError: With one sentence that names the file.
    """
    kind = Path(network).suffix
    if kind in _READERS:
        _no_more(weights, network, kind)
        return _READERS[kind](
            readable_file(network, "network"), example, digital
        )
    path, activation = split_weights(network)
    if path is not None:
        _no_more(weights, network, ".safetensors")
        if activation is not None and activation.endswith(".toml"):
            return _network_of_list(activation, path, example, digital)
        module = perceptron(readable_file(path, "network"), activation)
        return read_network(module, example, digital)
    if kind == ".toml":
        return _network_of_list(network, weights, example, digital)
    path, colon, name = network.rpartition(":")
    if not (colon and path.endswith(".py") and name.isidentifier()):
        raise ValueError(
            "Argument `network` must be `model.pt2`, `model.onnx`, `model.tflite`,"
            " `weights.safetensors`, `layers.toml` or `module.py:factory`, but is"
            f" `{network}`; other files of weights go into `weights`."
        )
    module = build_network(readable_file(path, "network"), name)
    if weights is not None:
        load_weights(module, readable_file(weights, "weights"))
    return read_network(module, taken_by(module, example), digital)


def split_weights(network: str) -> tuple[str | None, str | None]:
    """File of weights, and what is said of the layers: an activation or a list; or nothing.

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


def _network_of_archive(
    path: Path, example: Inputs, digital: Sequence[str]
) -> Network:
    graph = read_archive(path)
    names = [entry.name for entry in graph.inputs]
    return _followed(path, graph, taken_inputs(example, names), digital)


def _network_of_onnx(
    path: Path, example: Inputs, digital: Sequence[str]
) -> Network:
    example = taken_inputs(example, file_inputs(path))
    source = read_onnx_file(path, _wish(example))
    network = _followed(path, source.graph, example, digital)
    check_against_reference(path, source, network, example)
    return network


def _network_of_tflite(
    path: Path, example: Inputs, digital: Sequence[str]
) -> Network:
    source = read_tflite(path)
    names = [entry.name for entry in source.graph.inputs]
    example = taken_inputs(example, names)
    check_real_numbers(path, source, example)
    return _followed(path, source.graph, example, digital)


def _network_of_list(
    network: str,
    weights: str | None,
    example: Inputs,
    digital: Sequence[str],
) -> Network:
    if weights is None:
        raise ValueError(
            "Argument `weights` must name a state dict for the layers of"
            f" `{network}`, but is missing."
        )
    path = readable_file(network, "network")
    stored = readable_file(weights, "weights")
    if not isinstance(example, Tensor):
        raise ValueError(  # noqa: TRY004 - a value of the user's, as all refusals here
            f"Argument `data` must hold `inputs` alone for the layers of `{network}`, but holds"
            f" {len(example)} inputs by name."
        )
    graph = read_architecture(path, stored, tuple(example.shape[1:]))
    return _followed(path, graph, example, digital)


def _wish(example: Inputs) -> Wish:
    """Sizes that a file leaves free are those of the data."""
    if isinstance(example, Tensor):
        return Wish(shape=tuple(example.shape))
    return Wish({name: tuple(one.shape) for name, one in example.items()})


_READERS = {
    ".pt2": _network_of_archive,
    ".onnx": _network_of_onnx,
    ".tflite": _network_of_tflite,
}


def _followed(
    path: Path, graph: Graph, example: Inputs, digital: Sequence[str]
) -> Network:
    try:
        return read_network(graph, example, digital)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(
            "Argument `network` must hold a program that can be followed, but"
            f" `{path}` fails with {first_line(error)}."
        ) from error
