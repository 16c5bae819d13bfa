"""Front doors: a network and its data from the user's files, with one sentence per mistake."""

from collections.abc import Sequence
from pathlib import Path

from mho.files import readable_file
from mho.network.formats.by_kind import (
    network_of_archive,
    network_of_list,
    network_of_module,
    network_of_tflite,
)
from mho.network.formats.onnx_network import network_of_onnx
from mho.network.formats.python_factory import build_network, load_weights
from mho.network.formats.signature import Signature
from mho.network.formats.weights_only import perceptron
from mho.network.network import Network
from mho.samples import Inputs


def load_network(
    network: str,
    weights: str | None,
    example: Inputs,
    digital: Sequence[str] = (),
    signature: Signature | None = None,
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
        example: Typical inputs (1). Shape (batch, ...); by name for several inputs, and what is
            none of the network's is left out.
        digital: Modules that stay digital; see `read_network`.
        signature: How inputs and outputs are meant, where that is open.

    Raises:
        ValueError: With one sentence that names the file.
    """
    meant = signature or Signature()
    kind = Path(network).suffix
    if kind in _READERS:
        _no_more(weights, network, kind)
        file = readable_file(network, "network")
        return _READERS[kind](file, example, digital, meant)
    path, activation = split_weights(network)
    if path is not None:
        _no_more(weights, network, ".safetensors")
        if activation is not None and activation.endswith(".toml"):
            return network_of_list(activation, path, example, digital, meant)
        module = perceptron(readable_file(path, "network"), activation)
        return network_of_module(module, example, digital, meant)
    if kind == ".toml":
        return network_of_list(network, weights, example, digital, meant)
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
    return network_of_module(module, example, digital, meant)


def check_network_file(network: str) -> None:
    """Refuse the name of a network whose file is not there, before anything else is asked for.

    Args:
        network: As of `load_network`.

    Raises:
        ValueError: The file does not exist, is empty, or cannot be opened.
    """
    path, colon, _ = network.rpartition(":")
    # a list of layers may name its weights itself
    file = path if colon and path.endswith((".py", ".safetensors")) else network
    if Path(file).suffix in _FILES:
        readable_file(file, "network")


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


_FILES = (".pt2", ".onnx", ".tflite", ".safetensors", ".toml", ".py")

_READERS = {
    ".pt2": network_of_archive,
    ".onnx": network_of_onnx,
    ".tflite": network_of_tflite,
}
