"""Numbers of an ONNX file that serve several values, and samples that an operation cannot take."""

from pathlib import Path

import numpy as np
import pytest
import torch
from handmade import floats, model, onnx, run_graph

from mho.network.formats import load_network

make = onnx.helper.make_node


def test_one_step_serves_values_of_several_ranks(tmp_path: Path) -> None:
    """Images and rows are rounded to steps of 1/4; rows are so already, and stay as they are."""
    nodes = [
        make("QuantizeLinear", ["x", "step", "zero"], ["a"]),
        make("DequantizeLinear", ["a", "step", "zero"], ["b"]),
        make("Flatten", ["b"], ["c"]),
        make("QuantizeLinear", ["c", "step", "zero"], ["d"]),
        make("DequantizeLinear", ["d", "step", "zero"], ["y"]),
    ]
    path = tmp_path / "file.onnx"
    made = model(nodes, (2, 3, 2), step=np.float32(0.25), zero=np.int8(3))
    path.write_bytes(made.SerializeToString())
    x = torch.from_numpy(floats(4, 2, 3, 2))
    expected = ((x / 0.25).round() * 0.25).reshape(4, 12)
    assert torch.equal(run_graph(path, x), expected)


def test_an_index_out_of_range_is_told_with_its_node(tmp_path: Path) -> None:
    """A table of 5 matrices has none of number 7, whatever torch's error of it is."""
    nodes = [
        make("Cast", ["x"], ["i"], to=onnx.TensorProto.INT64),
        make("Gather", ["table", "i"], ["rows"]),
        make("Flatten", ["rows"], ["flat"]),
        make("MatMul", ["flat", "w"], ["y"]),
    ]
    path = tmp_path / "file.onnx"
    made = model(nodes, (3,), table=floats(5, 2, 4), w=floats(24, 2))
    path.write_bytes(made.SerializeToString())
    x = torch.tensor([[0.0, 4.0, 1.0], [2.0, 2.0, 3.0]])
    network = load_network(str(path), None, x)
    assert network.run(x).shape == (2, 2)
    x[1, 1] = 7
    said = (
        "^Argument `inputs` must hold numbers that node `.*`. can compute with"
    )
    with pytest.raises(ValueError, match=said):
        network.run(x)
