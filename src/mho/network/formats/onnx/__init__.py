"""ONNX files, read by rules of our own: nodes become operations, nothing is executed."""

from mho.network.formats.onnx.check import check_against_reference
from mho.network.formats.onnx.reader import read_onnx_file

__all__ = [
    "check_against_reference",
    "read_onnx_file",
]
