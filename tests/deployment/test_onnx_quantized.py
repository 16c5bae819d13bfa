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


def rounding_lstm(path: Path, kind: type, directions: int) -> str:
    """An LSTM as onnxruntime's dynamic quantiser leaves it.

    Bytes have one step and one zero point for each direction; of signed ones each gate's row has
    a step of its own, and none has a zero point.
    """
    chance = np.random.default_rng(7)
    hidden = 4
    arrays = {"B": chance.normal(size=(directions, 8 * hidden)) * 0.2}
    limits = np.iinfo(kind)
    for name, inputs in (("W", 3), ("R", hidden)):
        size = (directions, inputs, 4 * hidden)
        whole = chance.integers(limits.min, limits.max, size)
        each = (directions, 4 * hidden) if limits.min else (directions,)
        arrays |= {
            f"{name}": whole.astype(kind),
            f"{name}_step": chance.uniform(0.004, 0.008, each),
            f"{name}_zero": np.full(each, 0 if limits.min else 121, kind),
        }
    value = onnx.helper.make_tensor_value_info
    scales = ("W_step", "W_zero", "R_step", "R_zero")
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node(
                "Transpose", ["x"], ["steps"], perm=[1, 0, 2]
            ),
            onnx.helper.make_node(
                "DynamicQuantizeLSTM",
                ["steps", "W", "R", "B", "", "", "", "", *scales],
                ["", "state"],
                domain="com.microsoft",
                hidden_size=hidden,
                direction="bidirectional" if directions > 1 else "forward",
            ),
            onnx.helper.make_node(
                "Transpose", ["state"], ["y"], perm=[1, 0, 2]
            ),
        ],
        "lstm",
        [value("x", 1, ["batch", 5, 3])],
        [value("y", 1, ["batch", directions, hidden])],
        [
            onnx.numpy_helper.from_array(
                array.astype(np.float32) if array.dtype.kind == "f" else array,
                name,
            )
            for name, array in arrays.items()
        ],
    )
    opsets = [
        onnx.helper.make_opsetid("", 14),
        onnx.helper.make_opsetid("com.microsoft", 1),
    ]
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), path
    )
    return str(path)


SEQUENCES = np.sin(np.arange(30, dtype=np.float32)).reshape(2, 5, 3)
SEQUENCES[0] *= 0.1
BY_ONNXRUNTIME = {
    (np.uint8, 2): [
        [
            0.01200106,
            -0.06759976,
            -0.09064145,
            -0.00798999,
            0.11835716,
            -0.34809762,
            -0.0621138,
            -0.18372962,
        ],
        [
            0.00457551,
            -0.05200639,
            -0.08397938,
            0.0388022,
            0.13104646,
            -0.42396104,
            -0.17881031,
            -0.17207956,
        ],
    ],
    (np.int8, 1): [
        [0.00146162, -0.07815015, -0.0808908, 0.05320796],
        [0.04164054, -0.04440105, -0.08544607, -0.13273135],
    ],
}
"""Last states of each sequence alone, from onnxruntime 1.32.0."""


@pytest.mark.parametrize(("kind", "directions"), list(BY_ONNXRUNTIME))
def test_an_lstm_of_whole_numbers_is_that_of_onnxruntime(
    tmp_path: Path, kind: type, directions: int
) -> None:
    """One step of 1/255 more or less in any rounding would move a state by 1e-3 or so."""
    path = rounding_lstm(tmp_path / "lstm.onnx", kind, directions)
    inputs = torch.from_numpy(SEQUENCES)
    network = load_network(path, None, inputs)
    found = network.run(inputs).flatten(1)
    wanted = torch.tensor(BY_ONNXRUNTIME[kind, directions])
    torch.testing.assert_close(found, wanted, rtol=0, atol=2e-6)
    shapes = [tuple(layer.weight.shape) for layer in network.layers]
    assert shapes == [(16, 3), (16, 4)] * directions
    exact = network.in_float64().run(inputs).flatten(1)
    assert exact.dtype == torch.float64
    torch.testing.assert_close(exact.float(), wanted, rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"W_step": np.ones(5, np.float32)}, "has steps of shape"),
        ({"W": np.ones((16, 3), np.uint8)}, "lacks weights or their steps"),
        ({"R": np.ones((2, 3, 16), np.uint8)}, "lacks weights"),
    ],
)
def test_an_lstm_of_other_weights_is_refused(
    tmp_path: Path, change: dict[str, np.ndarray], sentence: str
) -> None:
    path = rounding_lstm(tmp_path / "lstm.onnx", np.uint8, 2)
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name in change:
            new = onnx.numpy_helper.from_array(change[tensor.name], tensor.name)
            tensor.CopyFrom(new)
    onnx.save(model, path)
    with pytest.raises(ValueError, match=sentence):
        load_network(path, None, torch.from_numpy(SEQUENCES))
