"""ONNX layers with weights: dense, convolutional, recurrent, and norms."""

from collections.abc import Sequence

import numpy as np

from mho.network.formats.onnx.builder import (
    Array,
    Builder,
    Constant,
    Handler,
    OnnxNode,
    Value,
)
from mho.network.graph import Ref


def gemm(builder: Builder, node: OnnxNode) -> Value:
    """A product of matrices, scaled and shifted; with constant weights a linear layer."""
    factor = node.needed(0)
    weight = node.needed(1)
    alpha = float(node.attributes.get("alpha", 1.0))
    beta = float(node.attributes.get("beta", 1.0))
    turned = bool(node.attributes.get("transA", 0))
    kept = bool(node.attributes.get("transB", 0))
    if turned or not isinstance(weight, Constant):
        raise node.refused("multiplies by no constant weights")
    if weight.array.ndim != 2:
        raise node.refused(f"has weights of shape {weight.array.shape}")
    bias = node.constant(2)
    matrix = weight.array if kept else weight.array.T
    change = "" if kept else "transposed"
    label = node.label(weight, "weight")
    ref = _scaled(builder, weight, matrix, change, alpha, label)
    shift: Ref | None = None
    if bias is not None:
        outputs = matrix.shape[0]
        wide = np.broadcast_to(bias.array, (1, outputs)).reshape(-1)
        change = (
            "" if bias.array.shape == wide.shape else f"spread over {wide.size}"
        )
        shift = _scaled(builder, bias, wide, change, beta)
    return builder.emit(
        "aten.linear.default", input=factor, weight=ref, bias=shift
    )


def _scaled(
    builder: Builder,
    source: Constant,
    array: Array,
    change: str,
    factor: float,
    label: str = "",
) -> Ref:
    if factor == 1.0:
        return builder.store(source, change, array, label)
    return builder.store(
        source, f"{change} times {factor}".strip(), array * factor, label
    )


def matmul(builder: Builder, node: OnnxNode) -> Value:
    """A linear layer if the second factor is a constant matrix, else a digital product."""
    factor = node.needed(0)
    weight = node.needed(1)
    stored = isinstance(weight, Constant) and weight.array.ndim == 2
    if stored and isinstance(weight, Constant) and isinstance(factor, Ref):
        label = node.label(weight, "weight")
        # Layers have their outputs first, products their inputs.
        turned = weight.array.T
        ref = builder.store(weight, "transposed", turned, label)
        return builder.emit(
            "aten.linear.default", input=factor, weight=ref, bias=None
        )
    return builder.emit("aten.matmul.default", self=factor, other=weight)


