"""ONNX activations: from rectifiers to softmax."""

from collections.abc import Callable

from mho.network.formats.building import Builder, Constant, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.graph import Ref

Along = Callable[[Value, int], Value]
"""What is done to a value along an axis."""


def _unary(operator: str) -> Handler:
    return lambda builder, node: builder.emit(
        f"aten.{operator}.default", self=node.needed(0)
    )


def _leaky_relu(builder: Builder, node: OnnxNode) -> Value:
    slope = node.real_attribute("alpha", 0.01)
    return builder.emit(
        "aten.leaky_relu.default", self=node.needed(0), negative_slope=slope
    )


def _elu(builder: Builder, node: OnnxNode) -> Value:
    alpha = node.real_attribute("alpha", 1.0)
    return builder.emit("aten.elu.default", self=node.needed(0), alpha=alpha)


def _celu(builder: Builder, node: OnnxNode) -> Value:
    alpha = node.real_attribute("alpha", 1.0)
    return builder.emit(
        "aten.elu.default",
        self=node.needed(0),
        alpha=alpha,
        input_scale=1 / alpha,
    )


def _selu(builder: Builder, node: OnnxNode) -> Value:
    alpha = node.real_attribute("alpha", 1.67326319217681884765625)
    gamma = node.real_attribute("gamma", 1.05070102214813232421875)
    return builder.emit(
        "aten.elu.default", self=node.needed(0), alpha=alpha, scale=gamma
    )


def _prelu(builder: Builder, node: OnnxNode) -> Value:
    slope = node.needed(1)
    value = node.needed(0)
    rank = builder.rank(value)
    if isinstance(slope, Constant) and builder.real(value):
        # Slopes are broadcast from the last axis on; channels are the second.
        missing = rank - slope.array.ndim
        sizes = [*[1] * missing, *slope.array.shape]
        by_channel = all(size == 1 for size in sizes[:1] + sizes[2:])
        if by_channel or _old_slopes(builder, value, slope):
            flat = slope.array.reshape(-1)
            ref = builder.store(slope, "flat", flat)
            return builder.emit("aten.prelu.default", self=value, weight=ref)
    below = builder.emit("aten.lt.Scalar", self=value, other=0)
    scaled = builder.emit(
        "aten.mul.Tensor", self=builder.ref(value), other=slope
    )
    return builder.emit(
        "aten.where.self", condition=below, self=scaled, other=value
    )


def _old_slopes(builder: Builder, value: Value, slope: Constant) -> bool:
    """Whether slopes are those of channels as files of opset 6 have them, without more axes."""
    shape = builder.fixed_shape(value)
    channels = shape[1] if len(shape) > 1 else None
    return slope.array.shape == (channels,) and shape[-1] != channels


def _hard_sigmoid(builder: Builder, node: OnnxNode) -> Value:
    slope = builder.scalar(node.real_attribute("alpha", 0.2), "slope")
    shift = builder.scalar(node.real_attribute("beta", 0.5), "shift")
    scaled = builder.emit("aten.mul.Tensor", self=node.needed(0), other=slope)
    shifted = builder.emit("aten.add.Tensor", self=scaled, other=shift)
    return builder.emit("aten.clamp.default", self=shifted, min=0.0, max=1.0)


def _gelu(builder: Builder, node: OnnxNode) -> Value:
    kind = node.attributes.get("approximate", "none")
    return builder.emit(
        "aten.gelu.default", self=node.needed(0), approximate=kind
    )


