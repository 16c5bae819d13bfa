"""Files as exporters write them: branches, free axes, states, old words, quantised weights."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from handmade import floats, model, onnx, whole
from torch import Tensor

from mho.network import read_network
from mho.network.conversion import network_of_graph
from mho.network.formats import load_network
from mho.network.formats.onnx import (
    Wish,
    check_against_reference,
    file_inputs,
    read_onnx_file,
)
from mho.network.formats.onnx.operators import HANDLERS
from mho.network.graph import Graph
from mho.network.operations import arguments_of, evaluate_node

make = onnx.helper.make_node
FLOAT = onnx.TensorProto.FLOAT
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "onnx.md"


def value(name: str, shape: tuple[Any, ...], kind: int = FLOAT) -> Any:
    return onnx.helper.make_tensor_value_info(name, kind, shape)


def saved(
    folder: Path,
    nodes: list[Any],
    inputs: list[Any],
    outputs: tuple[str, ...] = ("y",),
    opset: int = 18,
    **arrays: Any,
) -> Path:
    """A file with these inputs and outputs."""
    made = model(nodes, (1,), opset, **arrays)
    del made.graph.input[:]
    del made.graph.output[:]
    made.graph.input.extend(inputs)
    made.graph.output.extend(value(name, ()) for name in outputs)
    for item in made.graph.output:
        item.type.tensor_type.ClearField("shape")
    path = folder / "file.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def run(graph: Graph, **inputs: Tensor) -> dict[str, Tensor]:
    values: dict[str, object] = {**graph.tensors, **inputs}
    for item in graph.nodes:
        values[item.name] = evaluate_node(item, arguments_of(item, values))
    return {one.name: values[one.value] for one in graph.outputs}


def branch(nodes: list[Any], name: str) -> Any:
    return onnx.helper.make_graph(nodes, "body", [], [value(name, ())])


def choosing(condition: str, other: str = "NoSuchOperator") -> Any:
    """Doubles `x` if the condition holds, else calls an operator that nobody knows."""
    return make(
        "If",
        [condition],
        ["y"],
        then_branch=branch([make("Add", ["x", "x"], ["a"])], "a"),
        else_branch=branch([make(other, ["x"], ["b"])], "b"),
    )


def test_a_branch_that_a_shape_decides_is_taken_and_the_other_not_read(
    tmp_path: Path,
) -> None:
    """Exporters write `squeeze` as a choice by the size of an axis; 6 equals 6."""
    nodes = [
        make("Shape", ["x"], ["s"]),
        make("Gather", ["s", "one"], ["n"]),
        make("Equal", ["n", "six"], ["c"]),
        choosing("c"),
    ]
    path = saved(
        tmp_path,
        nodes,
        [value("x", ("b", 6))],
        one=np.int64(1),
        six=np.int64(6),
    )
    samples = torch.from_numpy(floats(3, 6))
    found = run(read_onnx_file(path).graph, x=samples)
    torch.testing.assert_close(found["y"], 2 * samples)


def test_a_branch_that_the_input_decides_is_refused_unless_that_is_fixed(
    tmp_path: Path,
) -> None:
    nodes = [make("Equal", ["rate", "wanted"], ["c"]), choosing("c")]
    inputs = [value("x", ("b", 6)), value("rate", (), onnx.TensorProto.INT64)]
    path = saved(tmp_path, nodes, inputs, wanted=np.int64(16000))
    assert file_inputs(path) == {"x": 2, "rate": 0}
    with pytest.raises(ValueError, match=r"`rate`.*`--input rate=VALUE`"):
        read_onnx_file(path)
    fixed = Wish(constants={"rate": np.array(16000)})
    graph = read_onnx_file(path, fixed).graph
    assert [entry.name for entry in graph.inputs] == ["x"]
    other = Wish(constants={"rate": np.array(8000)})
    with pytest.raises(ValueError, match=r"`b` \(`NoSuchOperator`\)"):
        read_onnx_file(path, other)


def test_a_branch_that_the_batch_decides_is_refused(tmp_path: Path) -> None:
    """Two samples are not three; one graph cannot be right for both."""
    nodes = [
        make("Shape", ["x"], ["s"]),
        make("Gather", ["s", "zero"], ["n"]),
        make("Equal", ["n", "three"], ["c"]),
        choosing("c"),
    ]
    arrays = {"zero": np.int64(0), "three": np.int64(3)}
    path = saved(tmp_path, nodes, [value("x", ("b", 6))], **arrays)
    with pytest.raises(ValueError, match="depends on how large a batch is"):
        read_onnx_file(path)


def test_free_axes_take_the_sizes_of_the_data(tmp_path: Path) -> None:
    """Padding by SAME_UPPER and a reshape by the picture's shape need both sizes."""
    nodes = [
        make("Conv", ["x", "w"], ["c"], auto_pad="SAME_UPPER", strides=[2, 2]),
        make("Shape", ["c"], ["s"]),
        make("Slice", ["s", "zero", "two", "zero"], ["front"]),
        make("Concat", ["front", "rest"], ["t"], axis=0),
        make("Reshape", ["c", "t"], ["y"]),
    ]
    arrays = {
        "w": floats(5, 3, 3, 3),
        "zero": whole(0),
        "two": whole(2),
        "rest": whole(-1),
    }
    inputs = [value("x", ("batch", 3, "height", "?"))]
    path = saved(tmp_path, nodes, inputs, **arrays)
    for height, width in ((8, 8), (7, 10)):
        samples = torch.from_numpy(floats(3, 3, height, width))
        network = load_network(str(path), None, samples)
        positions = -(-height // 2) * -(-width // 2)
        assert network.run(samples[:2]).shape == (2, 5, positions)


def test_samples_come_first_wherever_the_file_has_them(tmp_path: Path) -> None:
    """A state (2, batch, 3) goes in and comes out as (batch, 2, 3); the reference agrees."""
    nodes = [
        make("MatMul", ["x", "w"], ["h"]),
        make("Unsqueeze", ["h", "zero"], ["u"]),
        make("Add", ["state", "u"], ["next"]),
        make("ReduceSum", ["next", "zero"], ["y"], keepdims=0),
    ]
    inputs = [value("x", ("b", 6)), value("state", (2, "b", 3))]
    arrays = {"w": floats(6, 3), "zero": whole(0)}
    path = saved(tmp_path, nodes, inputs, ("y", "next"), **arrays)
    data = {
        "x": torch.from_numpy(floats(4, 6)),
        "state": torch.from_numpy(floats(4, 2, 3, seed=2)),
    }
    source = read_onnx_file(path)
    network = read_network(source.graph, data)
    check_against_reference(path, source, network, data)
    product = data["x"] @ torch.from_numpy(arrays["w"])
    wanted = data["state"] + product[:, None]
    torch.testing.assert_close(network.outputs(data)["next"], wanted)
    torch.testing.assert_close(network.outputs(data)["y"], wanted.sum(1))


def test_a_network_can_be_cut_at_a_tensor_and_the_rest_is_not_read(
    tmp_path: Path,
) -> None:
    nodes = [
        make("MatMul", ["x", "w"], ["h"]),
        make("NoSuchOperator", ["h"], ["y"]),
    ]
    inputs = [value("x", ("b", 6))]
    path = saved(tmp_path, nodes, inputs, w=floats(6, 3))
    with pytest.raises(ValueError, match=r"`y` \(`NoSuchOperator`\)"):
        read_onnx_file(path)
    graph = read_onnx_file(path, Wish(outputs=("h",))).graph
    assert [output.name for output in graph.outputs] == ["h"]
    with pytest.raises(ValueError, match="has no tensor `z`"):
        read_onnx_file(path, Wish(outputs=("z",)))


def test_all_axes_of_a_file_may_belong_to_one_sample(tmp_path: Path) -> None:
    """Groups of four rows are averaged on purpose: a sample is a block of eight rows."""
    nodes = [
        make("Reshape", ["x", "s"], ["g"]),
        make("ReduceMean", ["g", "one"], ["y"], keepdims=0),
    ]
    arrays = {"s": whole(-1, 4, 3), "one": whole(1)}
    path = saved(tmp_path, nodes, [value("x", ("rows", 3))], **arrays)
    wish = Wish(shapes={"x": (5, 8, 3)}, single=True)
    block = torch.from_numpy(floats(8, 3))
    found = run(read_onnx_file(path, wish).graph, x=block)["y"]
    torch.testing.assert_close(found, block.view(2, 4, 3).mean(1))


@pytest.mark.parametrize("opset", [7, 11, 12, 13])
def test_a_softmax_before_opset_13_goes_over_all_axes_from_its_own_on(
    tmp_path: Path, opset: int
) -> None:
    """The words are the same; what they mean changed with version 13."""
    nodes = [
        make("MatMul", ["x", "w"], ["h"]),
        make("Softmax", ["h"], ["y"], axis=1),
    ]
    path = saved(
        tmp_path, nodes, [value("x", ("b", 2, 6))], opset=opset, w=floats(6, 3)
    )
    samples = torch.from_numpy(floats(4, 2, 6))
    network = load_network(str(path), None, samples)
    scores = samples @ torch.from_numpy(floats(6, 3))
    wanted = (
        scores.softmax(1)
        if opset >= 13
        else scores.flatten(1).softmax(1).view(4, 2, 3)
    )
    torch.testing.assert_close(network.run(samples), wanted)


@pytest.mark.parametrize(
    ("opset", "operator"), [(7, "Upsample"), (9, "Upsample"), (10, "Resize")]
)
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_pictures_were_resized_from_the_left_edge_of_pixels(
    tmp_path: Path, opset: int, operator: str, mode: str
) -> None:
    """New pixel k lies at k / 1.5 of the old ones: 0, 2/3, 4/3, 2, 8/3, 10/3 (beyond the last)."""
    scales = np.float32([1, 1, 1, 1.5])
    stated = {"scales": scales.tolist()} if opset < 9 else {}
    inputs = ["h", *([] if stated else ["f"])]
    nodes = [
        make("Conv", ["x", "w"], ["h"]),
        make(operator, inputs, ["y"], mode=mode, **stated),
    ]
    arrays = {"w": np.ones((1, 1, 1, 1), np.float32), "f": scales}
    shape = ("b", 1, 2, 4)
    path = saved(tmp_path, nodes, [value("x", shape)], opset=opset, **arrays)
    samples = torch.from_numpy(floats(3, 1, 2, 4))
    a, b, c, d = samples.unbind(-1)
    third = (a + 2 * b) / 3, (2 * b + c) / 3, (c + 2 * d) / 3
    wanted = {
        "nearest": (a, a, b, c, c, d),
        "linear": (a, third[0], third[1], c, third[2], d),
    }
    found = load_network(str(path), None, samples).run(samples)
    torch.testing.assert_close(found, torch.stack(wanted[mode], -1))


def test_files_older_than_opset_7_are_converted(tmp_path: Path) -> None:
    """In opset 6 a bias is spread only if the file says so; the converter knows."""
    nodes = [
        make("MatMul", ["x", "w"], ["h"]),
        make("Add", ["h", "b"], ["y"], broadcast=1),
    ]
    arrays = {"w": floats(6, 3), "b": floats(3)}
    inputs = [
        value("x", (2, 6)),
        *(value(name, array.shape) for name, array in arrays.items()),
    ]
    path = saved(tmp_path, nodes, inputs, opset=6, **arrays)
    samples = torch.from_numpy(floats(2, 6))
    wanted = samples @ torch.from_numpy(arrays["w"])
    source = read_onnx_file(path)
    assert source.model.opset_import[0].version == 13
    assert file_inputs(path) == {"x": 2}
    found = run(source.graph, x=samples)["y"]
    torch.testing.assert_close(found, wanted + torch.from_numpy(arrays["b"]))


def test_what_the_converter_cannot_do_is_told_in_a_sentence(
    tmp_path: Path,
) -> None:
    nodes = [make("Cast", ["x"], ["y"], to="FLOAT")]
    path = saved(tmp_path, nodes, [value("x", (2, 6))], opset=1)
    with pytest.raises(ValueError, match=r"version_converter.*but that fails"):
        read_onnx_file(path)


@pytest.mark.parametrize("opset", [13, 19])
def test_quantised_weights_become_what_they_stand_for_exactly(
    tmp_path: Path, opset: int
) -> None:
    """(q - zero) × scale of a row of int8, in float32: not one bit may differ."""
    rows = np.random.default_rng(3).integers(-128, 128, (6, 3)).astype(np.int8)
    scale = np.float32([0.1, 0.02, 0.3])
    zero = np.int8([3, 0, -7])
    nodes = [
        make("DequantizeLinear", ["q", "scale", "zero"], ["w"], axis=1),
        make("MatMul", ["x", "w"], ["y"]),
    ]
    arrays = {"q": rows, "scale": scale, "zero": zero}
    inputs = [value("x", ("b", 6))]
    path = saved(tmp_path, nodes, inputs, opset=opset, **arrays)
    network = load_network(str(path), None, torch.from_numpy(floats(3, 6)))
    (layer,) = network.layers
    wanted = (rows.astype(np.float32) - zero) * scale
    np.testing.assert_array_equal(layer.weight.numpy().T, wanted)


def test_masks_may_be_infinite_and_weights_may_not(tmp_path: Path) -> None:
    nodes = [
        make("MatMul", ["x", "w"], ["h"]),
        make("Add", ["h", "mask"], ["m"]),
        make("Softmax", ["m"], ["y"]),
    ]
    inputs = [value("x", ("b", 6))]
    samples = torch.from_numpy(floats(3, 6))
    mask = np.float32([0, -np.inf, 0])
    good = saved(tmp_path, nodes, inputs, w=floats(6, 3), mask=mask)
    assert not load_network(str(good), None, samples).run(samples)[:, 1].any()
    weights = floats(6, 3)
    for bad in (np.inf, np.nan):
        weights[2, 1] = bad
        path = saved(tmp_path, nodes, inputs, w=weights, mask=mask)
        with pytest.raises(ValueError, match="`w` must be finite"):
            load_network(str(path), None, samples)


def test_last_digits_that_a_logarithm_blows_up_are_no_difference(
    tmp_path: Path,
) -> None:
    """The spectrum of a pure tone is nothing but rounding in all bins but one.

    Its logarithm differs by tenths from one order of adding to another, and a change of the input
    by a millionth changes it more. An operator that is wrong does not hide behind that: ten times
    the effect of a millionth is far less than what it does.
    """
    steps = np.arange(512)
    tone = np.sin(2 * np.pi * 37 * steps / 512).astype(np.float32)
    waves = np.cos(2 * np.pi * np.outer(steps, np.arange(256)) / 512)
    nodes = [
        make("MatMul", ["x", "w"], ["h"]),
        make("Mul", ["h", "h"], ["p"]),
        make("Add", ["p", "e"], ["q"]),
        make("Log", ["q"], ["y"]),
    ]
    arrays = {"w": waves.astype(np.float32), "e": np.float32(1e-12)}
    path = saved(tmp_path, nodes, [value("x", ("b", 512))], **arrays)
    samples = torch.from_numpy(np.stack([tone, np.roll(tone, 3)]))
    source = read_onnx_file(path)
    network = network_of_graph(source.graph, ())
    check_against_reference(path, source, network, samples)
    source.model.graph.node[3].op_type = "Sqrt"
    with pytest.raises(ValueError, match=r"first in node `y` \(`Sqrt`\)"):
        check_against_reference(path, source, network, samples)


def test_the_page_lists_the_operators_that_are_read() -> None:
    """One more or less would be a promise that is not kept, or a secret."""
    page = HOW_TO.read_text()
    table = page[page.index("| family") : page.index("test cases")]
    listed = set(re.findall(r"`((?:com\.microsoft::)?[A-Z]\w+)`", table))
    own = {"Constant", "If", "NonZero", "Shape", "Size"}
    assert listed == {*HANDLERS, *own}
