"""One operation of an ONNX file, as its readers see it: inputs, attributes, words of a refusal."""

from mho.network.formats.onnx.node.onnx_node import Handler, OnnxNode

__all__ = ["Handler", "OnnxNode"]
