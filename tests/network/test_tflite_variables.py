"""TFLite files that keep variables are steps of sequences."""

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("flatbuffers", reason="the test extra is missing")

from tflite_writer import Writer

from mho.network.formats import load_network
from mho.network.formats.tflite import read_tflite


def handle(net: Writer, name: str) -> int:
    return net.op("VAR_HANDLE", [], (), container="", shared_name=name)


def written(net: Writer, variable: int, value: int) -> None:
    net.op("ASSIGN_VARIABLE", [variable, value], (), results=0)


def stream(net: Writer) -> int:
    """The last three inputs through a layer, and a sum of all so far of what it gives.

    The sum is read after it was written in the same step, and then holds what was written.
    """
    x = net.input(1, 2)
    past = handle(net, "past")
    total = handle(net, "past sum")
    before = net.op("READ_VARIABLE", [past], (1, 2, 2))
    three = net.op("CONCATENATION", [before, x], (1, 3, 2), axis=1)
    bounds = [net.whole(0, 1, 0), net.whole(1, 2, 2)]
    kept = net.op("SLICE", [three, *bounds], (1, 2, 2))
    written(net, past, kept)
    y = net.dense(net.op("RESHAPE", [three, net.whole(1, 6)], (1, 6)), 4)
    so_far = net.op("READ_VARIABLE", [total], (1, 4))
    grown = net.op("ADD", [so_far, y], (1, 4))
    written(net, total, grown)
    return net.op("READ_VARIABLE", [total], (1, 4))


def test_a_stream_is_a_step_whose_variables_are_handed_on(
    tmp_path: Path,
) -> None:
    """Windows of three inputs, zeros in front, times the weights, summed up: in numpy at once."""
    net = Writer(seed=3)
    path = tmp_path / "stream.tflite"
    path.write_bytes(net.content(stream(net)))
    x = np.random.default_rng(5).normal(size=(2, 7, 1, 2)).astype(np.float32)
    network = load_network(str(path), None, torch.tensor(x))
    ahead = np.concatenate([np.zeros((2, 2, 1, 2), np.float32), x], 1)
    windows = np.stack([ahead[:, k : k + 3] for k in range(7)], 1)
    (weight,) = (layer.weight for layer in network.layers)
    bias = net.tensors[net.operations[-5].inputs[2]].array
    each = windows.reshape(2, 7, 6) @ weight.numpy().T + bias
    (found,) = network.outputs(torch.tensor(x)).values()
    np.testing.assert_allclose(found.numpy(), each.cumsum(1), rtol=0, atol=1e-5)
    assert read_tflite(path).states == {
        "past": "past_next",
        "past_sum": "past_sum_next",
    }


def test_variables_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    net = Writer()
    x = net.input(1, 4)
    before = net.op("READ_VARIABLE", [handle(net, "v")], (1, 1, 4))
    y = net.op("ADD", [x, before], (1, 1, 4))
    path = tmp_path / "stream.tflite"
    path.write_bytes(net.content(y))
    with pytest.raises(
        ValueError, match="reads the variable `v`, which it never"
    ):
        read_tflite(path)
    net.operations[0].options["shared_name"] = ""
    path.write_bytes(net.content(y))
    with pytest.raises(ValueError, match="keeps a variable without a name"):
        read_tflite(path)


def test_variables_are_one_where_container_and_name_are(tmp_path: Path) -> None:
    """Three variables whose names look alike stay three, each with its own steps."""
    net = Writer(seed=3)
    y = net.dense(net.input(1, 4), 4)
    for container, name in (("", "h 1"), ("", "h_1"), ("other", "h 1")):
        for_reading, for_writing = (
            net.op("VAR_HANDLE", [], (), container=container, shared_name=name)
            for _ in range(2)
        )
        before = net.op("READ_VARIABLE", [for_reading], (1, 4))
        y = net.op("ADD", [y, before], (1, 4))
        written(net, for_writing, y)
    path = tmp_path / "stream.tflite"
    path.write_bytes(net.content(y))
    assert read_tflite(path).states == {
        name: f"{name}_next" for name in ("h_1", "h_1_", "h_1__")
    }


@pytest.mark.parametrize(
    ("operator", "sentence"),
    [
        ("READ_VARIABLE", "reads a variable into no tensor"),
        ("VAR_HANDLE", "names a variable in no tensor"),
    ],
)
def test_variables_in_no_tensor_are_refused(
    tmp_path: Path, operator: str, sentence: str
) -> None:
    """Place -1 is none, and not the last tensor."""
    net = Writer()
    x = net.input(1, 4)
    past = handle(net, "v")
    before = net.op("READ_VARIABLE", [past], (1, 4))
    y = net.op("ADD", [x, before], (1, 4))
    written(net, past, y)
    for item in net.operations:
        if item.operator == operator:
            item.outputs = [-1]
    path = tmp_path / "stream.tflite"
    path.write_bytes(net.content(y))
    with pytest.raises(ValueError, match=sentence):
        read_tflite(path)
