"""Sums that lie between two steps: rounding either way is no mistake, anything else is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

onnx = pytest.importorskip("onnx", reason="the extra `mho[onnx]` is missing")

from mho.network import Network  # noqa: E402
from mho.network.formats import load_network  # noqa: E402
from mho.network.formats.onnx import read_onnx_file  # noqa: E402
from mho.network.formats.onnx.check import (  # noqa: E402
    check_against_reference,
)
from mho.network.formats.onnx.corrections import (  # noqa: E402
    corrected_operators,
)

CHANNELS = 16
SIDE = 12
STEP = 0.05
Read = tuple[Path, torch.Tensor, Network]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Two convolutions of whole numbers; one of their sums in 250 lies between two steps.

    The first step is 0.02, that of the weights 0.01, that of the results 0.05.
    """
    chance = np.random.default_rng(0)
    size = (CHANNELS, CHANNELS, 3, 3)
    arrays = {
        name: chance.integers(-127, 128, size).astype(np.int8)
        for name in ("k", "l")
    }
    arrays["zero"] = np.array(0, np.int8)
    steps = {"own": 0.02, "weights": 0.01, "results": STEP}
    arrays |= {name: np.array(x, np.float32) for name, x in steps.items()}
    make = onnx.helper.make_node
    weights = ["weights", "zero", "results", "zero"]
    first = ["a", "own", "zero", "k", *weights]
    second = ["b", "results", "zero", "l", *weights]
    nodes = [
        make("QuantizeLinear", ["x", "own", "zero"], ["a"]),
        make("QLinearConv", first, ["b"], pads=[1, 1, 1, 1]),
        make("QLinearConv", second, ["c"], pads=[1, 1, 1, 1]),
        make("DequantizeLinear", ["c", "results", "zero"], ["y"]),
    ]
    info = onnx.helper.make_tensor_value_info
    shape = ["batch", CHANNELS, SIDE, SIDE]
    constants = [
        onnx.numpy_helper.from_array(x, name) for name, x in arrays.items()
    ]
    graph = onnx.helper.make_graph(
        nodes, "ties", [info("x", 1, shape)], [info("y", 1, shape)], constants
    )
    opset = [onnx.helper.make_opsetid("", 13)]
    path = tmp_path_factory.mktemp("ties") / "ties.onnx"
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path
    )
    inputs = chance.normal(size=(4, CHANNELS, SIDE, SIDE)).astype(np.float32)
    x = torch.from_numpy(inputs)
    return path, x, load_network(str(path), None, x)


def test_sums_between_two_steps_may_become_either(read: Read) -> None:
    """The file is read, although its outputs are not the evaluator's to the step."""
    path, x, network = read
    evaluator = onnx.reference.ReferenceEvaluator(
        str(path), new_ops=corrected_operators()
    )
    (wanted,) = evaluator.run(None, {"x": x.numpy()})
    steps = np.abs(network.run(x).numpy() - wanted) / STEP
    assert steps.max() > 0.9
    assert (steps > 0.5).mean() < 0.05


def test_rounding_elsewhere_is_refused(read: Read) -> None:
    """A tenth of a step more before the rounding, which changes a tenth of the numbers by one."""
    path, x, network = read
    first, *others = network.layers
    bias = torch.full((CHANNELS,), STEP / 10)
    wrong = replace(network, layers=(replace(first, bias=bias), *others))
    with pytest.raises(ValueError, match="what the ONNX reference evaluator"):
        check_against_reference(path, read_onnx_file(path), wrong, x)
