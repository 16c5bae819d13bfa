"""Networks from files: `.pt2`, ONNX, TFLite, matrices alone, and Python factories.

Files are data and nothing in them is executed, but for the Python file that a user names.
"""

from mho.network.formats.declared_inputs import declared_example
from mho.network.formats.load import check_network_file, load_network
from mho.network.formats.pt2 import read_archive
from mho.network.formats.python_factory import (
    build_network,
    load_weights,
    run_python_file,
)
from mho.network.formats.signature import Signature
from mho.network.formats.weights_only import perceptron

__all__ = [
    "Signature",
    "build_network",
    "check_network_file",
    "declared_example",
    "load_network",
    "load_weights",
    "perceptron",
    "read_archive",
    "run_python_file",
]