def _soft_sign(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    size = builder.emit("aten.abs.default", self=value)
    divisor = builder.emit("aten.add.Scalar", self=size, other=1.0)
    return builder.emit("aten.div.Tensor", self=value, other=divisor)


def _thresholded(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    least = node.real_attribute("alpha", 1.0)
    low = builder.emit("aten.le.Scalar", self=value, other=least)
    return builder.emit(
        "aten.masked_fill.Scalar", self=value, mask=low, value=0.0
    )


def _shrink(builder: Builder, node: OnnxNode) -> Value:
    """Nothing within `lambd` of zero, and closer to zero by `bias` outside."""
    value = builder.ref(node.needed(0))
    least = node.real_attribute("lambd", 0.5)
    bias = node.real_attribute("bias", 0.0)
    below = builder.emit("aten.lt.Scalar", self=value, other=-least)
    above = builder.emit("aten.gt.Scalar", self=value, other=least)
    raised = builder.emit("aten.add.Scalar", self=value, other=bias)
    lowered = builder.emit("aten.sub.Scalar", self=value, other=bias)
    nothing = builder.emit("aten.mul.Scalar", self=value, other=0)
    right = builder.emit(
        "aten.where.self", condition=above, self=lowered, other=nothing
    )
    return builder.emit(
        "aten.where.self", condition=below, self=raised, other=right
    )


def _clip(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    bounds = {"min": node.input(1), "max": node.input(2)}
    if any(isinstance(bound, Ref) for bound in bounds.values()):
        return _clipped_by_values(builder, value, bounds)
    stated = {
        name: node.attributes.get(name) if bound is None else _number(bound)
        for name, bound in bounds.items()
    }
    given = {name: n for name, n in stated.items() if n is not None}
    if not given:
        return value
    if not builder.real(value):
        given = {name: int(number) for name, number in given.items()}
    return builder.emit("aten.clamp.default", self=value, **given)


def _number(bound: Value) -> float:
    assert isinstance(bound, Constant)
    return bound.number()


def _clipped_by_values(
    builder: Builder, value: Value, bounds: dict[str, Value | None]
) -> Value:
    operators = {"min": "aten.maximum.default", "max": "aten.minimum.default"}
    for name, bound in bounds.items():
        if bound is not None:
            value = builder.emit(
                operators[name],
                self=builder.ref(value),
                other=builder.ref(bound),
            )
    return value


def _softmax(operator: str) -> Handler:
    def handle(builder: Builder, node: OnnxNode) -> Value:
        value = node.needed(0)
        return _along(
            builder,
            node,
            value,
            lambda rows, axis: builder.emit(operator, self=rows, dim=axis),
        )

    return handle


def _hardmax(builder: Builder, node: OnnxNode) -> Value:
    """One for the first of the largest, zero for all others."""

    def largest(rows: Value, axis: int) -> Value:
        size = builder.fixed_shape(rows)[axis]
        if size is None:
            raise node.refused("compares along a free axis")
        best = builder.emit(
            "aten.argmax.default", self=rows, dim=axis, keepdim=True
        )
        shape = [1] * builder.rank(rows)
        shape[axis] = size
        places = builder.emit("aten.arange.default", end=size)
        own = builder.emit("aten.reshape.default", self=places, shape=shape)
        hit = builder.emit("aten.eq.Tensor", self=own, other=best)
        return builder.as_real(hit)

    return _along(builder, node, node.needed(0), largest)


def _along(
    builder: Builder,
    node: OnnxNode,
    value: Value,
    apply: Along,
) -> Value:
    """Along an axis; before opset 13 along everything from that axis on."""
    if node.opset >= 13:
        axis = node.axis(builder, value, node.whole_attribute("axis", -1))
        return apply(value, axis)
    rank = builder.rank(value)
    first = node.axis(builder, value, node.whole_attribute("axis", 1))
    if first == rank - 1:
        return apply(value, first)
    rows = builder.emit("aten.flatten.using_ints", self=value, start_dim=first)
    shape = builder.shape(value)
    result = builder.ref(apply(rows, first))
    return builder.emit("aten.reshape.default", self=result, shape=shape)


_UNARY = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "HardSwish": "hardswish",
    "Softplus": "softplus",
    "Mish": "mish",
}

HANDLERS: dict[str, Handler] = {
    **{name: _unary(operator) for name, operator in _UNARY.items()},
    "LeakyRelu": _leaky_relu,
    "Elu": _elu,
    "Celu": _celu,
    "Selu": _selu,
    "PRelu": _prelu,
    "HardSigmoid": _hard_sigmoid,
    "Gelu": _gelu,
    "Softsign": _soft_sign,
    "ThresholdedRelu": _thresholded,
    "Shrink": _shrink,
    "Clip": _clip,
    "Softmax": _softmax("aten.softmax.int"),
    "LogSoftmax": _softmax("aten.log_softmax.int"),
    "Hardmax": _hardmax,
}
"""Operators of this family."""
