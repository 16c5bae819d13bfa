"""ONNX activations, arithmetic, softmax and means."""

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


def _unary(operator: str) -> Handler:
    return lambda builder, node: builder.emit(
        f"aten.{operator}.default", self=node.needed(0)
    )


def _arithmetic(operator: str) -> Handler:
    """Two tensors of any shapes that fit."""

    def handle(builder: Builder, node: OnnxNode) -> Value:
        a, b = (builder.ref(node.needed(k)) for k in (0, 1))
        return builder.emit(f"aten.{operator}", self=a, other=b)

    return handle


def _unchanged(_: Builder, node: OnnxNode) -> Value:
    if len([name for name in node.outputs if name]) > 1:
        raise node.refused("returns more than its input")
    return node.needed(0)


def _dropout(builder: Builder, node: OnnxNode) -> Value:
    training = node.constant(2)
    if training is not None and training.number():
        raise node.refused("still trains; call `eval()` before exporting")
    return _unchanged(builder, node)


def _cast(_: Builder, node: OnnxNode) -> Value:
    # float, float16, double and bfloat16: all are float32 here.
    if node.attributes.get("to") not in (1, 10, 11, 16):
        raise node.refused("casts activations to whole numbers")
    return node.needed(0)


def _factor(node: OnnxNode, name: str, default: float) -> float:
    return float(node.attributes.get(name, default))


def _leaky_relu(builder: Builder, node: OnnxNode) -> Value:
    slope = _factor(node, "alpha", 0.01)
    return builder.emit(
        "aten.leaky_relu.default", self=node.needed(0), negative_slope=slope
    )


def _elu(builder: Builder, node: OnnxNode) -> Value:
    return builder.emit(
        "aten.elu.default",
        self=node.needed(0),
        alpha=_factor(node, "alpha", 1.0),
    )


def _selu(builder: Builder, node: OnnxNode) -> Value:
    alpha = _factor(node, "alpha", 1.67326319217681884765625)
    gamma = _factor(node, "gamma", 1.05070102214813232421875)
    return builder.emit(
        "aten.elu.default", self=node.needed(0), alpha=alpha, scale=gamma
    )


def _prelu(builder: Builder, node: OnnxNode) -> Value:
    slope = node.constant(1)
    value = node.needed(0)
    rank = len(builder.fixed_shape(value))
    if slope is None:
        raise node.refused("lacks its slopes")
    # Slopes are broadcast from the last axis on; channels are the second.
    missing = rank - slope.array.ndim
    sizes = [*[1] * missing, *slope.array.shape]
    others = sizes[:1] + sizes[2:]
    if any(size != 1 for size in others):
        raise node.refused("has a slope for more than every channel")
    flat = slope.array.reshape(-1)
    ref = builder.store(slope, "flat", flat)
    return builder.emit("aten.prelu.default", self=value, weight=ref)


def _hard_sigmoid(builder: Builder, node: OnnxNode) -> Value:
    slope = Constant(f"{node.name} slope", _scalar(_factor(node, "alpha", 0.2)))
    shift = Constant(f"{node.name} shift", _scalar(_factor(node, "beta", 0.5)))
    scaled = builder.emit("aten.mul.Tensor", self=node.needed(0), other=slope)
    shifted = builder.emit("aten.add.Tensor", self=scaled, other=shift)
    return builder.emit("aten.clamp.default", self=shifted, min=0.0, max=1.0)


def _scalar(number: float) -> Array:
    return np.array(number, dtype=np.float32)


def _gelu(builder: Builder, node: OnnxNode) -> Value:
    kind = node.attributes.get("approximate", "none")
    return builder.emit(
        "aten.gelu.default", self=node.needed(0), approximate=kind
    )


def _clip(builder: Builder, node: OnnxNode) -> Value:
    low, high = (
        None if c is None else c.number()
        for c in (node.constant(1), node.constant(2))
    )
    if low is None and high is None:
        return node.needed(0)
    return builder.emit(
        "aten.clamp.default", self=node.needed(0), min=low, max=high
    )


def _power(builder: Builder, node: OnnxNode) -> Value:
    exponent = node.constant(1)
    if exponent is None or exponent.array.size != 1:
        raise node.refused("has several exponents")
    return builder.emit(
        "aten.pow.Tensor_Scalar",
        self=builder.ref(node.needed(0)),
        exponent=exponent.number(),
    )


def _softmax(operator: str) -> Handler:
    def handle(builder: Builder, node: OnnxNode) -> Value:
        axis = int(node.attributes.get("axis", -1))
        return builder.emit(
            f"aten.{operator}.int", self=node.needed(0), dim=axis
        )

    return handle


def _reduction(operator: str) -> Handler:
    def handle(builder: Builder, node: OnnxNode) -> Value:
        value = node.needed(0)
        axes = node.whole(1, "axes")
        if not axes and node.attributes.get("noop_with_empty_axes", 0):
            return value
        if not axes:
            rank = len(builder.fixed_shape(value))
            axes = tuple(range(rank))
        keep = bool(node.attributes.get("keepdims", 1))
        ref = builder.ref(value)
        return builder.emit(
            f"aten.{operator}", self=ref, dim=axes, keepdim=keep
        )

    return handle


def _extreme(operator: str) -> Handler:
    """The largest or smallest of any number of tensors."""

    def handle(builder: Builder, node: OnnxNode) -> Value:
        result: Ref = builder.ref(node.needed(0))
        for k in range(1, len(node.inputs)):
            other = builder.ref(node.needed(k))
            result = builder.emit(
                f"aten.{operator}.default", self=result, other=other
            )
        return result

    return handle


_UNARY = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "HardSwish": "hardswish",
    "Erf": "erf",
    "Sqrt": "sqrt",
    "Exp": "exp",
    "Log": "log",
    "Neg": "neg",
    "Abs": "abs",
    "Reciprocal": "reciprocal",
    "Softplus": "softplus",
    "Mish": "mish",
    "Sin": "sin",
    "Cos": "cos",
}

HANDLERS: dict[str, Handler] = {
    **{name: _unary(operator) for name, operator in _UNARY.items()},
    **{
        name: _arithmetic(f"{name.lower()}.Tensor")
        for name in ("Add", "Sub", "Mul", "Div")
    },
    "Identity": _unchanged,
    "Dropout": _dropout,
    "Cast": _cast,
    "LeakyRelu": _leaky_relu,
    "Elu": _elu,
    "Selu": _selu,
    "PRelu": _prelu,
    "HardSigmoid": _hard_sigmoid,
    "Gelu": _gelu,
    "Clip": _clip,
    "Pow": _power,
    "Softmax": _softmax("softmax"),
    "LogSoftmax": _softmax("log_softmax"),
    "ReduceMean": _reduction("mean.dim"),
    "ReduceSum": _reduction("sum.dim_IntList"),
    "ReduceMax": _reduction("amax.default"),
    "Min": _extreme("minimum"),
    "Max": _extreme("maximum"),
}
"""Operators of this family."""
