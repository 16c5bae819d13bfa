"""Networks of whole numbers, as onnxruntime's quantiser leaves them."""

from pathlib import Path

import numpy as np
import pytest
import torch

onnx = pytest.importorskip("onnx", reason="the extra `mho[onnx]` is missing")

from mho.network.formats import load_network  # noqa: E402

CHANCE = np.random.default_rng(4)


def quantised(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bytes, their step and their zero point."""
    low = min(0.0, float(weights.min()))
    step = np.float32((max(0.0, float(weights.max())) - low) / 255)
    zero = np.uint8(round(-low / step))
    whole = np.clip(np.round(weights / step) + zero, 0, 255).astype(np.uint8)
    return whole, step, np.asarray(zero)


def dynamic_network(path: Path) -> str:
    """A convolution and a product, each rounding its input by the range that it has."""
    arrays = {}
    steps = {}
    shapes = {"k": (4, 1, 3, 3), "m": (4 * 36, 5)}
    for name, shape in shapes.items():
        whole, steps[name], zero = quantised(CHANCE.normal(size=shape))
        arrays |= {
            name: whole,
            f"{name}_zero": zero,
            f"{name}_step": steps[name],
        }
    make = onnx.helper.make_node
    nodes = []
    value = "x"
    for name, operator in (("k", "ConvInteger"), ("m", "MatMulInteger")):
        rounded = [
            f"{name}_{what}" for what in ("whole", "own_step", "own_zero")
        ]
        nodes += [
            make("DynamicQuantizeLinear", [value], rounded),
            make(
                operator,
                [rounded[0], name, rounded[2], f"{name}_zero"],
                [f"{name}_sum"],
            ),
            make("Cast", [f"{name}_sum"], [f"{name}_real"], to=1),
            make("Mul", [rounded[1], f"{name}_step"], [f"{name}_unit"]),
            make("Mul", [f"{name}_real", f"{name}_unit"], [f"{name}_out"]),
        ]
        value = f"{name}_out"
        if name == "k":
            nodes += [
                make("Relu", [value], ["r"]),
                make("Flatten", ["r"], ["f"]),
            ]
            value = "f"
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "dynamic",
        [info("x", 1, ["batch", 1, 8, 8])],
        [info(value, 1, ["batch", 5])],
        [
            onnx.numpy_helper.from_array(array, name)
            for name, array in arrays.items()
        ],
    )
    opset = [onnx.helper.make_opsetid("", 13)]
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path
    )
    return str(path)


def test_ranges_are_those_of_each_sample_and_products_are_layers(
    tmp_path: Path,
) -> None:
    """As the evaluator says of samples one by one, though their ranges differ a hundredfold.

    In a batch of all three the evaluator would round the small one to a few steps. All sums are
    whole numbers below 2²⁴, so that only the last rounding to single precision differs; a step
    more or less in between would be 1/255.
    """
    path = dynamic_network(tmp_path / "dynamic.onnx")
    inputs = CHANCE.normal(size=(3, 1, 8, 8)).astype(np.float32)
    inputs *= np.array([0.05, 1, 5], np.float32)[:, None, None, None]
    network = load_network(path, None, torch.from_numpy(inputs))
    evaluator = onnx.reference.ReferenceEvaluator(path)
    wanted = np.concatenate(
        [evaluator.run(None, {"x": one[None]})[0] for one in inputs]
    )
    found = network.run(torch.from_numpy(inputs)).numpy()
    off = np.abs(found - wanted).max(1) / np.abs(wanted).max(1)
    assert off.max() < 1e-5
    assert [tuple(layer.weight.shape) for layer in network.layers] == [
        (4, 9),
        (5, 144),
    ]
    # the weights are the file's own whole numbers, less their zero point
    whole = network.layers[1].weight
    assert torch.equal(whole, whole.round())
