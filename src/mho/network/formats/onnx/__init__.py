"""ONNX files, read by rules of our own: nodes become operations, nothing is executed."""

from mho.network.formats.onnx.check import check_against_reference
from mho.network.formats.onnx.entries import Wish
from mho.network.formats.onnx.reader import (
    OnnxNetwork,
    file_inputs,
    read_onnx_file,
)

__all__ = [
    "OnnxNetwork",
    "Wish",
    "check_against_reference",
    "file_inputs",
    "read_onnx_file",
]
