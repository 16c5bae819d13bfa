"""ONNX files, read by rules of our own: nodes become operations, nothing is executed.

The graph grows in a `Builder`, which readers of other formats use as well.
"""

from mho.network.formats.onnx.builder import Array, Builder, Constant
from mho.network.formats.onnx.check import check_against_reference
from mho.network.formats.onnx.reader import read_onnx_file

__all__ = [
    "Array",
    "Builder",
    "Constant",
    "check_against_reference",
    "read_onnx_file",
]
