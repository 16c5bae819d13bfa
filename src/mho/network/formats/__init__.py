"""Networks from files: `.pt2`, ONNX, matrices alone, Python factories."""

from mho.network.formats.load import load_network
from mho.network.formats.pt2 import read_archive
from mho.network.formats.python_factory import build, load_weights
from mho.network.formats.weights_only import perceptron

__all__ = [
    "build",
    "load_network",
    "load_weights",
    "perceptron",
    "read_archive",
]
