"""One operation at a time, with the settings in which ONNX and torch differ."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from handmade import floats, model, node, onnx, run_graph, whole
from more_operations import IMAGE, MORE_OPERATIONS, ROW, SIGNAL, case
from torch import Tensor

from mho.network.formats.onnx.corrections import corrected_operators
from mho.network.formats.onnx.reader import read_onnx_file

OPERATIONS = [
    case(
        "gemm",
        ROW,
        node("Gemm", "w", "b", alpha=0.5, beta=2.0),
        w=floats(6, 3),
        b=floats(3),
    ),
    case(
        "gemm scalar bias",
        ROW,
        node("Gemm", "w", "b", transB=1),
        w=floats(3, 6),
        b=floats(1),
    ),
    case("matmul", SIGNAL, node("MatMul", "w"), w=floats(9, 5)),
    case("matmul batched", SIGNAL, node("MatMul", "w"), w=floats(4, 9, 5)[:1]),
    *(
        case(
            f"conv {pad}",
            IMAGE,
            node("Conv", "w", auto_pad=pad, strides=[2, 1]),
            w=floats(4, 4, 4, 2),
        )
        for pad in ("SAME_UPPER", "SAME_LOWER", "VALID")
    ),
    case(
        "conv uneven",
        IMAGE,
        node("Conv", "w", "b", pads=[0, 1, 2, 0], group=2),
        w=floats(6, 2, 3, 3),
        b=floats(6),
    ),
    case(
        "conv1d dilated",
        SIGNAL,
        node("Conv", "w", dilations=[2], pads=[1, 1]),
        w=floats(3, 4, 3),
    ),
    case(
        "transposed uneven",
        IMAGE,
        node("ConvTranspose", "w", strides=[2, 2], pads=[1, 1, 0, 1], group=2),
        w=floats(4, 2, 3, 3),
    ),
    case(
        "transposed 1d",
        SIGNAL,
        node("ConvTranspose", "w", "b", strides=[3], output_padding=[2]),
        w=floats(4, 2, 3),
        b=floats(2),
    ),
    case(
        "batch norm",
        IMAGE,
        node("BatchNormalization", "s", "b", "m", "v"),
        s=floats(4),
        b=floats(4),
        m=floats(4),
        v=np.abs(floats(4)),
    ),
    case(
        "layer norm",
        IMAGE,
        node("LayerNormalization", "s", "b", axis=-2),
        s=floats(7, 6),
        b=floats(7, 6),
    ),
    case(
        "max pool uneven",
        IMAGE,
        node("MaxPool", kernel_shape=[3, 2], pads=[0, 1, 1, 0]),
    ),
    case(
        "max pool ceil",
        IMAGE,
        node("MaxPool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    ),
    case(
        "max pool 1d dilated",
        SIGNAL,
        node("MaxPool", kernel_shape=[3], dilations=[2], strides=[2]),
    ),
    *(
        case(
            f"average pool {counted}",
            IMAGE,
            node(
                "AveragePool",
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
                count_include_pad=counted,
            ),
        )
        for counted in (0, 1)
    ),
    case("global average", IMAGE, node("GlobalAveragePool")),
    case("global maximum", SIGNAL, node("GlobalMaxPool")),
    *(
        case(name, SIGNAL, node(name))
        for name in (
            "Relu",
            "Sigmoid",
            "Tanh",
            "HardSwish",
            "Erf",
            "Softplus",
            "Mish",
            "Elu",
            "Selu",
            "LeakyRelu",
            "HardSigmoid",
            "Abs",
            "Neg",
            "Exp",
            "Identity",
            "Softmax",
            "LogSoftmax",
            "Flatten",
            "Transpose",
            "ReduceMean",
            "ReduceMax",
            "ReduceSum",
            "Dropout",
        )
    ),
    case("elu", SIGNAL, node("Elu", alpha=0.3)),
    case("leaky", SIGNAL, node("LeakyRelu", alpha=0.3)),
    case("hard sigmoid", SIGNAL, node("HardSigmoid", alpha=0.4, beta=0.3)),
    *(
        case(f"gelu {kind}", SIGNAL, node("Gelu", approximate=kind), 20)
        for kind in ("none", "tanh")
    ),
    case("prelu", IMAGE, node("PRelu", "s"), s=floats(4, 1, 1)),
    case("clip low", SIGNAL, node("Clip", "low"), low=np.float32(-0.2)),
    case("clip high", SIGNAL, node("Clip", "", "high"), high=np.float32(0.2)),
    *(
        case(name, SIGNAL, node(name, "c"), c=floats(4, 1))
        for name in ("Add", "Sub", "Mul", "Div", "Min", "Max")
    ),
    case("power", SIGNAL, node("Pow", "c"), c=np.float32(2)),
    case("softmax axis", IMAGE, node("Softmax", axis=1)),
    case(
        "mean, axes attribute",
        IMAGE,
        node("ReduceMean", axes=[1, -1], keepdims=0),
        13,
    ),
    case("mean, axes input", IMAGE, node("ReduceMean", "a"), a=whole(-1, 1)),
    case(
        "sum, nothing to do", IMAGE, node("ReduceSum", noop_with_empty_axes=1)
    ),
    case("reshape 0", IMAGE, node("Reshape", "s"), s=whole(0, 2, -1, 6)),
    case("flatten 2", IMAGE, node("Flatten", axis=2)),
    case("permute", IMAGE, node("Transpose", perm=[0, 3, 1, 2])),
    case("concat", SIGNAL, node("Concat", "x", axis=-1)),
    case(
        "slice",
        IMAGE,
        node("Slice", "a", "b", "c", "d"),
        a=whole(-3, 1),
        b=whole(2**62, -1),
        c=whole(3, 2),
        d=whole(2, 3),
    ),
    case("squeeze", (1, 3), node("Squeeze", "a"), a=whole(1)),
    case("unsqueeze", ROW, node("Unsqueeze", "a"), a=whole(-1, 1)),
    case("gather one", IMAGE, node("Gather", "i", axis=2), i=np.int64(-2)),
    case("gather some", IMAGE, node("Gather", "i", axis=3), i=whole(5, -1, 0)),
    case(
        "pad axes",
        IMAGE,
        node("Pad", "p", "v", "a"),
        p=whole(1, 0, 2, 3),
        v=np.float32(7),
        a=whole(-1, 2),
    ),
    case("expand", (1, 3), node("Expand", "s"), s=whole(1, 4, 1)),
    case(
        "resize",
        IMAGE,
        node(
            "Resize",
            "",
            "f",
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        f=np.array([1, 1, 2, 3], dtype=np.float32),
    ),
    case(
        "resize by size",
        IMAGE,
        node("Resize", "", "", "s", mode="nearest"),
        s=whole(2, 4, 14, 6),
    ),
]


def reference(path: Path, samples: Tensor) -> Any:
    from onnx.reference import ReferenceEvaluator

    with np.errstate(all="ignore"):
        evaluator = ReferenceEvaluator(str(path), new_ops=corrected_operators())
        return evaluator.run(None, {"x": samples.numpy()})[0]


@pytest.mark.parametrize(("made", "shape"), OPERATIONS + MORE_OPERATIONS)
def test_an_operation_computes_what_the_standard_says(
    tmp_path: Path, made: Any, shape: tuple[int, ...]
) -> None:
    """The reference evaluator shares no code with torch; float32 agrees to 1e-5 of the largest."""
    path = tmp_path / "one.onnx"
    onnx.save(made, path)
    samples = torch.from_numpy(floats(2, *shape, seed=2))
    # Samples come first, wherever the file returns them.
    axis = read_onnx_file(path).axes["y"]
    wanted = np.moveaxis(reference(path, samples), axis, 0)
    found = run_graph(path, samples).numpy()
    assert found.shape == wanted.shape
    np.testing.assert_allclose(
        found, wanted, rtol=0, atol=1e-5 * max(1, np.abs(wanted).max())
    )


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "GRU resetting first"])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("biased", [False, True])
def test_gates_find_their_places(
    tmp_path: Path, kind: str, direction: str, biased: bool
) -> None:
    """ONNX stores the gates i, o, f, c and z, r, h; torch i, f, g, o and r, z, n.

    Random weights: any exchange of two gates changes the outputs by their size.
    """
    name = kind.split()[0]
    hidden = 4
    steps = 5
    directions = 1 + (direction == "bidirectional")
    rows = hidden * (3 + (name == "LSTM"))
    arrays = {
        "w": floats(directions, rows, 3),
        "r": floats(directions, rows, hidden, seed=3),
    }
    if biased:
        arrays["b"] = floats(directions, 2 * rows, seed=4)
    options = {"linear_before_reset": 1} if kind == "GRU" else {}
    nodes = [
        onnx.helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        onnx.helper.make_node(
            name,
            ["t", "w", "r", *(["b"] if biased else [])],
            ["o", "h"],
            hidden_size=hidden,
            direction=direction,
            **options,
        ),
        onnx.helper.make_node("Transpose", ["o"], ["u"], perm=[2, 0, 1, 3]),
        onnx.helper.make_node("Transpose", ["h"], ["v"], perm=[1, 0, 2]),
        onnx.helper.make_node("Unsqueeze", ["v", "one"], ["q"]),
        onnx.helper.make_node("Concat", ["u", "q"], ["y"], axis=1),
    ]
    path = tmp_path / "gates.onnx"
    onnx.save(model(nodes, (steps, 3), one=whole(1), **arrays), path)
    samples = torch.from_numpy(floats(2, steps, 3, seed=5))
    np.testing.assert_allclose(
        run_graph(path, samples).numpy(),
        independent(kind, samples.numpy(), arrays),
        atol=1e-5,
    )


def sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


def independent(kind: str, samples: Any, arrays: dict[str, Any]) -> Any:
    """The formulas of the ONNX standard, written down step by step: outputs, then last states."""
    outputs = []
    finals = []
    for direction, (w, r) in enumerate(
        zip(arrays["w"], arrays["r"], strict=True)
    ):
        size = r.shape[1]
        wb, rb = np.split(
            arrays["b"][direction] if "b" in arrays else np.zeros(2 * len(w)), 2
        )
        state = np.zeros((len(samples), size))
        cell = np.zeros((len(samples), size))
        steps = []
        order = range(samples.shape[1])
        for step in reversed(order) if direction else order:
            a = np.split(samples[:, step] @ w.T + wb, len(w) // size, axis=1)
            b = np.split(state @ r.T + rb, len(w) // size, axis=1)
            if kind == "LSTM":
                i, o, f, c = (p + q for p, q in zip(a, b, strict=True))
                cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
                state = sigmoid(o) * np.tanh(cell)
            else:
                z = sigmoid(a[0] + b[0])
                reset = sigmoid(a[1] + b[1])
                shown = reset * b[2]
                if kind != "GRU":
                    product = (reset * state) @ r[2 * size :].T
                    shown = product + rb[2 * size :]
                state = (1 - z) * np.tanh(a[2] + shown) + z * state
            steps.append(state)
        outputs.append(np.stack(steps[::-1] if direction else steps, 1))
        finals.append(state)
    return np.concatenate(
        [np.stack(outputs, 2), np.stack(finals, 1)[:, None]], 1
    )


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_the_error_function_keeps_the_precision_it_is_given(kind: str) -> None:
    """Against Python's own, number by number: to 2 units in the last place."""
    from onnx.reference import ReferenceEvaluator

    real = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    ends = [
        onnx.helper.make_tensor_value_info(name, real, [None]) for name in "xy"
    ]
    graph = onnx.helper.make_graph([node("Erf")], "graph", ends[:1], ends[1:])
    opsets = [onnx.helper.make_opsetid("", 17)]
    whole_file = onnx.helper.make_model(
        graph, opset_imports=opsets, ir_version=9
    )
    evaluator = ReferenceEvaluator(whole_file, new_ops=corrected_operators())
    x = np.linspace(-3, 3, 61).astype(kind)
    (found,) = evaluator.run(None, {"x": x})
    wanted = [math.erf(float(value)) for value in x]
    assert found.dtype == kind
    np.testing.assert_allclose(found, wanted, rtol=2 * np.finfo(kind).eps)