def padding_of(
    builder: Builder,
    node: OnnxNode,
    spans: Sequence[int],
    strides: Sequence[int],
) -> tuple[list[int], list[int]]:
    """Zeros in front of and behind every axis that a kernel moves along (pixels).

    Args:
        builder: Knows the size of the input.
        node: A convolution or pooling.
        spans: Pixels that the dilated kernel covers on each axis (pixels).
        strides: Distance of neighbouring positions on each axis (pixels).
    """
    automatic = node.attributes.get("auto_pad", "NOTSET")
    axes = len(spans)
    if automatic == "VALID":
        return [0] * axes, [0] * axes
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        sizes = builder.fixed_shape(node.needed(0))[2:]
        total = [
            max((-(-size // stride) - 1) * stride + span - size, 0)
            for size, span, stride in zip(sizes, spans, strides, strict=True)
            if size is not None
        ]
        if len(total) != axes:
            raise node.refused(f"pads by `{automatic}` along a free axis")
        short = [n // 2 for n in total]
        long = [n - n // 2 for n in total]
        return (short, long) if automatic == "SAME_UPPER" else (long, short)
    pads = list(node.attributes.get("pads", [0] * 2 * axes))
    if len(pads) != 2 * axes or min(pads) < 0:
        raise node.refused(f"pads by {pads}")
    return pads[:axes], pads[axes:]


def padded(
    builder: Builder,
    value: Value,
    before: Sequence[int],
    after: Sequence[int],
    fill: float = 0.0,
) -> Value:
    """The value with its last axes padded unevenly."""
    # torch counts axes from the last.
    pads = [
        size
        for pair in zip(before, after, strict=True)
        for size in reversed(pair)
    ][::-1]
    return builder.emit(
        "aten.constant_pad_nd.default", self=value, pad=pads, value=fill
    )


def _kernel(node: OnnxNode) -> tuple[Constant, int]:
    weight = node.constant(1)
    if weight is None or weight.array.ndim not in (3, 4):
        raise node.refused("moves no constant kernel along one or two axes")
    return weight, weight.array.ndim - 2


def _moves(node: OnnxNode, axes: int) -> tuple[list[int], list[int], int]:
    stride = list(node.attributes.get("strides", [1] * axes))
    dilation = list(node.attributes.get("dilations", [1] * axes))
    if (
        len(stride) != axes
        or len(dilation) != axes
        or min(stride + dilation) < 1
    ):
        raise node.refused("moves its kernel in an impossible way")
    return stride, dilation, int(node.attributes.get("group", 1))


def convolution(builder: Builder, node: OnnxNode) -> Value:
    """A convolution along one or two axes."""
    (weight, axes) = _kernel(node)
    value = node.needed(0)
    stride, dilation, groups = _moves(node, axes)
    spans = [
        d * (k - 1) + 1
        for d, k in zip(dilation, weight.array.shape[2:], strict=True)
    ]
    before, after = padding_of(builder, node, spans, stride)
    if before != after:
        value = padded(builder, value, before, after)
        before = [0] * axes
    return builder.emit(
        f"aten.conv{axes}d.default",
        input=value,
        weight=builder.store(weight, label=node.label(weight, "weight")),
        bias=node.constant(2),
        stride=stride,
        padding=before,
        dilation=dilation,
        groups=groups,
    )


def transposed_convolution(builder: Builder, node: OnnxNode) -> Value:
    """A transposed convolution along one or two axes."""
    weight, axes = _kernel(node)
    stride, dilation, groups = _moves(node, axes)
    automatic = node.attributes.get("auto_pad", "NOTSET") not in (
        "NOTSET",
        "VALID",
    )
    if "output_shape" in node.attributes or automatic:
        raise node.refused(
            "derives its padding from its output; export explicit padding"
        )
    before, after = padding_of(builder, node, [1] * axes, stride)
    extra = list(node.attributes.get("output_padding", [0] * axes))
    # What is cut off less behind than in front is more output.
    extra = [e + b - a for e, b, a in zip(extra, before, after, strict=True)]
    if any(
        not 0 <= e < max(s, d)
        for e, s, d in zip(extra, stride, dilation, strict=True)
    ):
        raise node.refused("cuts its output unevenly")
    return builder.emit(
        f"aten.conv_transpose{axes}d.{'input' if axes == 2 else 'default'}",
        input=node.needed(0),
        bias=node.constant(2),
        stride=stride,
        weight=builder.store(weight, label=node.label(weight, "weight")),
        padding=before,
        output_padding=extra,
        groups=groups,
        dilation=dilation,
    )


def batch_norm(builder: Builder, node: OnnxNode) -> Value:
    """Batch normalization with stored statistics."""
    if node.attributes.get("training_mode", 0):
        raise node.refused("still trains; call `eval()` before exporting")
    return builder.emit(
        "aten.batch_norm.default",
        input=node.needed(0),
        weight=node.constant(1),
        bias=node.constant(2),
        running_mean=node.constant(3),
        running_var=node.constant(4),
        training=False,
        momentum=0.1,
        eps=float(node.attributes.get("epsilon", 1e-5)),
        cudnn_enabled=False,
    )


def layer_norm(builder: Builder, node: OnnxNode) -> Value:
    """Layer normalization over the last axes."""
    value = node.needed(0)
    axis = node.attributes.get("axis", -1)
    shape = builder.fixed_shape(value)[axis:]
    if None in shape or len([name for name in node.outputs if name]) > 1:
        raise node.refused(
            "normalizes over a free axis, or returns its statistics"
        )
    return builder.emit(
        "aten.layer_norm.default",
        input=value,
        normalized_shape=shape,
        weight=node.constant(1),
        bias=node.constant(2),
        eps=float(node.attributes.get("epsilon", 1e-5)),
        cudnn_enable=False,
    )


_GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2)}
"""Where torch's gates lie in ONNX weights: i, f, g, o in i, o, f, c; and r, z, n in z, r, h."""
_ACTIVATIONS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"]}


def recurrent(builder: Builder, node: OnnxNode) -> tuple[Value, ...]:
    """An LSTM or GRU layer over whole sequences, in one direction or both."""
    _check_recurrent(node)
    kind = node.operator
    value = node.needed(0)
    inner = node.constant(1)
    outer = node.constant(2)
    assert inner is not None
    assert outer is not None
    directions = int(outer.array.shape[0])
    hidden = int(outer.array.shape[2])
    batch_first = bool(node.attributes.get("layout", 0))
    batch = builder.shape(value)[0 if batch_first else 1]
    count = 2 if kind == "LSTM" else 1
    if batch_first and not all(
        builder.is_zero(node.input(k)) for k in range(5, 5 + count)
    ):
        raise node.refused(
            "starts from states with the batch first; export it with `layout=0`"
        )
    states = [
        builder.emit("aten.zeros.default", size=(directions, batch, hidden))
        if builder.is_zero(node.input(5 + k))
        else builder.ref(node.needed(5 + k))
        for k in range(count)
    ]
    result = builder.emit(
        f"aten.{kind.lower()}.input",
        input=value,
        hx=tuple(states) if kind == "LSTM" else states[0],
        params=_parameters(builder, node, inner, outer),
        has_biases=node.input(3) is not None,
        num_layers=1,
        dropout=0.0,
        train=False,
        bidirectional=directions == 2,
        batch_first=batch_first,
    )
    parts = [
        builder.emit("_operator.getitem", a=result, b=k)
        for k in range(count + 1)
    ]
    return _outputs(builder, parts, directions, batch_first=batch_first)


def _outputs(
    builder: Builder, parts: list[Ref], directions: int, *, batch_first: bool
) -> tuple[Value, ...]:
    """Outputs with an axis for the directions, as ONNX has them, and the last states."""
    split = builder.emit(
        "aten.unflatten.int", self=parts[0], dim=2, sizes=(directions, -1)
    )
    order = (0, 1, 2, 3) if batch_first else (0, 2, 1, 3)
    outputs = builder.emit("aten.permute.default", self=split, dims=order)
    if not batch_first:
        return outputs, *parts[1:]
    return outputs, *(
        builder.emit("aten.permute.default", self=state, dims=(1, 0, 2))
        for state in parts[1:]
    )


def _parameters(
    builder: Builder, node: OnnxNode, inner: Constant, outer: Constant
) -> tuple[Ref, ...]:
    """Weights and biases of each direction, in torch's order of gates."""
    bias = node.constant(3)
    order = _GATES[node.operator]
    found: list[Ref] = []
    for direction in range(outer.array.shape[0]):
        parts = [("weight_ih", inner, inner.array[direction])]
        parts += [("weight_hh", outer, outer.array[direction])]
        if bias is not None:
            halves = np.split(bias.array[direction], 2)
            parts += [
                ("bias_ih", bias, halves[0]),
                ("bias_hh", bias, halves[1]),
            ]
        for name, source, array in parts:
            gates = np.split(array, len(order))
            turned = np.concatenate([gates[gate] for gate in order])
            # The names that torch gives them.
            change = f"{name}_l0{'_reverse' if direction else ''}"
            found.append(
                builder.store(
                    source, change, turned, node.label(source, change)
                )
            )
    return tuple(found)


def _check_recurrent(node: OnnxNode) -> None:
    """Refuse what torch's layers have no word for."""
    stated = node.attributes.get("activations", [])
    usual = _ACTIVATIONS[node.operator]
    weights = [node.constant(1), node.constant(2)]
    if any(weight is None or weight.array.ndim != 3 for weight in weights):
        raise node.refused("lacks weights")
    if node.attributes.get("direction", "forward") == "reverse":
        raise node.refused("reads its sequence only backwards")
    if any(name != usual[k % len(usual)] for k, name in enumerate(stated)):
        raise node.refused(f"uses the activations {stated} in its gates")
    if "clip" in node.attributes or node.attributes.get("input_forget", 0):
        raise node.refused("clips its cells or couples its gates")
    if node.operator == "GRU" and not node.attributes.get(
        "linear_before_reset", 0
    ):
        raise node.refused(
            "resets before multiplying; export it with `linear_before_reset=1`"
        )
    if node.input(4) is not None or node.input(7) is not None:
        raise node.refused("has sequences of several lengths, or peepholes")


HANDLERS: dict[str, Handler] = {
    "Gemm": gemm,
    "MatMul": matmul,
    "Conv": convolution,
    "ConvTranspose": transposed_convolution,
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "LSTM": recurrent,
    "GRU": recurrent,
}
"""Operators of this family."""
