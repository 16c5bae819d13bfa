"""ONNX files of a few operations, put together by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from mho.network.formats.onnx.reader import read_onnx
from mho.network.operations import arguments_of, evaluate_node

onnx = pytest.importorskip("onnx", reason="the extra `mho[onnx]` is missing")


def model(
    nodes: list[Any],
    shape: tuple[int | str, ...],
    opset: int = 18,
    **arrays: Any,
) -> Any:
    """A file with input `x` of this shape, output `y`, and stored arrays."""
    real = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "graph",
        [onnx.helper.make_tensor_value_info("x", real, ["batch", *shape])],
        [onnx.helper.make_tensor_value_info("y", real, None)],
        [
            onnx.numpy_helper.from_array(np.asarray(array), name)
            for name, array in arrays.items()
        ],
    )
    opsets = [onnx.helper.make_opsetid("", opset)]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9)


def node(operator: str, *inputs: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(operator, ["x", *inputs], ["y"], **attributes)


def floats(*shape: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def whole(*numbers: int) -> Any:
    return np.array(numbers, dtype=np.int64)


def run_graph(path: Path, samples: Tensor) -> Tensor:
    """The graph alone, operation by operation, whether or not it holds a layer."""
    graph = read_onnx(path)
    values: dict[str, object] = {**graph.tensors, graph.input: samples}
    for item in graph.nodes:
        values[item.name] = evaluate_node(item, arguments_of(item, values))
    result = values[graph.output]
    assert isinstance(result, Tensor)
    return result
